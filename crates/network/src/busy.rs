//! What is being done right now, so that somebody else can take it back if it is never finished.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::PathBuf;

use fault::{Doing, Result};
use rustix::fs::{FlockOperation, flock};

use crate::{Networks, disk};

/// What somebody was about to do when it was killed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutOff {
    /// The container that it was about.
    pub container: String,
    /// The id of the one network that it was about; nothing means all of the container's.
    pub network: Option<String>,
}

impl Networks {
    fn busy_path(&self, container: &str, network: Option<&str>) -> PathBuf {
        self.busy()
            .join(network.map_or_else(|| container.to_string(), |network| format!("{container}.{network}")))
    }

    /// This process is about to connect a container, or to disconnect it: with one network, or with all.
    pub fn begin(&self, container: &str, network: Option<&str>) -> Result<()> {
        let path = self.busy_path(container, network);
        let own = myself();
        // Whoever takes back right now what was about this container does so before we begin.
        let _held = self.hold_busy()?;
        if disk::take(&path, &own)? {
            return Ok(());
        }
        // Whoever was at it before does the same no more.
        disk::remove(&path)?;
        disk::take(&path, &own).map(drop)
    }

    fn hold_busy(&self) -> Result<File> {
        let folder = self.busy();
        let doing = || format!("lock `{}`", folder.display());
        let file = match File::open(&folder) {
            Err(err) if err.kind() == ErrorKind::NotFound => {
                self.make_folders()?;
                File::open(&folder).doing(doing)?
            }
            file => file.doing(doing)?,
        };
        rustix::io::retry_on_intr(|| flock(&file, FlockOperation::LockExclusive)).doing(doing)?;
        Ok(file)
    }

    /// Takes back what others have begun and will never finish, and tells what that was; what `done` says yes to is finished.
    pub fn take_back_all(&self, done: impl Fn(&CutOff) -> bool) -> Result<Vec<CutOff>> {
        if self.cut_off()?.is_empty() {
            return Ok(Vec::new());
        }
        let _held = self.hold_busy()?;
        let all = self.cut_off()?;
        for cut_off in &all {
            let (container, network) = (&cut_off.container, cut_off.network.as_deref());
            if done(cut_off) {
                self.finish(container, network)?;
            } else {
                self.take_back(container, network)?;
            }
        }
        Ok(all)
    }

    /// It has done all of it, or has taken all of it back.
    pub fn finish(&self, container: &str, network: Option<&str>) -> Result<()> {
        disk::remove(&self.busy_path(container, network))
    }

    /// What others have begun and will never finish.
    fn cut_off(&self) -> Result<Vec<CutOff>> {
        let mut all = Vec::new();
        for name in disk::names(&self.busy())? {
            // One that is gone by now was finished.
            if disk::holder(&self.busy().join(&name)).is_none_or(|who| lives(&who)) {
                continue;
            }
            let (container, network) = match name.split_once('.') {
                Some((container, network)) => (container, Some(network.to_string())),
                None => (name.as_str(), None),
            };
            all.push(CutOff { container: container.to_string(), network });
        }
        Ok(all)
    }
}

/// This process: its number, and when it began, as no other can have both.
fn myself() -> String {
    let pid = std::process::id();
    format!("{pid}.{}", start_of(pid).unwrap_or_default())
}

fn lives(who: &str) -> bool {
    let Some((pid, start)) = who.split_once('.') else { return false };
    let pid = pid.parse().ok();
    pid.and_then(start_of).is_some_and(|there| there == start)
}

/// When a process began, and in which boot it did. Source: proc_pid_stat(5), field 22.
fn start_of(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is a name in parentheses, with anything in it.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?;
    let start = fields.nth(18)?;
    // One that nobody has waited for yet does no more.
    (!matches!(state, "Z" | "X")).then(|| start.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Place;

    #[test]
    fn what_nobody_will_finish_is_found() {
        let place = Place::new();
        let networks = place.networks();
        drop(networks.alone().unwrap());
        networks.begin("c1", None).unwrap();
        networks.begin("c1", None).unwrap();
        assert_eq!(networks.cut_off().unwrap(), []);
        // The number of nobody; and ours, in another life.
        disk::take(&networks.busy().join("c2"), "4194305.7").unwrap();
        disk::take(&networks.busy().join("c3.n1"), &format!("{}.7", std::process::id())).unwrap();
        let found = networks.cut_off().unwrap();
        let expected = [("c2", None), ("c3", Some("n1"))].map(|(container, network)| CutOff {
            container: container.into(),
            network: network.map(str::to_string),
        });
        assert_eq!(found, expected);
        networks.finish("c2", None).unwrap();
        networks.finish("c3", Some("n1")).unwrap();
        networks.finish("c1", None).unwrap();
        assert_eq!(disk::names(&networks.busy()).unwrap(), [""; 0]);
    }
}
