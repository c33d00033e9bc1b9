//! Why a request got no answer.

use std::io;

use fault::{Fault, Kind};
use rustls::CertificateError;

/// A result that fails with a [`Trouble`].
pub(crate) type Tried<T> = Result<T, Trouble>;

/// Why a request got no answer, and what that means for the next try.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) fault: Fault,
    /// The next try may work.
    pub(crate) passing: bool,
    /// Nobody was there.
    pub(crate) nobody: bool,
    /// There was no connection with TLS: the host may not have TLS at all.
    pub(crate) no_tls: bool,
}

impl Trouble {
    /// Nothing that waiting helps against.
    pub(crate) fn lasting(fault: Fault) -> Trouble {
        Trouble { fault, passing: false, nobody: false, no_tls: false }
    }

    /// It says nothing about the registry itself.
    pub(crate) fn elsewhere(self) -> Trouble {
        Trouble { no_tls: false, ..self }
    }

    /// Of an exchange with `host`; `doing` completes the sentence "cannot ...".
    pub(crate) fn of(err: &ureq::Error, host: &str, doing: &str) -> Trouble {
        if let Some(fault) = ours(err) {
            return Trouble::lasting(fault.clone().during(doing));
        }
        let Cause { text, passing, nobody, no_tls } = cause(err);
        let kind = if passing { Kind::Unavailable } else { Kind::Failed };
        let fault = Fault::new(kind, doing).because(format!("{host}: {text}")).or_hint(hint(err, host));
        Trouble { fault, passing, nobody, no_tls }
    }
}

/// What went wrong, and what it means.
#[derive(Default)]
struct Cause {
    text: String,
    passing: bool,
    nobody: bool,
    no_tls: bool,
}

fn cause(err: &ureq::Error) -> Cause {
    use ureq::{Error, Timeout};
    let lasting = |text: &str| Cause { text: text.to_string(), ..Cause::default() };
    let passing = |text: &str| Cause { passing: true, ..lasting(text) };
    let nobody = |text: &str| Cause { nobody: true, no_tls: true, ..passing(text) };
    if let Some(tls) = tls_error(err) {
        return Cause { no_tls: true, ..lasting(&explain(tls)) };
    }
    match err {
        Error::HostNotFound => nobody("no such host"),
        Error::Timeout(Timeout::Connect | Timeout::Resolve) => nobody("it does not answer"),
        Error::Timeout(Timeout::PerRead | Timeout::PerWrite) => passing("nothing came for too long"),
        Error::Timeout(_) => passing("it took too long"),
        Error::Io(io) => of_io(io),
        Error::ConnectProxyFailed(text) => nobody(&format!("the proxy refused: {}", fault::visible(text))),
        Error::LargeResponseHeader(_, most) => {
            lasting(&format!("its answer has headers of more than {most} bytes"))
        }
        Error::Protocol(_) | Error::Http(_) => {
            lasting(&format!("it does not speak HTTP as it should ({err})"))
        }
        other => lasting(&other.to_string()),
    }
}

fn of_io(err: &io::Error) -> Cause {
    use io::ErrorKind::*;
    let text = words(err);
    let cut = matches!(err.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe);
    let nobody = matches!(err.kind(), ConnectionRefused | HostUnreachable | NetworkUnreachable | NetworkDown);
    Cause { text, passing: err.kind() != InvalidData, nobody, no_tls: cut || nobody }
}

fn words(err: &io::Error) -> String {
    if err.kind() == io::ErrorKind::UnexpectedEof {
        return "the connection was closed".to_string();
    }
    let text = err.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    text.chars().take(1).flat_map(char::to_lowercase).chain(text.chars().skip(1)).collect()
}

fn tls_error(err: &ureq::Error) -> Option<&rustls::Error> {
    match err {
        ureq::Error::Rustls(err) => Some(err),
        ureq::Error::Io(err) => err.get_ref()?.downcast_ref(),
        _ => None,
    }
}

fn explain(err: &rustls::Error) -> String {
    use rustls::Error::{InvalidCertificate, InvalidMessage};
    match err {
        InvalidMessage(_) => "it does not speak TLS".to_string(),
        InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            "its certificate is signed by an authority that is not known here".to_string()
        }
        InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "its certificate has expired".to_string()
        }
        InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "its certificate is for another name".to_string(),
        other => format!("TLS: {other}"),
    }
}

fn hint(err: &ureq::Error, host: &str) -> Option<String> {
    use rustls::Error::{InvalidCertificate, InvalidMessage};
    // What comes after it is a proxy.
    let host = host.split(' ').next().unwrap_or_default();
    match tls_error(err)? {
        InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            Some(format!("put the certificate of its authority into `/etc/docker/certs.d/{host}/ca.crt`"))
        }
        InvalidMessage(_) => Some(
            "if it is meant to be without TLS, name it in `insecure-registries` of `/etc/docker/daemon.json`"
                .into(),
        ),
        _ => None,
    }
}

/// A fault of our own that went through a library.
fn ours(err: &ureq::Error) -> Option<&Fault> {
    match err {
        ureq::Error::Other(inner) => inner.downcast_ref(),
        ureq::Error::Io(err) => err.get_ref()?.downcast_ref(),
        _ => None,
    }
}

/// What is inside an error of reading a [`crate::Blob`]; `doing` is said of any other error.
pub fn fault_of(err: &io::Error, doing: impl Into<String>) -> Fault {
    match err.get_ref().and_then(|inner| inner.downcast_ref::<Fault>()) {
        Some(fault) => fault.clone(),
        None => Fault::of(err, doing),
    }
}
