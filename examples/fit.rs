use crest::bot::*;
fn main() {
    let k =
        Knowledge::from_toml(&std::fs::read_to_string("ops/demo/knowledge.toml").unwrap()).unwrap();
    let mut out = String::new();
    let full = Bot::new(k.clone());
    let mut emit = |bot: &Bot, want: &str, src: &str, q: &str| {
        let r = bot.rank(q, 0);
        if r.exact {
            return;
        }
        let e = calibration::evidence(&r);
        let got = r.articles.first().map_or("?".into(), |a| {
            bot.knowledge().articles[a.article as usize].key.clone()
        });
        let b = r.articles.first();
        out += &format!(
            "{src}\t{want}\t{got}\t{}\t{}\t{}\t{}\n",
            e.iter()
                .map(|x| x.to_string())
                .collect::<Vec<_>>()
                .join(","),
            r.substance,
            b.map_or(0., |b| b.rank),
            q
        );
    };
    let mut skip = std::collections::HashSet::new();
    skip.insert("questions-hold.tsv");
    for f in [
        "questions.tsv",
        "questions-blind.tsv",
        "questions-fresh.tsv",
        "outside.tsv",
    ] {
        let t = std::fs::read_to_string(format!("ops/demo/{f}")).unwrap();
        for l in t.lines().filter(|l| !l.starts_with('#')) {
            if let Some((key, q)) = l.split_once('\t') {
                emit(&full, key, f, q);
            }
        }
    }
    for fold in 0..2u64 {
        let mut kk = k.clone();
        let hash = |s: &str| {
            s.bytes()
                .fold(7u64, |h, b| h.wrapping_mul(1099511628211) ^ b as u64)
                >> 7
        };
        let mut held = vec![];
        for a in &mut kk.articles {
            let key = a.key.clone();
            a.aliases.retain(|x| {
                let h = hash(x) % 2 == fold;
                if h {
                    held.push((key.clone(), x.clone()));
                }
                !h
            });
        }
        let bot = Bot::new(kk);
        for (key, q) in held {
            if q.chars().count() >= 4 {
                emit(&bot, &key, "alias", &q);
            }
        }
    }
    std::fs::write("/tmp/bot2work/fit.tsv", out).unwrap();
}
