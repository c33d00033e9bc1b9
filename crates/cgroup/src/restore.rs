//! Taking a write back: what makes a file say again what it said before.

/// What to write into `file` after `written` was, so that it is as it was when it read `before`. Nothing, if
/// that cannot be said.
///
/// Files that are lists take one line at a time, and a line that is not there stands for a default.
pub fn restore(file: &str, written: &str, before: &str) -> Option<String> {
    if file == "memory.oom_control" {
        return before.lines().find_map(|line| line.strip_prefix("oom_kill_disable ")).map(String::from);
    }
    let first = |line: &str| line.split_whitespace().next().map(String::from);
    // A weight without a device is a line of its own: `default 100`.
    let key = match (file, first(written)?) {
        ("io.weight" | "io.bfq.weight", key) if !key.contains(':') => "default".to_string(),
        (_, key) => key,
    };
    let Some(default) = default_of(file) else { return Some(before.trim().to_string()) };
    let line = before.lines().find(|line| first(line).as_deref() == Some(&key));
    Some(line.map_or_else(|| format!("{key} {default}"), |line| line.trim().to_string()))
}

/// What a missing line of a list stands for; nothing for files that are not lists.
fn default_of(file: &str) -> Option<&'static str> {
    Some(match file {
        "io.max" => "rbps=max wbps=max riops=max wiops=max",
        "io.weight" | "io.bfq.weight" => "default",
        "rdma.max" => "hca_handle=max hca_object=max",
        "net_prio.ifpriomap" => "0",
        "blkio.bfq.weight_device" => "default",
        _ if file.starts_with("blkio.") && file.ends_with("_device") => "0",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_file_is_written_whole() {
        assert_eq!(restore("pids.max", "7", "max\n").as_deref(), Some("max"));
        assert_eq!(restore("cpu.max", "5000 10000", "max 100000\n").as_deref(), Some("max 100000"));
        assert_eq!(restore("cpuset.cpus", "1", "\n").as_deref(), Some(""));
    }

    #[test]
    fn a_list_gets_its_line_back_or_a_default() {
        let before = "8:0 rbps=1 wbps=max riops=max wiops=max\n";
        let back = |written| restore("io.max", written, before);
        assert_eq!(back("8:0 rbps=9").as_deref(), Some("8:0 rbps=1 wbps=max riops=max wiops=max"));
        assert_eq!(back("8:16 rbps=9").as_deref(), Some("8:16 rbps=max wbps=max riops=max wiops=max"));
        assert_eq!(restore("blkio.throttle.read_bps_device", "8:0 9", "").as_deref(), Some("8:0 0"));
        assert_eq!(restore("net_prio.ifpriomap", "lo 5", "lo 3\neth0 0\n").as_deref(), Some("lo 3"));
    }

    #[test]
    fn a_weight_for_all_devices_is_called_default() {
        assert_eq!(restore("io.weight", "500", "default 100\n8:0 7\n").as_deref(), Some("default 100"));
        assert_eq!(restore("io.weight", "8:0 500", "default 100\n8:0 7\n").as_deref(), Some("8:0 7"));
        assert_eq!(restore("io.weight", "8:1 500", "default 100\n").as_deref(), Some("8:1 default"));
    }

    #[test]
    fn of_three_lines_one_can_be_written() {
        let before = "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n";
        assert_eq!(restore("memory.oom_control", "1", before).as_deref(), Some("0"));
    }
}
