//! The verbs for people: what can be done with a container.
//!
//! ```text
//! Engine            create, start, stop, kill, remove, ...          verbs.rs, stop.rs, remove.rs, update.rs
//! View              a container, and how it is right now            view.rs, list.rs
//!                   what was cut off is finished, or taken back    settle.rs, check.rs
//! Logs              what one has printed, and prints from now on    logs.rs, changes.rs
//! Events            what has happened, and happens from now on      events.rs, changes.rs
//! Front             standing in front of one: keys, output, signals front.rs, keys.rs
//! exec              one more process in a container                exec/
//! network           connected, and disconnected, while it runs     networks.rs
//! top, stats        its processes, and what they use               top.rs, sample.rs
//! cp, diff, export  its files                                      files/
//! ```
//!
//! A container's program is its monitor's child; nothing here is in the way of it. Nothing here prints, but for what
//! the container's own program does.

mod boot;
mod changes;
mod check;
mod commit;
mod events;
mod exec;
mod files;
mod front;
mod keys;
mod list;
mod logs;
mod networks;
mod remove;
mod sample;
mod settle;
mod stop;
mod top;
mod update;
mod verbs;
mod view;

pub use changes::Changes;
pub use check::Checked;
pub use commit::Committing;
pub use events::Events;
pub use exec::{ExecOutcome, InFront};
pub use files::{Copied, Copy, Place};
pub use front::{Front, Outcome};
pub use keys::DetachKeys;
pub use list::Listed;
pub use logs::{Line, Logs};
pub use remove::{Pruned, Usage};
pub use sample::Sample;
pub use stop::handles;
pub use top::Processes;
pub use verbs::{Create, Engine};
pub use view::{Status, View};
