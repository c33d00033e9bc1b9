//! `stats`.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::thread::sleep;
use std::time::Duration;

use engine::{Engine, Sample, View};
use fault::{Kind, Result};
use rustix::termios::isatty;
use serde_json::{Value, json};

use crate::args::inside::Stats;
use crate::table::Table;
use crate::{human, say};

const TABLE: Table = Table {
    columns: &[
        ("Container", "CONTAINER"),
        ("ID", "CONTAINER ID"),
        ("Name", "NAME"),
        ("CPUPerc", "CPU %"),
        ("MemUsage", "MEM USAGE / LIMIT"),
        ("MemPerc", "MEM %"),
        ("NetIO", "NET I/O"),
        ("BlockIO", "BLOCK I/O"),
        ("PIDs", "PIDS"),
    ],
    usual: &["ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs"],
};

/// Between two samples, as in docker.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) fn run(typed: &Stats, engine: &Engine) -> Result<u8> {
    // Those that were named must be there at the beginning; later they may go.
    for name in &typed.names {
        engine.find(name)?;
    }
    let screen = !typed.no_stream && isatty(rustix::stdio::stdout());
    if screen {
        say::print("\x1b[2J")?;
    }
    let mut before = HashMap::new();
    for (_, view) in &chosen(typed, engine)? {
        before.extend(engine.sample(view)?.map(|sample| (view.record.id.clone(), sample)));
    }
    loop {
        sleep(PAUSE);
        let (mut rows, mut now) = (Vec::new(), HashMap::new());
        for (name, view) in &chosen(typed, engine)? {
            // It may have ended since.
            let sample = engine.sample(view).ok().flatten();
            rows.push(row(name, view, sample.as_ref(), before.get(&view.record.id), typed.no_trunc));
            now.extend(sample.map(|sample| (view.record.id.clone(), sample)));
        }
        before = now;
        let text = TABLE.render(typed.format.as_deref(), &rows)?;
        say::print(&if screen { redrawn(&text) } else { text })?;
        if typed.no_stream {
            return Ok(0);
        }
    }
}

/// Over what was there, line by line: nothing flickers.
fn redrawn(text: &str) -> String {
    let mut screen = "\x1b[H".to_string();
    for line in text.lines() {
        let _ = write!(screen, "{line}\x1b[K\r\n");
    }
    screen + "\x1b[J"
}

/// Those that were named, as they were named; else all that run.
fn chosen(typed: &Stats, engine: &Engine) -> Result<Vec<(String, View)>> {
    if typed.names.is_empty() {
        let all = engine.all()?.into_iter().filter(|view| typed.all || view.status.is_up());
        return Ok(all.map(|view| (view.record.short().to_string(), view)).collect());
    }
    let mut chosen = Vec::new();
    for name in &typed.names {
        match engine.find(name) {
            Err(fault) if fault.kind() == Kind::NotFound => {}
            view => chosen.push((name.clone(), view?)),
        }
    }
    Ok(chosen)
}

fn row(name: &str, view: &View, sample: Option<&Sample>, before: Option<&Sample>, whole: bool) -> Value {
    let used = sample.copied().unwrap_or_default();
    let processor = sample.zip(before).map_or(0.0, |(now, before)| now.processor_since(before));
    let pair = |(one, other): (u64, u64)| format!("{} / {}", human::size(one), human::size(other));
    json!({
        "Container": name,
        "ID": if whole { view.record.id.as_str() } else { view.record.short() },
        "Name": view.record.name,
        "CPUPerc": format!("{processor:.2}%"),
        "MemUsage": format!("{} / {}", human::memory(used.memory), human::memory(used.memory_limit)),
        "MemPerc": format!("{:.2}%", used.memory_share()),
        "NetIO": pair(used.network),
        "BlockIO": pair(used.disks),
        "PIDs": used.pids.to_string(),
    })
}
