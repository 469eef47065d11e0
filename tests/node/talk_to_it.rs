//! The main job over real sockets: bot, queue, agent, supervisor, rating, and coming back.

use std::time::Duration;

use crest_loadtest::client::{Agent, Customer, Reconnect, Server, Setting, Supervisor};
use crest_loadtest::history::check;
use crest_schema::frame::customer_view::{CustomerEvent, Speaker};
use crest_schema::frame::desk::Offer;
use crest_schema::frame::staff_view::StaffEvent;
use crest_schema::frame::{Body, Id, ServerFrame};

use crate::node::Node;

const SOON: Duration = Duration::from_secs(15);

/// Everybody who talks, around one node.
pub struct Scene {
    pub node: Node,
    pub setting: Setting,
}

impl Scene {
    pub fn begin() -> Self {
        Self::around(Node::start())
    }

    pub fn around(node: Node) -> Self {
        let server = Server::at(&node.url).unwrap();
        // Lines are cut on purpose here: nobody gains from waiting long before coming back.
        let reconnect = Reconnect {
            first_ms: 20,
            last_ms: 200,
        };
        let setting = Setting {
            reconnect,
            ..Setting::new(server, "demo")
        };
        Self { node, setting }
    }

    pub async fn agent(&self) -> Agent {
        let agent = Agent::connect(&self.setting, "lin", "demo-agent")
            .await
            .unwrap();
        agent.ready().await.unwrap();
        agent
    }

    pub async fn supervisor(&self) -> Supervisor {
        Supervisor::connect(&self.setting, "sun", "demo-supervisor")
            .await
            .unwrap()
    }

    pub async fn customer(&self, name: &str) -> Customer {
        Customer::connect(&self.setting, name).await.unwrap()
    }

    /// Reads the transcripts again and lets the history checker judge what everybody saw.
    pub async fn judge(self, conversations: &[Id]) -> Node {
        let supervisor = self.supervisor().await;
        for conversation in conversations {
            let transcript = supervisor.transcript(*conversation).await.unwrap();
            self.setting.recorder.transcript(transcript);
        }
        supervisor.leave_the_line().await;
        let report = check(&self.setting.recorder.take());
        assert!(report.is_clean(), "{report:#?}");
        assert_eq!(report.conversations, conversations.len() as u64);
        self.node
    }
}

pub async fn bot_answer(customer: &mut Customer) -> String {
    let answer = |frame: &ServerFrame<'static>| match frame {
        ServerFrame::Event(event) => match &event.event {
            CustomerEvent::Message {
                from: Speaker::Bot,
                body,
                ..
            } => Some(words(body)),
            _ => None,
        },
        _ => None,
    };
    customer.expect(SOON, answer).await.unwrap()
}

fn words(body: &Body<'_>) -> String {
    match body {
        Body::Text(text) | Body::Choices { text, .. } => text.to_string(),
        other => panic!("not words: {other:?}"),
    }
}

pub async fn offer(agent: &mut Agent) -> (Offer, usize) {
    let offer = |frame: &ServerFrame<'static>| match frame {
        ServerFrame::Offer(offer) => Some((offer.offer, offer.context.messages.len())),
        _ => None,
    };
    agent.expect(SOON, offer).await.unwrap()
}

async fn until_customer(customer: &mut Customer, wanted: impl Fn(&CustomerEvent<'static>) -> bool) {
    let found = |frame: &ServerFrame<'static>| match frame {
        ServerFrame::Event(event) if wanted(&event.event) => Some(()),
        _ => None,
    };
    customer.expect(SOON, found).await.unwrap();
}

#[tokio::test]
async fn a_customer_is_answered_handed_over_served_and_asked_how_it_was() {
    let mut node = serve_a_customer(Scene::begin()).await;
    node.signal("-TERM");
    assert!(
        node.ended(Duration::from_secs(30))
            .is_some_and(|status| status.success())
    );
    assert!(Node::verify(node.folder()).contains("whole"));
}

