use crate::own::is_own;
use crate::reach::{Reach, reach};
use crate::rule::{Place, Ports};
use crate::{Bounds, Policy};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

/// Says yes or no for one sandbox.
pub(crate) struct Judge {
    policy: Policy,
    bounds: Arc<Bounds>,
    pins: Mutex<Pins>,
}

/// Addresses that names on the allow-list were resolved to, and the ports that those names open.
///
/// They hold as long as the sandbox: programs keep addresses beyond their time to live.
#[derive(Default)]
struct Pins {
    ports: HashMap<IpAddr, Vec<Ports>>,
    oldest_first: VecDeque<IpAddr>,
}

/// Beyond it the oldest is forgotten.
const PINS_MAX: usize = 1024;

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    NeverReached,
    Private,
    OwnAddress,
    Denied,
    NotListed,
    NoEgress,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::NeverReached => {
                "loopback, link-local, multicast and metadata addresses are never reached"
            }
            Refusal::Private => "a private address",
            Refusal::OwnAddress => "an address of the server's own machine",
            Refusal::Denied => "closed by the operator",
            Refusal::NotListed => "not on the function's allow-list",
            Refusal::NoEgress => "the function's policy is none",
        })
    }
}

impl Judge {
    pub(crate) fn new(policy: Policy, bounds: Arc<Bounds>) -> Self {
        Judge { policy, bounds, pins: Mutex::default() }
    }

    /// Asked once for each connection, and before its first packet goes out.
    pub(crate) fn judge(&self, to: SocketAddr) -> Result<(), Refusal> {
        let address = to.ip();
        let within = |blocks: &[crate::Cidr]| blocks.iter().any(|block| block.contains(address));
        let reach = reach(address);
        if self.policy == Policy::None {
            return Err(Refusal::NoEgress);
        }
        if reach == Reach::Never {
            return Err(Refusal::NeverReached);
        }
        if within(&self.bounds.deny) {
            return Err(Refusal::Denied);
        }
        // What an operator opens is for allow-lists: `internet` stays public.
        let opened = within(&self.bounds.allow_private) && self.policy != Policy::Internet;
        if reach == Reach::Private && !opened {
            return Err(Refusal::Private);
        }
        if !self.lists(to) {
            return Err(Refusal::NotListed);
        }
        // Last, since it asks the kernel.
        if !opened && is_own(to) {
            return Err(Refusal::OwnAddress);
        }
        Ok(())
    }

    fn lists(&self, to: SocketAddr) -> bool {
        let Policy::Allow(rules) = &self.policy else { return self.policy == Policy::Internet };
        let by_block = rules.iter().any(|rule| match &rule.place {
            Place::Block(block) => block.contains(to.ip()) && rule.ports.contains(to.port()),
            Place::Name(_) | Place::Below(_) => false,
        });
        let pinned = || {
            let pins = self.pins.lock().unwrap_or_else(PoisonError::into_inner);
            pins.ports.get(&to.ip()).is_some_and(|ports| ports.iter().any(|ports| ports.contains(to.port())))
        };
        by_block || pinned()
    }

    /// Whether the name may be looked up: lower case, without a dot at the end; `None` when it has
    /// characters that no host name has.
    pub(crate) fn may_resolve(&self, name: Option<&str>) -> bool {
        match (&self.policy, name) {
            (Policy::Internet, _) => true,
            (Policy::None, _) | (Policy::Allow(_), None) => false,
            (Policy::Allow(rules), Some(name)) => rules.iter().any(|rule| rule.opens_name(name)),
        }
    }

