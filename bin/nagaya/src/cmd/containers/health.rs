//! `--health-*`, understood.

use container::Health;
use fault::{Fault, Kind, Result};
use oci::image::Healthcheck;

use crate::args;

/// The shortest time that there is. Source: moby, `MinimumDuration`.
const SHORTEST: u64 = 1_000_000;

pub(super) fn of(typed: &args::health::Health) -> Result<Health> {
    let check = Healthcheck {
        test: typed.health_cmd.iter().flat_map(|text| ["CMD-SHELL".to_string(), text.clone()]).collect(),
        interval: time("--health-interval", typed.health_interval.as_deref())?,
        timeout: time("--health-timeout", typed.health_timeout.as_deref())?,
        start_period: time("--health-start-period", typed.health_start_period.as_deref())?,
        start_interval: time("--health-start-interval", typed.health_start_interval.as_deref())?,
        retries: typed.health_retries.unwrap_or(0),
    };
    if typed.no_healthcheck && check != Healthcheck::default() {
        return Err(Fault::new(Kind::Invalid, "understand the options")
            .because("--no-healthcheck conflicts with --health-* options"));
    }
    Ok(Health { none: typed.no_healthcheck, check, on_failure: typed.health_on_failure.parse()? })
}

/// Nanoseconds of a time such as `1m30s`; 0 for none.
fn time(option: &str, text: Option<&str>) -> Result<u64> {
    let Some(text) = text.filter(|text| *text != "0") else { return Ok(0) };
    let wrong = |why: String| {
        Fault::invalid(option, format!("`{text}`: {why}")).hint("a number and a unit: 500ms, 30s, 1m30s")
    };
    let time = humantime::parse_duration(text).map_err(|err| wrong(err.to_string()))?;
    let nanos = u64::try_from(time.as_nanos()).map_err(|_| wrong("it is too long".to_string()))?;
    if nanos != 0 && nanos < SHORTEST {
        return Err(wrong("it cannot be less than 1ms".to_string()));
    }
    Ok(nanos)
}
