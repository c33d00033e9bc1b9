//! Properties that a caller asks for by annotations: `org.systemd.property.NAME`.
//!
//! systemd would take anything, and as root: a program to run when the scope fails, the power to switch off. Whoever
//! writes annotations may well be less trusted than that (CVE-2024-3154), so there is a list of what is harmless: it
//! concerns the scope's own processes, and is not said by a field of the config. All else is refused by its name.

use std::collections::BTreeMap;

use fault::{Fault, Result};

use crate::property::{Property, Value};
use crate::text::{Given, parse};

/// In front of the property's name.
const PREFIX: &str = "org.systemd.property.";

/// The type of a property.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Flag,
    Signed,
    Small,
    Number,
    Text,
    Texts,
}

/// What may be asked for. Source: org.freedesktop.systemd1(5).
const ALLOWED: &[(&str, Kind)] = &[
    // What it is, and what is to be there before it.
    ("Description", Kind::Text),
    ("Documentation", Kind::Texts),
    ("After", Kind::Texts),
    ("Before", Kind::Texts),
    ("DefaultDependencies", Kind::Flag),
    ("CollectMode", Kind::Text),
    // How it ends.
    ("TimeoutStopUSec", Kind::Number),
    ("RuntimeMaxUSec", Kind::Number),
    ("RuntimeRandomizedExtraUSec", Kind::Number),
    ("KillMode", Kind::Text),
    ("KillSignal", Kind::Signed),
    ("FinalKillSignal", Kind::Signed),
    ("SendSIGKILL", Kind::Flag),
    ("SendSIGHUP", Kind::Flag),
    ("OOMPolicy", Kind::Text),
    ("ManagedOOMSwap", Kind::Text),
    ("ManagedOOMMemoryPressure", Kind::Text),
    ("ManagedOOMMemoryPressureLimit", Kind::Small),
    ("ManagedOOMPreference", Kind::Text),
    // What it may use.
    ("CPUAccounting", Kind::Flag),
    ("IOAccounting", Kind::Flag),
    ("IPAccounting", Kind::Flag),
    ("MemoryAccounting", Kind::Flag),
    ("TasksAccounting", Kind::Flag),
    ("CPUWeight", Kind::Number),
    ("StartupCPUWeight", Kind::Number),
    ("CPUQuotaPerSecUSec", Kind::Number),
    ("CPUQuotaPeriodUSec", Kind::Number),
    ("IOWeight", Kind::Number),
    ("StartupIOWeight", Kind::Number),
    ("MemoryMin", Kind::Number),
    ("MemoryLow", Kind::Number),
    ("MemoryHigh", Kind::Number),
    ("MemoryMax", Kind::Number),
    ("MemorySwapMax", Kind::Number),
    ("MemoryZSwapMax", Kind::Number),
    ("TasksMax", Kind::Number),
];

/// Properties that are for somebody else to say.
const ELSEWHERE: &[(&str, &str)] = &[
    ("PIDs", "which processes are in the container's scope is for the runtime to say"),
    ("Slice", "the first part of `linux.cgroupsPath` says it"),
    ("Delegate", "a container's cgroup is always its own"),
    ("AllowedCPUs", "`linux.resources.cpu.cpus` says it"),
    ("AllowedMemoryNodes", "`linux.resources.cpu.mems` says it"),
    ("DeviceAllow", "`linux.resources.devices` says it"),
    ("DevicePolicy", "`linux.resources.devices` says it"),
];

/// The properties that these annotations ask for, each with the annotation's name.
///
/// A name that ends in `Sec` is meant as in a unit's file, in seconds.
///
/// # Errors
/// `Invalid`, by the annotation's name: a property that is not allowed, or a value that it cannot have.
pub fn annotations(all: &BTreeMap<String, String>) -> Result<Vec<(String, Property)>> {
    let asked = all.iter().filter_map(|(key, value)| Some((key, key.strip_prefix(PREFIX)?, value)));
    asked
        .map(|(key, name, value)| {
            let field = format!("annotations[{key}]");
            let property = property(name, value).map_err(|why| Fault::invalid(&field, why))?;
            Ok((field, property))
        })
        .collect()
}

/// Puts what annotations ask for in the place of `defaults`, and beside `limits`, which they may not contradict.
///
/// # Errors
/// As [`annotations`], and for one that a limit speaks of.
pub fn with_annotations(
    mut defaults: Vec<Property>,
    limits: Vec<Property>,
    all: &BTreeMap<String, String>,
) -> Result<Vec<Property>> {
    for (field, property) in annotations(all)? {
        if limits.iter().any(|limit| limit.name == property.name) {
            return Err(Fault::invalid(field, "`linux.resources` says something about it already"));
        }
        defaults.retain(|one| one.name != property.name);
        defaults.push(property);
    }
    defaults.extend(limits);
    Ok(defaults)
}

fn property(name: &str, value: &str) -> std::result::Result<Property, String> {
    // `TimeoutStopSec`; but not `TimeoutStopUSec`, which is D-Bus' own name.
    let in_seconds = name.strip_suffix("Sec").filter(|stem| stem.ends_with(|c: char| c.is_ascii_lowercase()));
    let name = in_seconds.map_or_else(|| name.to_string(), |stem| format!("{stem}USec"));
    let Some((_, kind)) = ALLOWED.iter().find(|(allowed, _)| *allowed == name) else {
        let why = ELSEWHERE
            .iter()
            .find(|(other, _)| *other == name)
            .map_or("it is not one of the properties that a container may ask for", |(_, why)| why);
        return Err(why.to_string());
    };
    let mut value = parse(value)?;
    if in_seconds.is_some() {
        value = microseconds(&value).ok_or("expected a number of seconds")?;
    }
    let value = typed(*kind, value).ok_or_else(|| format!("expected {}", expected(*kind)))?;
    Ok(Property { name, value })
}

