//! One small process for each container. It makes the container, so it is the parent of its first process; it owns the
//! terminal or the pipes, writes the log, serves those who attach, keeps the exit code, and starts the program again
//! where that is wanted. It outlives the command that started it.
//!
//! ```text
//! start             a command -> a new monitor, which has the container's lock      start.rs
//! keeper            its parent: the next monitor, if this one is killed             keeper.rs, vault.rs
//! wake              both go on, if somebody has stopped them                        still.rs
//! Channel           what a command and a monitor say to each other                  channel.rs, frame.rs
//! serve             the monitor                                                     serve/
//!   life            make, watch, end, again                                         serve/life.rs
//!   streams         what the program reads and writes                               serve/streams.rs
//!   doors           what its network asks of us: names, ports                         serve/doors.rs, serve/book.rs
//!   log             where it is kept                                                serve/log.rs
//!   clients         whom it is passed on to                                         serve/client.rs, serve/outgoing.rs
//! ```
//!
//! If a monitor is killed, the container lives on: its output waits in pipes that have names, and the monitor's keeper takes
//! over, with the terminal and the exit code. If both are killed, the next command that looks at the container starts
//! another monitor, which adopts it; then a terminal is gone, and the exit code of a program that ended meanwhile.

mod channel;
mod entry;
mod frame;
mod keeper;
mod serve;
mod start;
mod still;
mod vault;

pub use channel::{Channel, connect};
pub use entry::{WORD, main};
pub use frame::{Attach, Decoder, Exit, Frame, Up};
pub use start::{adopt, start};
pub use still::{is_still, wake};
