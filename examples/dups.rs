use crest::bot::*;
fn main() {
    let l = lexicon::shared();
    let k =
        Knowledge::from_toml(&std::fs::read_to_string("ops/demo/knowledge.toml").unwrap()).unwrap();
    let mut qs = std::collections::HashSet::new();
    for f in [
        "questions.tsv",
        "questions-blind.tsv",
        "questions-fresh.tsv",
        "questions-hold.tsv",
    ] {
        for q in
            eval::read_labelled(&std::fs::read_to_string(format!("ops/demo/{f}")).unwrap()).unwrap()
        {
            qs.insert(l.compact(&q.question));
        }
    }
    for a in &k.articles {
        for t in a.title.all() {
            if qs.contains(&l.compact(t)) {
                eprintln!("TITLE {} {t}", a.key);
            }
        }
        for t in &a.aliases {
            if qs.contains(&l.compact(t)) {
                println!("{t}");
            }
        }
    }
}
