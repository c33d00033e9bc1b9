//! Where a monitor begins: this program, called by another of its commands.

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::Path;

use container::{Lock, Records};
use fault::{Doing, Fault, Kind, Result};

use crate::keeper::{Role, stand_behind};
use crate::serve::{self, Begin, How};
use crate::vault::Vault;

/// The word by which a command calls this program as a monitor. Nobody types it.
pub const WORD: &str = "--monitor";
/// The word for a container that runs already.
pub(crate) const ADOPT: &str = "adopt";

/// Is a monitor until the container is of no more interest. `words` are those behind [`WORD`].
pub fn main(words: &[OsString]) -> Result<()> {
    let [channel, lock, root, id, how @ ..] = words else {
        return Err(Fault::new(Kind::Invalid, "be a monitor").because("only nagaya itself starts one"));
    };
    let (channel, lock) = (inherited(channel)?, inherited(lock)?);
    let adopt = how.iter().any(|word| word == ADOPT);
    // Whoever stands in front of the container holds signals back for it; the container does not.
    sys::signals::block_none().doing(|| "let signals in")?;
    sys::signals::default_sigchld();
    // A process of its own: neither the terminal nor the session of who called is ours.
    let _ = rustix::process::setsid();
    let (records, id) = (Records::at(Path::new(root)), id.to_string_lossy());
    // Of one that is not our child the kernel tells the end only to who has had it open before.
    let process = if adopt { serve::first_process(&records, &id)? } else { None };
    let (mut channel, vault) = (Some(channel), Vault::new()?);
    // For people who look at processes; it was called by a number of a descriptor.
    let _ = rustix::thread::set_name(c"nagaya-monitor");
    let how = match stand_behind(|| channel = None)? {
        Role::Done => return Ok(()),
        Role::Monitor if adopt => How::Adopt(process),
        Role::Monitor => How::Make,
        Role::Successor(seen) => How::TakeOver(seen, process),
    };
    let begin = Begin { channel, lock: Lock::inherited(File::from(lock)), vault, how };
    serve::run(&records, &id, begin)
}

fn inherited(word: &OsString) -> Result<OwnedFd> {
    let number = word.to_str().and_then(|text| text.parse().ok());
    let wrong = || Fault::new(Kind::Invalid, "be a monitor").because("a descriptor is missing");
    sys::fds::take(number.ok_or_else(wrong)?).map_err(|err| wrong().because(err))
}
