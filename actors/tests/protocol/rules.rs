//! What may happen in an exploration, how often, and which rule is broken on purpose.
//!
//! Bounds: two agents of capacity 1, two conversations, work of weight 1, one queue, one channel.
//! Time stands still while the world moves (so deadlines are taken by nobody) and runs only when
//! it settles; what a deadline would do is covered by declining, leaving, losing and crashing.
//! Not covered: weighted load, sticky agents, priority order, overflow, several queues, takeover,
//! wrap-up, and an older availability arriving after a newer one.

/// How often each may happen in one history; 0 is never.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    pub fault: Fault,
    /// Events a conversation's log may reach; the exploration stops there, settling does not.
    pub events: u64,
    /// Conversations one customer may have minted, and openings of each.
    pub minted: u8,
    pub openings: u32,
    /// Customers open and leave by themselves, else both conversations wait from the start.
    pub customers: bool,
    /// The queue is real, else any agent may be asked for any wait at any time.
    pub queue: bool,
    pub transfers: bool,
    pub forced: bool,
    pub closes: bool,
    pub declines: bool,
    pub agent_crashes: u8,
    pub conversation_crashes: u8,
    pub customer_crashes: u8,
    pub queue_crashes: u8,
    pub pick_timeouts: u8,
    /// Appends that fail.
    pub failures: u8,
    /// Agents that go away.
    pub absences: u8,
}

/// A rule broken on purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    #[default]
    None,
    /// Rule 2: the ledger is not replayed.
    ForgetsLedger,
    /// Rule 2: after a restart load is what conversations' logs say.
    LedgerFromConversations,
    /// Rule 6: forced entries are no load after a restart.
    ForgetsForced,
    /// Effects are carried out although the append fails.
    AgentTellsFirst,
    ConversationTellsFirst,
    /// Rule 9: the conversation is told before the pointer is durable.
    CustomerTellsFirst,
    /// Rule 3: a reservation ends by the agent's own clock.
    Lapses,
    /// Rule 6: the holder is released when the transfer is asked for.
    ReleasesFirst,
    /// Rule 5: whatever is offered now is accepted.
    AcceptsByConversation,
    /// Rule 1: a grant of an earlier wait stands for a later one.
    AnyPosition,
    /// Rule 3: confirmed reservations are not asked about again.
    AsksUntilConfirmed,
    /// Rule 7: a pick takes the entry out.
    DropsOnPick,
    /// Rule 7: a listed entry is not announced again.
    AnnouncesOnce,
    /// Rule 7: a withdrawal takes out whatever entry the conversation has.
    WithdrawsByConversation,
    /// Rule 4: an impossible grant is released, but its entry not withdrawn.
    KeepsDeadEntries,
    /// Rule 8: nobody wakes a conversation after its node died.
    NobodyWakes,
    /// Rule 9: the pointer survives the end.
    NeverCleared,
    /// Rule 9: the end of any opening clears it.
    ClearsByConversation,
}

pub const CAPACITY: &str = "load by the logs is within capacity";
pub const FULL_GRANT: &str = "no unforced grant at full load";
pub const ONE_AGENT: &str = "a conversation has at most one agent";
pub const ACCEPTED_OTHER: &str = "an agent gets what it accepted and nothing else";
pub const ONE_OPEN: &str = "a customer has at most one open conversation";
pub const DEFECT: &str = "no assertion fails";
pub const LEAKED: &str = "settled: ledgers and logs agree";
pub const FORGOTTEN: &str = "settled: nobody waits while somebody is free";
pub const GHOST: &str = "settled: the queue lists who waits and nobody else";
pub const MUTE: &str = "settled: the customer can speak";
pub const STORM: &str = "settled: it settles";
pub const BOTH_OFFERED: &str = "both are offered at once";
pub const ACTIVE: &str = "an agent serves";
pub const TRANSFERRED: &str = "one was transferred";
pub const REOPENED: &str = "one was reopened";

impl Rules {
    /// Reservation, offer and transfer under a queue that may ask anything.
    pub fn claims() -> Self {
        Self {
            events: 6,
            transfers: true,
            closes: true,
            declines: true,
            agent_crashes: 1,
            ..Self::default()
        }
    }

    pub fn forced() -> Self {
        Self {
            forced: true,
            ..Self::claims()
        }
    }

    pub fn failing() -> Self {
        Self {
            failures: 1,
            agent_crashes: 0,
            ..Self::claims()
        }
    }

    /// The real queue, which restarts, and agents who come and go.
    pub fn queue() -> Self {
        Self {
            events: 5,
            queue: true,
            closes: true,
            declines: true,
            conversation_crashes: 1,
            queue_crashes: 1,
            ..Self::default()
        }
    }

    /// One customer who opens, leaves and comes back.
    pub fn pointer() -> Self {
        Self {
            events: 12,
            customers: true,
            minted: 3,
            openings: 3,
            customer_crashes: 1,
            conversation_crashes: 1,
            failures: 1,
            ..Self::default()
        }
    }

    /// Everything at once, as far as the bound on states goes.
    pub fn whole() -> Self {
        Self {
            fault: Fault::None,
            events: 7,
            minted: 2,
            openings: 2,
            customers: true,
            queue: true,
            transfers: true,
            forced: true,
            closes: true,
            declines: true,
            agent_crashes: 1,
            conversation_crashes: 1,
            customer_crashes: 1,
            queue_crashes: 1,
            pick_timeouts: 1,
            failures: 1,
            absences: 1,
        }
    }
}
