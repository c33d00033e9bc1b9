//! `--device`: devices of the machine that a container may use.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use fault::{Fault, Kind, Result};
use oci::{Device, DeviceRule, Mount};
use serde::{Deserialize, Serialize};

/// Devices of the machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Devices {
    /// Nodes and folders of nodes.
    pub nodes: Vec<DeviceNode>,
    /// `vendor.com/class=name`: what a vendor's file says belongs to it.
    pub cdi: Vec<String>,
    /// Rules on top, without a node.
    pub rules: Vec<String>,
}

/// A device, or a folder of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceNode {
    /// Its path on this machine.
    pub source: String,
    /// Its path in the container.
    pub destination: String,
    /// Some of `r`, `w`, `m`.
    pub access: String,
}

impl Devices {
    /// `--device SOURCE[:DESTINATION][:ACCESS]`, or a name of CDI.
    pub fn add(&mut self, text: &str) -> Result<()> {
        if is_cdi(text) {
            self.cdi.push(text.to_string());
            return Ok(());
        }
        self.nodes.push(DeviceNode::parse(text)?);
        Ok(())
    }

    /// `--gpus all|COUNT|device=ID[,ID]`: by the vendor's names.
    pub fn add_gpus(&mut self, text: &str) -> Result<()> {
        let name = |id: &str| format!("nvidia.com/gpu={id}");
        let text = text.trim_matches('"');
        let count = text.strip_prefix("count=").unwrap_or(text);
        if count == "all" || count == "-1" {
            self.cdi.push(name("all"));
            return Ok(());
        }
        if let Ok(count) = count.parse::<u16>() {
            self.cdi.extend((0..count).map(|id| name(&id.to_string())));
            return Ok(());
        }
        let Some(ids) = text.strip_prefix("device=") else {
            return Err(Fault::invalid("--gpus", format!("invalid argument `{text}`"))
                .hint("`all`, a number of them, or `device=0,1`"));
        };
        self.cdi.extend(ids.split(',').map(name));
        Ok(())
    }

    /// `--device-cgroup-rule`.
    pub fn add_rule(&mut self, text: &str) -> Result<()> {
        rule(text).ok_or_else(|| {
            Fault::invalid("--device-cgroup-rule", format!("invalid device cgroup format '{text}'"))
                .hint("as in `c 10:200 rwm`; `*` stands for all numbers")
        })?;
        self.rules.push(text.to_string());
        Ok(())
    }

    /// Where no node can be made, in a user namespace, the machine's own is mounted: these, under another name than it has here.
    pub(crate) fn renamed(&self) -> Vec<Mount> {
        let bind = |node: &DeviceNode| Mount {
            destination: node.destination.clone(),
            kind: "bind".to_string(),
            source: node.source.clone(),
            options: ["bind", "rprivate", "nosuid", "noexec"].map(String::from).to_vec(),
            ..Mount::default()
        };
        self.nodes.iter().filter(|node| node.is_renamed()).map(bind).collect()
    }

    /// The nodes and the rules that go with them. What is no device and no folder of devices is refused.
    pub(crate) fn resolve(&self) -> Result<(Vec<Device>, Vec<DeviceRule>)> {
        let (mut devices, mut rules) = (Vec::new(), Vec::new());
        for node in &self.nodes {
            let found = node.find()?;
            rules.extend(found.iter().map(|device| DeviceRule {
                allow: true,
                kind: device.kind.clone(),
                major: Some(device.major),
                minor: Some(device.minor),
                access: node.access.clone(),
            }));
            devices.extend(found);
        }
        rules.extend(self.rules.iter().filter_map(|text| rule(text)));
        Ok((devices, rules))
    }
}

impl DeviceNode {
    fn parse(text: &str) -> Result<DeviceNode> {
        let wrong = |why: String| Fault::invalid("--device", why);
        let parts: Vec<_> = text.split(':').collect();
        let (source, destination, access) = match parts[..] {
            [source] => (source, source, "rwm"),
            [source, access] if is_access(access) => (source, source, access),
            [source, destination] => (source, destination, "rwm"),
            [source, destination, access] if is_access(access) => (source, destination, access),
            [_, _, access] => return Err(wrong(format!("bad mode specified: {access}"))),
            _ => return Err(wrong(format!("invalid device specification: {text}"))),
        };
        for path in [source, destination] {
            if !path.starts_with('/') || path.split('/').any(|part| part == "..") {
                return Err(wrong(format!("{path} is not an absolute path")));
            }
        }
        Ok(DeviceNode {
            source: source.to_string(),
            destination: destination.to_string(),
            access: access.to_string(),
        })
    }

    fn is_renamed(&self) -> bool {
        let is_folder = || fs::metadata(&self.source).is_ok_and(|meta| meta.is_dir());
        self.source != self.destination && !is_folder()
    }

