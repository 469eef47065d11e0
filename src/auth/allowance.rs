//! So many an address and minute. Time comes in; nothing sleeps.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use crest_actors::ids::Millis;

use super::backoff::Wait;
use super::limits::ALLOWANCE_ADDRESSES;

/// What an address may save up, in microseconds of its rate: a minute's worth at once.
const SAVED_US: u64 = 60_000_000;

/// Tickets for visitors by address. Who shows nothing costs us an actor and a place in the log, so
/// one address gets only so many. Addresses of this machine are not counted: behind one is a proxy
/// that nobody named, or a test.
pub struct Allowance {
    /// Microseconds that one of them takes of the address's minute; 0 counts nothing.
    cost_us: u64,
    /// When each address has its whole minute again, in microseconds of Unix time.
    whole_at: Mutex<HashMap<IpAddr, u64>>,
}

impl Allowance {
    /// 0 a minute: no limit.
    pub fn new(per_minute: u32) -> Self {
        Self {
            cost_us: SAVED_US.checked_div(per_minute.into()).unwrap_or(0),
            whole_at: Mutex::default(),
        }
    }

    /// Takes one, or says how long to wait for it.
    pub fn take(&self, address: IpAddr, now: Millis) -> Result<(), Wait> {
        if self.cost_us == 0 || address.is_loopback() {
            return Ok(());
        }
        let (network, now_us) = (network(address), now.0 * 1_000);
        // Nothing under this lock panics half-way, so what it guards is whole even if poisoned.
        let mut whole_at = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        let known = whole_at.get(&network).copied();
        let after = known.unwrap_or(0).max(now_us) + self.cost_us;
        if after > now_us + SAVED_US {
            let ms = (after - now_us - SAVED_US).div_ceil(1_000);
            return Err(Wait { ms });
        }
        if known.is_none() && whole_at.len() >= ALLOWANCE_ADDRESSES {
            make_room(&mut whole_at, now_us);
        }
        whole_at.insert(network, after);
        Ok(())
    }
}

/// One household or office has a whole /64 of IPv6 addresses.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

/// Forgets whoever has its whole minute again, which changes nothing for it; where nobody has, the
/// half that is nearest to it.
fn make_room(whole_at: &mut HashMap<IpAddr, u64>, now_us: u64) {
    whole_at.retain(|_, at| *at > now_us);
    if whole_at.len() >= ALLOWANCE_ADDRESSES {
        let mut times: Vec<u64> = whole_at.values().copied().collect();
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        let median = *median;
        whole_at.retain(|_, at| *at > median);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_minutes_worth_at_once_then_one_by_one() {
        let allowance = Allowance::new(60);
        let home = address("203.0.113.7");
        let now = Millis(1_000_000);
        for _ in 0..60 {
            assert_eq!(allowance.take(home, now), Ok(()));
        }
        assert_eq!(allowance.take(home, now), Err(Wait { ms: 1_000 }));
        assert_eq!(allowance.take(address("203.0.113.8"), now), Ok(()));
        assert_eq!(allowance.take(home, now.plus(999)), Err(Wait { ms: 1 }));
        assert_eq!(allowance.take(home, now.plus(1_000)), Ok(()));
        assert!(allowance.take(home, now.plus(1_000)).is_err());
    }

    #[test]
    fn a_network_of_addresses_is_one_and_this_machine_is_not_counted() {
        let allowance = Allowance::new(1);
        let now = Millis(1_000_000);
        assert_eq!(allowance.take(address("2001:db8::1"), now), Ok(()));
        assert!(allowance.take(address("2001:db8::2"), now).is_err());
        assert_eq!(allowance.take(address("2001:db8:0:1::1"), now), Ok(()));
        for local in ["127.0.0.1", "::1"] {
            for _ in 0..3 {
                assert_eq!(allowance.take(address(local), now), Ok(()));
            }
        }
    }

    #[test]
    fn as_many_addresses_as_there_are_do_not_fill_memory() {
        let allowance = Allowance::new(2);
        let now = Millis(1_000_000);
        for number in 0..ALLOWANCE_ADDRESSES as u32 + 10 {
            let address = IpAddr::V4((0x0100_0000 + number).into());
            assert_eq!(allowance.take(address, now), Ok(()));
        }
        let held = allowance.whole_at.lock().unwrap().len();
        assert!(held <= ALLOWANCE_ADDRESSES, "{held}");
    }
}
