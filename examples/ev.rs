use crest::bot::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let t = std::time::Instant::now();
    let k =
        Knowledge::from_toml(&std::fs::read_to_string("ops/demo/knowledge.toml").unwrap()).unwrap();
    let t1 = t.elapsed();
    let bot = Bot::new(k.clone());
    let t2 = t.elapsed();
    let s = std::time::Instant::now();
    let _b = Bot::new(k);
    println!(
        "parse {t1:?} build {:?} second build {:?}",
        t2 - t1,
        s.elapsed()
    );
    if a[1] == "ask" {
        for q in &a[2..] {
            println!("{q}\n{}", ask(&bot, q, 0));
        }
        return;
    }
    let verbose = a.iter().any(|x| x == "-v");
    for f in a[1..].iter().filter(|f| *f != "-v") {
        let r = evaluate(&bot, &std::fs::read_to_string(f).unwrap(), 0).unwrap();
        println!(
            "{f}: top1 {:.1} ({}/{}) answered_right {} wrong {} clar {} / oos {:.1} ({}/{}) median {:?} p99 {:?}",
            100. * r.top1_share(),
            r.top1,
            r.in_scope,
            r.answered_right,
            r.answered_wrong,
            r.clarified,
            100. * r.out_of_scope_recall(),
            r.refused,
            r.out_of_scope,
            r.median,
            r.p99
        );
        if verbose {
            println!("{r}");
        }
    }
}
