//! Enter and end: where a customer is sent, and what is opened.

use std::sync::Arc;

use proptest::prelude::*;

use crate::aggregate::{Aggregate, Context, Turn};
use crate::conversation::{self, Entry, Opened, Overflow, Refusal};
use crate::directory::{Boosts, Directory, Group, Tenant, Timing};
use crate::effect::{Effect, Envelope, Push};
use crate::ids::{AgentId, ChannelId, ConversationId, CustomerKey, GroupId, Millis, SessionId};
use crate::limits::{BASE_EVERY, POINTERS_MAX};

use super::{Customer, Event, Identity, Note};

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;
const SESSION: SessionId = SessionId {
    node: 0,
    arbiter: 0,
    slot: 1,
    generation: 0,
};

struct Door {
    customer: Customer,
    log: Vec<Arc<Entry<Event>>>,
    now: Millis,
    directory: Directory,
    minted: u8,
}

/// Where the session was sent, and what the conversation was told.
#[derive(Debug)]
struct Shown {
    routed: (Option<ConversationId>, u32, bool),
    refused: bool,
    opened: Option<(ConversationId, Opened)>,
}

impl Door {
    fn new() -> Self {
        Self {
            customer: Customer::empty(key()),
            log: Vec::new(),
            now: Millis(1_000_000),
            directory: directory(),
            minted: 0,
        }
    }

    fn tell(&mut self, note: Note) -> Vec<Effect> {
        self.minted = self.minted.wrapping_add(1);
        let context = Context {
            now: self.now,
            directory: Arc::new(self.directory.clone()),
            random: [self.minted; 16],
        };
        let mut turn = Turn::default();
        self.customer.apply(&context, note, &mut turn);
        self.log.extend(turn.events);
        turn.effects
    }

    fn enter(&mut self, open: bool) -> Shown {
        self.enter_as(identity("web"), open)
    }

    fn enter_as(&mut self, identity: Identity, open: bool) -> Shown {
        let effects = self.tell(Note::Enter {
            session: SESSION,
            identity,
            open,
        });
        let mut effects = effects.into_iter();
        let (to, routed, refused) = match effects.next() {
            Some(Effect::Push(
                to,
                Push::Routed {
                    conversation,
                    opening,
                    open,
                },
            )) => (to, (conversation, opening, open), false),
            Some(Effect::Push(to, Push::Refused { number: None, .. })) => {
                (to, (None, 0, false), true)
            }
            _ => panic!("an entrance is answered"),
        };
        assert_eq!(to, SESSION);
        let opened = effects.next().map(|effect| match effect {
            Effect::Tell(Envelope::Conversation(key, conversation::Note::Open(opened))) => {
                (key.id, opened)
            }
            other => panic!("{other:?}"),
        });
        assert_eq!(effects.next(), None);
        Shown {
            routed,
            refused,
            opened,
        }
    }

    fn end(&mut self, conversation: ConversationId, opening: u32, agent: Option<&str>) {
        self.end_in("web", conversation, opening, agent);
    }

    fn end_in(&mut self, channel: &str, id: ConversationId, opening: u32, agent: Option<&str>) {
        let effects = self.tell(Note::Ended {
            channel: channel.into(),
            conversation: id,
            opening,
            agent: agent.map(AgentId::from),
            at: self.now,
        });
        assert_eq!(effects, []);
    }

    fn restart(&mut self) {
        self.customer = Customer::empty(key());
        self.log.iter().for_each(|it| self.customer.replay(it));
    }
}

fn key() -> CustomerKey {
    CustomerKey {
        tenant: "shop".into(),
        customer: "kim".into(),
    }
}

fn identity(channel: &str) -> Identity {
    Identity {
        channel: channel.into(),
        tier: 2,
        display_name: Some("Kim".into()),
        attributes: vec![("member".into(), "gold".into())],
        language: Some("zh".into()),
        group: None,
    }
}

fn directory() -> Directory {
    let group = Group {
        name: "Sales".into(),
        required: vec![],
        preferred: vec![],
        max_length: 0,
        max_wait_ms: 0,
        overflow: Overflow::Bot,
        expected_handling_ms: 60_000,
    };
    let tenant = Tenant {
        groups: ["sales", "care"]
            .map(|it| (GroupId::from(it), group.clone()))
            .into(),
        agents: [].into(),
        default_group: "sales".into(),
        timing: Timing::default(),
        boosts: Boosts::default(),
        channel_weights: [].into(),
        bot_enabled: true,
        not_ready_reasons: vec![],
    };
    Directory {
        tenants: [(key().tenant, tenant)].into(),
        revision: 1,
    }
}

