//! `--mount KEY=VALUE,...`. Source of rules and words: docker/cli, `opts/mount.go`, and moby,
//! `volume/mounts/linux_parser.go`.

use std::path::Path;

use fault::{Fault, Kind, Result};

use super::keys::{self, Keys};
use super::{
    Below, Bind, By, Mount, OfMounted, OfVolume, PRIVATE, What, absolute, check_destination, check_name,
    tmpfs,
};

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// Relative sources count from here.
    pub here: &'a Path,
    /// Whose files are those that are made where `idmap=match-user` says so: user and group.
    pub user: (u32, u32),
}

impl Mount {
    /// Reads what was typed after `--mount`.
    pub fn parse_long(text: &str, caller: Caller<'_>) -> Result<Mount> {
        let keys = keys::parse(text)?;
        keys.check_kinds()?;
        let wrong = |why: String| {
            Fault::invalid("--mount", format!("invalid mount config for type \"{}\": {why}", keys.kind))
        };
        if keys.target.is_empty() {
            return Err(wrong("field Target must not be empty".to_string()));
        }
        check_destination(&keys.target, "--mount", text)?;
        let target = keys.target.clone();
        let readonly = keys.readonly;
        let mount = match keys.kind.as_str() {
            "bind" => Mount::new(What::Bind(bind(keys, caller)?), &target, By::Mount),
            "volume" => Mount::new(What::Volume(volume(keys)?), &target, By::Mount),
            "image" => Mount::new(What::Image(image(keys)?), &target, By::Mount),
            "tmpfs" if keys.source.is_empty() => tmpfs::of(memory(&keys), &target, By::Mount)?,
            "tmpfs" => return Err(wrong("field Source must not be specified".to_string())),
            "npipe" | "cluster" => {
                return Err(Fault::new(Kind::Unsupported, "use `--mount`")
                    .because(format!("mount type `{}` is for other systems", keys.kind)));
            }
            _ => return Err(wrong("mount type unknown".to_string())),
        };
        Ok(Mount { readonly, ..mount })
    }
}

fn bind(keys: Keys, caller: Caller<'_>) -> Result<Bind> {
    let wrong =
        |why: &str| Fault::invalid("--mount", format!("invalid mount config for type \"bind\": {why}"));
    if keys.source.is_empty() {
        return Err(wrong("field Source must not be empty"));
    }
    let here = keys.source == "." || keys.source.starts_with("./");
    if !keys.source.starts_with('/') && !here {
        return Err(wrong(&format!("invalid mount path: '{}' mount path must be absolute", keys.source)));
    }
    let below = keys.below.unwrap_or_default();
    let propagation = keys.propagation.unwrap_or_else(|| PRIVATE.to_string());
    let need = |what: &str, value: &str| {
        let why = format!("option 'bind-recursive={what}' requires '{value}' to be specified in conjunction");
        Fault::invalid("--mount", why)
    };
    match below {
        Below::Writable if !keys.readonly => return Err(need("writable", "readonly")),
        Below::Readonly if !keys.readonly => return Err(need("readonly", "readonly")),
        Below::Readonly if propagation != PRIVATE => {
            return Err(need("readonly", "bind-propagation=rprivate"));
        }
        _ => {}
    }
    Ok(Bind {
        source: absolute(&keys.source, caller.here),
        make: keys.make_source,
        propagation,
        below,
        owner: keys.match_user.then_some(caller.user),
    })
}

fn volume(keys: Keys) -> Result<OfVolume> {
    let anonymous = keys.source.is_empty();
    if !anonymous {
        check_name(&keys.source, "--mount")?;
    }
    if !matches!(keys.driver.as_deref(), None | Some("local")) {
        return Err(crate::volumes::no_driver(&keys.driver.unwrap_or_default(), &keys.source));
    }
    let volume = OfVolume {
        name: keys.source,
        anonymous,
        no_copy: keys.no_copy,
        subpath: keys.volume_subpath.map(check_subpath).transpose()?,
        options: keys.volume_options,
        labels: keys.labels,
    };
    crate::volumes::check_options(&volume.options)?;
    if anonymous && volume.subpath.is_some() {
        return Err(Fault::invalid("--mount", "must not set Subpath when using anonymous volumes"));
    }
    if volume.subpath.is_some() && crate::volumes::is_mounted(&volume.options) {
        return Err(no_part());
    }
    Ok(volume)
}

/// Its files are nowhere before the container mounts them.
pub(super) fn no_part() -> Fault {
    Fault::new(Kind::Unsupported, "use `volume-subpath`")
        .because("the volume is mounted with options of its own, and has no folder to take a part of")
}

fn image(keys: Keys) -> Result<OfMounted> {
    if keys.source.is_empty() {
        let why = "invalid mount config for type \"image\": field Source must not be empty";
        return Err(Fault::invalid("--mount", why));
    }
    let subpath = keys.image_subpath.map(check_subpath).transpose()?;
    Ok(OfMounted { name: keys.source, subpath, found: None })
}

/// A part of a volume or image is below its top, whatever links do; the kernel sees to that again.
fn check_subpath(path: String) -> Result<String> {
    let mut depth = 0_i32;
    for name in path.split('/') {
        depth += match name {
            "" | "." => 0,
            ".." => -1,
            _ => 1,
        };
        if depth < 0 {
            break;
        }
    }
    if depth < 0 || path.starts_with('/') {
        return Err(Fault::invalid(
            "--mount",
            format!("subpath `{path}` must be a relative path within the volume"),
        ));
    }
    Ok(path)
}

