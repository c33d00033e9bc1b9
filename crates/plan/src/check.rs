//! What is refused before anything is done.

use fault::{Fault, Result};

/// Text that the kernel gets as a C string: a zero byte would end it early, and we would have checked
/// something else than what counts (CVE class of truncated checks). `oci::parse` refuses it everywhere; these
/// are what images and callers add.
pub(crate) fn no_zero_bytes_in_process(process: &oci::Process) -> Result<()> {
    no_zero_bytes_in(&[("process.args", &process.args), ("process.env", &process.env)])
}

fn no_zero_bytes_in(lists: &[(&str, &Vec<String>)]) -> Result<()> {
    for (field, list) in lists {
        if let Some(at) = list.iter().position(|text| text.contains('\0')) {
            return Err(Fault::invalid(format!("{field}[{at}]"), "it has a zero byte in it"));
        }
    }
    Ok(())
}
