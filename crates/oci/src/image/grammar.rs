//! The grammar of image names.
//!
//! ```text
//! reference  = domain "/" path [":" tag] ["@" digest]
//! domain     = (label {"." label} | "[" IPv6 "]") [":" digits]     label: letters, digits; "-" inside
//! path       = component {"/" component}                           component: a-z, 0-9; inside: "." "_" "__" "-"...
//! tag        = letter, digit or "_", then up to 127 of those, "." and "-"
//! ```
//!
//! Source: the grammar in <https://github.com/distribution/reference/blob/v0.6.0/reference.go>

/// The parts of a reference, as they are written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    pub(super) domain: &'a str,
    pub(super) path: &'a str,
    pub(super) tag: Option<&'a str>,
    pub(super) digest: Option<&'a str>,
}

/// Takes a whole reference apart; nothing if it is none.
pub(super) fn parts(text: &str) -> Option<Parts<'_>> {
    let (named, digest) = split(text.split_once('@'), text);
    let (domain, rest) = named.split_once('/')?;
    let (path, tag) = split(rest.split_once(':'), rest);
    let fits = is_domain(domain) && is_path(path) && tag.is_none_or(is_tag) && digest.is_none_or(is_digest);
    fits.then_some(Parts { domain, path, tag, digest })
}

fn split<'a>(at: Option<(&'a str, &'a str)>, whole: &'a str) -> (&'a str, Option<&'a str>) {
    at.map_or((whole, None), |(before, after)| (before, Some(after)))
}

/// A host, and its port.
fn is_domain(text: &str) -> bool {
    let end = text.rfind(']').map(|at| at + 1).or_else(|| text.find(':'));
    let (host, port) = text.split_at(end.unwrap_or(text.len()));
    is_host(host) && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

fn is_host(text: &str) -> bool {
    let address = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    address.map_or_else(|| text.split('.').all(is_label), is_ipv6)
}

fn is_ipv6(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':')
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_label(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !text.is_empty() && text.bytes().all(allowed) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_path(text: &str) -> bool {
    text.split('/').all(is_component)
}

/// Runs of letters and digits, with a separator between two.
fn is_component(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let edges = [text.bytes().next(), text.bytes().next_back()];
    edges.into_iter().all(|edge| edge.is_some_and(plain))
        && text.split(|c: char| u8::try_from(c).is_ok_and(plain)).all(is_separator)
}

/// Nothing is what stands between two letters.
fn is_separator(text: &str) -> bool {
    matches!(text, "." | "_" | "__") || text.bytes().all(|byte| byte == b'-')
}

pub(super) fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|byte| word(byte) || byte == b'.' || byte == b'-')
}

/// Wider than what we take: the rest is refused by [`super::Digest`], which says what is wrong with it.
fn is_digest(text: &str) -> bool {
    let Some((algorithm, hex)) = text.split_once(':') else { return false };
    let component = |text: &str| {
        text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    algorithm.split(['-', '_', '+', '.']).all(component)
        && hex.len() >= 32
        && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components() {
        for good in ["a", "0", "a.b", "a_b", "a__b", "a-b", "a---b", "a.b_c-d", "library"] {
            assert!(is_component(good), "{good}");
        }
        for bad in ["", ".", "a.", ".a", "a..b", "a___b", "a._b", "a-.b", "A", "aB", "ä", "a b", "-a", "a-"]
        {
            assert!(!is_component(bad), "{bad}");
        }
    }

    #[test]
    fn domains() {
        for good in ["a", "A.b", "a-b.c:80", "127.0.0.1", "[::1]", "[fc00::1]:5000", "xn--n3h.com", "a:0"] {
            assert!(is_domain(good), "{good}");
        }
        for bad in [
            "",
            ".",
            "a.",
            "-a",
            "a-",
            "a_b",
            "a:",
            "a:b",
            "[]",
            "[::1",
            "[::1]x",
            "[::1%eth0]",
            "::1",
            "a:1:2",
        ] {
            assert!(!is_domain(bad), "{bad}");
        }
    }
}