fn memory(keys: &Keys) -> Vec<String> {
    let size = keys.size.map(|bytes| format!("size={bytes}"));
    let mode = keys.mode.map(|mode| format!("mode={mode:o}"));
    let readonly = keys.readonly.then(|| "ro".to_string());
    readonly.into_iter().chain(size).chain(mode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Mount> {
        Mount::parse_long(text, Caller { here: Path::new("/here"), user: (1000, 100) })
    }

    #[test]
    fn all_keys_are_honoured() {
        let mount = parse(
            "type=bind,src=./a,dst=/b,ro,bind-propagation=rslave,bind-recursive=writable,bind-create-src,idmap=match-user",
        )
        .unwrap();
        let bind = mount.bind().unwrap();
        assert_eq!((bind.source.as_path(), bind.make, mount.readonly), (Path::new("/here/a"), true, true));
        assert_eq!((bind.propagation.as_str(), bind.below), ("rslave", Below::Writable));
        assert_eq!(bind.owner, Some((1000, 100)));

        let mount = parse(
            "source=db,target=/b,volume-subpath=x/y,volume-nocopy,volume-label=a=b,volume-label=c,volume-driver=local",
        )
        .unwrap();
        let volume = mount.volume().unwrap();
        assert!(volume.no_copy && !volume.anonymous);
        assert_eq!((volume.name.as_str(), volume.subpath.as_deref()), ("db", Some("x/y")));
        assert_eq!((volume.labels["a"].as_str(), volume.labels["c"].as_str()), ("b", ""));

        let mount = parse("type=tmpfs,dst=/b,tmpfs-size=64m,tmpfs-mode=1770,readonly=true").unwrap();
        let What::Tmpfs(options) = &mount.what else { panic!("{mount:?}") };
        assert_eq!(options[3..], ["ro", "size=67108864", "mode=1770"]);

        let mount = parse("type=image,source=debian,target=/b,image-subpath=etc").unwrap();
        assert!(matches!(&mount.what, What::Image(image) if image.subpath.as_deref() == Some("etc")));

        let mount = parse(
            "type=volume,dst=/b,volume-opt=type=tmpfs,volume-opt=device=tmpfs,\"volume-opt=o=size=1m,uid=7\"",
        )
        .unwrap();
        assert_eq!(mount.volume().unwrap().options["o"], "size=1m,uid=7");
    }

    #[test]
    fn what_is_wrong_is_said_in_dockers_words() {
        for (bad, words) in [
            ("", "value is empty"),
            ("type=bind", "field Target must not be empty"),
            ("type=bind,dst=/a", "field Source must not be empty"),
            ("type=bind,src=a,dst=/a", "mount path must be absolute"),
            ("type=bind,src=/a,dst=a", "mount path must be absolute"),
            ("type=bind,src=/a,dst=/", "can't be '/'"),
            ("type=nope,src=/a,dst=/a", "mount type unknown"),
            ("type=npipe,src=/a,dst=/a", "npipe"),
            ("type=bind,src=/a,dst=/a,nope=1", "unexpected key 'nope' in 'nope=1'"),
            ("type=bind,src=/a,dst=/a,nope", "invalid field 'nope' must be a key=value pair"),
            ("type=bind,src=/a,dst=/a,readonly=maybe", "invalid value for readonly: maybe"),
            ("type=bind,src=,dst=/a", "invalid value for 'src': value is empty"),
            ("type=bind, src=/a,dst=/a", "option should not have whitespace"),
            ("type=bind,src=/a,dst=/a,volume-nocopy", "cannot mix 'volume-*' options with mount type 'bind'"),
            (
                "type=volume,src=db,dst=/a,tmpfs-size=1m",
                "cannot mix 'tmpfs-*' options with mount type 'volume'",
            ),
            (
                "type=tmpfs,dst=/a,bind-propagation=shared",
                "cannot mix 'bind-*' options with mount type 'tmpfs'",
            ),
            ("type=volume,dst=/a,idmap=match-user", "cannot mix 'idmap' options with mount type 'volume'"),
            ("type=bind,src=/a,dst=/a,idmap=other", "invalid value for idmap: other"),
            ("type=tmpfs,src=x,dst=/a", "field Source must not be specified"),
            ("type=tmpfs,dst=/a,tmpfs-mode=9", "invalid value for tmpfs-mode: 9"),
            ("type=tmpfs,dst=/a,tmpfs-size=much", "invalid value for tmpfs-size: much"),
            ("type=bind,src=/a,dst=/a,bind-propagation=up", "invalid propagation mode: up"),
            ("type=bind,src=/a,dst=/a,bind-recursive=maybe", "must be \"enabled\", \"disabled\""),
            ("type=bind,src=/a,dst=/a,bind-recursive=writable", "requires 'readonly'"),
            (
                "type=bind,src=/a,dst=/a,ro,bind-recursive=readonly,bind-propagation=rslave",
                "bind-propagation=rprivate",
            ),
            ("type=volume,src=db,dst=/a,volume-subpath=../x", "must be a relative path within the volume"),
            ("type=volume,src=db,dst=/a,volume-subpath=a/../../x", "must be a relative path"),
            ("type=volume,src=db,dst=/a,volume-subpath=/x", "must be a relative path"),
            ("type=volume,dst=/a,volume-subpath=x", "anonymous volumes"),
            ("type=volume,src=db,dst=/a,volume-driver=nope", "plugin \"nope\" not found"),
            ("type=volume,src=db,dst=/a,volume-opt=nope=1", "invalid option: \"nope\""),
            ("type=volume,src=d/b,dst=/a", "invalid characters for a local volume name"),
            ("type=volume,src=db,dst=/a,\"volume-opt=o=x", "quote"),
        ] {
            let said = parse(bad).unwrap_err().sentence();
            assert!(said.contains(words), "{bad}: {said}");
        }
    }
}
