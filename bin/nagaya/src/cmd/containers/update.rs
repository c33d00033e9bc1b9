//! `update`.

use engine::{Change, Engine};
use fault::{Fault, Kind, Result};

use super::each::each;
use crate::args::views::Update;
use crate::say;

pub(super) fn run(typed: &Update, engine: &Engine) -> Result<u8> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let change = Change {
        memory: typed.memory.as_deref().map(container::memory).transpose()?,
        cpu_quota: typed.cpus.as_deref().map(|text| container::cpus(text, processors)).transpose()?,
        pids: typed.pids_limit,
        restart: typed.restart.as_deref().map(str::parse).transpose()?,
    };
    if change == Change::default() {
        return Err(Fault::new(Kind::Invalid, "update containers")
            .because("you must provide one or more flags when using this command")
            .hint("`nagaya update --help` lists them"));
    }
    each(&typed.names, engine, |view| {
        say::warnings(&engine.update(view, &change)?);
        Ok(())
    })
}
