//! The server at real sockets, with other servers that a test makes.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, spawn};

use rustix::event::{PollFd, Timespec, poll};
use simple_dns::{RCODE, TYPE};

use super::*;
use crate::message::tests::{Few, question, read};

struct Here;

impl Open for Here {
    fn open(&self, upstream: Upstream, way: Way) -> io::Result<OwnedFd> {
        upstream.connect(way)
    }
}

/// A server that runs until it is dropped.
struct Running {
    at: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn with(upstreams: &[SocketAddr]) -> Running {
        let (udp, tcp) = same_port();
        let at = udp.local_addr().unwrap();
        let upstreams =
            upstreams.iter().map(|address| Upstream { address: *address, inside: false }).collect();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = spawn(move || {
            let mut server = Server::new(udp, tcp, upstreams, Box::new(Here)).unwrap();
            while !stopped.load(Ordering::Relaxed) {
                turn(&mut server);
            }
        });
        Running { at, stop, thread: Some(thread) }
    }

    fn udp(&self) -> UdpSocket {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(self.at).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        socket
    }

    fn ask(&self, id: u16, name: &str) -> (RCODE, bool, Vec<String>) {
        let socket = self.udp();
        socket.send(&question(id, name, TYPE::A.into())).unwrap();
        let mut bytes = [0; 4096];
        let length = socket.recv(&mut bytes).unwrap();
        assert_eq!(bytes[..2], id.to_be_bytes());
        read(&bytes[..length])
    }

    fn tcp(&self) -> TcpStream {
        let stream = TcpStream::connect(self.at).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

fn turn(server: &mut Server) {
    let (sources, mut fds): (Vec<_>, Vec<_>) =
        server.fds().map(|(source, fd, wanted)| (source, PollFd::from_borrowed_fd(fd, wanted))).unzip();
    let limit = server.limit().unwrap_or(Duration::MAX).min(Duration::from_millis(20));
    poll(&mut fds, Some(&Timespec::try_from(limit).unwrap())).unwrap();
    let happened: Vec<_> = sources
        .into_iter()
        .zip(fds)
        .filter(|(_, fd)| !fd.revents().is_empty())
        .map(|(source, _)| source)
        .collect();
    for source in happened {
        server.happened(source, &Few);
    }
    server.look_after(&Few);
}

/// A port that is free for both: of another test's connections the kernel may have given it to one for streams.
fn same_port() -> (UdpSocket, TcpListener) {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()) {
            return (udp, tcp);
        }
    }
}

/// What another server says to a question: any number of datagrams. By TCP the first.
fn other(say: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + Sync + Clone + 'static) -> SocketAddr {
    let (udp, tcp) = same_port();
    let at = udp.local_addr().unwrap();
    let by_udp = say.clone();
    spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok((length, from)) = udp.recv_from(&mut bytes) {
            for said in by_udp(&bytes[..length]) {
                let _ = udp.send_to(&said, from);
            }
        }
    });
    spawn(move || {
        for mut stream in tcp.incoming().flatten() {
            let asked = receive(&mut stream);
            deliver(&mut stream, &say(&asked)[0]);
        }
    });
    at
}

fn deliver(stream: &mut TcpStream, bytes: &[u8]) {
    // In pieces, as bytes come.
    for part in [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat().chunks(7) {
        stream.write_all(part).unwrap();
    }
}

fn receive(stream: &mut TcpStream) -> Vec<u8> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).unwrap();
    let mut bytes = vec![0; u16::from_be_bytes(length).into()];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

/// An answer with this code, and one address if that is 0.
fn said(asked: &[u8], code: u8, last: u8) -> Vec<u8> {
    let mut bytes = asked.to_vec();
    (bytes[2], bytes[3]) = (0x81, 0x80 | code);
    if code == 0 {
        bytes[7] = 1;
        bytes.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, last]);
    }
    bytes
}

#[test]
fn ours_are_answered_and_others_passed_on() {
    let upstream = other(|asked| vec![said(asked, 0, 1)]);
    let server = Running::with(&[upstream]);
    assert_eq!(server.ask(7, "web").2, ["10.0.0.2"]);
    assert_eq!(server.ask(8, "example.com").2, ["192.0.2.1"]);
    // The control: without anybody to ask it fails.
    let alone = Running::with(&[]);
    assert_eq!(alone.ask(9, "example.com").0, RCODE::ServerFailure);
    assert_eq!(alone.ask(7, "web").2, ["10.0.0.2"]);
}

#[test]
fn by_tcp_many_at_once() {
    let upstream = other(|asked| vec![said(asked, 0, 2)]);
    let server = Running::with(&[upstream]);
    let mut stream = server.tcp();
    // More than are asked at the same time, and the writer ends before it reads.
    for id in 0..40 {
        deliver(&mut stream, &question(id, if id % 2 == 0 { "many" } else { "example.com" }, TYPE::A.into()));
    }
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut seen = vec![0; 40];
    for _ in 0..40 {
        let bytes = receive(&mut stream);
        let (id, (_, cut, found)) = (usize::from(bytes[1]), read(&bytes));
        assert_eq!((cut, found.len()), (false, if id % 2 == 0 { 100 } else { 1 }));
        seen[id] += 1;
    }
    assert_eq!(seen, vec![1; 40]);
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "there is no more to say");
}

