//! Reference to bytes: the distribution specification's pull and push, with Docker's authentication.
//!
//! ```no_run
//! use registry::{Client, Settings};
//!
//! # fn main() -> fault::Result<()> {
//! let name: oci::image::Reference = "debian:12".parse()?;
//! let client = Client::new(Settings::of_this_machine()?);
//! let found = client.resolve(&name)?;
//! let document = oci::image::Document::parse(&found.bytes, &[("registry", &found.media_type)])?;
//! # if let oci::image::Document::Manifest(manifest) = document {
//! let layer = client.blob(&name, &manifest.layers[0])?; // `Read`; goes on where a connection broke
//! # }
//! # Ok(())
//! # }
//! ```
//!
//! - [`Client`]: resolve, fetch, push and log in. It can be cloned and used by many threads; it starts none itself
//!   and prints nothing.
//! - [`Settings`]: everything that comes from the machine: hosts and their certificates, credentials, proxies.
//!
//! What a registry says is believed as far as it can be checked: documents against their digest here, blobs
//! against theirs by whoever reads them. Credentials go to the host that they are for, by TLS unless the user has
//! said that this host needs none, and to the token server that this host names on its own site.
//!
//! Source: <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md>

mod answer;
mod auth;
mod blob;
mod call;
mod challenge;
mod client;
mod credentials;
mod errand;
mod hosts;
mod login;
mod names;
mod patience;
mod proxy;
mod push;
mod refusal;
mod resolve;
mod settings;
mod tags;
mod tls;
mod token;
mod trouble;
mod upload;
mod url;
mod wire;

pub use blob::Blob;
pub use client::Client;
pub use credentials::{Credential, Credentials, Kept};
pub use hosts::{Headers, Hosts, Rules};
pub use patience::{Patience, Waiting};
pub use proxy::Proxies;
pub use push::{Pushed, Source};
pub use resolve::Resolved;
pub use settings::{Settings, Watch};
pub use trouble::fault_of;
