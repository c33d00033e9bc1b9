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
mod take_over;

use std::os::fd::OwnedFd;

use container::{Folder, Lock, Record, Records, State};
use fault::{Doing, Fault, Kind, Result};
use launch::Containers;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, listen, socket_with};
use sys::clone::Process;

use crate::channel;
use crate::keeper::Seen;
use crate::vault::Vault;
use client::Client;
use life::Life;

/// What there is when a monitor begins.
#[derive(Debug)]
pub(crate) enum How {
    /// Nothing: it makes the container.
    Make,
    /// A container that runs, and its first process.
    Adopt(Option<Process>),
    /// Whatever the monitor before has left: what its keeper has seen since, and the first process of a container that was
    /// adopted.
    TakeOver(Seen, Option<Process>),
}

/// What a monitor begins with.
#[derive(Debug)]
pub(crate) struct Begin {
    /// To whoever started it.
    pub(crate) channel: Option<OwnedFd>,
    pub(crate) lock: Lock,
    /// What the next monitor needs.
    pub(crate) vault: Vault,
    pub(crate) how: How,
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
    /// What the next one needs if this one is killed.
    vault: Vault,
}

/// Is the monitor of a container until that has ended for good and everybody has heard so.
pub(crate) fn run(records: &Records, id: &str, begin: Begin) -> Result<()> {
    let folder = records.folder(id);
    let gone = || Fault::new(Kind::NotFound, "be a monitor").because(format!("No such container: {id}"));
    // The monitor before may have been done, and let go.
    if matches!(begin.how, How::TakeOver(..)) && !(folder.path().exists() && begin.lock.again()?) {
        return Ok(());
    }
    let record = folder.record()?.ok_or_else(gone)?;
    let state = State { monitor: std::process::id().cast_signed(), ..folder.state()? };
    let monitor = Monitor {
        containers: containers(records),
        records: records.clone(),
        listener: listen_at(&folder)?,
        clients: begin.channel.map(Client::new).transpose()?.into_iter().collect(),
        lock: Some(begin.lock),
        vault: begin.vault,
        folder,
        record,
        state,
        // Opened with the container, so that whoever waits for it is told why it could not be.
        log: log::Log::default(),
    };
    Life::new(monitor).live(begin.how)
}

/// The first process of a container that runs.
pub(crate) fn first_process(records: &Records, id: &str) -> Result<Option<Process>> {
    containers(records).open(&id.parse()?)?.first()
}

fn containers(records: &Records) -> Containers {
    Containers::at(records.root().join("run"))
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
