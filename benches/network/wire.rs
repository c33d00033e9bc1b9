//! Bytes, round trips and questions, over sockets that are made in a namespace of choice.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use bench::Result;
use sys::namespaces::in_network;

/// Bytes that are read for one figure.
const BYTES: u32 = 1 << 30;
/// Round trips for one figure.
const TRIPS: u32 = 5000;
/// Questions for one figure, and those that wait for an answer at the same time.
const QUESTIONS: u16 = 10_000;
const AT_ONCE: u16 = 8;

fn connect(from: &File, to: &str) -> Result<TcpStream> {
    let end = Instant::now() + Duration::from_secs(5);
    let address = to.parse().map_err(|err| format!("cannot reach {to}: {err}"))?;
    loop {
        let connect = || TcpStream::connect_timeout(&address, Duration::from_secs(2));
        let stream = in_network(from.as_fd(), connect);
        match stream.and_then(std::convert::identity) {
            Ok(stream) => return Ok(stream),
            Err(err) if Instant::now() >= end => return Err(format!("cannot reach {to}: {err}")),
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// Gigabits in each second from a server that sends zeros.
pub(crate) fn throughput(from: &File, to: &str) -> Result<f64> {
    let mut stream = connect(from, to)?;
    let mut bytes = vec![0; 256 << 10];
    let (mut left, start) = (BYTES, Instant::now());
    while left > 0 {
        match stream.read(&mut bytes).map_err(|err| format!("cannot read from {to}: {err}"))? {
            0 => return Err(format!("{to} has sent {} of {BYTES} bytes", BYTES - left)),
            length => left = left.saturating_sub(u32::try_from(length).unwrap_or(u32::MAX)),
        }
    }
    Ok(f64::from(BYTES) * 8.0 / 1e9 / start.elapsed().as_secs_f64())
}

/// Time of one round trip to a server that sends back what it gets.
pub(crate) fn round_trip(from: &File, to: &str) -> Result<Duration> {
    let mut stream = connect(from, to)?;
    stream.set_nodelay(true).map_err(|err| err.to_string())?;
    let mut trips = |count: u32| -> io::Result<Duration> {
        let (start, mut byte) = (Instant::now(), [0]);
        for _ in 0..count {
            stream.write_all(b"x")?;
            stream.read_exact(&mut byte)?;
        }
        Ok(start.elapsed() / count)
    };
    trips(100).and_then(|_| trips(TRIPS)).map_err(|err| format!("cannot speak with {to}: {err}"))
}

/// Questions for the address of a name that are answered in each second.
pub(crate) fn questions(from: &File, server: &str, name: &str) -> Result<f64> {
    let fail = |err: io::Error| format!("cannot ask {server} for `{name}`: {err}");
    let socket = in_network(from.as_fd(), || UdpSocket::bind("0.0.0.0:0")).and_then(std::convert::identity);
    let socket = socket.map_err(fail)?;
    socket.connect(server).map_err(fail)?;
    socket.set_read_timeout(Some(Duration::from_secs(5))).map_err(fail)?;
    let ask = |id: u16| {
        let mut question = [&id.to_be_bytes()[..], &[1, 0, 0, 1, 0, 0, 0, 0, 0, 0]].concat();
        for label in name.split('.') {
            question.push(u8::try_from(label.len()).unwrap_or(63));
            question.extend_from_slice(label.as_bytes());
        }
        question.extend_from_slice(&[0, 0, 1, 0, 1]);
        socket.send(&question).map(drop)
    };
    let start = Instant::now();
    for id in 0..AT_ONCE {
        ask(id).map_err(fail)?;
    }
    let mut answer = [0; 512];
    for id in AT_ONCE..QUESTIONS + AT_ONCE {
        let length = socket.recv(&mut answer).map_err(fail)?;
        if length < 12 || answer[3] & 0xf != 0 || answer[7] == 0 {
            return Err(format!("{server} does not know `{name}`"));
        }
        if id < QUESTIONS {
            ask(id).map_err(fail)?;
        }
    }
    Ok(f64::from(QUESTIONS) / start.elapsed().as_secs_f64())
}
