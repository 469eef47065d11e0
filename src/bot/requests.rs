//! What a message asks of the conversation itself rather than of the knowledge
//! base: a person, a courtesy, a choice among what was offered.

use std::collections::HashSet;

use super::lexicon;

/// Something said to be kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Courtesy {
    Greeting,
    Thanks,
    Farewell,
    /// "OK", "I see".
    Nod,
}

/// What the customer chose of a numbered list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Position from 0.
    Nth(usize),
    /// "None of these".
    None,
}

/// Whether the message asks for a person, in any language. 人工智能是什么 and
/// 人工费多少 do not; nor does a question about the hours of staff.
pub fn asks_for_human(text: &str) -> bool {
    let lexicon = lexicon::shared();
    lexicon.asks_for_human(&super::units::cut(&lexicon.fold(text), |_| false))
}

/// The courtesy a message consists of, if it holds nothing else.
pub fn courtesy(text: &str) -> Option<Courtesy> {
    let lexicon = lexicon::shared();
    let units = super::units::cut(&lexicon.fold(text), |_| false);
    let words: Vec<&str> = units.iter().map(|u| u.text.as_str()).collect();
    let whole = words.join(" ");
    let known = |text: &str| {
        let kinds = [
            (lexicon.is_thanks(text), Courtesy::Thanks),
            (lexicon.is_farewell(text), Courtesy::Farewell),
            (lexicon.is_greeting(text), Courtesy::Greeting),
            (lexicon.is_nod(text), Courtesy::Nod),
        ];
        kinds.into_iter().find_map(|(is, kind)| is.then_some(kind))
    };
    if words.is_empty() {
        return None;
    }
    known(&whole).or_else(|| {
        // "ok thanks", 你好在吗: nothing but courtesies, the last one counts.
        let mut rest = &words[..];
        let mut last = None;
        while !rest.is_empty() {
            let length = (1..=rest.len())
                .rev()
                .find(|&n| known(&rest[..n].join(" ")).is_some());
            let polite = lexicon
                .units(&rest[..1].concat(), &HashSet::new())
                .is_empty();
            match length {
                Some(n) => {
                    last = known(&rest[..n].join(" "));
                    rest = &rest[n..];
                }
                None if polite => rest = &rest[1..],
                None => return None,
            }
        }
        last
    })
}

/// The choice a message makes among `titles`, by number, ordinal or title.
pub fn choice(text: &str, titles: &[Vec<&str>]) -> Option<Choice> {
    if titles.is_empty() {
        return None;
    }
    let lexicon = lexicon::shared();
    let folded = lexicon.fold(text);
    let compact = lexicon.compact(text);
    let plain = folded.replace(' ', "");
    let joined = super::units::cut(&folded, |_| false)
        .into_iter()
        .map(|u| u.text)
        .collect::<Vec<_>>()
        .join(" ");
    if lexicon.is_none_of_these(&joined) {
        return Some(Choice::None);
    }
    let by_title = || {
        titles
            .iter()
            .position(|names| names.iter().any(|name| lexicon.compact(name) == compact))
    };
    let nth = ordinal(&plain, titles.len()).or_else(by_title)?;
    (nth < titles.len()).then_some(Choice::Nth(nth))
}

/// Spellings of the first four places and of the last.
const PLACES: [&[&str]; 4] = [
    &["1", "一", "壹", "first", "one", "yi", "diyi", "1st"],
    &["2", "二", "两", "second", "two", "er", "dier", "2nd"],
    &["3", "三", "third", "three", "san", "disan", "3rd"],
    &["4", "四", "fourth", "four", "si", "disi", "4th"],
];

/// Words around a place that add nothing.
const AROUND: &[&str] = &[
    "我想问的是",
    "我要问的是",
    "我想问",
    "我选择",
    "应该是",
    "选择",
    "我选",
    "我要",
    "就是",
    "那个",
    "这个",
    "选",
    "是",
    "第",
    "个",
    "条",
    "项",
    "号",
    "种",
    "吧",
    "的",
    "番目",
    "番",
    "つ目",
    "目",
    "です",
    "で",
    // Simplified by the normal form.
    "お愿いします",
    "the",
    "number",
    "no",
    "option",
    "choice",
    "please",
    "ge",
];

fn ordinal(plain: &str, count: usize) -> Option<usize> {
    if plain.chars().count() > 14 {
        return None;
    }
    if let Some(place) = place(plain) {
        return Some(place);
    }
    let mut rest = plain.to_owned();
    for word in AROUND {
        rest = rest.replace(word, "");
    }
    let last = ["最后一", "最后", "last", "lastone", "最後"];
    if last.contains(&rest.as_str()) || last.contains(&plain) {
        return Some(count - 1);
    }
    place(&rest).or_else(|| rest.strip_suffix("one").and_then(place))
}

fn place(word: &str) -> Option<usize> {
    PLACES
        .iter()
        .position(|spellings| spellings.contains(&word))
}
