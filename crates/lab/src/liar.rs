//! A registry that does what a test tells it, and lies if it is told to.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::{Reply, Scratch, certificates};

/// A server of HTTP whose every answer a test makes. It notes what it was asked.
pub struct LyingRegistry {
    host: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    certificates: Option<Scratch>,
}

/// A request, as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `GET`.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// What was sent along.
    pub body: Vec<u8>,
    /// How many came before with the same method and path.
    pub before: usize,
}

type Answers = dyn Fn(&Asked) -> Reply + Send + Sync;

impl LyingRegistry {
    /// On 127.0.0.1.
    pub fn new(answers: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> LyingRegistry {
        LyingRegistry::at("127.0.0.1", answers)
    }

    /// On another address of this machine, such as 127.0.0.2: for a client another host.
    pub fn at(address: &str, answers: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> LyingRegistry {
        let listener = TcpListener::bind((address, 0)).expect("a port");
        LyingRegistry::start(listener, None, answers)
    }

    /// On 127.0.0.1 with TLS; its certificate is for `localhost` and 127.0.0.1, and good for `days`.
    pub fn tls(days: i32, answers: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> LyingRegistry {
        LyingRegistry::start(TcpListener::bind("127.0.0.1:0").expect("a port"), Some(days), answers)
    }

    fn start(
        listener: TcpListener,
        tls: Option<i32>,
        answers: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> LyingRegistry {
        let host = listener.local_addr().expect("its address").to_string();
        let certificates = tls.map(|days| {
            let scratch = Scratch::new("liar");
            certificates::make(scratch.path(), &host, days);
            scratch
        });
        let config = certificates.as_ref().map(|scratch| Arc::new(certificates::server(scratch.path())));
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (noted, answers): (_, Arc<Answers>) = (Arc::clone(&asked), Arc::new(answers));
        // The threads wait for connections until the test's process ends.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (noted, answers, config) = (Arc::clone(&noted), Arc::clone(&answers), config.clone());
                thread::spawn(move || {
                    let _ = match config {
                        Some(config) => serve_tls(&stream, config, &noted, &*answers),
                        None => serve_plain(&stream, &noted, &*answers),
                    };
                    let _ = stream.shutdown(Shutdown::Both);
                });
            }
        });
        LyingRegistry { host, asked, certificates }
    }

    /// A folder as `/etc/docker/certs.d` is, in which this one has its authority.
    #[track_caller]
    pub fn certificates(&self) -> PathBuf {
        self.certificates.as_ref().expect("it is without TLS").path().join("certs.d")
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.host.clone()
    }

    /// All that it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("the notes").clone()
    }

    /// The same in short: `GET /v2/`.
    pub fn lines(&self) -> Vec<String> {
        self.asked().iter().map(|asked| format!("{} {}", asked.method, asked.target)).collect()
    }
}

impl Asked {
    /// A header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Without the query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    fn read(stream: &mut impl BufRead) -> io::Result<Option<Asked>> {
        let Some(first) = line(stream)? else { return Ok(None) };
        let mut words = first.split(' ').map(str::to_string);
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut headers = Vec::new();
        while let Some(line) = line(stream)?.filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').unwrap_or((&line, ""));
            headers.push((name.to_ascii_lowercase(), value.trim().to_string()));
        }
        let mut asked = Asked { method, target, headers, body: Vec::new(), before: 0 };
        let length = asked.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        stream.take(length).read_to_end(&mut asked.body)?;
        Ok(Some(asked))
    }
}

fn serve_plain(stream: &TcpStream, noted: &Mutex<Vec<Asked>>, answers: &Answers) -> io::Result<()> {
    // TLS begins so; this server has none, and its client sees that by the end of the connection.
    let mut first = [0];
    if stream.peek(&mut first)? == 1 && first[0] == 0x16 {
        return Ok(());
    }
    serve(stream, noted, answers)
}

fn serve_tls(
    stream: &TcpStream,
    config: Arc<ServerConfig>,
    noted: &Mutex<Vec<Asked>>,
    answers: &Answers,
) -> io::Result<()> {
    let tls = ServerConnection::new(config).map_err(io::Error::other)?;
    serve(StreamOwned::new(tls, stream), noted, answers)
}

fn serve(stream: impl Read + Write, noted: &Mutex<Vec<Asked>>, answers: &Answers) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(mut asked) = Asked::read(&mut stream)? {
        {
            let mut noted = noted.lock().expect("the notes");
            let same = |other: &&Asked| other.method == asked.method && other.path() == asked.path();
            asked.before = noted.iter().filter(same).count();
            noted.push(asked.clone());
        }
        let reply = answers(&asked);
        reply.write(stream.get_mut(), asked.method != "HEAD")?;
        stream.get_mut().flush()?;
        if reply.cut.is_some() {
            break;
        }
    }
    Ok(())
}

/// Without its end; nothing at the end of the connection.
fn line(stream: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let read = stream.take(64 << 10).read_until(b'\n', &mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok((read > 0).then(|| text.trim_end_matches(['\r', '\n']).to_string()))
}
