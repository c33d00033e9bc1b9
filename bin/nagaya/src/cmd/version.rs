//! `version`.

use fault::Result;

use crate::say;

pub(crate) fn run() -> Result<u8> {
    say::print(&format!("nagaya {}\n", env!("CARGO_PKG_VERSION"))).map(|()| 0)
}