#[test]
fn opens_where_nothing_is_open_and_points_before_it_tells() {
    let mut door = Door::new();
    let shown = door.enter(true);
    let (Some(id), 0, true) = shown.routed else {
        panic!("{shown:?}");
    };
    let (told, opened) = shown.opened.unwrap();
    assert_eq!((told, opened.opening), (id, 0));
    assert_eq!(id.shard(), key().shard());
    assert_eq!((opened.tier, opened.group.as_str()), (2, "sales"));
    assert_eq!(opened.customer, key().customer);
    assert_eq!(opened.attributes, identity("web").attributes);
    assert_eq!(
        door.log[0].event,
        Event::Pointed {
            channel: "web".into(),
            conversation: id,
            opening: 0
        }
    );
}

#[test]
fn what_could_not_be_stored_is_refused_to_who_asked() {
    let mut door = Door::new();
    let context = Context {
        now: door.now,
        directory: Arc::new(door.directory.clone()),
        random: [1; 16],
    };
    let enter = |open| Note::Enter {
        session: SESSION,
        identity: identity("web"),
        open,
    };
    let mut turn = Turn::default();
    door.customer.apply(&context, enter(true), &mut turn);
    assert!(matches!(
        turn.on_failure[..],
        [Effect::Push(
            SESSION,
            Push::Refused {
                refusal: Refusal::StorageUnavailable,
                number: None,
                ..
            }
        )]
    ));
    let mut again = Turn::default();
    door.customer.apply(&context, enter(true), &mut again);
    assert!(again.events.is_empty() && again.on_failure.is_empty());
}

#[test]
fn looking_opens_nothing() {
    let mut door = Door::new();
    let shown = door.enter(false);
    assert_eq!(shown.routed, (None, 0, false));
    assert!(shown.opened.is_none() && door.log.is_empty());
    let id = door.enter(true).routed.0.unwrap();
    let shown = door.enter(false);
    assert_eq!(shown.routed, (Some(id), 0, true));
    assert!(shown.opened.is_none());
    door.end(id, 0, None);
    assert_eq!(door.enter(false).routed, (Some(id), 0, false));
    assert_eq!(door.log.len(), 2);
}

#[test]
fn an_open_one_is_entered_again_and_told_again_since_the_first_may_be_lost() {
    let mut door = Door::new();
    let first = door.enter(true);
    door.restart();
    let again = door.enter(true);
    assert_eq!(again.routed, first.routed);
    assert_eq!(again.opened, first.opened);
    assert_eq!(door.log.len(), 1);
}

#[test]
fn reopens_within_the_window_and_mints_after_it() {
    for (after_ms, reopened) in [(0, true), (HOUR - 1, true), (HOUR, false)] {
        let mut door = Door::new();
        let id = door.enter(true).routed.0.unwrap();
        door.end(id, 0, None);
        door.now = door.now.plus(after_ms);
        let shown = door.enter(true);
        let (told, opened) = shown.opened.unwrap();
        assert_eq!(shown.routed, (Some(told), opened.opening, true));
        assert_eq!(
            (told == id, opened.opening),
            (reopened, u32::from(reopened))
        );
    }
}

#[test]
fn only_the_very_opening_clears_the_pointer() {
    let mut door = Door::new();
    let id = door.enter(true).routed.0.unwrap();
    let other = ConversationId([9; 16]);
    door.end(other, 0, None);
    door.end(id, 1, None);
    door.end_in("app", id, 0, None);
    assert!(door.enter(false).routed.2);
    door.end(id, 0, None);
    assert_eq!(door.enter(true).routed, (Some(id), 1, true));
    door.end(id, 0, None);
    assert_eq!(
        door.enter(true).routed,
        (Some(id), 1, true),
        "a doubled close"
    );
    assert_eq!(door.log.len(), 3);
}

#[test]
fn each_channel_has_a_pointer_of_its_own() {
    let mut door = Door::new();
    let web = door.enter(true).routed.0;
    let app = door.enter_as(identity("app"), true).routed.0;
    assert_ne!(web, app);
    door.end_in("app", app.unwrap(), 0, None);
    assert_eq!(door.enter(true).routed, (web, 0, true));
}

#[test]
fn waits_where_asked_if_there_is_such_a_group() {
    for (asked, group) in [
        (Some("care"), "care"),
        (Some("moon"), "sales"),
        (None, "sales"),
    ] {
        let mut door = Door::new();
        let group_asked = asked.map(GroupId::from);
        let shown = door.enter_as(
            Identity {
                group: group_asked,
                ..identity("web")
            },
            true,
        );
        assert_eq!(shown.opened.unwrap().1.group.as_str(), group);
    }
}

