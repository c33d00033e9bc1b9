//! Real connections, through a relay in a thread of the test's.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{JoinHandle, sleep, spawn};

use rustix::event::{PollFd, Timespec, poll};

use super::*;

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

struct Running {
    at: SocketAddr,
    stop: Arc<AtomicBool>,
    /// Turns of its loop.
    turns: Arc<AtomicUsize>,
    pairs: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn to(ip: IpAddr, protocol: Protocol, to: SocketAddr) -> Running {
        let mut relay = Relay::default();
        let reserved = reserve(ip, 0, protocol).unwrap();
        let at = reserved.address();
        relay.add(reserved, Some(to));
        let stop = Arc::new(AtomicBool::new(false));
        let (turns, pairs) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (stopped, turned, counted) = (Arc::clone(&stop), Arc::clone(&turns), Arc::clone(&pairs));
        let thread = spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                turn(&mut relay);
                turned.fetch_add(1, Ordering::Relaxed);
                counted.store(relay.pairs.len(), Ordering::Relaxed);
            }
        });
        Running { at, stop, turns, pairs, thread: Some(thread) }
    }

    fn connect(&self) -> TcpStream {
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

fn turn(relay: &mut Relay) {
    let (sources, mut fds): (Vec<_>, Vec<_>) =
        relay.fds().map(|(source, fd, wanted)| (source, PollFd::from_borrowed_fd(fd, wanted))).unzip();
    let limit = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
    poll(&mut fds, Some(&limit)).unwrap();
    let happened: Vec<_> = sources
        .into_iter()
        .zip(fds)
        .filter(|(_, fd)| !fd.revents().is_empty())
        .map(|(source, _)| source)
        .collect();
    for source in happened {
        relay.happened(source);
    }
    relay.look_after();
}

fn until(what: &str, check: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !check() {
        assert!(Instant::now() < end, "{what}");
        sleep(Duration::from_millis(2));
    }
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251).to_le_bytes()[0]).collect()
}

#[test]
fn bytes_arrive_as_they_were_sent_and_each_side_ends_by_itself() {
    for ip in [V4, V6] {
        let listener = TcpListener::bind((ip, 0)).unwrap();
        let relay = Running::to(ip, Protocol::Tcp, listener.local_addr().unwrap());
        let mut client = relay.connect();
        let (mut container, _) = listener.accept().unwrap();
        let sent = pattern(3_000_000);
        let expected = sent.clone();
        let writer = spawn(move || {
            client.write_all(&sent).unwrap();
            client.shutdown(Shutdown::Write).unwrap();
            client
        });
        let mut heard = Vec::new();
        container.read_to_end(&mut heard).unwrap();
        assert!(heard == expected, "{} bytes", heard.len());
        let mut client = writer.join().unwrap();
        // The one direction has ended; the other has not.
        sleep(Duration::from_millis(50));
        container.write_all(b"still here").unwrap();
        drop(container);
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "still here");
        until("the pair is gone", || relay.pairs.load(Ordering::Relaxed) == 0);
    }
}

/// Who does not read holds back who writes to him, and nobody else.
#[test]
fn a_reader_that_stalls_holds_its_writer_back() {
    let listener = TcpListener::bind((V4, 0)).unwrap();
    let relay = Running::to(V4, Protocol::Tcp, listener.local_addr().unwrap());
    let mut client = relay.connect();
    let (mut container, _) = listener.accept().unwrap();
    client.set_nonblocking(true).unwrap();
    let all = pattern(256 << 20);
    let (mut sent, mut last) = (0, Instant::now());
    while sent < all.len() && last.elapsed() < Duration::from_millis(500) {
        match client.write(&all[sent..]) {
            Ok(length) => (sent, last) = (sent + length, Instant::now()),
            Err(err) if err.kind() == std::io::ErrorKind::WouldBlock => sleep(Duration::from_millis(1)),
            Err(err) => panic!("{err}"),
        }
    }
    assert!(sent < all.len(), "all of it was taken, and nobody has read");
    let turns = relay.turns.load(Ordering::Relaxed);
    sleep(Duration::from_millis(200));
    let spent = relay.turns.load(Ordering::Relaxed) - turns;
    assert!(spent < 100, "it waits without being asked to: {spent} turns");
    // Another one is not held up.
    let mut other = relay.connect();
    let (mut behind, _) = listener.accept().unwrap();
    other.write_all(b"ping").unwrap();
    let mut four = [0; 4];
    behind.read_exact(&mut four).unwrap();
    // The control: once it is read, everything is there.
    client.shutdown(Shutdown::Write).unwrap();
    let mut heard = Vec::new();
    container.read_to_end(&mut heard).unwrap();
    assert!(heard == all[..sent]);
}

