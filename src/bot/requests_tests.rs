//! Persons, courtesies and choices.

use super::requests::{Choice, Courtesy, asks_for_human, choice, courtesy};

#[test]
fn a_person_is_asked_for() {
    let yes = [
        "转人工",
        "人工客服",
        "我要找真人",
        "轉人工！！",
        "别用机器人了 给我人工",
        "talk to a human",
        "I want to speak to someone",
        "live agent please",
        "オペレーターにつないで",
        "担当者と話したい",
    ];
    for text in yes {
        assert!(asks_for_human(text), "{text}");
    }
    let no = [
        "人工智能是什么",
        "安装的人工费多少",
        "人工客服几点上班",
        "真人实拍吗",
        "手工做的吗",
        "are you a human",
        "怎么退货",
        "is this human hair",
    ];
    for text in no {
        assert!(!asks_for_human(text), "{text}");
    }
}

#[test]
fn courtesies_are_nothing_but_kind() {
    let cases = [
        ("你好", Some(Courtesy::Greeting)),
        ("亲 在吗", Some(Courtesy::Greeting)),
        ("Hello!", Some(Courtesy::Greeting)),
        ("こんにちは", Some(Courtesy::Greeting)),
        ("好的谢谢", Some(Courtesy::Thanks)),
        ("thank you so", None),
        ("ありがとうございます", Some(Courtesy::Thanks)),
        ("拜拜", Some(Courtesy::Farewell)),
        ("ok", Some(Courtesy::Nod)),
        ("你好 怎么退货", None),
        ("", None),
    ];
    for (text, expected) in cases {
        assert_eq!(courtesy(text), expected, "{text}");
    }
}

#[test]
fn a_choice_is_a_number_an_ordinal_or_a_title() {
    let titles = [
        vec!["怎么换货", "Exchanges"],
        vec!["怎么退货", "Returns"],
        vec!["退款多久到账", "Refunds"],
    ];
    let cases = [
        ("2", Some(Choice::Nth(1))),
        ("第一个", Some(Choice::Nth(0))),
        ("选第三个吧", Some(Choice::Nth(2))),
        ("最后一个", Some(Choice::Nth(2))),
        ("the second one", Some(Choice::Nth(1))),
        ("2番でお願いします", Some(Choice::Nth(1))),
        ("returns", Some(Choice::Nth(1))),
        ("都不是", Some(Choice::None)),
        ("none of these", Some(Choice::None)),
        ("9", None),
        ("4", None),
        ("我的快递呢", None),
    ];
    for (text, expected) in cases {
        assert_eq!(choice(text, &titles), expected, "{text}");
    }
    assert_eq!(choice("1", &[]), None);
}
