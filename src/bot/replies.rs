//! What the bot says of its own, in each language.

use super::language::Language::{self, En, Ja, Zh};
use super::requests::Courtesy;

/// The reply to a courtesy.
pub fn courtesy(kind: Courtesy, language: Language) -> &'static str {
    match (kind, language) {
        (Courtesy::Greeting, Zh) => "您好，我在的，请问有什么可以帮您？",
        (Courtesy::Greeting, En) => "Hello! How can I help you?",
        (Courtesy::Greeting, Ja) => "こんにちは。ご用件をお聞かせください。",
        (Courtesy::Thanks, Zh) => "不客气，很高兴能帮到您。",
        (Courtesy::Thanks, En) => "You are welcome. Happy to help.",
        (Courtesy::Thanks, Ja) => "どういたしまして。お役に立てて何よりです。",
        (Courtesy::Farewell, Zh) => "再见，祝您生活愉快！",
        (Courtesy::Farewell, En) => "Goodbye, and have a nice day!",
        (Courtesy::Farewell, Ja) => "ありがとうございました。またお越しください。",
        (Courtesy::Nod, Zh) => "好的，还有问题随时告诉我。",
        (Courtesy::Nod, En) => "All right. Tell me if there is anything else.",
        (Courtesy::Nod, Ja) => "かしこまりました。ほかにもございましたらお知らせください。",
    }
}

/// The first miss.
pub fn fallback(language: Language) -> &'static str {
    match language {
        Zh => {
            "抱歉，这个问题我没有把握。请换个说法，比如「怎么退货」「快递到哪了」；也可以说「转人工」。"
        }
        En => {
            "Sorry, I am not sure about that. Please put it another way, such as “how do I return an item” or “where is my parcel”, or say “talk to a human”."
        }
        Ja => {
            "申し訳ございません、よくわかりませんでした。「返品したい」「荷物はどこ」のように言い換えていただくか、「オペレーター」とお伝えください。"
        }
    }
}

/// Asks which of the numbered titles is meant.
pub fn clarify<'a>(titles: impl Iterator<Item = &'a str>, language: Language) -> String {
    let (head, tail) = match language {
        Zh => (
            "请问您想了解哪一个？",
            "回复数字即可；都不是请说「都不是」。",
        ),
        En => (
            "Which of these do you mean?",
            "Reply with the number, or “none of these”.",
        ),
        Ja => (
            "どちらについてでしょうか。",
            "番号でお答えください。該当しない場合は「どれでもない」とお伝えください。",
        ),
    };
    let lines = (1..)
        .zip(titles)
        .map(|(number, title)| format!("{number}. {title}\n"));
    format!("{head}\n{}{tail}", lines.collect::<String>())
}

/// A person takes over because the customer asked.
pub fn handoff_asked(language: Language) -> &'static str {
    match language {
        Zh => "好的，正在为您转接人工客服，前面说过的内容会一并转达。",
        En => "Of course. I am connecting you to a person, who will see what we have said.",
        Ja => "かしこまりました。担当者におつなぎします。これまでの内容も引き継ぎます。",
    }
}

/// A person takes over because the bot missed.
pub fn handoff_misses(language: Language) -> &'static str {
    match language {
        Zh => "抱歉没能帮到您，正在为您转接人工客服，前面说过的内容会一并转达。",
        En => {
            "Sorry that I could not help. I am connecting you to a person, who will see what we have said."
        }
        Ja => {
            "お役に立てず申し訳ございません。担当者におつなぎします。これまでの内容も引き継ぎます。"
        }
    }
}
