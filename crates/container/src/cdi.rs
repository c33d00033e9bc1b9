//! Container Device Interface: files in which a vendor says what belongs to a device.
//!
//! Source: <https://github.com/cncf-tags/container-device-interface/blob/main/SPEC.md>

use std::fs;
use std::path::{Path, PathBuf};

use fault::{Doing, Fault, Kind, Result};
use oci::{Device, DeviceRule, Hook, Mount, Spec};
use serde::Deserialize;

/// Where the files are; a later folder counts more.
const FOLDERS: [&str; 2] = ["/etc/cdi", "/var/run/cdi"];
/// A file with more is none.
const LARGEST: u64 = 8 << 20;

/// A vendor's devices of one kind.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct File {
    kind: String,
    devices: Vec<Named>,
    container_edits: Edits,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Named {
    name: String,
    container_edits: Edits,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Edits {
    env: Vec<String>,
    device_nodes: Vec<Node>,
    mounts: Vec<Bind>,
    hooks: Vec<OfHook>,
    #[serde(rename = "additionalGIDs", alias = "additionalGids")]
    additional_gids: Vec<u32>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Node {
    path: String,
    host_path: Option<String>,
    permissions: Option<String>,
    uid: Option<u32>,
    gid: Option<u32>,
    file_mode: Option<u32>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Bind {
    host_path: String,
    container_path: String,
    options: Vec<String>,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct OfHook {
    hook_name: String,
    path: String,
    args: Vec<String>,
    env: Vec<String>,
    timeout: Option<i32>,
}

/// Puts what belongs to these devices into the config.
pub(crate) fn inject(names: &[String], spec: &mut Spec) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    inject_from(&FOLDERS.map(Path::new), names, spec)
}

fn inject_from(folders: &[&Path], names: &[String], spec: &mut Spec) -> Result<()> {
    let files = read(folders)?;
    let mut edits: Vec<Edits> = Vec::new();
    let mut used: Vec<usize> = Vec::new();
    let mut missing = Vec::new();
    for name in names {
        let (kind, device) = name.split_once('=').unwrap_or((name, ""));
        let of_device =
            |file: &File| file.devices.iter().position(|one| file.kind == kind && one.name == device);
        let found = files.iter().enumerate().rev().find_map(|(at, file)| Some((at, of_device(file)?)));
        let Some((at, device)) = found else {
            missing.push(name.clone());
            continue;
        };
        // What belongs to all devices of a file comes once.
        if !used.contains(&at) {
            used.push(at);
            edits.push(files[at].container_edits.clone());
        }
        edits.push(files[at].devices[device].container_edits.clone());
    }
    if !missing.is_empty() {
        let mut why = format!("CDI device injection failed: unresolvable CDI devices {}", missing.join(", "));
        if missing.iter().any(|name| name.starts_with("nvidia.com/gpu=")) {
            why += " (could not select device driver \"\" with capabilities: [[gpu]])";
        }
        return Err(Fault::new(Kind::NotFound, "use the devices").because(why).hint(
            "files in /etc/cdi and /var/run/cdi say what devices there are; NVIDIA's come from `nvidia-ctk cdi generate`",
        ));
    }
    edits.into_iter().try_for_each(|edits| edits.apply(spec))
}

/// All files, in the order of folders and names.
fn read(folders: &[&Path]) -> Result<Vec<File>> {
    let mut files = Vec::new();
    for folder in folders {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            files.extend(parse(&path)?);
        }
    }
    Ok(files)
}

fn parse(path: &Path) -> Result<Option<File>> {
    let doing = || format!("read `{}`", path.display());
    let wrong = |why: String| Fault::new(Kind::Invalid, doing()).because(why);
    let kind = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
    if !["json", "yaml", "yml"].contains(&kind) {
        return Ok(None);
    }
    if fs::metadata(path).doing(doing)?.len() > LARGEST {
        return Err(wrong("it is larger than 8 MiB".to_string()));
    }
    let text = fs::read_to_string(path).doing(doing)?;
    if kind == "json" {
        return serde_json::from_str(&text).map(Some).map_err(|err| wrong(err.to_string()));
    }
    serde_saphyr::from_str(&text).map(Some).map_err(|err| wrong(err.to_string()))
}

impl Edits {
    fn apply(self, spec: &mut Spec) -> Result<()> {
        let linux = &mut spec.linux;
        for node in self.device_nodes {
            let (device, rule) = node.resolve()?;
            linux.devices.retain(|one| one.path != device.path);
            linux.devices.push(device);
            linux.resources.devices.push(rule);
        }
        for bind in self.mounts {
            let options = if bind.options.is_empty() { vec!["rbind".to_string()] } else { bind.options };
            spec.mounts.retain(|mount| mount.destination != bind.container_path);
            spec.mounts.push(Mount {
                destination: bind.container_path,
                kind: if bind.kind.is_empty() { "bind".to_string() } else { bind.kind },
                source: bind.host_path,
                options,
                ..Mount::default()
            });
        }
        for hook in self.hooks {
            hook.add(spec)?;
        }
        if let Some(process) = &mut spec.process {
            process.env.extend(self.env);
            for gid in self.additional_gids.into_iter().filter(|gid| *gid != 0) {
                if !process.user.additional_gids.contains(&gid) {
                    process.user.additional_gids.push(gid);
                }
            }
        }
        Ok(())
    }
}

impl Node {
    /// What the file does not say is what the machine's own node is.
    fn resolve(self) -> Result<(Device, DeviceRule)> {
        let path = self.host_path.as_ref().unwrap_or(&self.path);
        let mut device = crate::devices::node(Path::new(path)).ok_or_else(|| {
            Fault::new(Kind::NotFound, format!("use device `{path}`")).because("there is no such device node")
        })?;
        device.path = self.path;
        device.file_mode = self.file_mode.or(device.file_mode);
        (device.uid, device.gid) = (self.uid.or(device.uid), self.gid.or(device.gid));
        let rule = DeviceRule {
            allow: true,
            kind: device.kind.clone(),
            major: Some(device.major),
            minor: Some(device.minor),
            access: self.permissions.filter(|text| !text.is_empty()).unwrap_or_else(|| "rwm".to_string()),
        };
        Ok((device, rule))
    }
}

impl OfHook {
    fn add(self, spec: &mut Spec) -> Result<()> {
        let hooks = &mut spec.hooks;
        let list = match self.hook_name.as_str() {
            "prestart" => &mut hooks.prestart,
            "createRuntime" => &mut hooks.create_runtime,
            "createContainer" => &mut hooks.create_container,
            "startContainer" => &mut hooks.start_container,
            "poststart" => &mut hooks.poststart,
            "poststop" => &mut hooks.poststop,
            other => {
                return Err(Fault::new(Kind::Invalid, "use the devices")
                    .because(format!("a file of CDI has a hook of unknown kind `{other}`")));
            }
        };
        list.push(Hook {
            path: self.path,
            args: self.args,
            env: self.env,
            timeout: self.timeout.map(i64::from),
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"cdiVersion": "0.6.0", "kind": "vendor.com/toy", "containerEdits": {"env": ["ALL=1"]},
        "devices": [
            {"name": "a", "containerEdits": {"env": ["A=1"], "deviceNodes": [{"path": "/dev/a", "hostPath": "/dev/null", "permissions": "r"}],
                "mounts": [{"hostPath": "/etc", "containerPath": "/a", "options": ["ro", "rbind"]}],
                "hooks": [{"hookName": "createContainer", "path": "/bin/true", "args": ["true"]}], "additionalGids": [7]}},
            {"name": "b", "containerEdits": {"env": ["B=1"]}}]}"#;

    const YAML: &str = "---\ncdiVersion: 0.5.0\nkind: vendor.com/other\ndevices:\n- name: \"0\"\n  containerEdits:\n    \
                        env:\n    - YAML=1\n";

    #[test]
    fn what_a_file_says_comes_in() {
        let folder = std::env::temp_dir().join(format!("nagaya-cdi-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("toy.json"), JSON).unwrap();
        fs::write(folder.join("vendor.yaml"), YAML).unwrap();
        fs::write(folder.join("notes.txt"), "no file of this kind").unwrap();
        let names = ["vendor.com/toy=a", "vendor.com/toy=b", "vendor.com/other=0"].map(String::from);
        let mut spec = Spec { process: Some(oci::Process::default()), ..Spec::default() };
        let done = inject_from(&[&folder], &names, &mut spec);
        let none = inject_from(&[&folder], &["nvidia.com/gpu=all".to_string()], &mut Spec::default());
        fs::remove_dir_all(&folder).unwrap();
        done.unwrap();
        let process = spec.process.unwrap();
        assert_eq!(process.env, ["ALL=1", "A=1", "B=1", "YAML=1"]);
        assert_eq!(process.user.additional_gids, [7]);
        let device = &spec.linux.devices[0];
        assert_eq!((device.path.as_str(), device.major, device.minor), ("/dev/a", 1, 3));
        assert_eq!(spec.linux.resources.devices[0].access, "r");
        assert_eq!((spec.mounts[0].destination.as_str(), spec.hooks.create_container.len()), ("/a", 1));
        let refused = none.unwrap_err().to_string();
        assert!(refused.contains("unresolvable CDI devices nvidia.com/gpu=all"), "{refused}");
        assert!(refused.contains("could not select device driver"), "{refused}");
    }
}
