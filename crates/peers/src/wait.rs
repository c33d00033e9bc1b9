//! Waiting for something that another process does: never by a fixed time, always with an end.

use std::time::{Duration, Instant};

/// Far more than a loaded machine needs; it only ends a test that would hang.
const DEADLINE: Duration = Duration::from_mins(1);

/// Short beside what is waited for: a dockerd needs 500 ms to come up.
const PAUSE: Duration = Duration::from_millis(20);

/// Asks until there is an answer; `None` after the deadline.
pub fn poll<T>(mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        let answer = ask();
        if answer.is_some() || start.elapsed() > DEADLINE {
            return answer;
        }
        std::thread::sleep(PAUSE);
    }
}
