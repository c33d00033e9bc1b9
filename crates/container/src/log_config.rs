//! Where what a container prints goes: `--log-driver`, `--log-opt`.

use std::collections::BTreeMap;

use fault::{Fault, Kind, Result};
use serde::{Deserialize, Serialize};

/// Where what a container prints goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogConfig {
    /// Who keeps it.
    pub driver: LogDriver,
    /// A file holds at most so many bytes; nothing for no limit.
    pub max_size: Option<u64>,
    /// So many files, the one that is written to included.
    pub max_file: u32,
    /// As they were typed.
    pub options: BTreeMap<String, String>,
}

/// Who keeps what a container prints.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogDriver {
    /// Files of JSON lines, as Docker writes them.
    #[default]
    JsonFile,
    /// systemd's journal.
    Journald,
    /// Nobody.
    None,
}

impl LogDriver {
    /// Docker's name of it.
    pub fn name(self) -> &'static str {
        match self {
            LogDriver::JsonFile => "json-file",
            LogDriver::Journald => "journald",
            LogDriver::None => "none",
        }
    }
}

/// Logs that grow without end fill disks, so there is a limit unless somebody asks for none.
const MAX_SIZE: u64 = 64 << 20;
const MAX_FILE: u32 = 4;

impl Default for LogConfig {
    fn default() -> LogConfig {
        LogConfig {
            driver: LogDriver::default(),
            max_size: Some(MAX_SIZE),
            max_file: MAX_FILE,
            options: BTreeMap::new(),
        }
    }
}

impl LogConfig {
    /// From what was typed.
    pub fn parse(driver: Option<&str>, options: &[String]) -> Result<LogConfig> {
        let mut config = LogConfig { driver: parse_driver(driver)?, ..LogConfig::default() };
        for option in options {
            let (name, value) = option.split_once('=').ok_or_else(|| {
                Fault::invalid("--log-opt", format!("`{option}`")).hint("NAME=value, as in max-size=10m")
            })?;
            config.take(name, value)?;
            config.options.insert(name.to_string(), value.to_string());
        }
        Ok(config)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<()> {
        let wrong = || Fault::invalid("--log-opt", format!("{name}={value}"));
        match (self.driver, name) {
            (LogDriver::JsonFile, "max-size") => {
                self.max_size = match value {
                    "-1" => None,
                    _ => Some(
                        crate::size::bytes(value)
                            .and_then(|size| u64::try_from(size).ok())
                            .ok_or_else(wrong)?,
                    ),
                };
            }
            (LogDriver::JsonFile, "max-file") => {
                self.max_file = value.parse().ok().filter(|count| *count > 0).ok_or_else(wrong)?;
            }
            // Words of Docker that change what is written, and that programs read; those about compression change nothing
            // that anybody sees.
            (LogDriver::JsonFile, "compress" | "mode" | "max-buffer-size") => {}
            (_, "tag" | "labels" | "labels-regex" | "env" | "env-regex") => {}
            (driver, _) => {
                return Err(
                    wrong().because(format!("unknown log opt '{name}' for {} log driver", driver.name()))
                );
            }
        }
        Ok(())
    }
}

fn parse_driver(name: Option<&str>) -> Result<LogDriver> {
    match name {
        None | Some("json-file" | "k8s-file") => Ok(LogDriver::JsonFile),
        Some("journald") => Ok(LogDriver::Journald),
        Some("none") => Ok(LogDriver::None),
        Some(name) => Err(Fault::new(Kind::Unsupported, format!("use log driver `{name}`"))
            .because(format!("logger: no log driver named '{name}' is registered"))
            .hint("json-file, journald or none")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_limit_unless_somebody_asks_for_none() {
        assert!(LogConfig::default().max_size.is_some());
        let options = ["max-size=-1".to_string(), "max-file=2".to_string()];
        let config = LogConfig::parse(Some("json-file"), &options).unwrap();
        assert_eq!((config.max_size, config.max_file), (None, 2));
        for (driver, bad) in [("json-file", "max-size=x"), ("json-file", "nope=1"), ("none", "max-size=1m")] {
            assert!(LogConfig::parse(Some(driver), &[bad.to_string()]).is_err(), "{bad}");
        }
        assert!(LogConfig::parse(Some("splunk"), &[]).unwrap_err().sentence().contains("splunk"));
    }
}
