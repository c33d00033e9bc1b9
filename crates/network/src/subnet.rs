//! Ranges of addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// All addresses that begin with the same bits: `172.18.0.0/16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subnet {
    first: IpAddr,
    prefix: u8,
}

impl Subnet {
    /// The one that an address is in, if that many bits are to be the same. Nothing if an address has not so many.
    pub fn of(address: IpAddr, prefix: u8) -> Option<Subnet> {
        let free = bits(address).checked_sub(prefix)?;
        let first = from_number(address.is_ipv4(), number(address) & !mask(free));
        Some(Subnet { first, prefix })
    }

    /// The first address; it means the subnet itself.
    pub fn first(&self) -> IpAddr {
        self.first
    }

    /// The last address; with IPv4 it means everybody in it.
    pub fn last(&self) -> IpAddr {
        from_number(self.is_ipv4(), number(self.first) | mask(self.free()))
    }

    /// Bits that all addresses have in common.
    pub fn prefix(&self) -> u8 {
        self.prefix
    }

    /// It is one of IPv4.
    pub fn is_ipv4(&self) -> bool {
        self.first.is_ipv4()
    }

    /// It has this address.
    pub fn contains(&self, address: IpAddr) -> bool {
        Subnet::of(address, self.prefix).is_some_and(|other| other == *self)
    }

    /// It has all addresses of another.
    pub fn holds(&self, other: &Subnet) -> bool {
        other.prefix >= self.prefix && self.contains(other.first)
    }

    /// They have addresses in common.
    pub fn overlaps(&self, other: &Subnet) -> bool {
        self.holds(other) || other.holds(self)
    }

    /// The address with this number, counted from 0.
    pub fn nth(&self, at: u128) -> Option<IpAddr> {
        (at <= mask(self.free())).then(|| from_number(self.is_ipv4(), number(self.first) + at))
    }

    /// The number of an address in it, counted from 0.
    pub fn position(&self, address: IpAddr) -> Option<u128> {
        self.contains(address).then(|| number(address) - number(self.first))
    }

    /// The number of its last address.
    pub fn end(&self) -> u128 {
        mask(self.free())
    }

    /// Bits in which its addresses differ.
    fn free(&self) -> u8 {
        bits(self.first) - self.prefix
    }
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// So many ones.
fn mask(bits: u8) -> u128 {
    1_u128.checked_shl(u32::from(bits)).map_or(u128::MAX, |above| above - 1)
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn from_number(ipv4: bool, number: u128) -> IpAddr {
    if !ipv4 {
        return IpAddr::V6(Ipv6Addr::from_bits(number));
    }
    // It was made of one of these.
    IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(number).unwrap_or(u32::MAX)))
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

/// Why a text is no subnet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoSubnet {
    /// It is not an address, a slash and a number.
    Shape,
    /// It is an address within this one.
    Within(Subnet),
}

impl FromStr for Subnet {
    type Err = NoSubnet;

    fn from_str(text: &str) -> Result<Subnet, NoSubnet> {
        let (address, prefix) = text.split_once('/').ok_or(NoSubnet::Shape)?;
        let address: IpAddr = address.parse().map_err(|_| NoSubnet::Shape)?;
        let digits = prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = prefix.parse().ok().filter(|_| digits).ok_or(NoSubnet::Shape)?;
        let subnet = Subnet::of(address, prefix).ok_or(NoSubnet::Shape)?;
        if subnet.first == address { Ok(subnet) } else { Err(NoSubnet::Within(subnet)) }
    }
}

impl Serialize for Subnet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Subnet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Subnet, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| serde::de::Error::custom(format!("`{text}` is no subnet")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(text: &str) -> Subnet {
        text.parse().unwrap()
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn texts() {
        for good in ["172.18.0.0/16", "10.0.0.0/8", "1.2.3.4/32", "0.0.0.0/0", "fd00::/64", "::/0", "::1/128"]
        {
            assert_eq!(subnet(good).to_string(), good);
        }
        for bad in
            ["", "10.0.0.0", "10.0.0.0/33", "fd00::/129", "10.0.0/8", "10.0.0.0/+8", "10.0.0.0/", "a/8"]
        {
            assert_eq!(bad.parse::<Subnet>(), Err(NoSubnet::Shape), "{bad}");
        }
        assert_eq!("10.1.2.3/16".parse::<Subnet>(), Err(NoSubnet::Within(subnet("10.1.0.0/16"))));
    }

    #[test]
    fn addresses_are_counted() {
        let net = subnet("10.1.0.0/30");
        assert_eq!(
            (net.nth(1), net.nth(3), net.nth(4)),
            (Some(address("10.1.0.1")), Some(address("10.1.0.3")), None)
        );
        assert_eq!((net.last(), net.end()), (address("10.1.0.3"), 3));
        assert_eq!((net.position(address("10.1.0.2")), net.position(address("10.1.0.4"))), (Some(2), None));
        let net = subnet("fd00::/64");
        assert_eq!(net.last(), address("fd00::ffff:ffff:ffff:ffff"));
        assert_eq!(net.position(net.nth(77).unwrap()), Some(77));
        assert_eq!(subnet("::/0").last(), address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
        assert!(!net.contains(address("10.1.0.1")));
    }

    #[test]
    fn overlaps() {
        for (one, other, expected) in [
            ("10.0.0.0/8", "10.1.0.0/16", true),
            ("10.0.0.0/16", "10.1.0.0/16", false),
            ("0.0.0.0/0", "10.1.0.0/16", true),
            ("::/0", "10.1.0.0/16", false),
            ("fd00::/8", "fd00:1::/64", true),
        ] {
            assert_eq!(subnet(one).overlaps(&subnet(other)), expected, "{one} {other}");
            assert_eq!(subnet(other).overlaps(&subnet(one)), expected, "{other} {one}");
        }
    }
}
