//! Limits, and what each cgroup hierarchy wants written for them. Pure: tables, no files.

mod check;
mod devices;
mod io;
mod rdma;
mod restore;
pub mod stats;
mod v1;
mod v2;

use std::borrow::Cow;

pub use check::{Version, warnings};
pub use devices::{Access, Instruction, Rule, Which, program, rules};
pub use io::weight as io_weight;
pub use restore::restore;
pub use v1::{device_writes, writes as v1};
pub use v2::{weight as cpu_weight, writes as v2};

/// One file to write in the container's cgroup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Tells the hierarchies of cgroup v1 apart, and which controller v2 must have.
    pub controller: &'static str,
    /// Name of the file.
    pub file: Cow<'static, str>,
    /// What to write into it.
    pub value: String,
    /// The field of `config.json` that asks for it.
    pub field: Cow<'static, str>,
    /// What to do on a kernel that has no such file.
    pub absent: Absent,
}

/// What to do on a kernel that has no such file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Absent {
    /// The limit cannot be had.
    #[default]
    Refuse,
    /// Nothing: what is asked for is how it is without the file.
    Skip,
    /// Another file says the same.
    Instead {
        /// Its name.
        file: &'static str,
        /// The value, as it counts.
        value: String,
    },
}

impl Write {
    fn new(
        controller: &'static str,
        file: impl Into<Cow<'static, str>>,
        value: impl Into<String>,
        field: impl Into<Cow<'static, str>>,
    ) -> Write {
        let (file, value, field) = (file.into(), value.into(), field.into());
        Write { controller, file, value, field, absent: Absent::Refuse }
    }

    fn or(self, file: &'static str, value: String) -> Write {
        Write { absent: Absent::Instead { file, value }, ..self }
    }

    fn or_skip_if(self, same: bool) -> Write {
        Write { absent: if same { Absent::Skip } else { self.absent }, ..self }
    }
}

type Row = (&'static str, &'static str, Option<String>, &'static str);

fn rows<const N: usize>(table: [Row; N]) -> Vec<Write> {
    let write = |(controller, file, value, field): Row| Some(Write::new(controller, file, value?, field));
    table.into_iter().filter_map(write).collect()
}

/// Zero and nothing both mean that the caller has no wish; Go writes zeroes for fields that nobody set.
fn wish<T: Default + PartialEq>(value: Option<T>) -> Option<T> {
    value.filter(|value| *value != T::default())
}

fn number<T: ToString>(value: Option<T>) -> Option<String> {
    value.map(|value| value.to_string())
}

fn text(value: &str) -> Option<String> {
    Some(value).filter(|value| !value.is_empty()).map(String::from)
}

/// A size of huge pages, as files have it in their names: `64KB`, `2MB`, `1GB`. The kernel lists them in KiB.
pub fn page_size(kib: u64) -> String {
    match kib {
        _ if kib >= 1 << 20 => format!("{}GB", kib >> 20),
        _ if kib >= 1 << 10 => format!("{}MB", kib >> 10),
        _ => format!("{kib}KB"),
    }
}

/// A number of bytes, or `none` for -1.
fn bytes(limit: Option<i64>, none: &str) -> Option<String> {
    wish(limit).map(|limit| if limit < 0 { none.to_string() } else { limit.to_string() })
}

/// As many processes. A limit of none at all would keep the first one out too, which is not what anybody
/// means; runc writes 1 as well.
fn pids(limits: &oci::Resources) -> Option<String> {
    limits.pids.limit.map(|limit| if limit < 0 { "max".to_string() } else { limit.max(1).to_string() })
}

/// The limit of memory and swap together. Whoever asks for no limit of memory, and says nothing of swap,
/// means both: on cgroup v1 the one cannot be above the other.
fn swap(memory: &oci::Memory) -> Option<i64> {
    wish(memory.swap).or(memory.limit.filter(|limit| *limit == -1))
}
