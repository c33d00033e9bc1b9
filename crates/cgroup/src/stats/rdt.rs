//! Shares of cache and bandwidth, from the files of resctrl.
//!
//! Source: <https://docs.kernel.org/filesystems/resctrl.html>

use fault::Result;

use super::Read;
use super::shape::{BandwidthUsed, CacheUsed, IntelRdt, L3CacheInfo, MemBwInfo};
use super::text::File;

/// Reads `info/...` and `schemata` of the `root`, `schemata` of the `group`, and of each of `nodes` what was `counted`.
pub(super) fn stats(read: &Read<'_>, nodes: &[String]) -> Result<IntelRdt> {
    let number = |of: &str, name: &str| Ok(File::new(read, of, name).number()?.unwrap_or(0));
    let line = |of: &str, resource: &str| -> Result<String> {
        let text = File::new(read, of, "schemata").text()?.unwrap_or_default();
        let line = text.lines().map(str::trim).find(|line| line.starts_with(resource));
        Ok(line.unwrap_or_default().to_string())
    };
    let mut rdt = IntelRdt::default();
    if let Some(mask) = File::new(read, "root", "info/L3/cbm_mask").text()? {
        rdt.l3_cache_info = Some(L3CacheInfo {
            cbm_mask: mask.trim().to_string(),
            min_cbm_bits: number("root", "info/L3/min_cbm_bits")?,
            num_closids: number("root", "info/L3/num_closids")?,
        });
        rdt.l3_cache_schema_root = line("root", "L3:")?;
        rdt.l3_cache_schema = line("group", "L3:")?;
    }
    if let Some(bandwidth_gran) = File::new(read, "root", "info/MB/bandwidth_gran").number()? {
        rdt.mem_bw_info = Some(MemBwInfo {
            bandwidth_gran,
            delay_linear: number("root", "info/MB/delay_linear")?,
            min_bandwidth: number("root", "info/MB/min_bandwidth")?,
            num_closids: number("root", "info/MB/num_closids")?,
        });
        rdt.mem_bw_schema_root = line("root", "MB:")?;
        rdt.mem_bw_schema = line("group", "MB:")?;
    }
    for node in nodes {
        let counted = |name: &str| File::new(read, "counted", &format!("mon_data/{node}/{name}")).number();
        if let Some(mbm_total_bytes) = counted("mbm_total_bytes")? {
            let mbm_local_bytes = counted("mbm_local_bytes")?.unwrap_or(0);
            rdt.mbm_stats.push(BandwidthUsed { mbm_total_bytes, mbm_local_bytes });
        }
        rdt.cmt_stats.extend(counted("llc_occupancy")?.map(|llc_occupancy| CacheUsed { llc_occupancy }));
    }
    Ok(rdt)
}