/// Each of these is not what was asked for; the last one is, and it alone is believed.
#[test]
fn only_the_answer_to_the_question_is_believed() {
    let upstream = other(|asked| {
        let wrong = |change: fn(&mut Vec<u8>)| {
            let mut bytes = said(asked, 0, 66);
            change(&mut bytes);
            bytes
        };
        vec![
            wrong(|bytes| bytes[0] ^= 1),
            wrong(|bytes| bytes[1] ^= 1),
            wrong(|bytes| bytes[13] ^= 1),
            wrong(|bytes| bytes[2] = 1),
            wrong(|bytes| bytes[5] = 0),
            wrong(|bytes| bytes.truncate(20)),
            said(asked, 0, 1),
        ]
    });
    let server = Running::with(&[upstream]);
    assert_eq!(server.ask(1, "example.com").2, ["192.0.2.1"]);
    // The control: the same with the right number and question is believed, so the others were seen and refused.
    let liar = other(|asked| vec![said(asked, 0, 66), said(asked, 0, 1)]);
    assert_eq!(Running::with(&[liar]).ask(1, "example.com").2, ["192.0.2.66"]);
}

/// Nobody else's datagram reaches the socket at all.
#[test]
fn who_was_not_asked_is_not_heard() {
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    let upstream = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = Running::with(&[upstream.local_addr().unwrap()]);
    let client = server.udp();
    client.send(&question(3, "example.com", TYPE::A.into())).unwrap();
    let mut bytes = [0; 512];
    let (length, from) = upstream.recv_from(&mut bytes).unwrap();
    stranger.send_to(&said(&bytes[..length], 0, 66), from).unwrap();
    upstream.send_to(&said(&bytes[..length], 0, 1), from).unwrap();
    let length = client.recv(&mut bytes).unwrap();
    assert_eq!(read(&bytes[..length]).2, ["192.0.2.1"]);
}

#[test]
fn the_number_and_the_port_change_each_time() {
    let upstream = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = Running::with(&[upstream.local_addr().unwrap()]);
    let client = server.udp();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..20 {
        client.send(&question(3, "example.com", TYPE::A.into())).unwrap();
        let mut bytes = [0; 512];
        let (_, from) = upstream.recv_from(&mut bytes).unwrap();
        seen.insert((bytes[0], bytes[1], from.port()));
    }
    let ids: std::collections::BTreeSet<_> = seen.iter().map(|(high, low, _)| (high, low)).collect();
    let ports: std::collections::BTreeSet<_> = seen.iter().map(|(.., port)| port).collect();
    assert!(ids.len() > 17 && ports.len() == 20, "{ids:?} {ports:?}");
}

#[test]
fn the_next_server_is_asked_when_one_cannot() {
    let good = other(|asked| vec![said(asked, 0, 1)]);
    let refuses = other(|asked| vec![said(asked, 5, 0)]);
    let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let silent_at = silent.local_addr().unwrap();
    assert_eq!(Running::with(&[closed, refuses, silent_at, good]).ask(1, "example.com").2, ["192.0.2.1"]);
    // What the last one has said is the answer.
    assert_eq!(Running::with(&[closed, refuses]).ask(1, "example.com").0, RCODE::Refused);
    // That a name does not exist is an answer; the next one is not asked.
    let no_such_name = other(|asked| vec![said(asked, 3, 0)]);
    assert_eq!(Running::with(&[no_such_name, good]).ask(1, "example.com").0, RCODE::NameError);
}

#[test]
fn too_many_questions_at_once_fail_and_hold_nobody_up() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let upstreams = vec![Upstream { address: silent.local_addr().unwrap(), inside: false }];
    let (udp, tcp) = (UdpSocket::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let mut server = Server::new(udp, tcp, upstreams, Box::new(Here)).unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let to = Client::Udp(client.local_addr().unwrap());
    let ask =
        |server: &mut Server, id, name| server.understand(&question(id, name, TYPE::A.into()), to, &Few);
    for id in 0..=u16::try_from(MOST_FORWARDED).unwrap() {
        ask(&mut server, id, "example.com");
    }
    assert_eq!(server.forwarded.len(), MOST_FORWARDED);
    ask(&mut server, 7, "web");
    let mut answers = Vec::new();
    for _ in 0..2 {
        let mut bytes = [0; 512];
        let length = client.recv(&mut bytes).unwrap();
        answers.push((bytes[..2].to_vec(), read(&bytes[..length]).0));
    }
    let last = u16::try_from(MOST_FORWARDED).unwrap().to_be_bytes().to_vec();
    assert_eq!(answers, [(last, RCODE::ServerFailure), (vec![0, 7], RCODE::NoError)]);
}
