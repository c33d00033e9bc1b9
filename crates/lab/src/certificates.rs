//! Certificates of an authority that only a test knows.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Three words: folder, host with its port, days.
const SCRIPT: &str = r#"
    set -e; cd "$1"; mkdir -p "certs.d/$2" "certs.d/localhost:${2##*:}"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 \
      -subj "/CN=lab $2" -addext basicConstraints=critical,CA:TRUE
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out csr -subj /CN=localhost
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n' > ext
    openssl x509 -req -in csr -CA ca.pem -CAkey ca.key -CAcreateserial -days "$3" -extfile ext -out cert.pem
    cp ca.pem "certs.d/$2/ca.crt"; cp ca.pem "certs.d/localhost:${2##*:}/ca.crt""#;

/// An authority, and a certificate for `localhost` and 127.0.0.1 by it: `cert.pem` and `key.pem`. The authority is
/// in `certs.d` for `host`. With fewer than no days it has expired.
pub(crate) fn make(folder: &Path, host: &str, days: i32) {
    let out =
        Command::new("sh").args(["-c", SCRIPT, "sh"]).arg(folder).arg(host).arg(days.to_string()).output();
    let out = out.expect("sh");
    assert!(out.status.success(), "openssl: {}", String::from_utf8_lossy(&out.stderr));
}

/// A server with what [`make`] has made.
pub(crate) fn server(folder: &Path) -> ServerConfig {
    let pem = |file: &str| fs::read(folder.join(file)).expect("a file that openssl has made");
    let chain = CertificateDer::from_pem_slice(&pem("cert.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(&pem("key.pem")).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = versions.expect("versions of TLS").with_no_client_auth().with_single_cert(vec![chain], key);
    config.expect("certificate and key")
}
