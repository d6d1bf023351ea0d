use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Addresses that share their first bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr {
    /// No bit is set beyond `length`.
    first: IpAddr,
    length: u8,
}

impl Cidr {
    pub(crate) const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> Self {
        Cidr { first: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), length }
    }

    pub(crate) const fn v6(segments: [u16; 8], length: u8) -> Self {
        let [a, b, c, d, e, f, g, h] = segments;
        Cidr { first: IpAddr::V6(Ipv6Addr::new(a, b, c, d, e, f, g, h)), length }
    }

    pub(crate) fn is_v6(&self) -> bool {
        self.first.is_ipv6()
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                (first.to_bits() ^ address.to_bits()) & mask_v4(self.length) == 0
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                (first.to_bits() ^ address.to_bits()) & mask_v6(self.length) == 0
            }
            _ => false,
        }
    }

    /// Every address of `other` is one of these.
    pub fn covers(&self, other: &Cidr) -> bool {
        self.length <= other.length && self.contains(other.first)
    }

    pub fn overlaps(&self, other: &Cidr) -> bool {
        self.covers(other) || other.covers(self)
    }
}

fn mask_v4(length: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0)
}

fn mask_v6(length: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0)
}

/// A single address is the block that holds only it.
impl From<IpAddr> for Cidr {
    fn from(first: IpAddr) -> Self {
        Cidr { first, length: if first.is_ipv4() { 32 } else { 128 } }
    }
}

impl FromStr for Cidr {
    type Err = String;

    /// `10.1.2.0/24`, `2001:db8::/32`, or one address. Bits beyond the length are an error: whoever writes
    /// `10.1.2.3/8` may mean either.
    fn from_str(text: &str) -> Result<Self, String> {
        let (address, length) = match text.split_once('/') {
            None => (text, None),
            Some((address, length)) => (address, Some(length)),
        };
        let first: IpAddr = address.parse().map_err(|_| format!("{text:?} is not an address block"))?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let length = match length {
            None => most,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits
                .parse()
                .ok()
                .filter(|length| *length <= most)
                .ok_or_else(|| format!("the length of {text:?} is not 0-{most}"))?,
            Some(_) => return Err(format!("the length of {text:?} is not 0-{most}")),
        };
        let beyond = match first {
            IpAddr::V4(first) => first.to_bits() & !mask_v4(length) != 0,
            IpAddr::V6(first) => first.to_bits() & !mask_v6(length) != 0,
        };
        if beyond {
            return Err(format!("{text:?} has bits set beyond its length"));
        }
        Ok(Cidr { first, length })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_hold_what_they_name() {
        let block: Cidr = "10.1.2.0/24".parse().unwrap();
        assert!(block.contains("10.1.2.255".parse().unwrap()));
        assert!(!block.contains("10.1.3.0".parse().unwrap()));
        assert!(!block.contains("::ffff:10.1.2.1".parse().unwrap()));
        for everything in ["0.0.0.0/0", "::/0"] {
            let everything: Cidr = everything.parse().unwrap();
            assert!(
                everything.contains("1.2.3.4".parse().unwrap())
                    != everything.contains("::1".parse().unwrap())
            );
        }
        assert!("10.0.0.0/8".parse::<Cidr>().unwrap().covers(&block));
        assert!(!block.covers(&"10.0.0.0/8".parse().unwrap()));
        assert!(block.overlaps(&"10.0.0.0/8".parse().unwrap()));
    }

    #[test]
    fn refuses_what_is_no_block() {
        for text in ["", "10.0.0.0/33", "10.0.0.1/8", "::/129", "10.0.0.0/", "10.0.0.0/+8", "a/8", "1.2.3/8"]
        {
            assert!(text.parse::<Cidr>().is_err(), "{text}");
        }
        assert_eq!("10.0.0.1".parse::<Cidr>().unwrap().to_string(), "10.0.0.1/32");
    }
}
