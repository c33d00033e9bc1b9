//! Answers that are hardly HTTP: each ends in an error that names the host, and never in a crash.

use std::fmt::Write as _;
use std::sync::Arc;

use lab::{LyingRegistry, Reply};

use crate::kit::{Image, client, fetch, liar, name, settings};

/// Heads of answers, and whole ones.
fn garbage() -> Vec<Vec<u8>> {
    let ok = "HTTP/1.1 200 OK\r\n";
    let many = (0..100_000).fold(ok.to_string(), |mut head, number| {
        let _ = write!(head, "x-{number}: y\r\n");
        head
    });
    let texts = [
        String::new(),
        "\r\n\r\n".into(),
        "<html>a page of HTTP/0.9</html>".into(),
        "HTTP/1.1\r\n\r\n".into(),
        "HTTP/1.1 abc OK\r\n\r\n".into(),
        "HTTP/1.1 99 OK\r\n\r\n".into(),
        "HTTP/1.1 1000 OK\r\n\r\n".into(),
        "HTTP/1.1 -200 OK\r\n\r\n".into(),
        "HTTP/3.7 200 OK\r\n\r\n".into(),
        "HTTP/1.1 100 Continue\r\n\r\n".repeat(1000),
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n".into(),
        "HTTP/1.1 304 Not Modified\r\n\r\n".into(),
        "HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nhello".into(),
        "HTTP/1.1 407 Proxy\r\n\r\n".into(),
        "HTTP/1.1 401 No\r\nwww-authenticate: \r\n\r\n".into(),
        format!("{ok}content-length: -1\r\n\r\n"),
        format!("{ok}content-length: 99999999999999999999\r\n\r\n"),
        format!("{ok}content-length: 18446744073709551615\r\n\r\nx"),
        format!("{ok}content-length: 5\r\ncontent-length: 6\r\n\r\nhello!"),
        format!("{ok}content-length: five\r\n\r\nhello"),
        format!("{ok}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"),
        format!("{ok}transfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n"),
        format!("{ok}transfer-encoding: chunked\r\n\r\nffffffffffffffffffff\r\nhello"),
        format!("{ok}transfer-encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n"),
        format!("{ok}transfer-encoding: chunked\r\n\r\n5\r\nhello"),
        format!("{ok}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"),
        format!("{ok}transfer-encoding: chunked\r\n\r\n5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(100_000)),
        format!("{ok}transfer-encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
        format!("{ok}no colon here\r\n\r\n"),
        format!("{ok}: no name\r\n\r\n"),
        format!("{ok}a b: c\r\n\r\n"),
        format!("{ok}x: {}\r\n\r\n", "y".repeat(1 << 20)),
        format!("{many}\r\n"),
        format!("{ok}x: y\n\n"),
        format!("{ok}x: y"),
    ];
    let mut all: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
    all.push(b"HTTP/1.1 200 \xff\xfe\r\nx: \xff\r\ncontent-length: 0\r\n\r\n".to_vec());
    all.push(b"HTTP/1.1 307 x\r\nlocation: \xff\xfe\r\ncontent-length: 0\r\n\r\n".to_vec());
    all.push(b"HTTP/1.1 200 OK\r\ncontent-type: \xff\r\ncontent-length: 2\r\n\r\n{}".to_vec());
    all.push(vec![0; 4096]);
    all.push((0..=255).cycle().take(4096).collect());
    all
}

#[test]
fn what_is_hardly_http_is_refused_and_nothing_falls_over() {
    let image = Arc::new(Image::new(1000));
    let good = liar(&image, |_, reply| reply);
    assert!(client().resolve(&name(&good.host(), "app:1")).is_ok(), "the control");
    for bytes in garbage() {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(120)]).into_owned();
        let registry = LyingRegistry::new(move |_| Reply::raw(bytes.as_slice()));
        let host = registry.host();
        let mut settings = settings();
        settings.patience.tries = 2;
        let client = registry::Client::new(settings);
        let app = name(&host, "app:1");
        for fault in
            [client.resolve(&app).map(drop), fetch(&client, &app, &image.layer_descriptor()).map(drop)]
        {
            let said = fault.unwrap_err().to_string();
            assert!(said.contains(&host), "{shown:?}: {said}");
            assert!(
                said.len() < 2000 && !said.replace('\n', "").contains(char::is_control),
                "{shown:?}: {said:?}"
            );
        }
        assert!(!registry.asked().is_empty(), "{shown:?}: it was not even asked");
    }
}

#[test]
fn garbage_in_the_midst_of_an_upload_is_an_error_too() {
    let image = Image::new(1000);
    for bytes in garbage() {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(120)]).into_owned();
        let registry = LyingRegistry::new(move |asked| match asked.method.as_str() {
            "HEAD" => Reply::status(404),
            "POST" => Reply::status(202).header("location", "/upload"),
            _ => Reply::raw(bytes.as_slice()),
        });
        let mut settings = settings();
        settings.patience.tries = 2;
        let layer = image.layer.clone();
        let source = move |at: u64| -> std::io::Result<Box<dyn std::io::Read>> {
            let at = usize::try_from(at).expect("a place in memory");
            Ok(Box::new(std::io::Cursor::new(layer[at..].to_vec())))
        };
        let client = registry::Client::new(settings);
        // An answer of 200 or 204 says that it was taken, whatever else is in it.
        let pushed =
            client.push_blob(&name(&registry.host(), "app"), &image.layer_descriptor(), &[], &source);
        let said = pushed.map_or_else(|fault| fault.to_string(), |_| registry.host());
        assert!(said.contains(&registry.host()) || said.contains("file"), "{shown:?}: {said}");
        assert!(registry.lines().iter().any(|line| line.starts_with("PUT")), "{shown:?}");
    }
}
