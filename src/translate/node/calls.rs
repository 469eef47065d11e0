//! What one node asks of another and waits for.

use crest_actors::directory::StaffRole;
use crest_actors::ids::Seq;
use crest_actors::ports::{LogId, Record, StoreFailure, Stored};
use crest_schema::node::{self as wire, PAGE_BYTES, Unreadable};

use super::mirror::{Mirror, mirror};
use crate::auth::{CustomerPrincipal, Principal, StaffPrincipal, TicketRefusal};
use crate::desk::Digest;

/// A question to another node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Records of a log it owns, with seq > `after`, at most `limit`.
    Read {
        log: LogId,
        after: Seq,
        limit: usize,
    },
    /// The map of shards has this version: a hint to read it.
    Map { version: u64 },
    /// Uses up a ticket it issued.
    Redeem { ticket: Digest },
}

/// Its answer; of the kind asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    Read(Result<LogPage, StoreFailure>),
    Redeemed(Result<Principal, TicketRefusal>),
    Noted,
}

/// Records in order, without holes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogPage {
    pub records: Vec<Stored>,
    /// The log has others within the limit asked for: ask again behind the last.
    pub more: bool,
}

impl LogPage {
    /// As many of what was read as one reply holds.
    pub fn of(mut records: Vec<Stored>) -> Self {
        let mut bytes = 0;
        let held = records.iter().take_while(|stored| {
            bytes += stored.record.body.len() + RECORD_HEAD;
            bytes <= PAGE_BYTES
        });
        let held = held.count().max(1);
        let more = records.len() > held;
        records.truncate(held);
        Self { records, more }
    }
}

/// Bytes of a record beside its body, at most.
const RECORD_HEAD: usize = 24;

mirror!(LogId, wire::Log<'w>, enum { Conversation(key), Ledger(key), Pointer(key) });
mirror!(StaffRole, wire::StaffRole, enum { Agent, Supervisor, Admin });

impl Call {
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Call::Read { log, after, limit } => wire::Call::Read {
                log: log.to_wire(),
                after: after.0,
                limit: u32::try_from(*limit).unwrap_or(u32::MAX),
            },
            Call::Map { version } => wire::Call::Map { version: *version },
            Call::Redeem { ticket } => wire::Call::Redeem { digest: *ticket },
        }
        .encode()
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        Ok(match wire::Call::decode(bytes)? {
            wire::Call::Read { log, after, limit } => Call::Read {
                log: Mirror::from_wire(log),
                after: Seq(after),
                limit: limit as usize,
            },
            wire::Call::Map { version } => Call::Map { version },
            wire::Call::Redeem { digest } => Call::Redeem { ticket: digest },
        })
    }
}

impl Reply {
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Reply::Read(Ok(page)) => records(page),
            Reply::Read(Err(StoreFailure::Unavailable(why))) => {
                wire::Reply::Unavailable(why.to_wire())
            }
            Reply::Read(Err(StoreFailure::Corrupt(what))) => wire::Reply::Corrupt(what.to_wire()),
            Reply::Noted => wire::Reply::Noted,
            Reply::Redeemed(Ok(principal)) => redeemed(principal),
            Reply::Redeemed(Err(TicketRefusal::Unknown)) => wire::Reply::NoTicket,
            Reply::Redeemed(Err(TicketRefusal::Expired)) => wire::Reply::TicketExpired,
        }
        .encode()
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        Ok(match wire::Reply::decode(bytes)? {
            wire::Reply::Records {
                first,
                records,
                more,
            } => Reply::Read(Ok(LogPage {
                records: (first..).zip(records).map(stored).collect(),
                more,
            })),
            wire::Reply::Unavailable(why) => {
                Reply::Read(Err(StoreFailure::Unavailable(why.into_owned())))
            }
            wire::Reply::Corrupt(what) => {
                Reply::Read(Err(StoreFailure::Corrupt(what.into_owned())))
            }
            wire::Reply::Customer {
                key,
                identity,
                anonymous,
            } => Reply::Redeemed(Ok(Principal::Customer(CustomerPrincipal {
                key: Mirror::from_wire(key),
                identity: Mirror::from_wire(identity),
                anonymous,
            }))),
            wire::Reply::Staff {
                key,
                name,
                role,
                groups,
                session,
                session_expires_at,
            } => Reply::Redeemed(Ok(Principal::Staff(StaffPrincipal {
                key: Mirror::from_wire(key),
                name: name.into_owned(),
                role: Mirror::from_wire(role),
                groups: Mirror::from_wire(groups),
                session,
                session_expires_at: Mirror::from_wire(session_expires_at),
            }))),
            wire::Reply::Noted => Reply::Noted,
            wire::Reply::NoTicket => Reply::Redeemed(Err(TicketRefusal::Unknown)),
            wire::Reply::TicketExpired => Reply::Redeemed(Err(TicketRefusal::Expired)),
        })
    }
}

