//! Which certificates are believed.

use std::fs;
use std::path::{Path, PathBuf};

use fault::{Doing, Fault, Kind, Result};
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

/// What a host's certificate is checked against, and what we show it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Trust {
    /// The user has said that this host's certificate need not be checked.
    pub(crate) anybody: bool,
    /// Folders with `*.crt` beside the system's authorities.
    pub(crate) folders: Vec<PathBuf>,
    /// How many of those, from the first on, are for this host: what is in them of ours (`*.cert`, `*.key`) is shown.
    pub(crate) own: usize,
    /// More authorities.
    pub(crate) authorities: Vec<PathBuf>,
    /// What is shown instead: a certificate and its key.
    pub(crate) ours: Option<(PathBuf, PathBuf)>,
}

/// Where distributions keep the certificates of authorities, in one file.
///
/// Source: Go's `crypto/x509/root_linux.go`, so that docker, podman and we believe the same.
const BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// For ureq.
///
/// # Errors
/// A certificate or key is there and cannot be used.
pub(crate) fn config(trust: &Trust, bundle: Option<&Path>) -> Result<TlsConfig> {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let roots = if trust.anybody { Vec::new() } else { authorities(trust, bundle)? };
    Ok(TlsConfig::builder()
        .unversioned_rustls_crypto_provider(provider)
        .disable_verification(trust.anybody)
        .root_certs(RootCerts::new_with_certs(&roots))
        .client_cert(ours(trust)?)
        .build())
}

fn authorities(trust: &Trust, bundle: Option<&Path>) -> Result<Vec<Certificate<'static>>> {
    let known =
        bundle.map(Path::to_path_buf).or_else(|| std::env::var_os("SSL_CERT_FILE").map(PathBuf::from));
    let bundle = known.or_else(|| BUNDLES.iter().map(PathBuf::from).find(|path| path.is_file()));
    let mut roots = in_environment();
    for file in bundle.into_iter().chain(files(&trust.folders, "crt")?).chain(trust.authorities.clone()) {
        roots.extend(certificates(&file)?);
    }
    Ok(roots)
}

/// Of all files in the folders of `SSL_CERT_DIR`, as Go has it: what is no certificate does not count.
fn in_environment() -> Vec<Certificate<'static>> {
    let folders = std::env::var_os("SSL_CERT_DIR").unwrap_or_default();
    let entries =
        std::env::split_paths(&folders).filter_map(|folder| folder.read_dir().ok()).flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    files.iter().filter_map(|file| certificates(file).ok()).flatten().collect()
}

/// What we show a host that asks who we are.
fn ours(trust: &Trust) -> Result<Option<ClientCert>> {
    let in_folders = || {
        let own = trust.folders.get(..trust.own).unwrap_or_default();
        let first = files(own, "cert").map(|files| files.into_iter().next());
        first.map(|cert| cert.map(|cert| (cert.clone(), cert.with_extension("key"))))
    };
    let pair = trust.ours.clone().map_or_else(in_folders, |pair| Ok(Some(pair)));
    let Some((cert, key)) = pair? else { return Ok(None) };
    let doing = || format!("use client certificate `{}`", cert.display());
    let wrong = |cause: &str| Err(Fault::new(Kind::Invalid, doing()).because(cause));
    let pem = fs::read(&key)
        .doing(|| format!("read `{}`", key.display()))
        .map_err(|fault| fault.during(doing()))?;
    let Ok(private) = PrivateKey::from_pem(&pem) else { return wrong("its key is not one in PEM") };
    let chain = certificates(&cert)?;
    if !fit_together(&chain, &pem) {
        return wrong("certificate and key do not fit together");
    }
    Ok(Some(ClientCert::new_with_certs(&chain, private)))
}

/// ureq takes it for granted.
fn fit_together(chain: &[Certificate<'static>], key: &[u8]) -> bool {
    use rustls::pki_types::pem::PemObject;
    let chain: Vec<_> = chain.iter().map(|cert| cert.der().to_vec().into()).collect();
    let provider = rustls::crypto::ring::default_provider();
    let Ok(key) = rustls::pki_types::PrivateKeyDer::from_pem_slice(key) else { return false };
    rustls::sign::CertifiedKey::from_der(chain, key, &provider).is_ok()
}

/// Files of one kind in the folders, in the order of their names.
fn files(folders: &[PathBuf], extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in folders {
        let doing = || format!("read `{}`", folder.display());
        for entry in fs::read_dir(folder).doing(doing)? {
            let path = entry.doing(doing)?.path();
            found.extend(Some(path).filter(|path| path.extension().is_some_and(|end| end == extension)));
        }
    }
    found.sort();
    Ok(found)
}

fn certificates(file: &Path) -> Result<Vec<Certificate<'static>>> {
    let pem = fs::read(file).doing(|| format!("read `{}`", file.display()))?;
    let cert = |item| match item {
        Ok(PemItem::Certificate(cert)) => Some(cert),
        _ => None,
    };
    let certs: Vec<_> = parse_pem(&pem).filter_map(cert).collect();
    if certs.is_empty() {
        return Err(Fault::new(Kind::Invalid, format!("use `{}`", file.display()))
            .because("there is no certificate in PEM in it"));
    }
    Ok(certs)
}