fn microseconds(seconds: &Given) -> Option<Given> {
    const MICRO: i128 = 1_000_000;
    match seconds {
        Given::Whole(seconds) => seconds.checked_mul(MICRO).map(Given::Whole),
        Given::Fraction(seconds) if (0.0..1e12).contains(seconds) => {
            #[expect(clippy::cast_possible_truncation, reason = "it is below 10^18")]
            let micro = (seconds * 1e6) as i128;
            Some(Given::Whole(micro))
        }
        _ => None,
    }
}

fn typed(kind: Kind, value: Given) -> Option<Value> {
    match (kind, value) {
        (Kind::Flag, Given::Flag(yes)) => Some(Value::Flag(yes)),
        (Kind::Signed, Given::Whole(number)) => number.try_into().ok().map(Value::Signed),
        (Kind::Small, Given::Whole(number)) => number.try_into().ok().map(Value::Small),
        (Kind::Number, Given::Whole(number)) => number.try_into().ok().map(Value::Number),
        (Kind::Text, Given::Text(text)) if !text.contains('\0') => Some(Value::Text(text)),
        (Kind::Texts, Given::Texts(texts)) if !texts.iter().any(|text| text.contains('\0')) => {
            Some(Value::Texts(texts))
        }
        _ => None,
    }
}

fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::Flag => "`true` or `false`",
        Kind::Signed => "a number such as `15`",
        Kind::Small => "a number such as `uint32 5`",
        Kind::Number => "a number such as `uint64 5`",
        Kind::Text => "a text such as `'x'`",
        Kind::Texts => "a list such as `['x', 'y']`",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, value: &str) -> Result<String> {
        let all = BTreeMap::from([(format!("{PREFIX}{name}"), value.to_string())]);
        Ok(annotations(&all)?[0].1.to_string())
    }

    #[test]
    fn harmless_ones_are_taken_with_the_type_that_they_have() {
        let table = [
            ("TimeoutStopUSec", "uint64 5000000", "TimeoutStopUSec=5000000"),
            ("TimeoutStopUSec", "5000000", "TimeoutStopUSec=5000000"),
            ("TimeoutStopSec", "5", "TimeoutStopUSec=5000000"),
            ("TimeoutStopSec", "double 0.25", "TimeoutStopUSec=250000"),
            ("CollectMode", "'inactive-or-failed'", "CollectMode=inactive-or-failed"),
            ("After", "['a.service', 'b.service']", "After=a.service b.service"),
            ("SendSIGHUP", "true", "SendSIGHUP=yes"),
            ("KillSignal", "int32 10", "KillSignal=10"),
            ("MemoryHigh", "uint64 1048576", "MemoryHigh=1048576"),
        ];
        for (name, value, expected) in table {
            assert_eq!(of(name, value).unwrap(), expected);
        }
    }

    #[test]
    fn all_others_are_refused_by_name() {
        for (name, value) in [
            ("PIDs", "[uint32 1]"),
            ("Slice", "'x.slice'"),
            ("Delegate", "false"),
            ("OnFailure", "['x.service']"),
            ("OnSuccess", "['x.service']"),
            ("Wants", "['x.service']"),
            ("Conflicts", "['sshd.service']"),
            ("SuccessAction", "'poweroff'"),
            ("FailureAction", "'poweroff-force'"),
            ("JobTimeoutAction", "'reboot'"),
            ("StartLimitAction", "'reboot'"),
            ("ExecStop", "'x'"),
            ("BPFProgram", "['x']"),
            ("DeviceAllow", "['/dev/sda']"),
            ("User", "'root'"),
            ("", "5"),
            ("Sec", "5"),
            ("timeoutStopUSec", "uint64 5"),
            ("Memory\0Max", "5"),
        ] {
            let refused = of(name, value).unwrap_err();
            assert!(refused.sentence().contains("annotations[org.systemd.property."), "{name}: {refused}");
        }
    }

    #[test]
    fn a_value_of_another_type_is_refused() {
        for (name, value) in [
            ("TimeoutStopUSec", "'5'"),
            ("TimeoutStopUSec", "-5"),
            ("TimeoutStopUSec", "1.5"),
            ("TimeoutStopSec", "'5'"),
            ("TimeoutStopSec", "-1.5"),
            ("TimeoutStopSec", "1e300"),
            ("KillSignal", "2147483648"),
            ("Description", "5"),
            ("After", "'a.service'"),
            ("SendSIGHUP", "1"),
            ("SendSIGHUP", "yes"),
        ] {
            assert!(of(name, value).is_err(), "{name} {value}");
        }
    }

    #[test]
    fn they_replace_a_default_and_contradict_no_limit() {
        let property = |name, value: &str| Property::new(name, Value::Text(value.into()));
        let defaults = || vec![property("Description", "ours"), property("CollectMode", "ours")];
        let limits = || vec![Property::new("MemoryMax", Value::Number(1))];
        let asks = |name: &str, value: &str| {
            with_annotations(
                defaults(),
                limits(),
                &BTreeMap::from([(format!("{PREFIX}{name}"), value.to_string())]),
            )
        };
        let shown: Vec<_> =
            asks("Description", "'theirs'").unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["CollectMode=ours", "Description=theirs", "MemoryMax=1"]);
        assert!(asks("MemoryMax", "uint64 2").unwrap_err().sentence().contains("linux.resources"));
    }
}
