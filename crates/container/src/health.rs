//! How to see that a container works: `--health-*`, and what its image says of it.

use std::str::FromStr;

use fault::{Fault, Result};
use oci::image::Healthcheck;
use serde::{Deserialize, Serialize};

use crate::{Request, Root};

/// What is done with a container that does not work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// Nothing: it is called unhealthy.
    #[default]
    None,
    /// Its program is killed; what happens then is what `--restart` says.
    Kill,
    /// Its program is ended, and started again.
    Restart,
    /// Its program is asked to end, and stays ended.
    Stop,
}

impl FromStr for OnFailure {
    type Err = Fault;

    fn from_str(text: &str) -> Result<OnFailure> {
        match text {
            "none" => Ok(OnFailure::None),
            "kill" => Ok(OnFailure::Kill),
            "restart" => Ok(OnFailure::Restart),
            "stop" => Ok(OnFailure::Stop),
            _ => Err(Fault::invalid("--health-on-failure", format!("`{text}`"))
                .hint("none, kill, restart or stop")),
        }
    }
}

/// What was asked for, before the image is looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Health {
    /// `--no-healthcheck`.
    pub none: bool,
    /// What differs from the image's; what is empty or 0 is as there.
    pub check: Healthcheck,
    /// What is done with a container that does not work.
    pub on_failure: OnFailure,
}

/// Docker's, in nanoseconds. Source: moby, `daemon/health.go`.
const SECOND: u64 = 1_000_000_000;
const DEFAULTS: Healthcheck = Healthcheck {
    test: Vec::new(),
    interval: 30 * SECOND,
    timeout: 30 * SECOND,
    start_period: 0,
    start_interval: 5 * SECOND,
    retries: 3,
};

/// How a container is tested, complete; nothing, if it is not.
pub fn health_check(request: &Request) -> Option<Healthcheck> {
    let of_image = match &request.root {
        Root::Image(image) => image.execution.healthcheck.clone(),
        _ => None,
    }
    .unwrap_or_default();
    let typed = &request.health.check;
    let test = if typed.test.is_empty() { of_image.test } else { typed.test.clone() };
    if request.health.none || test.is_empty() || test[0] == "NONE" {
        return None;
    }
    let pick =
        |typed, image, default| [typed, image, default].into_iter().find(|time| *time != 0).unwrap_or(0);
    Some(Healthcheck {
        test,
        interval: pick(typed.interval, of_image.interval, DEFAULTS.interval),
        timeout: pick(typed.timeout, of_image.timeout, DEFAULTS.timeout),
        start_period: pick(typed.start_period, of_image.start_period, DEFAULTS.start_period),
        start_interval: pick(typed.start_interval, of_image.start_interval, DEFAULTS.start_interval),
        retries: pick(typed.retries, of_image.retries, DEFAULTS.retries),
    })
}

/// The program of a test, and its arguments.
pub fn health_args(test: &[String]) -> Vec<String> {
    match test {
        [kind, rest @ ..] if kind == "CMD" => rest.to_vec(),
        [kind, rest @ ..] if kind == "CMD-SHELL" => {
            ["/bin/sh", "-c"].into_iter().map(String::from).chain(rest.iter().cloned()).collect()
        }
        other => other.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_goes_before_what_is_usual() {
        let mut request = Request::default();
        assert_eq!(health_check(&request), None);
        request.health.check.test = ["CMD-SHELL", "true"].map(String::from).to_vec();
        request.health.check.retries = 1;
        let check = health_check(&request).unwrap();
        assert_eq!((check.retries, check.interval), (1, 30 * SECOND));
        assert_eq!(health_args(&check.test), ["/bin/sh", "-c", "true"]);
        request.health.none = true;
        assert_eq!(health_check(&request), None);
        assert!("explode".parse::<OnFailure>().is_err());
    }
}