/// The main job from the first question to the wrap-up code.
pub async fn serve_a_customer(scene: Scene) -> Node {
    let mut agent = scene.agent().await;
    let supervisor = scene.supervisor().await;
    let mut customer = scene.customer("mei").await;

    let acked = customer.say("怎么退定金").await.unwrap();
    assert!(acked.seq().is_some(), "{acked:?}");
    assert!(bot_answer(&mut customer).await.contains("定金"));

    customer.ask_human().await.unwrap();
    let (offer, messages) = offer(&mut agent).await;
    assert!(messages >= 2, "the offer shows what was said to the bot");
    agent.accept(offer).await.unwrap();
    until_customer(&mut customer, |event| {
        matches!(event, CustomerEvent::Joined { .. })
    })
    .await;

    supervisor.attach(offer.conversation).await.unwrap();
    supervisor
        .whisper(offer.conversation, rand::random(), "先道歉")
        .await
        .unwrap();
    let whisper = |frame: &ServerFrame<'static>| match frame {
        ServerFrame::StaffEvent(event) => {
            matches!(event.event, StaffEvent::Whisper { .. }).then_some(())
        }
        _ => None,
    };
    agent.expect(SOON, whisper).await.unwrap();

    agent
        .say(offer.conversation, "您好,我来帮您")
        .await
        .unwrap();
    until_customer(&mut customer, |event| {
        matches!(event, CustomerEvent::Message { from: Speaker::Agent(who), .. } if who == "lin")
    })
    .await;
    agent.end(offer.conversation).await.unwrap();
    until_customer(&mut customer, |event| {
        matches!(event, CustomerEvent::Ended { .. })
    })
    .await;
    assert!(
        customer
            .rate(4, Some("很好"))
            .await
            .unwrap()
            .refused()
            .is_none()
    );
    assert_eq!(
        customer
            .rate(1, None)
            .await
            .unwrap()
            .refused()
            .map(|r| r.code),
        Some(308),
        "once a conversation"
    );
    agent
        .wrap_up_done(offer.conversation, Some("solved"))
        .await
        .unwrap();

    for client in [agent] {
        client.leave_the_line().await;
    }
    customer.leave_the_line().await;
    supervisor.leave_the_line().await;
    scene.judge(&[offer.conversation]).await
}

#[tokio::test]
async fn a_line_that_drops_after_every_message_neither_loses_nor_doubles() {
    let scene = Scene::begin();
    let mut customer = scene.customer("mei").await;
    let mut conversation = None;
    for round in 0..20 {
        let (_, pending) = customer
            .start_saying(rand::random(), &format!("第{round}句"))
            .await
            .unwrap();
        customer.cut().await; // perhaps before it was written, perhaps after its ack was sent
        if round % 3 == 0 {
            customer.cut().await;
        }
        let answered = pending.await.unwrap();
        assert!(answered.seq().is_some(), "{answered:?}");
        if let crest_loadtest::client::Answer::Ack {
            conversation: named,
            ..
        } = answered.answer
        {
            conversation = Some(named);
        }
    }
    bot_answer(&mut customer).await;
    customer.settle().await;
    customer.leave_the_line().await;
    scene.judge(&[conversation.unwrap()]).await;
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_kill_9_and_the_customer_goes_on() {
    let scene = Scene::begin();
    let customer = scene.customer("mei").await;
    let mut acked = 0;
    let mut conversation = None;
    for round in 0..30 {
        let answered = customer.say(&format!("第{round}句")).await.unwrap();
        if let crest_loadtest::client::Answer::Ack {
            conversation: named,
            ..
        } = answered.answer
        {
            conversation = Some(named);
            acked += 1;
        }
    }
    assert_eq!(acked, 30);
    let Scene { node, setting } = scene;
    customer.leave_the_line().await;
    let folder = node.kill();
    assert!(Node::verify(&folder).contains("whole"));
    let node = Node::on(&folder, &[]);
    let again = Scene {
        setting: Setting {
            servers: Server::at(&node.url).unwrap().into(),
            ..setting
        },
        node,
    };
    let node = again.judge(&[conversation.unwrap()]).await;
    drop(node);
}

#[tokio::test]
async fn two_tabs_of_one_customer_see_the_same() {
    let scene = Scene::begin();
    let mut identity = crest_loadtest::client::Identity::visitor("demo");
    let first_ticket = identity
        .ticket(scene.setting.servers.first())
        .await
        .unwrap();
    drop(first_ticket); // from now on the identity is known as this visitor
    let mut one = Customer::connect_as(&scene.setting, "tab-1", identity.clone())
        .await
        .unwrap();
    let mut two = Customer::connect_as(&scene.setting, "tab-2", identity)
        .await
        .unwrap();
    one.say("在吗").await.unwrap();
    two.say("另一个窗口").await.unwrap();
    for tab in [&mut one, &mut two] {
        let both = std::cell::Cell::new(0);
        let seen = |frame: &ServerFrame<'static>| {
            if let ServerFrame::Event(event) = frame
                && matches!(
                    event.event,
                    CustomerEvent::Message {
                        from: Speaker::You,
                        ..
                    }
                )
            {
                both.set(both.get() + 1);
            }
            (both.get() == 2).then_some(())
        };
        tab.expect(SOON, seen).await.unwrap();
    }
}
