//! Waiting for something that is not ours to wait for.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// Asks again and again until it is true, for at most ten seconds.
pub fn until(what: &str, mut is_true: impl FnMut() -> bool) {
    assert!(within(Duration::from_secs(10), &mut is_true), "waited ten seconds until {what}");
}

/// Whether it becomes true in time.
pub fn within(limit: Duration, mut is_true: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    loop {
        if is_true() {
            return true;
        }
        if Instant::now() > end {
            return false;
        }
        sleep(Duration::from_millis(5));
    }
}