#[test]
fn nobody_behind_a_port_ends_the_connection() {
    let closed = TcpListener::bind((V4, 0)).unwrap().local_addr().unwrap();
    let relay = Running::to(V4, Protocol::Tcp, closed);
    let mut client = relay.connect();
    assert!(matches!(client.read(&mut [0]), Ok(0) | Err(_)));
    until("the pair is gone", || relay.pairs.load(Ordering::Relaxed) == 0);
}

#[test]
fn who_is_reset_takes_the_other_with_him() {
    let listener = TcpListener::bind((V4, 0)).unwrap();
    let relay = Running::to(V4, Protocol::Tcp, listener.local_addr().unwrap());
    let client = relay.connect();
    let (mut container, _) = listener.accept().unwrap();
    rustix::net::sockopt::set_socket_linger(&client, Some(Duration::ZERO)).unwrap();
    drop(client);
    assert!(matches!(container.read(&mut [0]), Ok(0) | Err(_)));
    drop(container);
    until("the pair is gone", || relay.pairs.load(Ordering::Relaxed) == 0);
}

#[test]
fn more_connections_than_have_room_wait_for_it() {
    let listener = TcpListener::bind((V4, 0)).unwrap();
    let relay = Running::to(V4, Protocol::Tcp, listener.local_addr().unwrap());
    let echo = spawn(move || {
        let mut open = Vec::new();
        for (number, stream) in listener.incoming().take(MOST_PAIRS + 8).enumerate() {
            let mut stream = stream.unwrap();
            stream.write_all(b"!").unwrap();
            // The first ones end, the others stay.
            open.extend((number >= 8).then_some(stream));
        }
    });
    let mut clients: Vec<_> = (0..MOST_PAIRS + 8).map(|_| relay.connect()).collect();
    until("there are as many as can be", || relay.pairs.load(Ordering::Relaxed) == MOST_PAIRS);
    let mut byte = [0];
    for client in clients.drain(..8) {
        (&client).read_exact(&mut byte).unwrap();
    }
    for client in &mut clients {
        client.read_exact(&mut byte).unwrap();
    }
    echo.join().unwrap();
}

#[test]
fn datagrams_find_their_way_back() {
    for ip in [V4, V6] {
        let container = UdpSocket::bind((ip, 0)).unwrap();
        let relay = Running::to(ip, Protocol::Udp, container.local_addr().unwrap());
        spawn(move || {
            let mut bytes = [0; 2000];
            while let Ok((length, from)) = container.recv_from(&mut bytes) {
                bytes[..length].reverse();
                container.send_to(&bytes[..length], from).unwrap();
            }
        });
        let clients: Vec<_> = (0..20_u8)
            .map(|number| {
                let socket = UdpSocket::bind((ip, 0)).unwrap();
                socket.connect(relay.at).unwrap();
                socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
                (number, socket)
            })
            .collect();
        for round in 0..5 {
            for (number, socket) in &clients {
                socket.send(&[*number, round]).unwrap();
            }
            for (number, socket) in &clients {
                let mut bytes = [0; 10];
                let length = socket.recv(&mut bytes).unwrap();
                assert_eq!(bytes[..length], [round, *number]);
            }
        }
    }
}

#[test]
fn a_port_is_kept_from_others_until_it_is_given_back() {
    let mut relay = Relay::default();
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        let reserved = reserve(V4, 0, protocol).unwrap();
        let at = reserved.address();
        relay.add(reserved, None);
        assert_eq!(reserve(V4, at.port(), protocol).unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
        relay.remove(at, protocol);
        reserve(V4, at.port(), protocol).unwrap();
    }
    // The wildcards of both families are two ports.
    let four = reserve(Ipv4Addr::UNSPECIFIED.into(), 0, Protocol::Tcp).unwrap();
    reserve(Ipv6Addr::UNSPECIFIED.into(), four.address().port(), Protocol::Tcp).unwrap();
}
