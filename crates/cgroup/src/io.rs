//! Limits of block devices, as both versions have them.

use oci::{BlockIo, ThrottleDevice};

use crate::{Write, wish};

const FIELD: &str = "linux.resources.blockIO";

/// The four kinds of limits of a device, by the names of their fields.
pub(crate) fn throttles(limits: &BlockIo) -> [(&'static str, &[ThrottleDevice]); 4] {
    [
        ("throttleReadBpsDevice", &limits.throttle_read_bps_device),
        ("throttleWriteBpsDevice", &limits.throttle_write_bps_device),
        ("throttleReadIOPSDevice", &limits.throttle_read_iops_device),
        ("throttleWriteIOPSDevice", &limits.throttle_write_iops_device),
    ]
}

/// The files of v1, kind by kind as in [`throttles`].
const V1: [&str; 4] = [
    "blkio.throttle.read_bps_device",
    "blkio.throttle.write_bps_device",
    "blkio.throttle.read_iops_device",
    "blkio.throttle.write_iops_device",
];

/// The keys of v2's `io.max`, kind by kind.
const V2: [&str; 4] = ["rbps", "wbps", "riops", "wiops"];

/// Source: <https://docs.kernel.org/admin-guide/cgroup-v1/blkio-controller.html>
pub(crate) fn v1(limits: &BlockIo) -> Vec<Write> {
    // Shares are BFQ's since the scheduler whose they were is gone (Linux 5.0).
    let weight = wish(limits.weight).map(|weight| {
        Write::new("blkio", "blkio.bfq.weight", weight.to_string(), format!("{FIELD}.weight"))
            .or("blkio.weight", weight.to_string())
    });
    let mut writes = Vec::from_iter(weight);
    for (device, weight, field) in weights(limits) {
        let line = format!("{device} {weight}");
        let write = Write::new("blkio", "blkio.bfq.weight_device", line.clone(), field);
        writes.push(write.or("blkio.weight_device", line));
    }
    for ((name, devices), file) in throttles(limits).into_iter().zip(V1) {
        let write = |(at, one): (usize, &ThrottleDevice)| {
            let line = format!("{}:{} {}", one.major, one.minor, one.rate);
            Write::new("blkio", file, line, format!("{FIELD}.{name}[{at}]"))
        };
        writes.extend(devices.iter().enumerate().map(write));
    }
    writes
}

/// Source: <https://docs.kernel.org/admin-guide/cgroup-v2.html#io>
pub(crate) fn v2(limits: &BlockIo) -> Vec<Write> {
    let shares = wish(limits.weight).map(|weight| {
        Write::new("io", "io.bfq.weight", weight.to_string(), format!("{FIELD}.weight"))
            .or("io.weight", self::weight(weight).to_string())
    });
    let mut writes = Vec::from_iter(shares);
    for (device, weight, field) in weights(limits) {
        let write = Write::new("io", "io.bfq.weight", format!("{device} {weight}"), field);
        writes.push(write.or("io.weight", format!("{device} {}", self::weight(weight))));
    }
    for ((name, devices), key) in throttles(limits).into_iter().zip(V2) {
        let write = |(at, one): (usize, &ThrottleDevice)| {
            let rate = wish(Some(one.rate)).map_or("max".to_string(), |rate| rate.to_string());
            let line = format!("{}:{} {key}={rate}", one.major, one.minor);
            Write::new("io", "io.max", line, format!("{FIELD}.{name}[{at}]"))
        };
        writes.extend(devices.iter().enumerate().map(write));
    }
    writes
}

/// Device, share and field of those that have a share of their own.
fn weights(limits: &BlockIo) -> impl Iterator<Item = (String, u16, String)> {
    let devices = limits.weight_device.iter().enumerate();
    devices.filter_map(|(at, one)| {
        let device = format!("{}:{}", one.major, one.minor);
        Some((device, wish(one.weight)?, format!("{FIELD}.weightDevice[{at}].weight")))
    })
}

/// The weight of `io.weight` (1 to 10000) that stands for one of the specification (10 to 1000): a straight
/// line through both ends, as in runc.
pub fn weight(weight: u16) -> u64 {
    1 + (u64::from(weight).max(10) - 10) * 9999 / 990
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &str = r#"{"weight":500,"weightDevice":[{"major":8,"minor":0,"weight":100},{"major":8,"minor":1}],
        "throttleReadBpsDevice":[{"major":8,"minor":0,"rate":1048576}],
        "throttleWriteIOPSDevice":[{"major":8,"minor":16,"rate":100},{"major":8,"minor":32,"rate":0}]}"#;

    fn show(writes: &[Write]) -> Vec<String> {
        writes.iter().map(|write| format!("{}={}", write.file, write.value)).collect()
    }

    #[test]
    fn v1_has_a_file_for_each_kind() {
        let expected = [
            "blkio.bfq.weight=500",
            "blkio.bfq.weight_device=8:0 100",
            "blkio.throttle.read_bps_device=8:0 1048576",
            "blkio.throttle.write_iops_device=8:16 100",
            "blkio.throttle.write_iops_device=8:32 0",
        ];
        assert_eq!(show(&v1(&serde_json::from_str(ALL).unwrap())), expected);
    }

    #[test]
    fn v2_has_one_for_all() {
        let writes = v2(&serde_json::from_str(ALL).unwrap());
        let expected = [
            "io.bfq.weight=500",
            "io.bfq.weight=8:0 100",
            "io.max=8:0 rbps=1048576",
            "io.max=8:16 wiops=100",
            "io.max=8:32 wiops=max",
        ];
        assert_eq!(show(&writes), expected);
        let without_bfq = crate::Absent::Instead { file: "io.weight", value: "4950".into() };
        assert_eq!(writes[0].absent, without_bfq);
    }

    #[test]
    fn weights_keep_their_ends() {
        assert_eq!([10, 1000].map(weight), [1, 10_000]);
    }
}
