//! Names of what there is.

use std::path::Path;

use container::{Records, Volumes};
use network::Networks;
use store::Store;

/// What a name is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Container,
    Image,
    Network,
    Volume,
}

/// What the place of a word asks for, by the words that help shows for it: `CONTAINER[:NAME]`.
pub(super) fn kinds(value_name: &str) -> &'static [Kind] {
    match value_name {
        "NAME|ID" => &[Kind::Container, Kind::Image, Kind::Network, Kind::Volume],
        "CONTAINER|IMAGE" => &[Kind::Container, Kind::Image],
        "NAME[:TAG]" => &[Kind::Image],
        _ => match value_name.split(|sign: char| !sign.is_ascii_uppercase() && sign != '_').next() {
            Some("CONTAINER") => &[Kind::Container],
            Some("IMAGE" | "SOURCE_IMAGE") => &[Kind::Image],
            Some("NETWORK") => &[Kind::Network],
            Some("VOLUME") => &[Kind::Volume],
            _ => &[],
        },
    }
}

/// All names of a kind. What cannot be read has none.
pub(super) fn of(kind: Kind, root: &Path) -> Vec<String> {
    let names = match kind {
        Kind::Container => Records::at(root).all_names(),
        Kind::Image => images(root),
        Kind::Network => Networks::at(root).all_names(),
        Kind::Volume => Volumes::at(root).all_names(),
    };
    let mut names = names.unwrap_or_default();
    names.retain(|name| is_harmless(name));
    names
}

/// With their tags; `latest` can be left out.
fn images(root: &Path) -> fault::Result<Vec<String>> {
    // To open a store is to make it.
    if !root.join("images").is_dir() {
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    for (name, _) in Store::open(root)?.names()? {
        let name = name.familiar();
        all.extend(name.strip_suffix(":latest").map(String::from));
        all.push(name);
    }
    Ok(all)
}

/// Nothing in it means anything to a shell, and it is no option.
fn is_harmless(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-:/@".contains(&byte);
    name.bytes().all(is_letter) && name.starts_with(|first: char| first.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_program() {
        for good in ["web", "a_b.c-d", "reg.example:5000/a/b:1", "a@sha256:00"] {
            assert!(is_harmless(good), "{good}");
        }
        for bad in ["", "-rf", "$(x)", "`x`", "a b", "a;b", "a\nb", "a\tb", "a'b", "a\\b", "a*", "\u{e4}"] {
            assert!(!is_harmless(bad), "{bad}");
        }
    }

    #[test]
    fn places_ask_for_what_help_shows() {
        assert_eq!(kinds("CONTAINER[:ro]"), [Kind::Container]);
        assert_eq!(kinds("IMAGE [COMMAND]..."), [Kind::Image]);
        for other in ["NAME", "NEW_NAME", "NETWORKS", "FILE", "", "[SOURCE:]DESTINATION"] {
            assert_eq!(kinds(other), [], "{other}");
        }
    }
}
