//! `timeline`: a picture of a start.

use engine::Engine;
use fault::{Fault, Kind, Result};
use serde_json::json;

use crate::args::glass::Timeline;
use crate::say;

/// Signs of the longest bar.
const WIDTH: u64 = 40;

pub(super) fn run(typed: &Timeline, engine: &Engine) -> Result<()> {
    let view = engine.find(&typed.name)?;
    let trace = &view.folder.timeline()?;
    if trace.is_empty() {
        return Err(Fault::new(
            Kind::NotFound,
            format!("show the start of container `{}`", view.record.name),
        )
        .because("it was never started"));
    }
    if typed.json {
        let steps: Vec<_> = trace.iter().map(|(step, micros)| json!({"step": step, "us": micros})).collect();
        return say::print(&format!("{}\n", json!(steps)));
    }
    say::print(&picture(trace))
}

/// A bar for each step, as long as its time; both sides work at once, so times may overlap.
fn picture(trace: &[(String, u64)]) -> String {
    let longest = trace.iter().map(|(_, micros)| *micros).max().unwrap_or(1).max(1);
    let line = |(step, micros): &(String, u64)| {
        let signs = usize::try_from(micros * WIDTH / longest).unwrap_or(0);
        format!("{micros:>8} us  {:<width$}  {step}\n", "#".repeat(signs), width = 40)
    };
    trace.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::picture;

    #[test]
    fn the_longest_step_has_the_longest_bar() {
        let shown = picture(&[("one".to_string(), 100), ("two".to_string(), 50), ("three".to_string(), 0)]);
        let bars: Vec<_> = shown.lines().map(|line| line.matches('#').count()).collect();
        assert_eq!(bars, [40, 20, 0]);
    }
}
