//! Limits of RDMA devices: the same on both versions.

use oci::Resources;

use crate::Write;

/// A line for each device.
///
/// Source: <https://docs.kernel.org/admin-guide/cgroup-v1/rdma.html>
pub(crate) fn rdma(limits: &Resources) -> Vec<Write> {
    let write = |(device, limit): (&String, &oci::Rdma)| {
        let mut line = device.clone();
        for (key, value) in [("hca_handle", limit.hca_handles), ("hca_object", limit.hca_objects)] {
            line.extend(value.map(|value| format!(" {key}={value}")));
        }
        Write::new("rdma", "rdma.max", line, format!("linux.resources.rdma[{device}]"))
    };
    limits.rdma.iter().map(write).collect()
}
