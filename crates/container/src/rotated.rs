//! Files of lines that make room by renaming: `PATH` is written to, `PATH.1` was before that, and so on.

use std::collections::VecDeque;
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Read at once.
const PART: usize = 64 << 10;
/// While files are renamed, one number is nobody's; two in a row are the end.
const GAP: u32 = 2;

/// One of them: 0 is the one that is written to.
pub fn numbered(path: &Path, number: u32) -> PathBuf {
    if number == 0 {
        return path.to_path_buf();
    }
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

/// Lines of such files, the oldest first. Somebody may write and rename at the same time: what is kept when it is
/// reached is read, once.
#[derive(Debug)]
pub struct Lines {
    path: PathBuf,
    /// The oldest first; all but the last one are complete.
    files: VecDeque<File>,
    bytes: Vec<u8>,
    /// Of `bytes`: what is before has been given away.
    start: usize,
    /// Of `bytes`: no line ends before this.
    searched: usize,
}

impl Lines {
    /// From the oldest that is kept.
    pub fn open(path: &Path) -> io::Result<Lines> {
        let files = newer_than(path, None)?;
        Ok(Lines { path: path.to_path_buf(), files, bytes: Vec::new(), start: 0, searched: 0 })
    }

    /// Leaves all out but the last `count` of those that are there now.
    pub fn skip_to_last(&mut self, count: u64) -> io::Result<()> {
        let mut left = count;
        for at in (0..self.files.len()).rev() {
            let file = &mut self.files[at];
            let (from, found) = last_lines(file, left)?;
            left -= found;
            if left == 0 {
                file.seek(SeekFrom::Start(from))?;
                self.files.drain(..at);
                break;
            }
        }
        Ok(())
    }

    /// The next line, with its end; nothing if there is no more for now.
    pub fn next_line(&mut self) -> io::Result<Option<&[u8]>> {
        loop {
            if let Some(at) = self.bytes[self.searched..].iter().position(|byte| *byte == b'\n') {
                let (start, end) = (self.start, self.searched + at + 1);
                (self.start, self.searched) = (end, end);
                return Ok(Some(&self.bytes[start..end]));
            }
            self.searched = self.bytes.len();
            if !self.read()? {
                return Ok(None);
            }
        }
    }

    /// Reads more; false if there is no more for now.
    fn read(&mut self) -> io::Result<bool> {
        loop {
            if let Some(file) = self.files.front_mut() {
                self.bytes.drain(..self.start);
                (self.searched, self.start) = (self.searched - self.start, 0);
                let known = self.bytes.len();
                if file.take(PART as u64).read_to_end(&mut self.bytes)? > 0 {
                    return Ok(true);
                }
                debug_assert_eq!(known, self.bytes.len());
                if self.files.len() > 1 {
                    self.files.pop_front();
                    continue;
                }
            }
            // This one may have been renamed; then it is complete, and is read to its end once more.
            let newer = newer_than(&self.path, self.files.front())?;
            if newer.is_empty() {
                return Ok(false);
            }
            self.files.extend(newer);
        }
    }
}

/// All that are newer than `known`, or all, the oldest first.
///
/// From the newest to the oldest: files move the same way, so one may be met twice, and none is missed.
fn newer_than(path: &Path, known: Option<&File>) -> io::Result<VecDeque<File>> {
    let known = known.map(File::metadata).transpose()?;
    let mut found: VecDeque<(Metadata, File)> = VecDeque::new();
    let mut missing = 0;
    for number in 0.. {
        match File::open(numbered(path, number)) {
            Ok(file) => {
                missing = 0;
                let metadata = file.metadata()?;
                if known.as_ref().is_some_and(|known| is_same(known, &metadata)) {
                    break;
                }
                if found.front().is_none_or(|(last, _)| !is_same(last, &metadata)) {
                    found.push_front((metadata, file));
                }
            }
            Err(err) if matches!(err.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                missing += 1;
                if missing == GAP {
                    break;
                }
            }
            Err(err) => return Err(err),
        }
    }
    Ok(found.into_iter().map(|(_, file)| file).collect())
}

fn is_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Where the last `count` lines of a file begin, and how many these are.
fn last_lines(file: &File, count: u64) -> io::Result<(u64, u64)> {
    let end = file.metadata()?.len();
    if count == 0 {
        return Ok((end, 0));
    }
    let (mut part, mut at, mut found) = (vec![0; PART], end, 0);
    while at > 0 {
        let length = usize::try_from(at).unwrap_or(PART).min(PART);
        at -= length as u64;
        file.read_exact_at(&mut part[..length], at)?;
        for offset in (0..length).rev() {
            let position = at + offset as u64;
            // The end of the last line begins none.
            if part[offset] == b'\n' && position + 1 < end {
                found += 1;
                if found == count {
                    return Ok((position + 1, found));
                }
            }
        }
    }
    Ok((0, if end > 0 { found + 1 } else { 0 }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    struct Scratch(PathBuf);

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn scratch(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("nagaya-rotated-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    fn rest(lines: &mut Lines) -> Vec<String> {
        let mut all = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            all.push(String::from_utf8_lossy(line).trim_end().to_string());
        }
        all
    }

    fn append(path: &Path, text: &str) {
        use std::io::Write;
        fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
    }

    fn rotate(path: &Path, most: u32) {
        for number in (1..most).rev() {
            let _ = fs::rename(numbered(path, number - 1), numbered(path, number));
        }
    }

    #[test]
    fn the_oldest_first_and_then_what_comes() {
        let folder = scratch("order");
        let path = folder.0.join("log");
        assert!(rest(&mut Lines::open(&path).unwrap()).is_empty());
        append(&numbered(&path, 2), "a\nb\n");
        append(&numbered(&path, 1), "c\n");
        append(&path, "d\nhal");
        let mut lines = Lines::open(&path).unwrap();
        assert_eq!(rest(&mut lines), ["a", "b", "c", "d"]);
        append(&path, "f\ne\n");
        assert_eq!(rest(&mut lines), ["half", "e"]);
        // It stalls while there are several new files.
        append(&path, "f\n");
        rotate(&path, 4);
        append(&path, "g\n");
        rotate(&path, 4);
        append(&path, "h\n");
        assert_eq!(rest(&mut lines), ["f", "g", "h"]);
        assert!(rest(&mut lines).is_empty());
    }

    #[test]
    fn who_is_too_late_goes_on_with_what_is_kept() {
        let folder = scratch("late");
        let path = folder.0.join("log");
        append(&path, "0\n");
        let mut lines = Lines::open(&path).unwrap();
        assert_eq!(rest(&mut lines), ["0"]);
        for number in 1..6 {
            rotate(&path, 3);
            append(&path, &format!("{number}\n"));
        }
        assert_eq!(rest(&mut lines), ["3", "4", "5"]);
    }

    #[test]
    fn the_last_ones() {
        let folder = scratch("last");
        let path = folder.0.join("log");
        append(&numbered(&path, 1), "a\nb\n");
        append(&path, "c\nd\n");
        for (count, expected) in [(0, ""), (1, "d"), (2, "cd"), (3, "bcd"), (4, "abcd"), (9, "abcd")] {
            let mut lines = Lines::open(&path).unwrap();
            lines.skip_to_last(count).unwrap();
            assert_eq!(rest(&mut lines).concat(), expected, "{count}");
        }
        let long = format!("{}\n", "x".repeat(PART));
        append(&path, &long.repeat(3));
        let mut lines = Lines::open(&path).unwrap();
        lines.skip_to_last(2).unwrap();
        assert_eq!(rest(&mut lines).len(), 2);
    }
}
