//! Limits, and what each cgroup hierarchy wants written for them. Pure: tables, no files.

mod devices;
mod v1;
mod v2;

pub use devices::{Access, Instruction, Rule, Which, program, rules};
pub use v1::{device_writes, writes as v1};
pub use v2::writes as v2;

/// One file to write in the container's cgroup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Tells the hierarchies of cgroup v1 apart, and which controller v2 must have.
    pub controller: &'static str,
    /// Name of the file.
    pub file: &'static str,
    /// What to write into it.
    pub value: String,
    /// The field of `config.json` that asks for it.
    pub field: &'static str,
}

type Row = (&'static str, &'static str, Option<String>, &'static str);

fn rows<const N: usize>(table: [Row; N]) -> Vec<Write> {
    let write =
        |(controller, file, value, field): Row| Some(Write { controller, file, value: value?, field });
    table.into_iter().filter_map(write).collect()
}

/// Zero and nothing both mean that the caller has no wish; Go writes zeroes for fields that nobody set.
fn wish<T: Default + PartialEq>(value: Option<T>) -> Option<T> {
    value.filter(|value| *value != T::default())
}

fn text(value: &str) -> Option<String> {
    Some(value).filter(|value| !value.is_empty()).map(String::from)
}
