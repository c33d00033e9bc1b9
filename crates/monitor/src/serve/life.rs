//! The life of a container: made, watched until its program ends, and made again where that is wanted.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use container::OnFailure;
use fault::{Doing, Result};
use launch::Ended;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{SocketFlags, accept_with};
use rustix::process::{Signal, pidfd_send_signal};
use sys::clone::Process;

use super::client::Client;
use super::doors::{Door, Doors};
use super::health::Prober;
use super::streams::{Source, Streams, read};
use super::take_over::Next;
use super::{How, Monitor};
use crate::frame::Frame;

/// How long a terminal that nobody has open, or a door that nobody fits through, is not looked at.
const PAUSE: Duration = Duration::from_millis(100);
/// `SIGTERM` and `SIGKILL`, and the seconds between them.
const TERM: i32 = 15;
const KILL: i32 = 9;
const TIMEOUT: i64 = 10;
/// Read at once from what the program writes to.
const PART: usize = 64 << 10;

/// A container's life, and what belongs to the program that runs now.
pub(crate) struct Life {
    pub(super) monitor: Monitor,
    pub(super) streams: Streams,
    pub(super) process: Option<Process>,
    /// How it ended, where the monitor before was killed, and its keeper saw that.
    pub(super) ended: Option<Ended>,
    /// It has ended already, and there is no process to watch.
    pub(super) unwatched: bool,
    /// When the program was started.
    pub(super) since: Instant,
    /// The last wait before a start.
    pub(super) waited: Option<Duration>,
    pub(super) prober: Option<Prober>,
    pub(super) doors: Doors,
    /// It is started again whatever its end is like.
    pub(super) again: bool,
    /// When a program that was asked to end is killed.
    pub(super) kill_at: Option<Instant>,
    /// Somebody has asked not to wait for the next start.
    stay: bool,
    /// There was no descriptor left for somebody who came.
    full: bool,
    buffer: Vec<u8>,
}

/// What something to wait for is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Process,
    Probe,
    Output(Source),
    Input,
    Listener,
    Client(usize),
    Door(Door),
}

impl Life {
    pub(crate) fn new(monitor: Monitor) -> Life {
        Life {
            monitor,
            streams: Streams::default(),
            process: None,
            ended: None,
            unwatched: false,
            since: Instant::now(),
            waited: None,
            prober: None,
            doors: Doors::default(),
            again: false,
            kill_at: None,
            stay: false,
            full: false,
            buffer: Vec::new(),
        }
    }

    pub(crate) fn live(mut self, how: How) -> Result<()> {
        // What whoever started us wants to hear was said before we began.
        if !self.monitor.clients.is_empty() {
            self.hear(0, PollFlags::IN);
        }
        // Why it did not work was told, and written down.
        let mut runs = match how {
            How::Make => self.make_first().is_ok(),
            How::Adopt(process) => self.adopt(process).is_ok(),
            How::TakeOver(seen, process) => match self.take_over(&seen, process)? {
                Next::Watch => true,
                Next::Again if self.monitor.folder.is_stopped() => self.stays_stopped().is_err(),
                Next::Again => self.make().is_ok(),
                Next::Nothing => false,
            },
        };
        while runs {
            // What it took to make the container is not needed to watch it.
            sys::memory::give_back();
            while !self.unwatched && !self.turn(self.time_left())? {}
            runs = match self.end()? {
                Some(pause) => self.wait(pause)? && self.make().is_ok(),
                None => false,
            };
        }
        self.monitor.over();
        self.linger()
    }

    /// How long its program may still run. Once that is over, it is killed, and its end is near.
    fn time_left(&self) -> Option<Duration> {
        let whole = Duration::from_secs(self.monitor.record.request.timeout?);
        let left = whole.saturating_sub(self.since.elapsed());
        if left.is_zero() {
            self.signal(Signal::KILL.as_raw());
            return None;
        }
        Some(left)
    }

    /// Waits before the next start. False if somebody wants it to stay stopped.
    fn wait(&mut self, pause: Duration) -> Result<bool> {
        let until = Instant::now() + pause;
        self.stay = false;
        while !self.stay && !self.monitor.folder.is_stopped() {
            match until.checked_duration_since(Instant::now()) {
                Some(left) if !left.is_zero() => drop(self.turn(Some(left))?),
                _ => return Ok(true),
            }
        }
        self.stays_stopped()?;
        Ok(false)
    }

    /// Everybody hears the end of it, however slow they are.
    fn linger(&mut self) -> Result<()> {
        loop {
            self.monitor.clients.retain_mut(|client| {
                // Who came too late to hear the end hears it now.
                client.ends = true;
                !client.is_done()
            });
            if self.monitor.clients.is_empty() {
                return Ok(());
            }
            self.turn(None)?;
        }
    }

