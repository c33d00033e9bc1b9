//! `linux.intelRdt`: a share of the processors' cache and of the bandwidth to memory, by groups of resctrl.
//!
//! Source: <https://docs.kernel.org/filesystems/resctrl.html>

use std::path::{Path, PathBuf};

use fault::{Fault, Kind, Result};
use oci::{ContainerId, IntelRdt, Spec};

use crate::Host;
use crate::step::{Group, Step};

const TOP: &str = "linux.intelRdt";

/// Makes the groups, sets the share, and puts the container's first process in.
pub(crate) fn steps(spec: &Spec, id: &ContainerId, host: &Host) -> Result<Vec<Step>> {
    let Some(asked) = &spec.linux.intel_rdt else { return Ok(Vec::new()) };
    check_name(&asked.clos_id)?;
    let lines = schemata(asked)?;
    let Some(top) = &host.resctrl else {
        return Err(Fault::new(Kind::Unavailable, format!("use `{TOP}`"))
            .because("resctrl is not mounted on `/sys/fs/resctrl`")
            .hint("on a processor that can: `mount -t resctrl resctrl /sys/fs/resctrl`"));
    };
    let groups = groups(asked, id.as_str(), top);
    let how = match (asked.clos_id.as_str(), lines.as_slice()) {
        ("", _) => Group::Own,
        (_, []) => Group::Existing,
        _ => Group::Shared,
    };
    let mut steps = vec![Step::MakeResctrlGroup { path: groups[0].clone(), how }];
    if !lines.is_empty() {
        steps.push(Step::WriteSchemata { path: groups[0].clone(), lines, field: TOP });
    }
    let monitoring = groups.iter().skip(1).cloned();
    steps.extend(monitoring.map(|path| Step::MakeResctrlGroup { path, how: Group::Own }));
    steps.push(Step::JoinResctrl { groups });
    Ok(steps)
}

/// The directories that a container's processes are put into, in order: its group, and one that counts it alone.
pub fn groups(asked: &IntelRdt, id: &str, top: &Path) -> Vec<PathBuf> {
    let group = top.join(if asked.clos_id.is_empty() { id } else { &asked.clos_id });
    let monitoring = asked.enable_monitoring.then(|| group.join("mon_groups").join(id));
    std::iter::once(group).chain(monitoring).collect()
}

/// The lines for a group's `schemata`, checked.
///
/// # Errors
/// The field that is not what the kernel reads as one line of one resource.
pub fn schemata(asked: &IntelRdt) -> Result<Vec<String>> {
    let bandwidth = &asked.mem_bw_schema;
    if !bandwidth.is_empty() {
        check_line(bandwidth, "memBwSchema")?;
        if !bandwidth.starts_with("MB:") {
            let why = format!("expected `MB:` and the shares, got `{bandwidth}`");
            return Err(Fault::invalid(format!("{TOP}.memBwSchema"), why));
        }
    }
    let mut lines = Vec::new();
    for line in asked.l3_cache_schema.lines() {
        check_line(line, "l3CacheSchema")?;
        // As the specification has it: of two that say something about it, the field that is for it counts.
        if bandwidth.is_empty() || !line.starts_with("MB:") {
            lines.push(line.to_string());
        }
    }
    lines.extend((!bandwidth.is_empty()).then(|| bandwidth.clone()));
    for (at, line) in asked.schemata.iter().enumerate() {
        check_line(line, &format!("schemata[{at}]"))?;
        lines.push(line.clone());
    }
    Ok(lines)
}

fn check_line(line: &str, field: &str) -> Result<()> {
    if line.contains(|c: char| c.is_control()) || !line.contains(':') {
        let why = format!("expected a line such as `L3:0=ff;1=c0`, got `{line}`");
        return Err(Fault::invalid(format!("{TOP}.{field}"), why));
    }
    Ok(())
}

/// It becomes the name of a directory. Some are the kernel's own.
fn check_name(name: &str) -> Result<()> {
    let kernels = ["info", "mon_groups", "mon_data"].contains(&name);
    if kernels || [".", ".."].contains(&name) || name.contains(|c: char| c == '/' || c.is_control()) {
        return Err(Fault::invalid(
            format!("{TOP}.closID"),
            format!("`{name}` cannot be the name of a group"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rdt(json: &str) -> IntelRdt {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_line_for_each_resource() {
        let cases = [
            ("{}", vec![]),
            (r#"{"l3CacheSchema":"L3:0=f"}"#, vec!["L3:0=f"]),
            (r#"{"memBwSchema":"MB:0=20"}"#, vec!["MB:0=20"]),
            (
                r#"{"l3CacheSchema":"L3:0=f\nMB:0=70","memBwSchema":"MB:0=20","schemata":["L2:0=3"]}"#,
                vec!["L3:0=f", "MB:0=20", "L2:0=3"],
            ),
            (r#"{"l3CacheSchema":"L3:0=f\nMB:0=70"}"#, vec!["L3:0=f", "MB:0=70"]),
        ];
        for (json, lines) in cases {
            assert_eq!(schemata(&rdt(json)).unwrap(), lines, "{json}");
        }
    }

    #[test]
    fn what_is_no_line_is_refused_by_its_field() {
        let cases = [
            (r#"{"memBwSchema":"L3:0=f"}"#, "memBwSchema"),
            (r#"{"memBwSchema":"MB:0=20\nL3:0=f"}"#, "memBwSchema"),
            (r#"{"l3CacheSchema":"ff"}"#, "l3CacheSchema"),
            (r#"{"schemata":["L3:0=f","L3:0=f\nMB:0=1"]}"#, "schemata[1]"),
        ];
        for (json, field) in cases {
            let refused = schemata(&rdt(json)).unwrap_err().sentence();
            assert!(refused.contains(&format!("`linux.intelRdt.{field}`")), "{json}: {refused}");
        }
        for name in ["a/b", "..", ".", "info", "a\nb"] {
            assert!(check_name(name).is_err(), "{name}");
        }
        check_name("gold").unwrap();
        check_name("").unwrap();
    }
}
