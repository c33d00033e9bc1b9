//! The log of what a container prints: files of JSON lines, as Docker writes them, so that its tools can read them.
//!
//! ```text
//! {"log":"hello\n","stream":"stdout","time":"2026-11-25T18:49:55.123456789Z"}
//! ```
//!
//! A line that is longer than 16 KiB is written in parts, of which only the last has a line's end.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use container::rotated::numbered;
use container::{LogConfig, LogDriver, Record, now};
use fault::{Doing, Result};
use rustix::fs::OFlags;

use super::journal::Journal;
use super::streams::Source;

/// Bytes of the longest part of a line. Source: moby, `daemon/logger/copier.go`.
const LONGEST: usize = 16 << 10;

/// The log of a container. By default nobody keeps it.
#[derive(Debug, Default)]
pub(crate) struct Log {
    path: PathBuf,
    /// Nothing if nobody wants a file.
    file: Option<File>,
    journal: Option<Journal>,
    size: u64,
    max_size: u64,
    max_file: u32,
    /// What was printed, but is no line yet.
    partial: [Vec<u8>; 2],
    /// Lines on their way to the file.
    lines: Vec<u8>,
}

impl Log {
    /// # Errors
    /// Who is to keep it is not there.
    pub(crate) fn of(record: &Record, path: PathBuf) -> Result<Log> {
        let config = &record.request.log;
        let journal = (config.driver == LogDriver::Journald).then(|| Journal::open(record)).transpose()?;
        Ok(Log { journal, ..Log::open(config, path)? })
    }

    fn open(config: &LogConfig, path: PathBuf) -> Result<Log> {
        let file = match config.driver {
            LogDriver::JsonFile => Some(open(&path).doing(|| format!("open the log `{}`", path.display()))?),
            LogDriver::Journald | LogDriver::None => None,
        };
        let size = file
            .as_ref()
            .map_or(Ok(0), whole_lines)
            .doing(|| format!("read the log `{}`", path.display()))?;
        let (max_size, max_file) = (config.max_size.unwrap_or(u64::MAX), config.max_file);
        let (partial, lines) = Default::default();
        Ok(Log { path, file, journal: None, size, max_size, max_file, partial, lines })
    }

    /// Takes what was printed. A disk that is full loses lines of this log, and holds nobody up.
    pub(crate) fn write(&mut self, source: Source, mut bytes: &[u8]) {
        if self.file.is_none() && self.journal.is_none() {
            return;
        }
        let time = now();
        while !bytes.is_empty() {
            let partial = std::mem::take(&mut self.partial[source as usize]);
            let room = LONGEST - partial.len();
            let end = bytes.iter().take(room).position(|byte| *byte == b'\n').map(|at| at + 1);
            let (taken, complete) = match end {
                Some(end) => (end, true),
                None if bytes.len() >= room => (room, true),
                None => (bytes.len(), false),
            };
            let (part, rest) = bytes.split_at(taken);
            bytes = rest;
            match (partial.is_empty(), complete) {
                (true, true) => self.keep(part, source, &time),
                (_, complete) => {
                    let whole = [partial.as_slice(), part].concat();
                    if complete {
                        self.keep(&whole, source, &time);
                    } else {
                        self.partial[source as usize] = whole;
                    }
                }
            }
            if self.size + self.lines.len() as u64 > self.max_size {
                self.flush();
                self.rotate();
            }
        }
        self.flush();
    }

    /// Takes what is no whole line as one: there will be no more of it.
    pub(crate) fn end(&mut self) {
        for source in [Source::Stdout, Source::Stderr] {
            let partial = std::mem::take(&mut self.partial[source as usize]);
            match &self.journal {
                _ if partial.is_empty() => {}
                Some(journal) => journal.write(source, &partial, false),
                None => line(&mut self.lines, &partial, source, &now()),
            }
        }
        self.flush();
    }

    fn keep(&mut self, bytes: &[u8], source: Source, time: &str) {
        match &self.journal {
            Some(journal) => journal.write(source, bytes, !bytes.ends_with(b"\n")),
            None => line(&mut self.lines, bytes, source, time),
        }
    }

    fn flush(&mut self) {
        if let Some(file) = &mut self.file {
            match file.write_all(&self.lines) {
                Ok(()) => self.size += self.lines.len() as u64,
                // The next line begins where the last whole one has ended.
                Err(_) => drop(file.set_len(self.size)),
            }
        }
        self.lines.clear();
    }

    /// Begins a new file; the oldest goes.
    fn rotate(&mut self) {
        let numbered = |number| numbered(&self.path, number);
        for number in (1..self.max_file).rev() {
            let _ = fs::rename(numbered(number - 1), numbered(number));
        }
        if self.max_file == 1 {
            let _ = fs::remove_file(&self.path);
        }
        if let Ok(file) = open(&self.path) {
            (self.file, self.size) = (Some(file), 0);
        }
    }
}

