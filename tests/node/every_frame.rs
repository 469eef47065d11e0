//! G4 and G9 at every frame boundary: a line that drops twice in quick succession, wherever it does,
//! shows neither gap nor duplicate.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crest_loadtest::client::{Agent, Answer, Customer, Incoming, Pending, Setting, What};
use crest_schema::frame::client::{
    Attach, Empty, Named, OfferAnswer, Send, SetPresence, WrapUpDone,
};
use crest_schema::frame::customer_view::{CustomerEvent, Speaker};
use crest_schema::frame::desk::Presence;
use crest_schema::frame::staff_view::{Author, StaffEvent};
use crest_schema::frame::{Body, ClientFrame, Id, ServerFrame};
use futures_util::future::join_all;
use tokio::sync::oneshot;

use crate::cutter::Cutter;
use crate::talk_to_it::{Scene, bot_answer};

const SOON: Duration = Duration::from_secs(60);
const LAST_WORDS: &str = "没有了,谢谢";
/// Conversations under way at once: as many as one agent of the demo holds.
const AT_ONCE: usize = 5;
/// Nodes that agents are cut off from, side by side: each needs the one agent for itself.
const NODES: usize = 3;
/// Frames after which the second connection is cut: sooner and later in turn.
const AGAIN: usize = 5;

/// An agent who takes what is offered, greets, and ends it at the customer's last words. Decides by
/// what it is shown, on whatever connection that is.
struct Desk {
    agent: Agent,
    /// Of which it has seen an event.
    seen: HashSet<Id>,
    /// Which it has not seen the end of.
    open: HashSet<Id>,
    accepting: HashMap<Id, Pending>,
}

impl Desk {
    async fn connect(setting: &Setting) -> Self {
        let agent = Agent::connect(setting, "lin", "demo-agent").await.unwrap();
        let mut desk = Self {
            agent,
            seen: HashSet::new(),
            open: HashSet::new(),
            accepting: HashMap::new(),
        };
        desk.order(ready()).await;
        desk
    }

    /// Works until it is told to stop and has nothing left.
    async fn work(mut self, mut stop: oneshot::Receiver<()>) -> Self {
        let mut stopping = false;
        while !stopping || !self.open.is_empty() {
            tokio::select! {
                incoming = self.agent.next() => self.take(incoming.expect("stays until told")).await,
                _ = &mut stop, if !stopping => stopping = true,
            }
        }
        self
    }

    async fn order(&mut self, frame: ClientFrame) -> Pending {
        self.agent.start_call(frame).await.unwrap()
    }

    async fn take(&mut self, incoming: Incoming) {
        match incoming.what {
            What::Frame(frame) => self.shown(*frame).await,
            What::Lost(_) => {}
            What::Over(lost) => panic!("{lost:?}"),
        }
    }

    async fn shown(&mut self, frame: ServerFrame<'static>) {
        match frame {
            ServerFrame::Welcome(_) => {
                self.order(ready()).await;
            }
            ServerFrame::Presence(presence) => {
                for held in presence.held {
                    self.look_at(held).await;
                }
            }
            ServerFrame::Offer(offer) => {
                let offer = offer.offer;
                let accept = ClientFrame::Accept(OfferAnswer { offer });
                let pending = self.order(accept).await;
                self.accepting.insert(offer.conversation, pending);
            }
            ServerFrame::StaffEvent(event) => {
                self.seen.insert(event.conversation);
                match event.event {
                    StaffEvent::Closed { .. } => self.open.remove(&event.conversation),
                    _ => self.open.insert(event.conversation),
                };
                if let Some(frame) = reaction(event.conversation, event.event) {
                    self.order(frame).await;
                }
            }
            // It ended while nobody was connected.
            ServerFrame::Unassigned(named) => {
                self.open.remove(&named.conversation);
            }
            ServerFrame::Error(error) => {
                if let Some(conversation) = error.conversation.filter(|_| error.code == 303) {
                    self.open.remove(&conversation);
                }
            }
            _ => {}
        }
    }

    /// It holds this, and may never have been shown it. While its `accept` is under way, that shows it.
    async fn look_at(&mut self, conversation: Id) {
        let accepting = self.accepting.get_mut(&conversation);
        let under_way = accepting.is_some_and(|pending| pending.try_recv().is_err());
        if !under_way && self.seen.insert(conversation) {
            let after = 0;
            let attach = Attach {
                conversation,
                after,
            };
            self.order(ClientFrame::Attach(attach)).await;
        }
    }
}

fn ready() -> ClientFrame {
    ClientFrame::SetPresence(SetPresence {
        agent: None,
        presence: Presence::Ready,
        next: None,
    })
}

fn reaction(conversation: Id, event: StaffEvent<'_>) -> Option<ClientFrame> {
    match event {
        StaffEvent::Accepted { .. } => Some(ClientFrame::Send(Send {
            conversation: Some(conversation),
            id: Id(rand::random()),
            body: Body::Text("您好,还有什么可以帮您?".into()),
        })),
        StaffEvent::Message {
            author: Author::Customer,
            body: Body::Text(text),
            ..
        } if text == LAST_WORDS => Some(ClientFrame::End(Named { conversation })),
        StaffEvent::WrapUp { .. } => Some(ClientFrame::WrapUpDone(WrapUpDone {
            conversation,
            code: None,
        })),
        _ => None,
    }
}

