//! Asking name servers.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use rustix::rand::{GetRandomFlags, getrandom};

use super::files::Resolv;
use super::message::{Kind, Said, answer, question};

/// Bytes of an answer by UDP.
const LONGEST: usize = 4096;

/// The addresses of a name; nothing if there is no such name.
///
/// # Errors
/// No server answers, or none can.
pub(super) fn look_up(resolv: &Resolv, name: &str) -> io::Result<Option<Vec<IpAddr>>> {
    for candidate in resolv.candidates(name) {
        if let Some(found) = one(resolv, &candidate)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn one(resolv: &Resolv, name: &str) -> io::Result<Option<Vec<IpAddr>>> {
    for _ in 0..resolv.attempts {
        for server in &resolv.servers {
            match ask(*server, name, resolv.timeout) {
                Ok(Said::Addresses(found)) => return Ok(Some(found).filter(|found| !found.is_empty())),
                Ok(Said::NoSuchName) => return Ok(None),
                // The next one may know more.
                Ok(Said::Cut | Said::Failed) | Err(_) => {}
            }
        }
    }
    let servers: Vec<String> = resolv.servers.iter().map(|server| server.ip().to_string()).collect();
    let cause = format!("no name server says where it is (asked: {})", servers.join(", "));
    Err(io::Error::new(io::ErrorKind::HostUnreachable, cause))
}

/// Both kinds of addresses at the same time. What one question has brought is enough if the other brings nothing.
fn ask(server: SocketAddr, name: &str, timeout: Duration) -> io::Result<Said> {
    let [id, other, ..] = random();
    let questions = [question(id, name, Kind::V4), question(other, name, Kind::V6)];
    let [Some(v4), Some(v6)] = questions else { return Ok(Said::NoSuchName) };
    let questions = [v4, v6];
    let mut said = [None, None];
    let received = by_udp(server, &questions, &mut said, timeout);
    for (question, said) in questions.iter().zip(&mut said) {
        if *said == Some(Said::Cut) {
            *said = by_tcp(server, question, timeout).ok();
        }
    }
    match said {
        [Some(Said::Addresses(mut v4)), Some(Said::Addresses(v6))] => {
            v4.extend(v6);
            Ok(Said::Addresses(v4))
        }
        [Some(Said::Addresses(found)), _] | [_, Some(Said::Addresses(found))] if !found.is_empty() => {
            Ok(Said::Addresses(found))
        }
        [Some(Said::NoSuchName), _] | [_, Some(Said::NoSuchName)] => Ok(Said::NoSuchName),
        _ => received.map(|()| Said::Failed),
    }
}

fn by_udp(
    server: SocketAddr,
    questions: &[Vec<u8>; 2],
    said: &mut [Option<Said>; 2],
    timeout: Duration,
) -> io::Result<()> {
    let any: IpAddr =
        if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    // The kernel chooses a port at random, and lets only this server's answers in.
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(server)?;
    for question in questions {
        socket.send(question)?;
    }
    let end = Instant::now() + timeout;
    let mut bytes = [0; LONGEST];
    while said.contains(&None) {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        socket.set_read_timeout(Some(left))?;
        let received = socket.recv(&mut bytes)?;
        for (question, said) in questions.iter().zip(&mut *said) {
            *said = said.take().or_else(|| answer(question, &bytes[..received]));
        }
    }
    Ok(())
}

fn by_tcp(server: SocketAddr, question: &[u8], timeout: Duration) -> io::Result<Said> {
    let mut stream = TcpStream::connect_timeout(&server, timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    let length = u16::try_from(question.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes(), question].concat())?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut bytes = vec![0; u16::from_be_bytes(length).into()];
    stream.read_exact(&mut bytes)?;
    answer(question, &bytes).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn random() -> [u16; 2] {
    let mut bytes = [0; 4];
    // The kernel gives as many as this in one piece, and cannot fail once the machine is up.
    let _ = getrandom(&mut bytes, GetRandomFlags::empty());
    [u16::from_ne_bytes([bytes[0], bytes[1]]), u16::from_ne_bytes([bytes[2], bytes[3]])]
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;
    use crate::names::message::tests::reply;

    /// A name server whose every answer a test makes; nothing is none. By TCP it says the same with another address.
    fn server(
        say: impl Fn(&str, bool) -> Option<(u8, Vec<u8>)> + Send + Sync + Clone + 'static,
    ) -> SocketAddr {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let at = udp.local_addr().unwrap();
        let by_udp = say.clone();
        thread::spawn(move || {
            let mut bytes = [0; 512];
            while let Ok((received, from)) = udp.recv_from(&mut bytes) {
                if let Some(reply) = answer_to(&bytes[..received], false, &by_udp) {
                    let _ = udp.send_to(&reply, from);
                }
            }
        });
        let tcp = TcpListener::bind(at).unwrap();
        thread::spawn(move || {
            for mut stream in tcp.incoming().flatten() {
                let mut length = [0; 2];
                stream.read_exact(&mut length).unwrap();
                let mut asked = vec![0; u16::from_be_bytes(length).into()];
                stream.read_exact(&mut asked).unwrap();
                let reply = answer_to(&asked, true, &say).unwrap();
                let length = u16::try_from(reply.len()).unwrap().to_be_bytes();
                stream.write_all(&[&length[..], &reply].concat()).unwrap();
            }
        });
        at
    }

    fn answer_to(
        asked: &[u8],
        tcp: bool,
        say: &impl Fn(&str, bool) -> Option<(u8, Vec<u8>)>,
    ) -> Option<Vec<u8>> {
        let name = String::from_utf8_lossy(&asked[13..asked.len() - 5]).into_owned();
        let v4 = asked[asked.len() - 3] == 1;
        let (code, data) = say(&name, tcp)?;
        if code == 99 {
            let mut cut = reply(asked, 0, &[]);
            cut[2] |= 2;
            return Some(cut);
        }
        let records: Vec<(u16, &[u8])> = if v4 && !data.is_empty() { vec![(1, &data)] } else { vec![] };
        Some(reply(asked, code, &records))
    }

    fn found(servers: &[SocketAddr], name: &str) -> String {
        let resolv =
            Resolv { servers: servers.to_vec(), timeout: Duration::from_millis(200), ..Resolv::read("") };
        match look_up(&resolv, name) {
            Ok(Some(found)) => found.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(" "),
            Ok(None) => "none".to_string(),
            Err(err) => err.to_string(),
        }
    }

    #[test]
    fn a_name_is_looked_up() {
        let good = server(|name, _| Some(if name == "here" { (0, vec![192, 0, 2, 1]) } else { (3, vec![]) }));
        assert_eq!(found(&[good], "here"), "192.0.2.1");
        assert_eq!(found(&[good], "there"), "none");
        let empty = server(|_, _| Some((0, vec![])));
        assert_eq!(found(&[empty], "here"), "none");
    }

    #[test]
    fn the_next_server_is_asked_when_one_cannot() {
        let good = server(|_, _| Some((0, vec![192, 0, 2, 1])));
        let (silent, failing) = (server(|_, _| None), server(|_, _| Some((2, vec![]))));
        assert_eq!(found(&[silent, failing, good], "here"), "192.0.2.1");
        let said = found(&[silent, failing], "here");
        assert!(said.contains("no name server says where it is (asked: 127.0.0.1"), "{said}");
    }

    #[test]
    fn what_does_not_fit_in_is_asked_for_by_tcp() {
        let cut = server(|_, tcp| Some(if tcp { (0, vec![192, 0, 2, 7]) } else { (99, vec![]) }));
        assert_eq!(found(&[cut], "here"), "192.0.2.7");
    }
}
