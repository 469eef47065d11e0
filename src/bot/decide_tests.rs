//! Turns and what they lead to.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::{Bot, HandoffReason, Knowledge, Language, Outcome, Reply, Turn};

static BOT: LazyLock<Bot> = LazyLock::new(|| {
    Bot::new(Knowledge::from_toml(include_str!("../../ops/demo/knowledge.toml")).unwrap())
});

fn ask(turn: Turn) -> Reply {
    BOT.answer(&turn)
}

fn say(text: &str) -> Reply {
    ask(Turn {
        text,
        ..Turn::default()
    })
}

fn answered(reply: &Reply) -> Option<&str> {
    match &reply.outcome {
        Outcome::Answer { key, .. } => Some(key),
        _ => None,
    }
}

#[test]
fn an_answer_carries_article_score_runner_up_and_version() {
    let reply = say("怎么开发票");
    assert_eq!(answered(&reply), Some("invoice"));
    assert_eq!(
        (reply.score, reply.knowledge_version, reply.misses),
        (1.0, 1, 0)
    );
    assert_eq!(reply.topic.as_deref(), Some("invoice"));
    assert!(
        reply
            .runner_up
            .is_some_and(|(key, score)| key != "invoice" && score <= 1.0)
    );
}

#[test]
fn the_answer_is_in_the_language_of_the_message() {
    let cases = [
        ("怎么开发票", "抬头"),
        ("how do i get an invoice", "e-invoice"),
        ("領収書をください", "領収書"),
    ];
    for (text, part) in cases {
        assert!(say(text).outcome.text().contains(part), "{text}");
    }
    assert_eq!(say("😀").language, Language::En);
    assert_eq!(
        ask(Turn {
            text: "😀",
            language: Some(Language::Ja),
            ..Turn::default()
        })
        .language,
        Language::Ja
    );
}

#[test]
fn a_person_takes_over_when_asked_with_the_topic_s_group() {
    let reply = ask(Turn {
        text: "转人工",
        topic: Some("invoice"),
        ..Turn::default()
    });
    let Outcome::Handoff { reason, group, .. } = reply.outcome else {
        panic!("{reply:?}")
    };
    assert_eq!(
        (reason, group.as_deref()),
        (HandoffReason::Asked, Some("order"))
    );
}

#[test]
fn two_misses_in_a_row_hand_off_and_courtesies_are_none() {
    let first = say("今天天气怎么样");
    assert!(
        matches!(first.outcome, Outcome::Fallback { .. }),
        "{first:?}"
    );
    assert_eq!(first.misses, 1);
    let thanks = ask(Turn {
        text: "谢谢",
        misses: 1,
        ..Turn::default()
    });
    assert!(matches!(thanks.outcome, Outcome::Courtesy { .. }));
    assert_eq!(thanks.misses, 1);
    let second = ask(Turn {
        text: "那讲个笑话吧",
        misses: 1,
        ..Turn::default()
    });
    assert!(
        matches!(
            second.outcome,
            Outcome::Handoff {
                reason: HandoffReason::Misses,
                ..
            }
        ),
        "{second:?}"
    );
    assert_eq!(
        ask(Turn {
            text: "怎么开发票",
            misses: 1,
            ..Turn::default()
        })
        .misses,
        0
    );
}

#[test]
fn an_article_may_be_for_a_person() {
    let reply = say("我要投诉");
    let Outcome::Handoff { reason, group, .. } = &reply.outcome else {
        panic!("{reply:?}")
    };
    assert_eq!(
        (*reason, group.as_deref()),
        (HandoffReason::ArticleSays, Some("complaint"))
    );
    assert_eq!(reply.topic.as_deref(), Some("complaint"));
}

#[test]
fn a_follow_up_is_answered_from_the_carried_topic() {
    let deposit = Some("deposit-refund");
    for text in [
        "付尾款后忘了退, 超过3天还能退吗",
        "超过3天还能退吗",
        "那多久到账",
        "为什么",
    ] {
        let reply = ask(Turn {
            text,
            topic: deposit,
            ..Turn::default()
        });
        if text != "那多久到账" && text != "为什么" {
            assert_eq!(answered(&reply), deposit, "{text} {reply:?}");
        }
    }
    let moved = ask(Turn {
        text: "对了怎么开发票",
        topic: deposit,
        ..Turn::default()
    });
    assert_eq!(moved.topic.as_deref(), Some("invoice"));
}

#[test]
fn a_choice_among_the_offered_is_answered() {
    let offered = vec!["exchange".to_owned(), "return-7days".to_owned()];
    let choose = |text| {
        ask(Turn {
            text,
            offered: &offered,
            ..Turn::default()
        })
    };
    assert_eq!(answered(&choose("第一个")), Some("exchange"));
    assert_eq!(answered(&choose("2")), Some("return-7days"));
    assert_eq!(answered(&choose("怎么换货")), Some("exchange"));
    assert!(matches!(choose("都不是").outcome, Outcome::Fallback { .. }));
    assert_eq!(answered(&choose("怎么开发票")), Some("invoice"));
}

#[test]
fn asking_back_offers_two_to_four() {
    let asked = [
        "退",
        "券",
        "快递",
        "几天",
        "refund return",
        "换",
        "会员积分",
    ]
    .map(say);
    for reply in asked {
        if let Outcome::Clarify { candidates, text } = reply.outcome {
            assert!((2..=4).contains(&candidates.len()));
            assert!(
                candidates
                    .iter()
                    .all(|(_, title)| text.contains(title.as_str()))
            );
        }
    }
}

#[test]
fn an_article_is_served_in_its_window_only() {
    let mut knowledge = BOT.knowledge().clone();
    let invoice = knowledge
        .articles
        .iter_mut()
        .find(|a| a.key == "invoice")
        .unwrap();
    (invoice.valid_from, invoice.valid_until) = (Some(100), Some(200));
    let bot = Bot::new(knowledge);
    for (now_ms, served) in [(99, false), (100, true), (199, true), (200, false)] {
        let reply = bot.answer(&Turn {
            text: "怎么开发票",
            now_ms,
            ..Turn::default()
        });
        assert_eq!(answered(&reply) == Some("invoice"), served, "{now_ms}");
    }
}

#[test]
fn an_empty_knowledge_base_misses() {
    let bot = Bot::new(Knowledge {
        version: 1,
        articles: Vec::new(),
    });
    assert!(matches!(
        bot.answer(&Turn {
            text: "怎么退货",
            ..Turn::default()
        })
        .outcome,
        Outcome::Fallback { .. }
    ));
}

#[test]
fn letters_without_a_pause_neither_end_nor_stall_the_bot() {
    let longest = 16 * 1_024;
    for text in [
        "a".repeat(longest),
        "xian".repeat(longest / 4 - 1) + "b",
        "e ".repeat(longest / 2),
    ] {
        // A thread of the bot's has the stack of any thread.
        let asked = std::thread::spawn(move || {
            ask(Turn {
                text: &text,
                ..Turn::default()
            })
        });
        assert!(!asked.join().unwrap().outcome.text().is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_text_panics(text in "\\PC{0,80}|[怎么退货a-z0-9 ー・]{0,600}", misses: u8, topic in "[a-z-]{0,12}") {
        let offered = vec![topic.clone(), "exchange".to_owned()];
        let reply = ask(Turn { text: &text, misses, topic: Some(&topic), offered: &offered, ..Turn::default() });
        prop_assert!((0.0..=1.0).contains(&reply.score));
        prop_assert!(!reply.outcome.text().is_empty());
    }
}