    /// From now on the name's addresses are open at the ports that its rules give. What [`Judge::judge`]
    /// says about private addresses holds for them as for any other.
    pub(crate) fn pin(&self, name: Option<&str>, addresses: &[IpAddr]) {
        let (Policy::Allow(rules), Some(name)) = (&self.policy, name) else { return };
        let ports: Vec<Ports> =
            rules.iter().filter(|rule| rule.opens_name(name)).map(|rule| rule.ports).collect();
        if ports.is_empty() {
            return;
        }
        let mut pins = self.pins.lock().unwrap_or_else(PoisonError::into_inner);
        for address in addresses {
            let known = pins.ports.entry(*address).or_default();
            let is_new = known.is_empty();
            for ports in &ports {
                if !known.contains(ports) {
                    known.push(*ports);
                }
            }
            if is_new {
                pins.oldest_first.push_back(*address);
            }
            if pins.oldest_first.len() > PINS_MAX
                && let Some(oldest) = pins.oldest_first.pop_front()
            {
                pins.ports.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(policy: &str, allow_private: &[&str], deny: &[&str]) -> Judge {
        let blocks = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        let bounds = Bounds { allow_private: blocks(allow_private), deny: blocks(deny) };
        Judge::new(policy.parse().unwrap(), Arc::new(bounds))
    }

    fn check(judge: &Judge, to: &str, expected: Result<(), Refusal>) {
        assert_eq!(judge.judge(to.parse().unwrap()), expected, "{to}");
    }

    #[test]
    fn the_internet_has_nothing_private() {
        let judge = judge("internet", &["10.0.0.0/8"], &["9.9.9.0/24"]);
        check(&judge, "1.1.1.1:443", Ok(()));
        check(&judge, "10.0.0.1:443", Err(Refusal::Private));
        check(&judge, "169.254.169.254:80", Err(Refusal::NeverReached));
        check(&judge, "[::ffff:10.0.0.1]:80", Err(Refusal::NeverReached));
        check(&judge, "9.9.9.9:53", Err(Refusal::Denied));
        assert!(judge.may_resolve(Some("anything.example")) && judge.may_resolve(None));
    }

    #[test]
    fn none_is_nothing() {
        let judge = judge("none", &["10.0.0.0/8"], &[]);
        check(&judge, "1.1.1.1:443", Err(Refusal::NoEgress));
        assert!(!judge.may_resolve(Some("example.com")));
    }

    #[test]
    fn lists_open_blocks_and_what_names_resolve_to() {
        let judge = judge("allow:*.example.com:443,10.1.0.0/16:5432,1.1.1.0/24", &["10.1.2.0/24"], &[]);
        check(&judge, "1.1.1.1:1", Ok(()));
        check(&judge, "1.0.0.1:1", Err(Refusal::NotListed));
        check(&judge, "10.1.2.3:5432", Ok(()));
        check(&judge, "10.1.2.3:80", Err(Refusal::NotListed));
        check(&judge, "10.1.3.3:5432", Err(Refusal::Private));
        assert!(judge.may_resolve(Some("api.example.com")));
        assert!(!judge.may_resolve(Some("example.com")) && !judge.may_resolve(None));
        let addresses = ["8.8.4.4", "10.1.2.9", "192.168.0.1", "127.0.0.1"].map(|text| text.parse().unwrap());
        judge.pin(Some("other.example"), &addresses);
        check(&judge, "8.8.4.4:443", Err(Refusal::NotListed));
        judge.pin(Some("api.example.com"), &addresses);
        check(&judge, "8.8.4.4:443", Ok(()));
        check(&judge, "8.8.4.4:80", Err(Refusal::NotListed));
        check(&judge, "10.1.2.9:443", Ok(()));
        check(&judge, "192.168.0.1:443", Err(Refusal::Private));
        check(&judge, "127.0.0.1:443", Err(Refusal::NeverReached));
    }

    #[test]
    fn pins_are_bounded() {
        let judge = judge("allow:a.example", &[], &[]);
        let address = |index: u32| IpAddr::from((0x0800_0000 + index).to_be_bytes());
        for index in 0..2000 {
            judge.pin(Some("a.example"), &[address(index)]);
        }
        let pins = judge.pins.lock().unwrap();
        assert_eq!((pins.ports.len(), pins.oldest_first.len()), (PINS_MAX, PINS_MAX));
        assert!(pins.ports.contains_key(&address(1999)) && !pins.ports.contains_key(&address(0)));
    }
}
