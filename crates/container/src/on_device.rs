//! Numbers for single disks: weights and rates.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use fault::{Doing, Fault, Kind, Result};
use oci::ThrottleDevice;
use serde::{Deserialize, Serialize};

use crate::size::bytes;

/// A number for one device of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnDevice {
    /// Its path.
    pub path: String,
    /// Weight, bytes or operations.
    pub number: u64,
}

impl OnDevice {
    /// From `PATH:WEIGHT`.
    pub fn weight(text: &str) -> Result<OnDevice> {
        let option = "--blkio-weight-device";
        let wrong = || Fault::invalid(option, format!("invalid weight for device: {text}"));
        OnDevice::parse(text, option, wrong, |number| {
            number.parse().ok().filter(|weight| *weight == 0 || (10..=1000).contains(weight))
        })
    }

    /// From `PATH:RATE` of this option; `sized` rates have units.
    pub fn rate(text: &str, option: &str, sized: bool) -> Result<OnDevice> {
        let wrong = || {
            let unit = if sized { "[<unit>]" } else { "" };
            let more = if sized { ". Unit is optional and can be kb, mb, or gb" } else { "" };
            let why = format!(
                "invalid rate for device: {text}. The correct format is <device-path>:<number>{unit}. Number must be a \
                 positive integer{more}"
            );
            Fault::invalid(option, why)
        };
        OnDevice::parse(text, option, wrong, |number| {
            if sized {
                bytes(number).and_then(|bytes| u64::try_from(bytes).ok())
            } else {
                number.parse().ok()
            }
        })
    }

    fn parse(
        text: &str,
        option: &str,
        wrong: impl Fn() -> Fault,
        number: impl Fn(&str) -> Option<u64>,
    ) -> Result<OnDevice> {
        let (path, of) =
            text.split_once(':').ok_or_else(|| Fault::invalid(option, format!("bad format: {text}")))?;
        if !path.starts_with("/dev/") {
            return Err(Fault::invalid(option, format!("bad format for device path: {text}")));
        }
        Ok(OnDevice { path: path.to_string(), number: number(of).ok_or_else(wrong)? })
    }

    /// Major and minor number.
    pub(crate) fn numbers(&self) -> Result<(i64, i64)> {
        let doing = || format!("limit device `{}`", self.path);
        let meta = fs::metadata(&self.path).doing(doing)?;
        if !meta.file_type().is_block_device() {
            return Err(Fault::new(Kind::Invalid, doing()).because("it is no block device"));
        }
        let number = meta.rdev();
        Ok((i64::from(rustix::fs::major(number)), i64::from(rustix::fs::minor(number))))
    }

    pub(crate) fn throttle(list: &[OnDevice]) -> Result<Vec<ThrottleDevice>> {
        let one = |device: &OnDevice| {
            device.numbers().map(|(major, minor)| ThrottleDevice { major, minor, rate: device.number })
        };
        list.iter().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_and_their_numbers() {
        assert_eq!(OnDevice::weight("/dev/sda:200").unwrap().number, 200);
        assert_eq!(OnDevice::rate("/dev/sda:1mb", "--device-read-bps", true).unwrap().number, 1 << 20);
        assert_eq!(OnDevice::rate("/dev/sda:70", "--device-read-iops", false).unwrap().number, 70);
        for (bad, word) in [
            ("/dev/sda", "bad format: /dev/sda"),
            ("sda:1", "bad format for device path"),
            ("/dev/sda:5", "invalid weight"),
        ] {
            assert!(OnDevice::weight(bad).unwrap_err().to_string().contains(word), "{bad}");
        }
        for bad in ["/dev/sda:", "/dev/sda:x", "/dev/sda:-1"] {
            let refused = OnDevice::rate(bad, "--device-write-bps", true).unwrap_err().to_string();
            assert!(
                refused.contains("invalid rate for device") && refused.contains("kb, mb, or gb"),
                "{refused}"
            );
        }
        assert!(OnDevice::rate("/dev/sda:1mb", "--device-read-iops", false).is_err());
    }
}