fn records(page: &LogPage) -> wire::Reply<'static> {
    let record = |stored: &Stored| wire::LogRecord {
        base: stored.record.base,
        body: stored.record.body.clone(),
    };
    wire::Reply::Records {
        first: page.records.first().map_or(0, |stored| stored.seq.0),
        records: page.records.iter().map(record).collect(),
        more: page.more,
    }
}

fn stored((seq, record): (u64, wire::LogRecord)) -> Stored {
    Stored {
        seq: Seq(seq),
        record: Record {
            body: record.body,
            base: record.base,
        },
    }
}

fn redeemed(principal: &Principal) -> wire::Reply<'_> {
    match principal {
        Principal::Customer(customer) => wire::Reply::Customer {
            key: customer.key.to_wire(),
            identity: customer.identity.to_wire(),
            anonymous: customer.anonymous,
        },
        Principal::Staff(staff) => wire::Reply::Staff {
            key: staff.key.to_wire(),
            name: staff.name.to_wire(),
            role: staff.role.to_wire(),
            groups: staff.groups.to_wire(),
            session: staff.session,
            session_expires_at: staff.session_expires_at.to_wire(),
        },
    }
}

#[cfg(test)]
mod tests {
    use crest_actors::customer::Identity;
    use crest_actors::ids::{
        AgentId, AgentKey, ChannelId, CustomerId, CustomerKey, GroupId, Millis, TenantId,
    };

    use super::*;

    fn page(sizes: &[usize]) -> Vec<Stored> {
        let stored = |(seq, size): (u64, &usize)| Stored {
            seq: Seq(seq),
            record: Record {
                body: vec![7; *size],
                base: seq % 2 == 0,
            },
        };
        (5..).zip(sizes).map(stored).collect()
    }

    #[test]
    fn every_call_and_reply_comes_back_as_it_was() {
        let tenant = TenantId::new("shop");
        let customer = CustomerKey {
            tenant: tenant.clone(),
            customer: CustomerId::new("c-1"),
        };
        for call in [
            Call::Read {
                log: LogId::Pointer(customer.clone()),
                after: Seq(4),
                limit: 200,
            },
            Call::Map { version: 12 },
            Call::Redeem { ticket: [9; 32] },
        ] {
            assert_eq!(Call::decode(&call.encode()), Ok(call));
        }
        let staff = StaffPrincipal {
            key: AgentKey {
                tenant: tenant.clone(),
                agent: AgentId::new("li"),
            },
            name: "Li".to_owned(),
            role: StaffRole::Supervisor,
            groups: vec![GroupId::new("presale")],
            session: [3; 32],
            session_expires_at: Millis(77),
        };
        let guest = CustomerPrincipal {
            key: customer,
            identity: Identity {
                channel: ChannelId::new("web"),
                tier: 2,
                display_name: Some("Ann".to_owned()),
                attributes: vec![("order".to_owned(), "17".to_owned())],
                language: None,
                group: None,
            },
            anonymous: true,
        };
        for reply in [
            Reply::Read(Ok(LogPage::of(page(&[10, 20, 0])))),
            Reply::Read(Ok(LogPage::default())),
            Reply::Read(Err(StoreFailure::Unavailable("later".to_owned()))),
            Reply::Read(Err(StoreFailure::Corrupt("row 7".to_owned()))),
            Reply::Noted,
            Reply::Redeemed(Ok(Principal::Staff(staff))),
            Reply::Redeemed(Ok(Principal::Customer(guest))),
            Reply::Redeemed(Err(TicketRefusal::Unknown)),
            Reply::Redeemed(Err(TicketRefusal::Expired)),
        ] {
            assert_eq!(Reply::decode(&reply.encode()), Ok(reply));
        }
    }

    #[test]
    fn a_page_holds_what_a_reply_may_carry_and_says_whether_that_was_all() {
        let page = LogPage::of(page(&[200_000, 200_000, 200_000, 10]));
        assert_eq!((page.records.len(), page.more), (2, true));
        assert!(Reply::Read(Ok(page)).encode().len() < wire::FRAME_BYTES);
        let first = LogPage::of(self::page(&[PAGE_BYTES + 1, 1]));
        assert_eq!((first.records.len(), first.more), (1, true));
        let empty = LogPage::of(Vec::new());
        assert!(empty.records.is_empty() && !empty.more);
    }

    #[test]
    fn damaged_bytes_are_refused() {
        let reply = Reply::Read(Ok(LogPage::of(page(&[10, 20]))));
        let bytes = reply.encode();
        for end in 0..bytes.len() {
            assert!(Reply::decode(&bytes[..end]).is_err());
        }
        assert!(Call::decode(&bytes).is_err());
    }
}