/// A customer's whole conversation, from hello to rating.
async fn visit(setting: &Setting, name: &str, bot: bool) -> (Customer, Id) {
    let mut customer = Customer::connect(setting, name).await.unwrap();
    if bot {
        customer.say("怎么退定金").await.unwrap();
        bot_answer(&mut customer).await;
    }
    customer.ask_human().await.unwrap();
    until(&mut customer, |event| {
        matches!(
            event,
            CustomerEvent::Message {
                from: Speaker::Agent(_),
                ..
            }
        )
    })
    .await;
    let conversation = match customer.say(LAST_WORDS).await.unwrap().answer {
        Answer::Ack { conversation, .. } => conversation,
        other => panic!("{other:?}"),
    };
    until(&mut customer, |event| {
        matches!(event, CustomerEvent::Ended { .. })
    })
    .await;
    let rated = customer.rate(4, None).await.unwrap();
    // Asked again because the first answer was lost, it is rated already.
    assert!(rated.refused().is_none_or(|it| it.code == 308), "{rated:?}");
    until(&mut customer, |event| {
        matches!(event, CustomerEvent::Rated { .. })
    })
    .await;
    (customer, conversation)
}

async fn until(customer: &mut Customer, wanted: impl Fn(&CustomerEvent<'static>) -> bool) {
    let found = |frame: &ServerFrame<'static>| match frame {
        ServerFrame::Event(event) if wanted(&event.event) => Some(()),
        _ => None,
    };
    customer.expect(SOON, found).await.unwrap();
}

/// Goes on until every cut has happened and the connection after the last one is caught up.
async fn outlast(client: &crest_loadtest::client::Client, cutter: &Cutter) {
    for _ in 0..4 * AGAIN {
        if cutter.left() == 0 {
            break;
        }
        client.call(ClientFrame::Ping(Empty {})).await.unwrap();
    }
    assert_eq!(cutter.left(), 0, "a cut did not happen");
    client.call(ClientFrame::Ping(Empty {})).await.unwrap();
    client.settle().await;
}

fn through(cutter: &Cutter, setting: &Setting) -> Setting {
    Setting {
        servers: cutter.server.clone().into(),
        ..setting.clone()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customers_line_that_drops_twice_at_any_frame_shows_neither_gap_nor_duplicate() {
    let scene = Scene::begin();
    let (stop, stopped) = oneshot::channel();
    let desk = tokio::spawn(Desk::connect(&scene.setting).await.work(stopped));
    let setting = &scene.setting;
    let cut_at = async |cuts: &[usize]| {
        let cutter = Cutter::before(setting.servers.first(), cuts).await;
        let name = format!("cut after {cuts:?}");
        let (customer, conversation) = visit(&through(&cutter, setting), &name, true).await;
        let frames = cutter.frames();
        outlast(&customer, &cutter).await;
        customer.leave_the_line().await;
        (conversation, frames)
    };
    let (whole, frames) = cut_at(&[]).await;
    assert!(frames >= 20, "a whole conversation has more than {frames}");
    let mut conversations = vec![whole];
    let boundaries: Vec<[usize; 2]> = (1..=frames).map(|n| [n, 1 + n % AGAIN]).collect();
    for lot in boundaries.chunks(AT_ONCE) {
        let visits = join_all(lot.iter().map(|cuts| cut_at(cuts))).await;
        conversations.extend(visits.into_iter().map(|(conversation, _)| conversation));
    }
    let _ = stop.send(());
    let desk = desk.await.unwrap();
    desk.agent.leave_the_line().await;
    scene.judge(&conversations).await;
}

/// One customer served by an agent whose line is cut so.
async fn served(scene: &Scene, cuts: &[usize]) -> (Id, usize) {
    let cutter = Cutter::before(scene.setting.servers.first(), cuts).await;
    let desk = Desk::connect(&through(&cutter, &scene.setting)).await;
    let (stop, stopped) = oneshot::channel();
    let desk = tokio::spawn(desk.work(stopped));
    let name = format!("agent cut after {cuts:?}");
    let (customer, conversation) = visit(&scene.setting, &name, false).await;
    customer.settle().await;
    customer.leave_the_line().await;
    let frames = cutter.frames();
    let _ = stop.send(());
    let desk = desk.await.unwrap();
    outlast(&desk.agent, &cutter).await;
    desk.agent.leave_the_line().await;
    (conversation, frames)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agents_line_that_drops_twice_at_any_frame_shows_neither_gap_nor_duplicate() {
    let scenes: Vec<Scene> = (0..NODES).map(|_| Scene::begin()).collect();
    let (whole, frames) = served(&scenes[0], &[]).await;
    assert!(frames >= 20, "serving one takes more than {frames}");
    let mut first = Some(whole);
    let nodes = scenes.into_iter().enumerate().map(|(node, scene)| {
        let mut conversations: Vec<Id> = first.take().into_iter().collect();
        async move {
            for n in (1..=frames).filter(|n| n % NODES == node) {
                let (conversation, _) = served(&scene, &[n, 1 + n % AGAIN]).await;
                conversations.push(conversation);
            }
            scene.judge(&conversations).await;
        }
    });
    join_all(nodes).await;
}
