//! What has happened to containers, images and volumes: one line of JSON each, as Docker's API tells of it.
//!
//! ```text
//! ROOT/events.jsonl    written to, by whoever does something; older parts have a dot and a number behind it
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::{FlockOperation, flock};
use serde_json::{Value, json};

use crate::rotated::numbered;
use crate::{Record, Records};

/// A file that has more bytes makes room.
const MOST: u64 = 1 << 20;
/// Files, the one that is written to included.
const FILES: u32 = 4;
/// Others make room in the same moment; not that often.
const TRIES: u32 = 100;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// `container`, `image`, `volume`, ...
    pub kind: &'static str,
    /// `start`, `pull`, ...
    pub action: String,
    /// Of what it happened to.
    pub id: String,
    /// What else is to be said of it.
    pub attributes: BTreeMap<String, String>,
}

/// The file that all of them are written to.
#[derive(Debug, Clone)]
pub struct Journal {
    path: PathBuf,
}

impl Journal {
    /// Of everything below `root`.
    pub fn at(root: &Path) -> Journal {
        Journal { path: root.join("events.jsonl") }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes down that something happened. A disk that is full loses that, and holds nobody up.
    pub fn note(&self, event: &Event) {
        let _ = self.write(&line(event, SystemTime::now()));
    }

    /// One write, so lines stay whole whoever else writes. Nobody makes room meanwhile: readers know then that a file
    /// which was renamed is complete.
    fn write(&self, line: &[u8]) -> io::Result<()> {
        for _ in 0..TRIES {
            let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.path)?;
            flock(&file, FlockOperation::LockShared)?;
            if !self.is_current(&file)? {
                continue;
            }
            file.write_all(line)?;
            let full = file.metadata()?.len() > MOST;
            drop(file);
            return if full { self.make_room() } else { Ok(()) };
        }
        Ok(())
    }

    fn is_current(&self, file: &File) -> io::Result<bool> {
        match fs::metadata(&self.path) {
            Ok(current) => Ok(current.ino() == file.metadata()?.ino()),
            Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(err) => Err(err),
        }
    }

    fn make_room(&self) -> io::Result<()> {
        let file = File::open(&self.path)?;
        flock(&file, FlockOperation::LockExclusive)?;
        // Somebody else may have done so.
        if !self.is_current(&file)? || file.metadata()?.len() <= MOST {
            return Ok(());
        }
        for number in (1..FILES).rev() {
            let _ = fs::rename(numbered(&self.path, number - 1), numbered(&self.path, number));
        }
        Ok(())
    }
}

impl Records {
    /// Writes down that something happened to a container. `more` is said of it besides its name, image and labels.
    pub fn note(&self, record: &Record, action: &str, more: &[(&str, &str)]) {
        let mut attributes = record.labels();
        let own = [("image", record.image()), ("name", record.name.as_str())];
        attributes
            .extend(own.iter().chain(more).map(|(name, value)| ((*name).to_string(), (*value).to_string())));
        let event =
            Event { kind: "container", action: action.to_string(), id: record.id.clone(), attributes };
        Journal::at(self.root()).note(&event);
    }
}

/// Source: moby, `api/types/events`; `status`, `id` and `from` are what old clients read.
fn line(event: &Event, time: SystemTime) -> Vec<u8> {
    let Event { kind, action, id, attributes } = event;
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut told = json!({});
    if matches!(*kind, "container" | "image") {
        told["status"] = json!(action);
        told["id"] = json!(id);
    }
    if let Some(image) = attributes.get("image").filter(|_| *kind == "container") {
        told["from"] = json!(image);
    }
    let rest = json!({
        "Type": kind,
        "Action": action,
        "Actor": { "ID": id, "Attributes": attributes },
        "scope": "local",
        "time": since.as_secs(),
        "timeNano": u64::try_from(since.as_nanos()).unwrap_or(u64::MAX),
    });
    if let (Value::Object(told), Value::Object(rest)) = (&mut told, rest) {
        told.extend(rest);
    }
    let mut line = told.to_string().into_bytes();
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rotated::Lines;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    struct Scratch(PathBuf);

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn scratch(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("nagaya-journal-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    fn event(action: &str, long: usize) -> Event {
        let attributes = BTreeMap::from([("image".to_string(), "x".repeat(long))]);
        Event { kind: "container", action: action.to_string(), id: "0".repeat(64), attributes }
    }

    #[test]
    fn a_line_has_dockers_shape() {
        let time = UNIX_EPOCH + std::time::Duration::new(1, 2);
        let expected = format!(
            "{{\"status\":\"start\",\"id\":\"{0}\",\"from\":\"x\",\"Type\":\"container\",\"Action\":\"start\",\"Actor\":\
             {{\"ID\":\"{0}\",\"Attributes\":{{\"image\":\"x\"}}}},\"scope\":\"local\",\"time\":1,\"timeNano\":1000000002}}\n",
            "0".repeat(64)
        );
        let told: Value = serde_json::from_slice(&line(&event("start", 1), time)).unwrap();
        assert_eq!(told, serde_json::from_str::<Value>(&expected).unwrap());
    }

    /// Four write at once, enough for several files but not for more than are kept, and one reads meanwhile: it gets each line once.
    #[test]
    fn nothing_is_lost_where_many_write_and_make_room() {
        let folder = scratch("many");
        let journal = Journal::at(&folder.0);
        let mut lines = Lines::open(journal.path()).unwrap();
        let (mut seen, writing) = (Vec::new(), AtomicUsize::new(4));
        thread::scope(|scope| {
            for writer in 0..4 {
                let (journal, writing) = (&journal, &writing);
                scope.spawn(move || {
                    (0..200).for_each(|at| journal.note(&event(&format!("{writer}-{at}"), 2000)));
                    writing.fetch_sub(1, Ordering::SeqCst);
                });
            }
            let mut last = false;
            while !last {
                // What was written before the last one ended is read after that.
                last = writing.load(Ordering::SeqCst) == 0;
                while let Some(line) = lines.next_line().unwrap() {
                    let told: Value = serde_json::from_slice(line).unwrap();
                    seen.push(told["Action"].as_str().unwrap().to_string());
                }
                thread::yield_now();
            }
        });
        assert_eq!(seen.len(), 800, "each once");
        assert!(numbered(journal.path(), 2).exists() && !numbered(journal.path(), FILES).exists());
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 800);
    }
}
