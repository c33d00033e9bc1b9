//! SELinux: labels of the program, and of what is mounted for it.

use std::path::PathBuf;

use fault::{Fault, Kind, Result};
use oci::Spec;

use crate::mount::{Mount, Source};
use crate::step::Step;

/// What SELinux calls the ways to label a file system by a mount option.
const CONTEXTS: [&str; 4] = ["context", "fscontext", "defcontext", "rootcontext"];

/// Which of those is used for `linux.mountLabel`; crun's name for it.
const CONTEXT_TYPE: &str = "run.oci.mount_context_type";

/// Refuses a label that nobody would enforce: without SELinux a program never runs unlabelled that was to be
/// labelled.
pub(crate) fn check(field: &str, label: &str, selinux: bool) -> Result<()> {
    if label.contains('\0') {
        return Err(Fault::invalid(field, "it has a zero byte in it"));
    }
    if label.is_empty() || selinux {
        return Ok(());
    }
    Err(Fault::new(Kind::Unavailable, format!("use `{field}`"))
        .because("SELinux is not enabled on this machine")
        .hint("leave the label out, or boot with `security=selinux` and a policy"))
}

/// The option that labels a new file system, if it is to be labelled.
pub(crate) fn option(spec: &Spec) -> Result<Option<String>> {
    let kind = spec.annotations.get(CONTEXT_TYPE).map_or("context", String::as_str);
    if !CONTEXTS.contains(&kind) {
        return Err(Fault::invalid(
            format!("annotations[{CONTEXT_TYPE}]"),
            format!("expected one of {}, got `{kind}`", CONTEXTS.join(", ")),
        ));
    }
    let label = &spec.linux.mount_label;
    Ok((!label.is_empty()).then(|| format!("{kind}={label}")))
}

/// Labels new file systems that the container gets: not those of the kernel, whose labels are the policy's own
/// matter, nor binds, whose files have one. The answer are the folders whose label must be set once they are
/// mounted: message queues take no option.
pub(crate) fn mounts(mounts: &mut [Mount], option: Option<&str>) -> Vec<PathBuf> {
    let mut later = Vec::new();
    for mount in mounts {
        let Source::New { kind, options, .. } = &mut mount.what else { continue };
        options.iter_mut().for_each(unquote);
        let Some(option) = option else { continue };
        match kind.as_str() {
            "proc" | "sysfs" | "cgroup" | "cgroup2" => {}
            "mqueue" => later.push(mount.at.clone()),
            _ if options.iter().any(|have| is_context(have)) => {}
            _ => options.push(option.to_string()),
        }
    }
    later
}

/// mount(8) wants quotes around a label with commas in it, and callers write them; a file system that is told
/// each option alone would take them for a part of the label.
fn unquote(option: &mut String) {
    let inner = |value: &str| Some(value.strip_prefix('"')?.strip_suffix('"')?.to_string());
    let Some((name, value)) = option.split_once('=').filter(|_| is_context(option)) else { return };
    if let Some(inner) = inner(value) {
        *option = format!("{name}={inner}");
    }
}

fn is_context(option: &str) -> bool {
    option.split_once('=').is_some_and(|(name, _)| CONTEXTS.contains(&name))
}

/// The labels of the program and of its keyring, which only it could use otherwise.
pub(crate) fn of_program(label: &str) -> Option<Step> {
    (!label.is_empty()).then(|| Step::SetLabel { label: label.to_string(), keyring: false })
}

/// The same for the keyring that is about to be made.
pub(crate) fn of_keyring(label: &str) -> Option<Step> {
    (!label.is_empty()).then(|| Step::SetLabel { label: label.to_string(), keyring: true })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mount::{Attributes, Link};

    fn new(kind: &str, options: &[&str]) -> Mount {
        Mount {
            what: Source::New {
                kind: kind.into(),
                source: kind.into(),
                options: options.iter().map(ToString::to_string).collect(),
                copy_up: false,
            },
            at: format!("/{kind}").into(),
            field: "mounts[0]".into(),
            attributes: Attributes::default(),
            recursive: Attributes::default(),
            propagation: Vec::new(),
            ids: None,
            no_links: true,
            link: Link::default(),
            over_link: false,
            part: None,
            copy_by: None,
        }
    }

    fn options(mount: &Mount) -> &[String] {
        match &mount.what {
            Source::New { options, .. } => options,
            _ => &[],
        }
    }

    #[test]
    fn file_systems_get_the_label_and_those_of_the_kernel_do_not() {
        let mut all =
            ["tmpfs", "devpts", "proc", "sysfs", "cgroup2", "mqueue"].map(|kind| new(kind, &["mode=755"]));
        let later = mounts(&mut all, Some("context=u:o:t:s0:c1,c2"));
        assert_eq!(later, [PathBuf::from("/mqueue")]);
        for (mount, labelled) in all.iter().zip([true, true, false, false, false, false]) {
            let expected: &[&str] =
                if labelled { &["mode=755", "context=u:o:t:s0:c1,c2"] } else { &["mode=755"] };
            assert_eq!(options(mount), expected, "{}", mount.at.display());
        }
    }

    #[test]
    fn a_label_of_its_own_stays_and_loses_its_quotes() {
        let mut all = [new("tmpfs", &["rootcontext=\"a:b:c:s0:c1,c2\""])];
        assert!(mounts(&mut all, Some("context=other")).is_empty());
        assert_eq!(options(&all[0]), ["rootcontext=a:b:c:s0:c1,c2"]);
    }

    #[test]
    fn the_annotation_says_which_option() {
        let mut spec = Spec::default();
        assert_eq!(option(&spec).unwrap(), None);
        spec.linux.mount_label = "a:b:c:s0".into();
        assert_eq!(option(&spec).unwrap().unwrap(), "context=a:b:c:s0");
        spec.annotations.insert(CONTEXT_TYPE.into(), "fscontext".into());
        assert_eq!(option(&spec).unwrap().unwrap(), "fscontext=a:b:c:s0");
        spec.annotations.insert(CONTEXT_TYPE.into(), "nope".into());
        assert!(option(&spec).unwrap_err().sentence().contains(CONTEXT_TYPE));
    }

    #[test]
    fn without_selinux_a_label_is_refused_by_its_field() {
        let refused = check("process.selinuxLabel", "a:b:c:s0", false).unwrap_err().sentence();
        assert!(refused.contains("process.selinuxLabel") && refused.contains("SELinux is not enabled"));
        assert!(check("x", "", false).is_ok() && check("x", "a:b:c:s0", true).is_ok());
        assert!(check("x", "a\0b", true).is_err());
    }
}
