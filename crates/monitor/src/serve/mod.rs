//! The monitor: one loop that waits for what happens next.

mod book;
mod client;
mod doors;
mod end;
mod health;
mod journal;
mod life;
mod log;
mod make;
mod names;
mod outgoing;
mod ports;
mod republish;
mod streams;

use std::os::fd::OwnedFd;

use container::{Folder, Lock, Record, Records, State};
use fault::{Doing, Fault, Kind, Result};
use launch::Containers;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, listen, socket_with};

use crate::channel;
use client::Client;
use life::Life;

/// What there is when a monitor begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// Nothing: it makes the container.
    Make,
    /// A container that runs.
    Adopt,
}

/// Everything that a monitor knows.
pub(crate) struct Monitor {
    records: Records,
    containers: Containers,
    folder: Folder,
    record: Record,
    state: State,
    log: log::Log,
    clients: Vec<Client>,
    listener: OwnedFd,
    /// Held until the container has ended for good.
    lock: Option<Lock>,
}

/// Is the monitor of a container until that has ended for good and everybody has heard so.
pub(crate) fn run(records: &Records, id: &str, first: OwnedFd, lock: Lock, how: How) -> Result<()> {
    let folder = records.folder(id);
    let gone = || Fault::new(Kind::NotFound, "be a monitor").because(format!("No such container: {id}"));
    let record = folder.record()?.ok_or_else(gone)?;
    let state = State { monitor: std::process::id().cast_signed(), ..folder.state()? };
    let monitor = Monitor {
        containers: Containers::at(records.root().join("run")),
        records: records.clone(),
        listener: listen_at(&folder)?,
        clients: vec![Client::new(first)?],
        lock: Some(lock),
        folder,
        record,
        state,
        // Opened with the container, so that whoever waits for it is told why it could not be.
        log: log::Log::default(),
    };
    Life::new(monitor).live(how)
}

/// A socket that commands find. One that an earlier monitor has left is in the way.
fn listen_at(folder: &Folder) -> Result<OwnedFd> {
    let doing = || "listen for commands";
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).doing(doing)?;
    let _ = std::fs::remove_file(folder.socket());
    let gone = || Fault::new(Kind::NotFound, doing()).because("the container was removed");
    let address = channel::address(folder)?.ok_or_else(gone)?;
    bind(&socket, &address.address).doing(doing)?;
    listen(&socket, 64).doing(doing)?;
    Ok(socket)
}
