//! User and group ids of a user namespace.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use fault::{Doing, Fault, Kind, Result};
use oci::IdMapping;
use plan::IdMaps;
use rustix::fs::{Gid, Uid};
use rustix::thread::{set_thread_gid, set_thread_groups, set_thread_uid};

/// Writes the mappings of the process's user namespace. Groups first: once they are mapped, whether they
/// can be changed inside can no longer be forbidden.
///
/// Source: user_namespaces(7).
pub(crate) fn map(pid: i32, maps: &IdMaps) -> Result<()> {
    if maps.helpers {
        run_helper("newuidmap", pid, &maps.uids)?;
        return run_helper("newgidmap", pid, &maps.gids);
    }
    if !maps.groups {
        write(pid, "setgroups", "deny")?;
    }
    write(pid, "gid_map", &lines(&maps.gids))?;
    write(pid, "uid_map", &lines(&maps.uids))
}

fn lines(maps: &[IdMapping]) -> String {
    maps.iter().fold(String::new(), |mut text, map| {
        let _ = writeln!(text, "{} {} {}", map.container_id, map.host_id, map.size);
        text
    })
}

fn write(pid: i32, file: &str, value: &str) -> Result<()> {
    let path = format!("/proc/{pid}/{file}");
    fs::write(&path, value).doing(|| format!("write `{path}`")).map_err(|fault| {
        fault.hint("an ordinary user may map only itself, or the ids of /etc/subuid with newuidmap (package `uidmap`)")
    })
}

/// newuidmap(1) is setuid root and checks /etc/subuid.
fn run_helper(program: &str, pid: i32, maps: &[IdMapping]) -> Result<()> {
    let mut command = Command::new(program);
    command.arg(pid.to_string());
    for map in maps {
        command.args([map.container_id, map.host_id, map.size].map(|number| number.to_string()));
    }
    let output = command.output().doing(|| format!("run `{program}`"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_string();
    Err(Fault::new(Kind::Denied, format!("map ids by `{program}`"))
        .because(said)
        .hint("which ids a user may map is in /etc/subuid and /etc/subgid"))
}

/// Becomes user and group 0 of the new user namespace.
pub(crate) fn become_root(groups: bool) -> Result<()> {
    if groups {
        set_thread_groups(&[]).doing(|| "leave all groups")?;
    }
    // Ids that are not mapped cannot be taken; then the container has no root, and needs none.
    match set_thread_gid(Gid::ROOT).and_then(|()| set_thread_uid(Uid::ROOT)) {
        Err(rustix::io::Errno::INVAL) => Ok(()),
        other => other.doing(|| "become root"),
    }
}
