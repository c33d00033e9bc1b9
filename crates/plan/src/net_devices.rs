//! `linux.netDevices`: network interfaces of the host that become the container's.

use fault::{Fault, Result};
use oci::{Linux, NamespaceKind};

use crate::Step;
use crate::namespaces::Namespaces;

/// A step for each, once the container's network namespace is there.
///
/// Source: <https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#network-devices>
pub(crate) fn steps(linux: &Linux, namespaces: &Namespaces) -> Result<Vec<Step>> {
    let kind = NamespaceKind::Network;
    if !linux.net_devices.is_empty() && !namespaces.has_own(kind) {
        return Err(Fault::invalid("linux.netDevices", "there is no network namespace to move them to"));
    }
    let mut steps = Vec::new();
    let mut taken = Vec::new();
    for (name, device) in &linux.net_devices {
        let field = format!("linux.netDevices[{name}]");
        check(name, &field)?;
        let new_name = if device.name.is_empty() { name } else { &device.name };
        check(new_name, &format!("{field}.name"))?;
        if taken.contains(&new_name) {
            return Err(Fault::invalid(field + ".name", format!("`{new_name}` is the name of two of them")));
        }
        taken.push(new_name);
        let into = namespaces.joined(kind).cloned();
        steps.push(Step::MoveDevice { name: name.clone(), new_name: new_name.clone(), into });
    }
    Ok(steps)
}

/// What the kernel takes for a name, and none that it would count up (`eth%d`).
///
/// Source: `dev_valid_name` in net/core/dev.c.
fn check(name: &str, field: &str) -> Result<()> {
    /// Bytes; with the zero behind it, it is one more.
    const LONGEST: usize = 15;
    let cause = match name {
        "" => "it is empty".to_string(),
        _ if name.len() > LONGEST => format!("it is longer than {LONGEST} bytes"),
        "." | ".." => format!("`{name}` is not the name of an interface"),
        _ if name.contains(|c: char| c.is_whitespace() || c.is_control() || "/:%".contains(c)) => {
            format!("`{name}` is not the name of an interface")
        }
        _ => return Ok(()),
    };
    Err(Fault::invalid(field, cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(devices: &str, namespace: &str) -> Result<Vec<String>> {
        let text = format!(r#"{{"namespaces":[{{"type":"mount"}}{namespace}],"netDevices":{devices}}}"#);
        let linux: Linux = serde_json::from_str(&text).unwrap();
        steps(&linux, &Namespaces::of(&linux, &[])?)
            .map(|steps| steps.iter().map(ToString::to_string).collect())
    }

    const NEW: &str = r#",{"type":"network"}"#;

    #[test]
    fn each_is_moved() {
        let both = r#"{"eth1":{},"eth2":{"name":"net0"}}"#;
        let sentences = [
            "move network interface `eth1` into the container",
            "move network interface `eth2` into the container as `net0`",
        ];
        assert_eq!(plan(both, NEW).unwrap(), sentences);
        assert_eq!(plan(both, r#",{"type":"network","path":"/run/netns/a"}"#).unwrap(), sentences);
        assert_eq!(plan("{}", "").unwrap(), [""; 0]);
        assert_eq!(plan("null", "").unwrap(), [""; 0]);
    }

    #[test]
    fn what_cannot_be_is_refused_by_its_field() {
        let cases = [
            (r#"{"eth1":{}}"#, "", "`linux.netDevices`"),
            (r#"{"":{}}"#, NEW, "`linux.netDevices[]`"),
            (r#"{"a/b":{}}"#, NEW, "`linux.netDevices[a/b]`"),
            (r#"{"..":{}}"#, NEW, "`linux.netDevices[..]`"),
            (r#"{"eth1":{"name":"sixteen-letters-"}}"#, NEW, "`linux.netDevices[eth1].name`"),
            (r#"{"eth1":{"name":"eth%d"}}"#, NEW, "`linux.netDevices[eth1].name`"),
            (r#"{"eth1":{"name":"a b"}}"#, NEW, "`linux.netDevices[eth1].name`"),
            (r#"{"eth1":{"name":"eth2"},"eth2":{}}"#, NEW, "`linux.netDevices[eth2].name`"),
        ];
        for (devices, namespace, field) in cases {
            let refused = plan(devices, namespace).unwrap_err().sentence();
            assert!(refused.contains(&format!("cannot use {field}")), "{devices}: {refused}");
        }
        assert!(plan(r#"{"eth1":{"name":"fifteen-letters"}}"#, NEW).is_ok());
    }
}