    /// Waits until something happens, and deals with it. True if the program has ended.
    fn turn(&mut self, limit: Option<Duration>) -> Result<bool> {
        let happened = self.poll(self.limit(limit))?;
        (self.streams.hung, self.full) = (false, false);
        let (mut ended, mut probed) = (false, false);
        for (token, flags) in happened {
            match token {
                Token::Process => ended = true,
                Token::Probe => probed |= self.is_probe_over(),
                Token::Output(source) => self.pass_output(source, flags),
                Token::Input => self.streams.hand(),
                Token::Listener => self.accept(),
                Token::Client(at) => self.hear(at, flags),
                Token::Door(door) => self.doors.happened(door),
            }
        }
        self.drop_gone();
        self.doors.look_after();
        if self.streams.has_let_go_of_input() {
            self.streams.keep(&self.monitor.vault);
        }
        if !ended {
            self.look_after(probed);
        }
        Ok(ended)
    }

    /// How long to wait at most, for all that has its time.
    fn limit(&self, limit: Option<Duration>) -> Option<Duration> {
        let hung = (self.streams.hung || self.full).then_some(PAUSE);
        let probe = self.prober.as_ref().map(Prober::limit);
        let kill = self.kill_at.map(|at| at.saturating_duration_since(Instant::now()));
        [limit, hung, probe, kill, self.doors.limit()].into_iter().flatten().min()
    }

