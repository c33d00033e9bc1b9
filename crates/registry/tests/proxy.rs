//! Through a proxy, and past it.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use lab::LyingRegistry;
use registry::{Client, Proxies, Settings};

use crate::kit::{Image, good, name, settings};

/// A proxy that leads wherever it is asked for, but always to the same registry. It notes what it was told.
struct Proxy {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn to(registry: &LyingRegistry, refuses: bool) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address").to_string();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (notes, to) = (Arc::clone(&asked), registry.host());
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (notes, to) = (Arc::clone(&notes), to.clone());
                thread::spawn(move || tunnel(&client, &to, refuses, &notes));
            }
        });
        Proxy { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("the notes").clone()
    }
}

fn tunnel(client: &TcpStream, to: &str, refuses: bool, notes: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut head = Vec::new();
    for line in BufReader::new(client).lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        head.push(line);
    }
    notes.lock().expect("the notes").push(head.join("\n"));
    if refuses {
        return (&mut &*client).write_all(b"HTTP/1.1 403 No\r\n\r\n");
    }
    let server = TcpStream::connect(to)?;
    (&mut &*client).write_all(b"HTTP/1.1 200 Yes\r\n\r\n")?;
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || io::copy(&mut from_client, &mut to_server));
    let _ = io::copy(&mut &server, &mut &*client);
    client.shutdown(Shutdown::Both)
}

fn through(proxy: &str, except: &str) -> Settings {
    let mut settings = settings();
    let address = Some(format!("http://me:pass%20word@{proxy}"));
    settings.proxies = Proxies { https: address.clone(), http: address, except: except.into() };
    settings.hosts.insecure = vec!["registry.example:5000".into()];
    settings
}

#[test]
fn a_registry_is_reached_through_a_proxy() {
    let image = Arc::new(Image::new(10));
    let here = Arc::clone(&image);
    let registry = LyingRegistry::new(move |asked| good(&here, asked));
    let proxy = Proxy::to(&registry, false);
    let app = name("registry.example:5000", "app:1");
    // Nobody here knows that name, and nobody has to.
    let client = Client::new(through(&proxy.address, ""));
    assert_eq!(client.resolve(&app).unwrap().bytes, image.manifest);
    let asked = proxy.asked();
    assert!(asked[0].starts_with("CONNECT registry.example:5000 HTTP/1.1"), "{asked:?}");
    // me:pass word
    assert!(asked[0].to_lowercase().contains("proxy-authorization: basic bwu6cgfzcyb3b3jk"), "{asked:?}");
    assert_eq!(registry.asked()[0].header("proxy-authorization"), None);

    // Who is excepted is reached without, and so not at all.
    let before = proxy.asked().len();
    let fault = Client::new(through(&proxy.address, "registry.example")).resolve(&app).unwrap_err();
    assert!(fault.sentence().contains("no name server"), "{fault}");
    // This machine needs none.
    assert!(Client::new(through(&proxy.address, "")).resolve(&name(&registry.host(), "app:1")).is_ok());
    assert_eq!(proxy.asked().len(), before);
}

#[test]
fn a_proxy_that_refuses_is_said_to() {
    let registry = LyingRegistry::new(|_| lab::Reply::status(200));
    let proxy = Proxy::to(&registry, true);
    let app = name("registry.example:5000", "app:1");
    let fault = Client::new(through(&proxy.address, "")).resolve(&app).unwrap_err();
    assert!(fault.sentence().contains("the proxy refused"), "{fault}");
    assert!(!proxy.asked().is_empty() && registry.asked().is_empty());
    for junk in ["nonsense://x", "http://", "://", "http://\u{1b}[2J", "socks5h://127.0.0.1:1", "127.0.0.1:1"]
    {
        let mut settings = through(&proxy.address, "");
        settings.proxies.https = Some(junk.into());
        settings.proxies.http = Some(junk.into());
        let said = Client::new(settings).resolve(&app).unwrap_err().to_string();
        assert!(said.contains("proxy") && !said.contains('\u{1b}'), "{junk:?}: {said}");
    }
    let shown = format!("{:?}", through(&proxy.address, "").proxies);
    assert!(!shown.contains("pass"), "{shown}");
}

/// The proxy would reach what we cannot, and what is only for its own machine.
#[test]
fn a_proxy_is_not_asked_for_what_a_registry_may_not_name() {
    let image = Image::new(10);
    for place in ["http://169.254.169.254/latest", "http://127.0.0.1:1/x", "http://[::1]/x"] {
        let registry = LyingRegistry::new(move |_| lab::Reply::redirect(place));
        let proxy = Proxy::to(&registry, false);
        let mut settings = through(&proxy.address, "");
        settings.hosts.insecure.push("169.254.169.254".into());
        let app = name("registry.example:5000", "app");
        let fault = crate::kit::fetch(&Client::new(settings), &app, &image.layer_descriptor()).unwrap_err();
        assert!(fault.sentence().contains("which only this machine can reach"), "{place}: {fault}");
        assert!(
            proxy.asked().iter().all(|asked| asked.starts_with("CONNECT registry.example:5000")),
            "{place}"
        );
        assert_eq!(registry.asked().len(), 1, "{place}");
    }
}