/// Whatever somebody has put in its place: a link is not followed, and a pipe that nobody reads holds nobody up.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or(0);
    let file =
        OpenOptions::new().create(true).read(true).append(true).mode(0o600).custom_flags(flags).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is no ordinary file")) }
}

/// Bytes of a log's whole lines. Half a line, which a monitor that was killed may have left, is taken away.
fn whole_lines(file: &File) -> io::Result<u64> {
    let (length, mut piece) = (file.metadata()?.len(), vec![0; LONGEST]);
    let mut end = length;
    while end > 0 {
        let start = end.saturating_sub(LONGEST as u64);
        let part = &mut piece[..usize::try_from(end - start).unwrap_or(LONGEST)];
        file.read_exact_at(part, start)?;
        match part.iter().rposition(|byte| *byte == b'\n') {
            Some(at) => {
                end = start + at as u64 + 1;
                break;
            }
            None => end = start,
        }
    }
    if end < length {
        file.set_len(end)?;
    }
    Ok(end)
}

/// One line of the log. What is no text is shown as U+FFFD, as Docker does.
fn line(into: &mut Vec<u8>, bytes: &[u8], source: Source, time: &str) {
    into.extend_from_slice(b"{\"log\":");
    let text = String::from_utf8_lossy(bytes);
    // Writing a text to memory does not fail.
    let _ = serde_json::to_writer(&mut *into, &*text);
    into.extend_from_slice(b",\"stream\":\"");
    into.extend_from_slice(source.name().as_bytes());
    into.extend_from_slice(b"\",\"time\":\"");
    into.extend_from_slice(time.as_bytes());
    into.extend_from_slice(b"\"}\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scratch(PathBuf);

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn scratch(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("nagaya-log-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    fn texts(path: &Path) -> Vec<String> {
        let text = fs::read_to_string(path).unwrap();
        let log = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["log"].clone();
        text.lines().map(|line| log(line).as_str().unwrap().to_string()).collect()
    }

    #[test]
    fn lines_are_lines_however_they_come() {
        let folder = scratch("lines");
        let path = folder.0.join("log");
        let mut log = Log::open(&LogConfig::default(), path.clone()).unwrap();
        for part in ["a", "b\nc", "\n\n", "\"d\u{1}"] {
            log.write(Source::Stdout, part.as_bytes());
        }
        log.write(Source::Stderr, b"e\n\xff");
        log.end();
        assert_eq!(texts(&path), ["ab\n", "c\n", "\n", "e\n", "\"d\u{1}", "\u{fffd}"]);
        log.write(Source::Stdout, &vec![b'x'; 3 * LONGEST]);
        assert_eq!(texts(&path).len(), 9);
    }

    #[test]
    fn half_a_line_is_no_part_of_the_next() {
        let folder = scratch("half");
        let path = folder.0.join("log");
        let begin = || Log::open(&LogConfig::default(), path.clone()).unwrap();
        begin().write(Source::Stdout, b"a\n");
        let whole = fs::read(&path).unwrap();
        for half in [b"{\"log\":\"".to_vec(), vec![b'x'; 3 * LONGEST]] {
            fs::write(&path, [whole.clone(), half].concat()).unwrap();
            begin().write(Source::Stdout, b"b\n");
            assert_eq!(texts(&path), ["a\n", "b\n"]);
        }
        fs::write(&path, "half").unwrap();
        begin().write(Source::Stdout, b"c\n");
        assert_eq!(texts(&path), ["c\n"]);
    }

    #[test]
    fn what_is_no_file_of_ours_is_refused() {
        let folder = scratch("odd");
        let path = folder.0.join("log");
        std::os::unix::fs::symlink("elsewhere", &path).unwrap();
        assert!(Log::open(&LogConfig::default(), path.clone()).is_err());
        fs::remove_file(&path).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(Log::open(&LogConfig::default(), path.clone()).is_err());
        assert!(!folder.0.join("elsewhere").exists());
    }

    #[test]
    fn full_files_make_room() {
        let folder = scratch("rotate");
        let path = folder.0.join("log");
        let config = LogConfig { max_size: Some(1000), max_file: 3, ..LogConfig::default() };
        let mut log = Log::open(&config, path.clone()).unwrap();
        for number in 0..100 {
            log.write(Source::Stdout, format!("{number}\n").as_bytes());
        }
        let mut all = Vec::new();
        for part in [numbered(&path, 2), numbered(&path, 1), path.clone()] {
            assert!(fs::metadata(&part).unwrap().len() < 1200);
            all.extend(texts(&part));
        }
        assert!(!numbered(&path, 3).exists());
        let last = all.len();
        let expected: Vec<_> = (100 - last..100).map(|number| format!("{number}\n")).collect();
        assert_eq!(all, expected);
    }
}
