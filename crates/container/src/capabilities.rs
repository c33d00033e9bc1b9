//! Which capabilities a container has.

use fault::{Fault, Result};

use crate::Request;

/// Docker's. Source: moby, `oci/caps/defaults.go`.
const DEFAULT: [&str; 14] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FSETID",
    "CAP_FOWNER",
    "CAP_MKNOD",
    "CAP_NET_RAW",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETFCAP",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT",
    "CAP_KILL",
    "CAP_AUDIT_WRITE",
];

/// The names, in the kernel's order. `ALL` and `--privileged` mean those that can be had (`grantable`);
/// one that was named by itself stays in the list, so that somebody says when it cannot be had.
pub(crate) fn of(request: &Request, grantable: u64) -> Result<Vec<String>> {
    let (add_all, add) = parse(&request.cap_add, "--cap-add")?;
    let (drop_all, drop) = parse(&request.cap_drop, "--cap-drop")?;
    let can_be_had =
        |name: &String| plan::capability(name).is_some_and(|capability| grantable & (1 << capability.0) != 0);
    let wanted = |name: &String| {
        if request.privileged {
            return can_be_had(name);
        }
        let named = add.contains(name) || add_all && can_be_had(name);
        if drop_all { named } else { (named || DEFAULT.contains(&name.as_str())) && !drop.contains(name) }
    };
    Ok(plan::all_capabilities().filter(wanted).collect())
}

/// Whether `ALL` is among them, and the full names of the others.
fn parse(names: &[String], option: &str) -> Result<(bool, Vec<String>)> {
    let (all, others): (Vec<_>, Vec<_>) = names.iter().partition(|name| name.eq_ignore_ascii_case("all"));
    let full = |name: &&String| {
        plan::capability(name).map(plan::capability_name).ok_or_else(|| {
            Fault::invalid(option, format!("unknown capability: `{name}`"))
                .hint("`man 7 capabilities` lists them; `CAP_` in front may be left out")
        })
    };
    Ok((!all.is_empty(), others.iter().map(full).collect::<Result<_>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(add: &[&str], drop: &[&str]) -> Vec<String> {
        let list = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        let request = Request { cap_add: list(add), cap_drop: list(drop), ..Request::default() };
        super::of(&request, !(1 << 24)).unwrap()
    }

    #[test]
    fn add_drop_and_all() {
        assert_eq!(of(&[], &[]).len(), 14);
        assert_eq!(of(&["sys_admin", "CAP_CHOWN"], &["mknod"]).len(), 14);
        assert_eq!(of(&["kill"], &["ALL"]), ["CAP_KILL"]);
        assert!(of(&[], &["all"]).is_empty());
        assert_eq!(of(&["ALL"], &[]).len(), 40);
        assert_eq!(of(&["ALL"], &["chown"]).len(), 39);
        assert!(of(&["SYS_RESOURCE"], &[]).contains(&"CAP_SYS_RESOURCE".to_string()));
        let request = Request { cap_add: vec!["NOPE".to_string()], ..Request::default() };
        assert!(super::of(&request, 0).is_err());
    }
}
