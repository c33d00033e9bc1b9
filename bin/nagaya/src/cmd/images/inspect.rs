//! `inspect`: all that is known of an image, under the names that docker's API has.

use fault::Result;
use images::{Images, Listed};
use oci::image::Reference;
use serde_json::{Value, json};

use crate::time;

/// An image by a name or id.
pub(crate) fn object(name: &str, images: &Images) -> Result<Value> {
    images.look(name).map(|listed| of(&listed))
}

fn of(listed: &Listed) -> Value {
    let image = &listed.image;
    let config = &image.config;
    let names = |names: &[Reference]| names.iter().map(Reference::familiar).collect::<Vec<_>>();
    let since = i64::try_from(image.kept.since).unwrap_or(0);
    json!({
        "Id": image.id.to_string(),
        "RepoTags": names(&listed.tags),
        "RepoDigests": names(&listed.digests),
        "Parent": "",
        "Comment": config.history.last().map(|last| &last.comment),
        "Created": config.created,
        "DockerVersion": config.docker_version,
        "Author": config.author,
        "Config": execution(listed),
        "Architecture": config.platform.architecture,
        "Variant": config.platform.variant,
        "Os": config.platform.os,
        "Size": listed.size,
        "VirtualSize": listed.size,
        "GraphDriver": { "Name": "nagaya", "Data": null },
        "RootFS": { "Type": "layers", "Layers": image.diff_ids().iter().map(ToString::to_string).collect::<Vec<_>>() },
        "Metadata": { "LastTagTime": time::rfc3339(since) },
        "Descriptor": {
            "mediaType": image.kept.manifest.media_type.to_string(),
            "digest": image.kept.manifest.digest.to_string(),
            "size": image.kept.manifest.size,
        },
    })
}

/// With what docker always has, so that templates find it.
fn execution(listed: &Listed) -> Value {
    let mut all = json!({
        "Hostname": "", "Domainname": "", "User": "", "AttachStdin": false, "AttachStdout": false,
        "AttachStderr": false, "Tty": false, "OpenStdin": false, "StdinOnce": false, "Env": null, "Cmd": null,
        "Image": "", "Volumes": null, "WorkingDir": "", "Entrypoint": null, "OnBuild": null, "Labels": null,
    });
    if let Some(Ok(Value::Object(own))) = listed.image.config.config.as_ref().map(serde_json::to_value) {
        for (key, value) in own {
            all[key] = value;
        }
    }
    all
}
