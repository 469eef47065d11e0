//! Notes of every actor, and what is in them.

use crest_actors::conversation::{Command, Ephemeral, Overflow, Place, Role};
use crest_actors::ids::{AgentKey, ConversationKey, CustomerKey, GroupKey};
use crest_actors::ports::{BotReply, HandOffReason};
use crest_actors::{agent, board, conversation, customer, queue, skill_group};
use crest_schema::node as wire;

use super::mirror::{Mirror, mirror};

mirror!(CustomerKey, wire::CustomerKey<'w>, struct { tenant, customer });
mirror!(ConversationKey, wire::ConversationKey<'w>, struct { tenant, id });
mirror!(AgentKey, wire::AgentKey<'w>, struct { tenant, agent });
mirror!(GroupKey, wire::GroupKey<'w>, struct { tenant, group });

mirror!(customer::Note, wire::CustomerNote<'w>, enum {
    Enter { session, identity, open },
    Ended { channel, conversation, opening, agent, at },
    Wake,
});
mirror!(customer::Identity, wire::Identity<'w>, struct {
    channel, tier, display_name, attributes, language, group,
});

mirror!(conversation::Note, wire::ConversationNote<'w>, enum {
    Open(opened),
    Attach { session, link, role, after },
    Detach { session, link },
    Beat { session, link, last },
    Command { session, link, number, reference, command },
    Ephemeral { session, ephemeral },
    Reserved { offer, forced },
    ReserveRefused { offer },
    AgentLost { offer, grace_over },
    BotReplied { opening, turn, reply },
    Place { entry, place },
    Listed { entry, queue_run },
    Overflow { entry, to },
    Describe,
    Wake,
});
mirror!(Role, wire::Role<'w>, enum { Customer, Agent(agent), Supervisor(supervisor) });
mirror!(Command, wire::Command<'w>, enum {
    Say { id, body },
    Edit { id, of, body },
    Recall { id, of },
    AskHuman,
    LeaveMessage { id, text },
    CallBack { contact },
    Leave,
    Rate { level, comment },
    Accept { offer },
    Decline { offer },
    Whisper { id, text },
    TransferToAgent { to, forced, note },
    TransferToGroup { to, note },
    TakeOver,
    GiveBack,
    End,
    WrapUpDone { code },
});
mirror!(Ephemeral, wire::Ephemeral, enum { Typing, Read { up_to } });
mirror!(Place, wire::Place, struct { position, wait_minutes });
mirror!(Overflow, wire::Overflow<'w>, enum { Group(group), Bot, LeaveMessage });
mirror!(BotReply, wire::BotReply<'w>, enum {
    Answer { text, answer },
    Clarify { text, options, candidates },
    Fallback { text },
    Smalltalk { text },
    HandOff { text, why, group },
    Unavailable,
});
mirror!(HandOffReason, wire::HandOffReason, enum { Asked, Missed, ArticleSays });

mirror!(agent::Note, wire::AgentNote<'w>, enum {
    Connect { session, presence },
    Disconnect { session },
    SetPresence { session, reference, presence, next },
    Reserve { offer, weight, queue, forced },
    Confirm { offer, accepted },
    Release { offer, why },
    Offered { offer, expires_at, context },
    OfferGone { offer, outcome },
    Assigned { conversation },
    Unassigned { conversation },
    Announce { queue },
    Reconfigured,
    Wake,
});
mirror!(agent::Released, wire::Released, enum { Missed, Declined, Over });
mirror!(agent::Presence, wire::Presence<'w>, enum { Offline, NotReady { reason }, Ready });
mirror!(agent::Availability, wire::Availability<'w>, struct {
    presence, load, capacity, idle_since, offerable, version,
});

mirror!(queue::Note, wire::QueueNote<'w>, enum {
    Announce { conversation, entry, tier, waiting },
    Withdraw { conversation, entry, why },
    Agent { agent, availability, skills },
    AgentGone { agent },
    Refused { offer, availability },
    Policy(policy),
    Wake,
});
mirror!(queue::Withdrawn, wire::Withdrawn, enum { Offered, Abandoned, Left });
mirror!(queue::Policy, wire::Policy<'w>, struct {
    handling_ms, max_length, max_wait_ms, overflow, starvation_ms, revision,
});
mirror!(queue::QueueStats, wire::QueueStats, struct {
    length, oldest_since, assigned_120s, abandoned_120s, ready_agents,
});

mirror!(skill_group::Note, wire::SkillGroupNote<'w>, enum {
    Agent { agent, availability },
    Handled { handling_ms },
    Queue(stats),
    Resend,
    Reconfigured,
    Wake,
});

mirror!(board::Note, wire::BoardNote<'w>, enum {
    Conversation(summary),
    Agent { agent, availability },
    Queue { group, stats },
    Watch { session, scope, have },
    Unwatch { session },
    Wake,
});
mirror!(board::Scope, wire::Scope<'w>, enum { Tenant, Group(group) });