#[test]
fn who_served_last_is_preferred_for_some_days() {
    for (after_ms, sticky) in [
        (0, Some("ann")),
        (7 * DAY - 1, Some("ann")),
        (7 * DAY, None),
    ] {
        let mut door = Door::new();
        let shown = door.enter(true);
        assert_eq!(shown.opened.unwrap().1.sticky, None);
        door.end(shown.routed.0.unwrap(), 0, Some("ann"));
        door.now = door.now.plus(after_ms);
        let again = door.enter_as(identity("app"), true).opened.unwrap().1;
        assert_eq!(
            again.sticky,
            sticky.map(AgentId::from),
            "whichever the channel"
        );
    }
}

#[test]
fn a_bot_only_matter_does_not_forget_who_served() {
    let mut door = Door::new();
    let id = door.enter(true).routed.0.unwrap();
    door.end(id, 0, Some("ann"));
    door.enter(true);
    door.end(id, 1, None);
    let opened = door.enter(true).opened.unwrap().1;
    assert_eq!(opened.sticky, Some("ann".into()));
}

#[test]
fn an_unknown_tenant_opens_nothing() {
    let mut door = Door::new();
    door.directory = Directory::default();
    assert!(door.enter(true).refused, "nobody waits for ever");
    assert!(!door.enter(false).refused);
    assert!(door.log.is_empty());
}

#[test]
fn pointers_are_bounded() {
    let mut door = Door::new();
    for n in 0..POINTERS_MAX {
        assert!(door.enter_as(identity(&format!("c{n}")), true).routed.2);
    }
    let one_more = door.enter_as(identity("more"), true);
    assert!(one_more.refused);
    assert!(one_more.opened.is_none());
}

#[test]
fn a_base_replaces_what_came_before() {
    let mut door = Door::new();
    let id = door.enter(true).routed.0.unwrap();
    for opening in 0..BASE_EVERY as u32 / 2 {
        door.end(id, opening, Some("ann"));
        door.enter(true);
    }
    let mut events = door.log.iter();
    let base = events.position(|it| matches!(it.event, Event::Base(_)));
    assert_eq!(base, Some(BASE_EVERY as usize));
    let before = door.customer.clone();
    door.log.drain(..BASE_EVERY as usize);
    door.restart();
    assert_eq!(door.customer, before);
}

#[derive(Clone, Debug)]
enum Step {
    Enter(u8, bool),
    /// Any conversation ever pointed to, any opening.
    End(u8, prop::sample::Index, u32),
    Pass(u64),
    Crash,
    Fail(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0u8..2, any::<bool>()).prop_map(|(channel, open)| Step::Enter(channel, open)),
        5 => (0u8..2, any::<prop::sample::Index>(), 0u32..4).prop_map(|(c, i, o)| Step::End(c, i, o)),
        1 => (1..2 * HOUR).prop_map(Step::Pass),
        1 => Just(Step::Crash),
        1 => (0u8..2).prop_map(Step::Fail),
    ]
}

/// The pointers of a channel in the order of the log: each is closed before the next is opened.
fn check_log(log: &[Arc<Entry<Event>>], channel: &ChannelId) -> Result<(), TestCaseError> {
    let mut open = None;
    for entry in log {
        match &entry.event {
            Event::Pointed {
                channel: it,
                conversation,
                opening,
            } if it == channel => {
                prop_assert_eq!(open, None, "two open in {}", channel);
                open = Some((*conversation, *opening));
            }
            Event::Cleared {
                channel: it,
                conversation,
                opening,
                ..
            } if it == channel => {
                prop_assert_eq!(open.take(), Some((*conversation, *opening)));
            }
            _ => {}
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn at_most_one_is_open_a_channel(steps in prop::collection::vec(step(), 1..200)) {
        let mut door = Door::new();
        let channels = ["web", "app"];
        let mut seen = vec![ConversationId([9; 16])];
        for step in steps {
            match step {
                Step::Enter(channel, open) => {
                    let shown = door.enter_as(identity(channels[usize::from(channel)]), open);
                    seen.extend(shown.routed.0);
                }
                Step::End(channel, which, opening) => {
                    let id = *which.get(&seen);
                    door.end_in(channels[usize::from(channel)], id, opening, Some("ann"));
                }
                Step::Pass(ms) => door.now = door.now.plus(ms),
                Step::Crash => {
                    let before = door.customer.clone();
                    door.restart();
                    prop_assert_eq!(&door.customer, &before, "replay tells the same");
                }
                Step::Fail(channel) => {
                    let durable = door.log.len();
                    door.enter_as(identity(channels[usize::from(channel)]), true);
                    door.log.truncate(durable);
                    door.restart();
                }
            }
        }
        for channel in channels {
            check_log(&door.log, &channel.into())?;
        }
    }
}
