//! `events`.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use engine::{Engine, Events};
use fault::{Fault, Result};
use serde_json::Value;
use template::Template;

use crate::args::views::{Events as Typed, Filter};
use crate::{say, time};

pub(crate) fn run(typed: &Typed, root: &Path) -> Result<u8> {
    let moment = |text: &String| {
        let cause = format!("failed to parse value as time or duration: {text:?}");
        time::moment(text).ok_or_else(|| Fault::invalid("--since and --until", cause))
    };
    let since = typed.since.as_ref().map(moment).transpose()?;
    let until = typed.until.as_ref().map(moment).transpose()?;
    let show = Show {
        format: Format::parse(typed.format.as_deref())?,
        filters: check(&typed.filter)?,
        since: since.map(nanos),
        until: until.map(nanos),
    };
    let engine = Engine::at(root);
    let mut events = engine.events(since.is_some())?;
    loop {
        let goes_on = show.all(&mut events)?;
        let left = until.map(|until| until.duration_since(SystemTime::now()).unwrap_or(Duration::ZERO));
        if !goes_on || left.is_some_and(|left| left.is_zero()) {
            return Ok(0);
        }
        events.wait(left)?;
    }
}

fn nanos(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

const FILTERS: [&str; 9] =
    ["container", "daemon", "event", "image", "label", "network", "scope", "type", "volume"];

fn check(filters: &[Filter]) -> Result<&[Filter]> {
    match filters.iter().find(|filter| !FILTERS.contains(&filter.name.as_str())) {
        Some(Filter { name, value }) => {
            Err(Fault::invalid(format!("--filter {name}={value}"), format!("Invalid filter '{name}'")))
        }
        None => Ok(filters),
    }
}

enum Format {
    Line,
    Json,
    Template(Template),
}

impl Format {
    fn parse(format: Option<&str>) -> Result<Format> {
        match format {
            None | Some("") => Ok(Format::Line),
            Some("json" | "{{json .}}") => Ok(Format::Json),
            Some(text) => Template::parse(text).map(|template| Format::Template(template.strict())),
        }
    }
}

struct Show<'a> {
    format: Format,
    filters: &'a [Filter],
    since: Option<u64>,
    until: Option<u64>,
}

impl Show<'_> {
    /// Shows all that there is for now. False once what comes is of no interest any more.
    fn all(&self, events: &mut Events) -> Result<bool> {
        while let Some(line) = events.next_line()? {
            let Ok(event) = serde_json::from_slice::<Value>(line) else { continue };
            let at = event["timeNano"].as_u64().unwrap_or_default();
            if self.until.is_some_and(|until| at > until) {
                return Ok(false);
            }
            if self.since.is_none_or(|since| at >= since) && fits(&event, self.filters) {
                self.one(event)?;
            }
        }
        Ok(true)
    }

    fn one(&self, event: Value) -> Result<()> {
        let text = match &self.format {
            Format::Line => line(&event),
            Format::Json => event.to_string(),
            Format::Template(template) => template.render(&with_names_of_go(event))?,
        };
        say::print(&(text + "\n"))
    }
}

/// `TIME container start ID (image=box, name=web)`. Source: docker/cli, cli/command/system/events.go.
fn line(event: &Value) -> String {
    let text = |at: &str| event.pointer(at).and_then(Value::as_str).unwrap_or_default();
    let since = Duration::from_nanos(event["timeNano"].as_u64().unwrap_or_default());
    let mut line = format!(
        "{} {} {} {}",
        time::nanos(SystemTime::UNIX_EPOCH + since),
        text("/Type"),
        text("/Action"),
        text("/Actor/ID")
    );
    let attributes = event.pointer("/Actor/Attributes").and_then(Value::as_object);
    let shown: Vec<_> = attributes
        .into_iter()
        .flatten()
        .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()))
        .collect();
    if !shown.is_empty() {
        let _ = write!(line, " ({})", shown.join(", "));
    }
    fault::visible(&line)
}

/// Templates name the fields of a struct of Go's.
fn with_names_of_go(mut event: Value) -> Value {
    let names = [
        ("status", "Status"),
        ("id", "ID"),
        ("from", "From"),
        ("scope", "Scope"),
        ("time", "Time"),
        ("timeNano", "TimeNano"),
    ];
    for (name, of_go) in names {
        let value = event.get(name).cloned().unwrap_or_else(|| Value::from(""));
        event[of_go] = value;
    }
    event
}

/// Of several values of one name one must fit. Source: moby, `daemon/events/filter.go`.
fn fits(event: &Value, filters: &[Filter]) -> bool {
    FILTERS.iter().all(|name| {
        let mut of_name = filters.iter().filter(|filter| filter.name == *name).peekable();
        of_name.peek().is_none() || of_name.any(|filter| fits_one(event, name, &filter.value))
    })
}

fn fits_one(event: &Value, name: &str, wanted: &str) -> bool {
    let text = |at: &str| event.pointer(at).and_then(Value::as_str).unwrap_or_default();
    let attribute = |name: &str| event["Actor"]["Attributes"][name].as_str();
    let (kind, action, id) = (text("/Type"), text("/Action"), text("/Actor/ID"));
    let is_named = |name: &str| !wanted.is_empty() && (name.starts_with(wanted) || id.starts_with(wanted));
    match name {
        "type" => kind == wanted,
        "scope" => text("/scope") == wanted,
        // `exec_start: sh` is an `exec_start`.
        "event" => action == wanted || action.split(':').next() == Some(wanted),
        "label" => match wanted.split_once('=') {
            Some((label, value)) => attribute(label) == Some(value),
            None => attribute(wanted).is_some(),
        },
        "image" => {
            let image =
                if kind == "image" { attribute("name") } else { attribute("image") }.unwrap_or_default();
            matches!(kind, "image" | "container")
                && (image == wanted
                    || image.split(':').next() == Some(wanted)
                    || kind == "image" && is_named(image))
        }
        // What happens to a network or a volume for a container is told with its id.
        "container" if kind != "container" => attribute("container") == Some(wanted),
        kind_wanted => kind == kind_wanted && is_named(attribute("name").unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn filters_of_one_name_are_or_and_others_and() {
        let event = json!({ "Type": "container", "Action": "exec_start: sh", "scope": "local", "timeNano": 0,
            "Actor": { "ID": "0123", "Attributes": { "image": "box:1", "name": "web", "a": "1" } } });
        let fit = |filters: &[(&str, &str)]| {
            let filters: Vec<_> = filters
                .iter()
                .map(|(name, value)| Filter { name: (*name).to_string(), value: (*value).to_string() })
                .collect();
            fits(&event, &filters)
        };
        assert!(fit(&[]) && fit(&[("container", "web")]) && fit(&[("container", "012")]));
        assert!(fit(&[("container", "x"), ("container", "web"), ("event", "exec_start"), ("label", "a=1")]));
        assert!(fit(&[("image", "box")]) && fit(&[("type", "container")]));
        assert!(!fit(&[("container", "web"), ("event", "die")]));
        assert!(!fit(&[("volume", "web")]) && !fit(&[("label", "a=2")]) && !fit(&[("image", "other")]));
        assert_eq!(
            line(&event),
            "1970-01-01T00:00:00.000000000Z container exec_start: sh 0123 (image=box:1, name=web, a=1)"
        );
    }
}
