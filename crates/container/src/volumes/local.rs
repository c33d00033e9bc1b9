//! Options of the local driver: what mount(2) is to be told. Source of rules and words: moby, `volume/local/`.

use std::collections::BTreeMap;
use std::net::IpAddr;

use fault::{Fault, Kind, Result};

/// Options that there are.
const KNOWN: [&str; 3] = ["type", "device", "o"];

/// Refuses what makes no sense, in Docker's words.
pub(crate) fn check_options(options: &BTreeMap<String, String>) -> Result<()> {
    let wrong = |why: String| Fault::invalid("--opt", why);
    if options.contains_key("size") {
        return Err(Fault::new(Kind::Unsupported, "use `--opt`")
            .because("quota size requested but no quota support")
            .hint("a volume in memory can be limited: type=tmpfs, device=tmpfs, o=size=64m"));
    }
    if let Some(unknown) = options.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(wrong(format!("invalid option: \"{unknown}\"")));
    }
    let given = |name: &str| options.get(name).is_some_and(|value| !value.is_empty());
    for (name, needed) in [("device", "type"), ("type", "device"), ("o", "device"), ("o", "type")] {
        if given(name) && !given(needed) {
            return Err(wrong(format!("missing required option: \"{needed}\"")));
        }
    }
    check_server(options)
}

/// The kernel knows addresses only, and whoever mounts asks nobody for one.
fn check_server(options: &BTreeMap<String, String>) -> Result<()> {
    let words = options.get("o").map(String::as_str).unwrap_or_default();
    let named = words
        .split(',')
        .filter_map(|word| word.strip_prefix("addr="))
        .find(|address| address.parse::<IpAddr>().is_err());
    match named {
        Some(name) => Err(Fault::new(Kind::Unsupported, "use `--opt`")
            .because(format!("`addr={name}`: names of servers are not looked up"))
            .hint("the address of the server: `addr=192.0.2.1`")),
        None => Ok(()),
    }
}

/// It is mounted with options, and its folder stays empty.
pub(crate) fn is_mounted(options: &BTreeMap<String, String>) -> bool {
    options.get("device").is_some_and(|device| !device.is_empty())
}

/// What is mounted is a folder of this machine.
pub(crate) fn is_bind(options: &BTreeMap<String, String>) -> bool {
    let words = options.get("o").map(String::as_str).unwrap_or_default();
    words.split(',').any(|word| word == "bind" || word == "rbind")
}

/// In Docker's words.
pub(crate) fn no_driver(driver: &str, name: &str) -> Fault {
    let (driver, name) = (fault::visible(driver), fault::visible(name));
    Fault::new(Kind::Unsupported, format!("create volume `{name}`"))
        .because(format!(
            "create {name}: error looking up volume plugin {driver}: plugin \"{driver}\" not found"
        ))
        .hint("there is the driver `local` only")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(words: &[(&str, &str)]) -> Result<()> {
        check_options(
            &words.iter().map(|(name, value)| ((*name).to_string(), (*value).to_string())).collect(),
        )
    }

    #[test]
    fn options_come_together() {
        assert!(check(&[]).is_ok());
        assert!(check(&[("type", "nfs"), ("device", ":/x"), ("o", "addr=10.0.0.1,rw")]).is_ok());
        for (bad, words) in [
            (&[("nope", "x")][..], "invalid option: \"nope\""),
            (&[("type", "tmpfs")], "missing required option: \"device\""),
            (&[("device", "/x")], "missing required option: \"type\""),
            (&[("o", "bind")], "missing required option"),
            (&[("size", "1g")], "quota size requested"),
            (&[("type", "nfs"), ("device", ":/x"), ("o", "addr=server")], "addr=server"),
        ] {
            assert!(check(bad).unwrap_err().sentence().contains(words), "{bad:?}");
        }
    }
}