    fn is_probe_over(&self) -> bool {
        let first =
            self.prober.as_ref().and_then(|prober| prober.fds().next().map(|fd| fd.try_clone_to_owned()));
        first.and_then(std::io::Result::ok).is_some_and(|pidfd| {
            let now = Timespec { tv_sec: 0, tv_nsec: 0 };
            poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&now)).is_ok_and(|ready| ready > 0)
        })
    }

    /// Tests, and what follows from them.
    fn look_after(&mut self, probed: bool) {
        if self.kill_at.is_some_and(|at| Instant::now() >= at) {
            self.kill_at = None;
            self.signal(KILL);
        }
        let action = self.prober.as_mut().and_then(|prober| prober.turn(&mut self.monitor, probed));
        match action {
            None | Some(OnFailure::None) => {}
            Some(OnFailure::Kill) => self.signal(KILL),
            Some(OnFailure::Restart) => {
                self.again = true;
                self.ask_to_end();
            }
            Some(OnFailure::Stop) => {
                let _ = self.monitor.folder.set_stopped(true);
                self.ask_to_end();
            }
        }
    }

    /// As `stop` does.
    fn ask_to_end(&mut self) {
        let request = &self.monitor.record.request;
        let signal = container::stop_signal(request).map_or(TERM, Signal::as_raw);
        let timeout = u64::try_from(request.stop_timeout.unwrap_or(TIMEOUT)).ok();
        // More seconds than there will be are never.
        self.kill_at = timeout.and_then(|seconds| Instant::now().checked_add(Duration::from_secs(seconds)));
        self.signal(signal);
    }

    fn poll(&self, limit: Option<Duration>) -> Result<Vec<(Token, PollFlags)>> {
        let mut tokens = Vec::with_capacity(8);
        let mut fds = Vec::with_capacity(8);
        let mut add = |token, fd, wanted| {
            tokens.push(token);
            fds.push(PollFd::from_borrowed_fd(fd, wanted));
        };
        if let Some(process) = &self.process {
            add(Token::Process, process.pidfd.as_fd(), PollFlags::IN);
        }
        for fd in self.prober.iter().flat_map(Prober::fds) {
            add(Token::Probe, fd, PollFlags::IN);
        }
        for (source, fd) in self.streams.outputs() {
            add(Token::Output(source), fd, PollFlags::IN);
        }
        if let Some((fd, wanted)) = self.streams.waiting_input() {
            add(Token::Input, fd, wanted);
        }
        if !self.full {
            add(Token::Listener, self.monitor.listener.as_fd(), PollFlags::IN);
        }
        for (at, client) in self.monitor.clients.iter().enumerate() {
            add(Token::Client(at), client.fd(), client.wants(self.streams.takes_input()));
        }
        for (door, fd, wanted) in self.doors.fds() {
            add(Token::Door(door), fd, wanted);
        }
        let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
        match poll(&mut fds, limit.as_ref()) {
            Err(Errno::INTR) => return Ok(Vec::new()),
            other => other.doing(|| "wait for what happens")?,
        };
        let flags = fds.iter().map(PollFd::revents);
        Ok(tokens.into_iter().zip(flags).filter(|(_, flags)| !flags.is_empty()).collect())
    }

    fn pass_output(&mut self, source: Source, flags: PollFlags) {
        let Some((_, from)) = self.streams.outputs().find(|(other, _)| *other == source) else { return };
        let mut buffer = room(&mut self.buffer);
        match read(from, &mut buffer) {
            // A pipe that everybody has closed; a terminal that nobody has open.
            None => self.streams.close(source),
            Some([]) if flags.intersects(PollFlags::HUP) => self.streams.close(source),
            Some(bytes) => self.monitor.pass(source, bytes),
        }
        self.buffer = buffer;
    }

    /// Passes on what is left once the program has ended.
    pub(super) fn drain(&mut self) {
        let mut buffer = room(&mut self.buffer);
        let monitor = &mut self.monitor;
        for (source, from) in self.streams.outputs() {
            while let Some(bytes @ [_, ..]) = read(from, &mut buffer) {
                monitor.pass(source, bytes);
            }
        }
        self.buffer = buffer;
    }

    fn accept(&mut self) {
        match accept_with(&self.monitor.listener, SocketFlags::CLOEXEC) {
            // Who may open the folder may talk to us: it is the container's owner alone.
            Ok(fd) => self.monitor.clients.extend(Client::new(fd).ok()),
            // Whoever it is waits until somebody leaves.
            Err(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => self.full = true,
            Err(_) => {}
        }
    }

    fn hear(&mut self, at: usize, flags: PollFlags) {
        let client = &mut self.monitor.clients[at];
        if flags.intersects(PollFlags::OUT) {
            client.flush();
        }
        if flags.intersects(PollFlags::IN) {
            client.read();
        } else if flags.intersects(PollFlags::HUP | PollFlags::ERR) {
            client.gone = true;
        }
        while let Some(frame) = self.monitor.clients[at].next() {
            self.understand(at, frame);
        }
    }

    fn understand(&mut self, at: usize, frame: Frame) {
        match frame {
            Frame::Attach(attach) => self.monitor.clients[at].attach = attach,
            Frame::Input(bytes) => self.streams.input(&bytes),
            Frame::InputEnds => self.streams.end_input(),
            Frame::Size(rows, columns) => self.streams.resize(rows, columns),
            Frame::Signal(number) => self.signal(number),
            Frame::Stay => self.stay = true,
            Frame::Networks => {
                let answer = match self.networks_changed() {
                    Ok(()) => Frame::Up(Box::default()),
                    Err(fault) => Frame::Failed(Box::new(fault)),
                };
                let path = self.monitor.folder.path();
                self.monitor.clients[at].say(&answer, path);
            }
            // Only a monitor says such things.
            _ => self.monitor.clients[at].gone = true,
        }
    }

    fn signal(&self, number: i32) {
        if let (Some(process), Some(signal)) = (&self.process, launch::signal_from_number(number)) {
            // It may be gone by now; then there is nobody to tell.
            let _ = pidfd_send_signal(&process.pidfd, signal);
        }
    }

    fn drop_gone(&mut self) {
        let interactive = self.monitor.record.request.interactive;
        let terminal = self.streams.has_terminal();
        let was_input = |client: &Client| client.is_done() && client.attach.stdin;
        // As Docker has it: the input ends with the first who gave it.
        let ends = interactive && !terminal && self.monitor.clients.iter().any(was_input);
        self.monitor.clients.retain(|client| !client.is_done());
        if ends {
            self.streams.end_input();
        }
    }
}

impl Monitor {
    /// Somebody else may start the container from here on. Whoever comes now finds no monitor.
    pub(super) fn over(&mut self) {
        if let Some(lock) = self.lock.take() {
            let _ = std::fs::remove_file(self.folder.socket());
            // Our keeper has it open as well.
            lock.release();
        }
    }

    /// Passes on what the program printed: to the log, and to everybody who is attached.
    fn pass(&mut self, source: Source, bytes: &[u8]) {
        self.log.write(source, bytes);
        let wants = |client: &Client| match source {
            Source::Stdout => client.attach.stdout,
            Source::Stderr => client.attach.stderr,
        };
        if !self.clients.iter().any(wants) {
            return;
        }
        let frame = match source {
            Source::Stdout => Frame::Out(bytes.to_vec()),
            Source::Stderr => Frame::Err(bytes.to_vec()),
        }
        .encode();
        for client in self.clients.iter_mut().filter(|client| wants(client)) {
            client.pass(&frame, self.folder.path());
        }
    }
}

/// Room for what is printed: of memory only as much as was ever read at once, and none where nothing is printed.
fn room(buffer: &mut Vec<u8>) -> Vec<u8> {
    let mut buffer = std::mem::take(buffer);
    buffer.clear();
    buffer.reserve_exact(PART);
    buffer
}
