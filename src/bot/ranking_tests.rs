//! Many ways to say one thing reach one article.

use super::{Bot, Knowledge};

fn best(bot: &Bot, text: &str) -> String {
    let ranking = bot.rank(text, 0);
    ranking.articles.first().map_or(String::new(), |r| {
        bot.knowledge().articles[r.article as usize].key.clone()
    })
}

#[test]
fn a_deposit_is_asked_back_in_many_ways() {
    let bot =
        Bot::new(Knowledge::from_toml(include_str!("../../ops/demo/knowledge.toml")).unwrap());
    let ways = [
        "怎么退定金",
        "怎么tui定金",
        "zenme tui dingjin",
        "訂金怎麼退",
        "定金咋退",
        "定今可以退嘛",
        "亲，定金能退不",
        "交的定金想退",
        "定金退给我",
        "预付款退吗",
        "我不想要了 定金退不退啊",
        "退定金",
        "定金還能拿回來嗎",
        "付了定金反悔了",
        "dingjin neng tui ma",
        "定金 怎么 退",
        "定金!!!退!!!",
        "能把定金退我吗",
        "预售定金可以要回来么",
        "refund my deposit",
        "予約金を返金してほしい",
    ];
    for way in ways {
        assert_eq!(best(&bot, way), "deposit-refund", "{way}");
    }
}

#[test]
fn ranking_is_the_same_every_time() {
    let knowledge = Knowledge::from_toml(include_str!("../../ops/demo/knowledge.toml")).unwrap();
    let (one, other) = (Bot::new(knowledge.clone()), Bot::new(knowledge));
    for text in ["快递到哪了还能退吗", "发票", "how long", "いつ"] {
        assert_eq!(one.rank(text, 0), other.rank(text, 0));
        assert_eq!(one.rank(text, 0), one.rank(text, 0));
    }
}
