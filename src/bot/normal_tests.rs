//! Typings that come to the same, and languages told from letters.

use super::language::{Language, detect};
use super::lexicon;
use super::normal::normalise;
use super::syllables;

#[test]
fn typing_does_not_matter() {
    let cases = [
        ("退貨要幾天", "退货要几天"),
        ("ＡＢＣ　１２", "abc 12"),
        ("快递呢😭😭!!!", "快递呢"),
        ("订单 202611220001 呢", "订单 # 呢"),
        ("好急急急急", "好急"),
        ("I can’t log-in", "i cant log in"),
        ("12315", "12315"),
        ("", ""),
    ];
    for (typed, expected) in cases {
        assert_eq!(normalise(typed), expected, "{typed}");
    }
}

#[test]
fn kindness_and_spelling_are_folded() {
    let pairs = [
        ("亲，请问怎么退货呀", "怎么退货"),
        ("優惠卷咋用", "优惠券怎么用"),
        ("Please return it, thanks", "return it"),
    ];
    for (one, other) in pairs {
        assert_eq!(
            lexicon::shared().compact(one),
            lexicon::shared().compact(other)
        );
    }
}

#[test]
fn pinyin_splits_whole_or_not_at_all() {
    assert_eq!(syllables::split("tuikuan").unwrap(), ["tui", "kuan"]);
    assert_eq!(syllables::split("zhuxiao").unwrap(), ["zu", "xiao"]);
    assert_eq!(syllables::split("refund"), None);
    assert_eq!(syllables::split(""), None);
    assert_eq!(syllables::split("xian").unwrap(), ["xian"]);
    assert_eq!(syllables::split("fangan").unwrap(), ["fan", "an"]);
}

#[test]
fn language_is_told_by_letters() {
    let cases = [
        ("怎么退货", Some(Language::Zh)),
        ("tuikuan yao duojiu", Some(Language::Zh)),
        ("how do I return", Some(Language::En)),
        ("返品したい", Some(Language::Ja)),
        ("領収書", Some(Language::Ja)),
        ("123 😀", None),
    ];
    for (text, expected) in cases {
        assert_eq!(detect(text), expected, "{text}");
    }
}
