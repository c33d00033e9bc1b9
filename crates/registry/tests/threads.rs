//! One client, many threads.

use std::io::Read;
use std::sync::{Arc, Barrier};
use std::thread;

use lab::{LyingRegistry, Reply};
use registry::{Blob, Client, Settings};

use crate::kit::{Image, client, good, name};

#[test]
fn threads_share_what_one_of_them_knows() {
    let image = Arc::new(Image::new(200_000));
    let here = Arc::clone(&image);
    let registry = LyingRegistry::new(move |asked| match (asked.path(), asked.header("authorization")) {
        ("/token", _) => Reply::of(200, r#"{"token":"good","expires_in":300}"#),
        (_, Some("Bearer good")) => good(&here, asked),
        _ => Reply::status(401).header("www-authenticate", r#"Bearer realm="/token",service="x""#),
    });
    let (client, app) = (client(), name(&registry.host(), "app:1"));
    client.resolve(&app).unwrap();
    let together = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut blob = client.blob(&app, &image.layer_descriptor()).unwrap();
                together.wait();
                let mut bytes = Vec::new();
                blob.read_to_end(&mut bytes).unwrap();
                assert_eq!(bytes, image.layer);
            });
        }
    });
    let count = |part: &str| registry.lines().iter().filter(|line| line.contains(part)).count();
    assert_eq!((count("/token"), count("/blobs/")), (1, 8));
}

#[test]
fn what_is_shared_can_be() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    fn moved<T: Send + 'static>() {}
    shared::<Client>();
    shared::<Settings>();
    moved::<Blob>();
}