    fn find(&self) -> Result<Vec<Device>> {
        let mut found = Vec::new();
        collect(Path::new(&self.source), &self.destination, &mut found);
        if !found.is_empty() {
            return Ok(found);
        }
        let why = match fs::metadata(&self.source) {
            Ok(_) => "not a device node".to_string(),
            Err(_) => "no such file or directory".to_string(),
        };
        let what =
            format!("error gathering device information while adding custom device \"{}\"", self.source);
        Err(Fault::new(Kind::NotFound, format!("use device `{}`", self.source))
            .because(format!("{what}: {why}")))
    }
}

/// A node, or all nodes of a folder. Links lead to what they lead to.
fn collect(source: &Path, destination: &str, found: &mut Vec<Device>) {
    let Ok(meta) = fs::metadata(source) else { return };
    let kind = meta.file_type();
    if kind.is_dir() {
        for entry in fs::read_dir(source).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            collect(&entry.path(), &format!("{destination}/{name}"), found);
        }
    } else if kind.is_char_device() || kind.is_block_device() {
        let number = meta.rdev();
        found.push(Device {
            kind: if kind.is_char_device() { "c" } else { "b" }.to_string(),
            path: destination.to_string(),
            major: i64::from(rustix::fs::major(number)),
            minor: i64::from(rustix::fs::minor(number)),
            file_mode: Some(meta.mode() & 0o777),
            uid: Some(meta.uid()),
            gid: Some(meta.gid()),
        });
    }
}

fn is_access(text: &str) -> bool {
    let mut seen = Vec::new();
    !text.is_empty()
        && text.chars().all(|one| {
            let new = !seen.contains(&one);
            seen.push(one);
            new && "rwm".contains(one)
        })
}

/// `vendor.com/class=name`. Source: CNCF CDI, `SPEC.md`.
fn is_cdi(text: &str) -> bool {
    let Some((kind, name)) = text.split_once('=') else { return false };
    kind.split_once('/').is_some_and(|(vendor, class)| {
        vendor.starts_with(|one: char| one.is_ascii_alphanumeric()) && !class.is_empty() && !name.is_empty()
    })
}

/// `TYPE MAJOR:MINOR ACCESS`.
fn rule(text: &str) -> Option<DeviceRule> {
    let words: Vec<_> = text.split(' ').collect();
    let [kind @ ("a" | "b" | "c"), numbers, access] = words[..] else { return None };
    let number = |text: &str| if text == "*" { Some(-1) } else { text.parse::<u32>().ok().map(i64::from) };
    let (major, minor) = numbers.split_once(':')?;
    let fits = (1..=3).contains(&access.len()) && access.bytes().all(|one| b"rwm".contains(&one));
    fits.then_some(DeviceRule {
        allow: true,
        kind: kind.to_string(),
        major: Some(number(major)?),
        minor: Some(number(minor)?),
        access: access.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_names_and_rules() {
        let mut devices = Devices::default();
        for text in
            ["/dev/null", "/dev/null:r", "/dev/null:/dev/x", "/dev/null:/dev/x:rw", "nvidia.com/gpu=all"]
        {
            devices.add(text).unwrap();
        }
        let access: Vec<_> = devices.nodes.iter().map(|node| node.access.as_str()).collect();
        assert_eq!((access, devices.cdi.len()), (vec!["rwm", "r", "rwm", "rw"], 1));
        let (nodes, rules) = devices.resolve().unwrap();
        assert_eq!((nodes[2].path.as_str(), nodes[2].major, nodes[2].minor), ("/dev/x", 1, 3));
        assert_eq!(rules[1].access, "r");
        for (bad, word) in [
            ("dev/null", "is not an absolute path"),
            ("/dev/null:/a:rr", "bad mode specified: rr"),
            ("/a:/b:r:w", "invalid device specification"),
        ] {
            assert!(devices.add(bad).unwrap_err().to_string().contains(word), "{bad}");
        }
        devices.add_rule("c 10:* rw").unwrap();
        for bad in ["c 10 rw", "x 1:1 r", "c 1:1 x", "c 1:1"] {
            assert!(
                devices.add_rule(bad).unwrap_err().to_string().contains("invalid device cgroup format"),
                "{bad}"
            );
        }
        let mut other = Devices::default();
        other.add("/etc/passwd").unwrap();
        assert!(other.resolve().unwrap_err().to_string().contains("not a device node"));
    }

    #[test]
    fn gpus() {
        let names = |text: &str| {
            let mut devices = Devices::default();
            devices.add_gpus(text).map(|()| devices.cdi.join(" "))
        };
        assert_eq!(names("all").unwrap(), "nvidia.com/gpu=all");
        assert_eq!(names("2").unwrap(), "nvidia.com/gpu=0 nvidia.com/gpu=1");
        assert_eq!(names("\"device=1,GPU-5\"").unwrap(), "nvidia.com/gpu=1 nvidia.com/gpu=GPU-5");
        assert!(names("some").is_err());
    }
}
