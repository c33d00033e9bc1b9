//! `spec`: writes a config to start from.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use fault::{Doing, Kind, Result};

use crate::args::{Args, Word, takes, unknown};

const USAGE: &str = "spec [--bundle DIR | --config FILE] [--rootless]";

pub(crate) fn run(mut args: Args) -> Result<ExitCode> {
    let (mut bundle, mut config, mut rootless) = (PathBuf::from("."), None, false);
    while let Some(word) = args.next()? {
        match word {
            Word::Value(_) => return Err(takes(USAGE)),
            Word::Option(name) => match name.as_str() {
                "bundle" | "b" => bundle = args.value("bundle")?.into(),
                "config" | "f" => config = Some(PathBuf::from(args.value("config")?)),
                "rootless" => rootless = true,
                other => return Err(unknown(other)),
            },
        }
    }
    let mut spec = oci::template(rootless);
    if rootless {
        for map in &mut spec.linux.uid_mappings {
            map.host_id = rustix::process::geteuid().as_raw();
        }
        for map in &mut spec.linux.gid_mappings {
            map.host_id = rustix::process::getegid().as_raw();
        }
    }
    let path = config.unwrap_or_else(|| bundle.join("config.json"));
    let doing = || format!("write `{}`", path.display());
    let text = serde_json::to_string_pretty(&spec).map_err(std::io::Error::from).doing(doing)?;
    let mut file = File::create_new(&path).doing(doing).map_err(|fault| match fault.kind() {
        Kind::Exists => fault.hint("remove it first: it may be somebody's work"),
        _ => fault,
    })?;
    file.write_all(format!("{text}\n").as_bytes()).doing(doing)?;
    Ok(ExitCode::SUCCESS)
}
