//! What a container has used, from the texts of its cgroup's files. Pure: the files are read by whoever calls.
//!
//! The shape is that of `runc events --stats`, whatever the version of cgroups is: see [`Stats`].

mod rdt;
mod shape;
mod text;
mod v1;
mod v2;

use fault::Result;

pub use shape::*;
pub use text::key;

/// Gives the text of a file: which controller's, and its name. Nothing, if the kernel does not have it.
pub type Read<'a> = dyn Fn(&str, &str) -> Result<Option<String>> + 'a;

/// Statistics from the files of cgroup v1. `pages` are the sizes of huge pages that the machine has: `2MB`.
///
/// # Errors
/// The file that has something else in it than its documentation says.
pub fn of_v1(read: &Read<'_>, pages: &[String]) -> Result<Stats> {
    v1::stats(read, pages)
}

/// The same from the files of cgroup v2.
///
/// # Errors
/// As [`of_v1`].
pub fn of_v2(read: &Read<'_>, pages: &[String]) -> Result<Stats> {
    v2::stats(read, pages)
}

/// Shares of cache and bandwidth. What [`Read`] is asked for is of the `root` of resctrl, the container's `group`, or
/// where it is `counted`; `nodes` are the folders in `mon_data` there.
///
/// # Errors
/// As [`of_v1`].
pub fn of_resctrl(read: &Read<'_>, nodes: &[String]) -> Result<IntelRdt> {
    rdt::stats(read, nodes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files as lines of `name: text`, with `|` for the end of a line.
    fn files(table: &str) -> impl Fn(&str, &str) -> Result<Option<String>> {
        let table = table.to_string();
        move |_, wanted| {
            let text = |line: &str| {
                let (name, text) = line.trim().split_once(": ")?;
                (name == wanted).then(|| text.replace('|', "\n") + "\n")
            };
            Ok(table.lines().find_map(text))
        }
    }

    fn json(stats: &Stats) -> serde_json::Value {
        serde_json::to_value(stats).unwrap()
    }

    const V1: &str = "\
        cpu.stat: nr_periods 3|nr_throttled 2|throttled_time 9
        cpuacct.usage: 1700
        cpuacct.stat: user 3|system 4
        cpuacct.usage_percpu: 1000 700
        cpuacct.usage_all: cpu user system|0 600 400|1 700 0
        cpuset.cpus: 0-2,5
        cpuset.mems: 0
        cpuset.sched_load_balance: 1
        cpuset.sched_relax_domain_level: -1
        memory.stat: cache 8192|rss 4096
        memory.usage_in_bytes: 12288
        memory.max_usage_in_bytes: 16384
        memory.failcnt: 1
        memory.limit_in_bytes: 65536
        pids.current: 2
        pids.max: max
        blkio.throttle.io_serviced: 8:0 Read 9|Total 9
        blkio.throttle.io_serviced_recursive: 8:0 Read 1|8:0 Total 1|Total 1
        blkio.throttle.io_service_bytes_recursive: 8:0 Read 512|Total 512
        hugetlb.2MB.usage_in_bytes: 2097152
        hugetlb.2MB.max_usage_in_bytes: 4194304
        hugetlb.2MB.failcnt: 0";

    #[test]
    fn v1_is_read_file_by_file() {
        let stats = json(&of_v1(&files(V1), &["2MB".to_string()]).unwrap());
        assert_eq!(
            stats["cpu"],
            serde_json::json!({
                "usage": { "total": 1700, "percpu": [1000, 700], "percpu_kernel": [400, 0],
                           "percpu_user": [600, 700], "kernel": 40_000_000, "user": 30_000_000 },
                "throttling": { "periods": 3, "throttledPeriods": 2, "throttledTime": 9 },
            })
        );
        assert_eq!(stats["cpuset"]["cpus"], serde_json::json!([0, 1, 2, 5]));
        assert_eq!(stats["cpuset"]["sched_load_balance"], 1);
        assert_eq!(stats["cpuset"]["sched_relax_domain_level"], -1);
        assert_eq!(
            stats["memory"],
            serde_json::json!({
                "cache": 8192,
                "usage": { "limit": 65536, "usage": 12288, "max": 16384, "failcnt": 1 },
                "swap": { "limit": 0, "failcnt": 0 },
                "kernel": { "limit": 0, "failcnt": 0 },
                "kernelTCP": { "limit": 0, "failcnt": 0 },
                "raw": { "cache": 8192, "rss": 4096 },
            })
        );
        assert_eq!(stats["pids"], serde_json::json!({ "current": 2 }));
        assert_eq!(
            stats["blkio"],
            serde_json::json!({
                "ioServicedRecursive": [
                    { "major": 8, "op": "Read", "value": 1 }, { "major": 8, "op": "Total", "value": 1 }],
                "ioServiceBytesRecursive": [{ "major": 8, "op": "Read", "value": 512 }],
            })
        );
        assert_eq!(
            stats["hugetlb"],
            serde_json::json!({ "2MB": { "usage": 2_097_152, "max": 4_194_304, "failcnt": 0 } })
        );
    }

    const V2: &str = "\
        cpu.stat: usage_usec 7|user_usec 4|system_usec 3|nr_periods 1|nr_throttled 0|throttled_usec 5
        cpu.pressure: some avg10=1.50 avg60=0.25 avg300=0.00 total=42
        memory.stat: anon 4096|file 8192
        memory.current: 12288
        memory.max: 65536
        memory.peak: 16384
        memory.swap.current: 100
        memory.swap.max: max
        memory.events: low 0|high 1|max 2|oom 3|oom_kill 4
        memory.pressure: some avg10=0.00 avg60=0.00 avg300=0.00 total=1|full avg10=0.00 avg60=0.00 avg300=0.00 total=2
        pids.current: 3
        pids.max: 7
        io.stat: 8:16 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6|254:0
        hugetlb.2MB.current: 0
        hugetlb.2MB.events: max 5";

    #[test]
    fn v2_is_told_in_the_words_of_v1() {
        let stats = json(&of_v2(&files(V2), &["2MB".to_string()]).unwrap());
        let none = serde_json::json!({ "avg10": 0.0, "avg60": 0.0, "avg300": 0.0, "total": 0 });
        assert_eq!(
            stats["cpu"],
            serde_json::json!({
                "usage": { "total": 7000, "kernel": 3000, "user": 4000 },
                "throttling": { "periods": 1, "throttledTime": 5000 },
                "psi": { "some": { "avg10": 1.5, "avg60": 0.25, "avg300": 0.0, "total": 42 }, "full": none },
            })
        );
        let memory = &stats["memory"];
        assert_eq!(memory["cache"], 8192);
        assert_eq!(
            memory["usage"],
            serde_json::json!({ "limit": 65536, "usage": 12288, "max": 16384, "failcnt": 0 })
        );
        // Memory and swap together, as v1 counts; no limit stays none.
        assert_eq!(memory["swap"], serde_json::json!({ "limit": u64::MAX, "usage": 12388, "failcnt": 0 }));
        assert_eq!(memory["event_count"]["oom_kill"], 4);
        assert_eq!(memory["psi"]["full"]["total"], 2);
        assert_eq!(stats["pids"], serde_json::json!({ "current": 3, "limit": 7 }));
        let entry = |op, value| serde_json::json!({ "major": 8, "minor": 16, "op": op, "value": value });
        assert_eq!(stats["blkio"]["ioServiceBytesRecursive"][1], entry("Write", 2));
        assert_eq!(stats["blkio"]["ioServicedRecursive"][0], entry("Read", 3));
        assert_eq!(stats["hugetlb"], serde_json::json!({ "2MB": { "failcnt": 5 } }));
    }

    #[test]
    fn shares_are_those_of_the_group() {
        let table = "\
            root info/L3/cbm_mask: 7ff
            root info/L3/min_cbm_bits: 1
            root info/L3/num_closids: 16
            root schemata:     L3:0=7ff;1=7ff|    MB:0=100;1=100
            group schemata:     L3:0=f;1=7ff|    MB:0=20;1=100
            root info/MB/bandwidth_gran: 10
            root info/MB/min_bandwidth: 10
            counted mon_data/mon_L3_00/mbm_total_bytes: 300
            counted mon_data/mon_L3_00/mbm_local_bytes: 200
            counted mon_data/mon_L3_00/llc_occupancy: 4096";
        let files = files(table);
        let read = |of: &str, name: &str| files(of, &format!("{of} {name}"));
        let rdt = of_resctrl(&read, &["mon_L3_00".to_string(), "mon_L3_01".to_string()]).unwrap();
        assert_eq!(
            serde_json::to_value(rdt).unwrap(),
            serde_json::json!({
                "l3_cache_info": { "cbm_mask": "7ff", "min_cbm_bits": 1, "num_closids": 16 },
                "l3_cache_schema_root": "L3:0=7ff;1=7ff",
                "l3_cache_schema": "L3:0=f;1=7ff",
                "mem_bw_info": { "bandwidth_gran": 10, "min_bandwidth": 10 },
                "mem_bw_schema_root": "MB:0=100;1=100",
                "mem_bw_schema": "MB:0=20;1=100",
                "mbm_stats": [{ "mbm_total_bytes": 300, "mbm_local_bytes": 200 }],
                "cmt_stats": [{ "llc_occupancy": 4096 }],
            })
        );
        let nothing = of_resctrl(&|_: &str, _: &str| Ok(None), &[]).unwrap();
        assert_eq!(nothing, IntelRdt::default());
    }

    #[test]
    fn sizes_of_pages_are_names() {
        assert_eq!([64, 2048, 1 << 20].map(crate::page_size), ["64KB", "2MB", "1GB"]);
    }

    #[test]
    fn a_kernel_without_controllers_has_zeroes() {
        let nothing = |_: &str, _: &str| Ok(None);
        for stats in [of_v1(&nothing, &[]), of_v2(&nothing, &[])] {
            let stats = json(&stats.unwrap());
            assert_eq!(stats["pids"], serde_json::json!({}));
            assert_eq!(stats["network_interfaces"], serde_json::Value::Null);
            assert_eq!(stats["intel_rdt"], serde_json::json!({}));
        }
    }

    #[test]
    fn a_file_with_something_else_in_it_is_named() {
        let cases = [
            ("memory.stat: cache", "memory.stat"),
            ("memory.usage_in_bytes: much", "memory.usage_in_bytes"),
            ("cpuset.cpus: 3-1", "cpuset.cpus"),
            ("cpuacct.stat: user 1|system -4", "cpuacct.stat"),
            ("blkio.throttle.io_serviced_recursive: 8 Read 1", "blkio.throttle.io_serviced_recursive"),
        ];
        for (table, file) in cases {
            let refused = of_v1(&files(table), &[]).unwrap_err().sentence();
            assert!(refused.contains(&format!("`{file}`")), "{refused}");
        }
        let refused = of_v2(&files("cpu.pressure: some avg10=x"), &[]).unwrap_err().sentence();
        assert!(refused.contains("`cpu.pressure`"), "{refused}");
    }
}
