//! Addresses of Ethernet.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use fault::{Fault, Result};

/// An address of Ethernet: `02:42:ac:11:00:02`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// The one that Docker gives to who has an address of IPv4: what neighbours have learned of the address stays true
    /// when it is given to somebody else.
    pub fn of(address: Ipv4Addr) -> Mac {
        let [a, b, c, d] = address.octets();
        Mac([0x02, 0x42, a, b, c, d])
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .enumerate()
            .try_for_each(|(at, byte)| write!(f, "{}{byte:02x}", if at == 0 { "" } else { ":" }))
    }
}

impl FromStr for Mac {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Mac> {
        let wrong = || Fault::invalid("--mac-address", format!("{text} is not a valid mac address"));
        let parts: Vec<_> = text.split([':', '-']).collect();
        let mut bytes = [0; 6];
        if parts.len() != bytes.len() {
            return Err(wrong());
        }
        for (byte, part) in bytes.iter_mut().zip(parts) {
            let digits = part.len() == 2 && part.bytes().all(|digit| digit.is_ascii_hexdigit());
            *byte = u8::from_str_radix(part, 16).ok().filter(|_| digits).ok_or_else(wrong)?;
        }
        // The lowest bit of the first byte says that it is a group's.
        if bytes[0] & 1 == 1 || bytes == [0; 6] {
            return Err(
                wrong().hint("one of a single machine: the first byte is even, as in 02:42:ac:11:00:02")
            );
        }
        Ok(Mac(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let mac = Mac::of(Ipv4Addr::new(172, 17, 0, 2));
        assert_eq!(mac.to_string(), "02:42:ac:11:00:02");
        assert_eq!("02:42:AC:11:00:02".parse::<Mac>().unwrap(), mac);
        for bad in [
            "",
            "02:42:ac:11:00",
            "02:42:ac:11:00:2",
            "02:42:ac:11:00:0g",
            "01:00:00:00:00:00",
            "+2:42:ac:11:00:02",
        ] {
            assert!(bad.parse::<Mac>().is_err(), "{bad}");
        }
    }
}
