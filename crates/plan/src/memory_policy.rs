//! `linux.memoryPolicy`: which memory nodes the program's memory comes from.

use fault::{Fault, Result};
use oci::MemoryPolicy;

use crate::Numbers;

/// What set_mempolicy(2) is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryNodes {
    /// The mode's name in `config.json`.
    pub name: &'static str,
    /// `MPOL_*` with `MPOL_F_*`.
    pub mode: u32,
    /// Which; none for the modes that choose by themselves.
    pub nodes: Option<Numbers>,
}

/// Whether a mode takes nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    None,
    Any,
    Some,
}

/// Source: include/uapi/linux/mempolicy.h.
const MODES: [(&str, u32, Takes); 7] = [
    ("MPOL_DEFAULT", 0, Takes::None),
    ("MPOL_PREFERRED", 1, Takes::Any),
    ("MPOL_BIND", 2, Takes::Some),
    ("MPOL_INTERLEAVE", 3, Takes::Some),
    ("MPOL_LOCAL", 4, Takes::None),
    ("MPOL_PREFERRED_MANY", 5, Takes::Some),
    ("MPOL_WEIGHTED_INTERLEAVE", 6, Takes::Some),
];

/// Source: the same.
const FLAGS: [(&str, u32); 3] = [
    ("MPOL_F_NUMA_BALANCING", 1 << 13),
    ("MPOL_F_RELATIVE_NODES", 1 << 14),
    ("MPOL_F_STATIC_NODES", 1 << 15),
];

/// No kernel has more memory nodes (`MAX_NUMNODES`).
const MOST_NODES: usize = 1024;

/// All names, for `features`.
pub fn memory_policies() -> (Vec<&'static str>, Vec<&'static str>) {
    (MODES.iter().map(|(name, ..)| *name).collect(), FLAGS.iter().map(|(name, _)| *name).collect())
}

/// What the kernel is to be told.
pub(crate) fn memory_nodes(asked: &MemoryPolicy) -> Result<MemoryNodes> {
    let wrong = |field: &str, why: String| Fault::invalid(format!("linux.memoryPolicy.{field}"), why);
    let Some((name, mode, takes)) = MODES.into_iter().find(|(name, ..)| *name == asked.mode) else {
        return Err(wrong("mode", format!("there is no mode `{}`", asked.mode)));
    };
    let nodes = (!asked.nodes.is_empty()).then(|| Numbers::parse(&asked.nodes, MOST_NODES)).transpose();
    let nodes = nodes.map_err(|why| wrong("nodes", why))?;
    match (takes, &nodes) {
        (Takes::None, Some(_)) => return Err(wrong("nodes", format!("{name} takes none"))),
        (Takes::Some, None) => return Err(wrong("nodes", format!("{name} needs some"))),
        _ => {}
    }
    Ok(MemoryNodes { name, mode: mode | flags(&asked.flags)?, nodes })
}

fn flags(asked: &[String]) -> Result<u32> {
    let mut flags = 0;
    for (at, name) in asked.iter().enumerate() {
        let field = format!("linux.memoryPolicy.flags[{at}]");
        let Some((_, flag)) = FLAGS.iter().find(|(known, _)| known == name) else {
            return Err(Fault::invalid(field, format!("there is no flag `{name}`")));
        };
        flags |= flag;
        if flags >> 14 == 0b11 {
            return Err(Fault::invalid(field, "nodes are either static or relative"));
        }
    }
    Ok(flags)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(mode: &str, nodes: &str, flags: &[&str]) -> Result<MemoryNodes> {
        let flags = flags.iter().map(ToString::to_string).collect();
        memory_nodes(&MemoryPolicy { mode: mode.into(), nodes: nodes.into(), flags })
    }

    #[test]
    fn modes_nodes_and_flags_are_the_kernels() {
        let bind = policy("MPOL_BIND", "0-1", &["MPOL_F_STATIC_NODES"]).unwrap();
        assert_eq!((bind.mode, bind.nodes.unwrap().words()), (2 | 1 << 15, &[3][..]));
        assert_eq!(policy("MPOL_PREFERRED", "", &[]).unwrap().nodes, None);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let refused = |mode, nodes, flags: &[&str]| policy(mode, nodes, flags).unwrap_err().sentence();
        assert!(refused("", "", &[]).contains("memoryPolicy.mode"));
        assert!(refused("MPOL_LOCAL", "0", &[]).contains("takes none"));
        assert!(refused("MPOL_BIND", "", &[]).contains("needs some"));
        assert!(refused("MPOL_BIND", "1024", &[]).contains("memoryPolicy.nodes"));
        assert!(refused("MPOL_BIND", "0", &["MPOL_F_NO"]).contains("flags[0]"));
        let both = ["MPOL_F_STATIC_NODES", "MPOL_F_RELATIVE_NODES"];
        assert!(refused("MPOL_BIND", "0", &both).contains("flags[1]"));
    }
}
