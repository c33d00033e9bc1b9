//! What was asked for, after it was understood.

use std::path::PathBuf;
use std::str::FromStr;

use fault::{Fault, Kind, Result};

use crate::{Variable, Volume};

/// A container that somebody wants.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// What its root is.
    pub root: Root,
    /// The program and its arguments; nothing means the image's own.
    pub command: Vec<String>,
    /// The program, to which `command` is then the arguments.
    pub entrypoint: Option<String>,
    /// A terminal of its own.
    pub terminal: bool,
    /// Rows and columns of the caller's terminal.
    pub size: Option<(u16, u16)>,
    /// Its name; nothing means one of ours.
    pub name: Option<String>,
    /// Its host name.
    pub hostname: Option<String>,
    /// Variables, later ones last.
    pub env: Vec<Variable>,
    /// Where the program starts.
    pub workdir: Option<String>,
    /// `name|uid[:group|gid]`.
    pub user: Option<String>,
    /// Parts of the host.
    pub volumes: Vec<Volume>,
    /// Nothing of the root can be changed.
    pub read_only: bool,
    /// Bytes.
    pub memory: Option<i64>,
    /// Microseconds of processor time in each 100 ms: see [`crate::cpus`].
    pub cpu_quota: Option<i64>,
    /// Processes and threads; 0 and less mean no limit.
    pub pids: Option<i64>,
    /// What network it has.
    pub network: Network,
    /// Capabilities on top of the default ones.
    pub cap_add: Vec<String>,
    /// Default capabilities that it is not to have.
    pub cap_drop: Vec<String>,
    /// Nearly no wall at all.
    pub privileged: bool,
}

/// What a container's root is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Root {
    /// The built-in image: this machine's own root, to be written to without any effect on it.
    #[default]
    Host,
    /// A folder, which is written to.
    Folder(PathBuf),
}

impl FromStr for Root {
    type Err = Fault;

    fn from_str(image: &str) -> Result<Root> {
        if image == "host" {
            return Ok(Root::Host);
        }
        Err(Fault::new(Kind::NotFound, format!("find image `{image}`"))
            .because("images from registries come with a later version; there is one built in: `host`")
            .hint("`nagaya run host` uses this machine's own root, `nagaya run --rootfs DIR` a folder"))
    }
}

/// What network a container has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Network {
    /// Its own, with nothing but a loopback in it.
    #[default]
    None,
    /// This machine's.
    Host,
}

impl FromStr for Network {
    type Err = Fault;

    fn from_str(name: &str) -> Result<Network> {
        match name {
            "none" => Ok(Network::None),
            "host" => Ok(Network::Host),
            _ => Err(Fault::new(Kind::Unsupported, format!("use network `{name}`"))
                .because("networks of our own come with a later version; there are `none` and `host`")
                .hint("leave --network out for none at all, or share this machine's: --network host")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_yet_says_what_is() {
        assert_eq!("host".parse::<Root>().unwrap(), Root::Host);
        assert!("nginx".parse::<Root>().unwrap_err().to_string().contains("`nagaya run host`"));
        assert_eq!("none".parse::<Network>().unwrap(), Network::None);
        assert!("bridge".parse::<Network>().unwrap_err().sentence().contains("`bridge`"));
    }
}
