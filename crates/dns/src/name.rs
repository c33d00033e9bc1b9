//! Names as text, and the addresses that reverse names stand for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use simple_dns::Name;

/// A name in lower case, with dots between its labels; nothing if it has letters that no name of a container has. So it is
/// also safe as the name of a file: it has no `/`, and no part of it is empty.
pub(crate) fn text(name: &Name<'_>) -> Option<String> {
    let mut text = String::new();
    for label in name.as_bytes() {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-' || *byte == b'_';
        if label.is_empty() || !label.iter().all(plain) {
            return None;
        }
        if !text.is_empty() {
            text.push('.');
        }
        text.extend(label.iter().map(|byte| char::from(byte.to_ascii_lowercase())));
    }
    (!text.is_empty()).then_some(text)
}

/// The address that a reverse name stands for. Source: RFC 1035, section 3.5; RFC 3596, section 2.5.
pub(crate) fn reverse(name: &str) -> Option<IpAddr> {
    if let Some(digits) = name.strip_suffix(".in-addr.arpa") {
        let parts: Vec<u8> = digits.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
        let [d, c, b, a] = parts.try_into().ok()?;
        return Some(Ipv4Addr::new(a, b, c, d).into());
    }
    let digits = name.strip_suffix(".ip6.arpa")?;
    let mut bits = 0_u128;
    let mut count = 0;
    for digit in digits.split('.') {
        let value = u128::from_str_radix(digit, 16).ok().filter(|_| digit.len() == 1 && count < 32)?;
        bits |= value << (4 * count);
        count += 1;
    }
    (count == 32).then(|| Ipv6Addr::from_bits(bits).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use simple_dns::Label;

    #[test]
    fn names_are_plain_text() {
        let text = |name: &str| text(&Name::new_unchecked(name));
        assert_eq!(text("Web.My_Net").as_deref(), Some("web.my_net"));
        for strange in ["", "a/b", "..", "a b", "\u{e4}", "a\\.b"] {
            assert_eq!(text(strange), None, "{strange}");
        }
        let dotted = Name::new_with_labels(&[Label::new_unchecked(b"..".as_slice())]);
        assert_eq!(super::text(&dotted), None);
    }

    #[test]
    fn reverse_names() {
        assert_eq!(reverse("4.3.2.10.in-addr.arpa"), Some("10.2.3.4".parse().unwrap()));
        let v6 = "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa";
        assert_eq!(reverse(v6), Some("2001:db8::567:89ab".parse().unwrap()));
        for wrong in
            ["3.2.10.in-addr.arpa", "1.1.1.1.1.in-addr.arpa", "300.1.1.1.in-addr.arpa", "1.ip6.arpa", "web"]
        {
            assert_eq!(reverse(wrong), None, "{wrong}");
        }
        assert_eq!(reverse(&format!("0.{v6}")), None);
    }
}
