//! `inspect`: all that is known of things, under the names that docker's API has.

use std::path::Path;

use container::Volumes;
use engine::Engine;
use fault::{Fault, Kind, Result};
use images::Images;
use network::Networks;
use serde_json::{Value, json};
use template::Template;

use super::{FAILED, containers, images as of_images, networks, volumes};
use crate::args::Verb;
use crate::args::containers::Container;
use crate::args::images::{Image, Inspect};
use crate::say;

/// What things are called for `--type`.
const KINDS: [&str; 10] =
    ["config", "container", "image", "network", "node", "plugin", "secret", "service", "task", "volume"];

/// Inspects things; gives the command back if it is another one.
pub(super) fn run(verb: Verb, root: &Path) -> std::result::Result<Result<u8>, Verb> {
    let of_kind = |kind: &str, typed: Inspect| Inspect { kind: typed.kind.or(Some(kind.into())), ..typed };
    let typed = match verb {
        Verb::Inspect(typed) => typed,
        Verb::Container(Container::Inspect(typed)) => of_kind("container", typed),
        Verb::Image(Image::Inspect(typed)) => of_kind("image", typed),
        other => return Err(other),
    };
    Ok(inspect(&typed, root))
}

fn inspect(typed: &Inspect, root: &Path) -> Result<u8> {
    if let Some(kind) = typed.kind.as_deref().filter(|kind| !KINDS.contains(kind)) {
        let all = KINDS.map(|kind| format!("{kind:?}")).join(", ");
        return Err(Fault::invalid("--type", format!("unknown type: {kind:?}: must be one of {all}")));
    }
    show(&typed.names, typed.format.as_deref(), |name| look(name, typed, root))
}

/// Shows what there is, also if something else is not there.
pub(super) fn show(
    names: &[String],
    format: Option<&str>,
    object: impl Fn(&str) -> Result<Value>,
) -> Result<u8> {
    let template = format.filter(|format| *format != "json").map(Template::parse).transpose()?;
    let (mut shown, mut faults) = (Vec::new(), Vec::new());
    for name in names {
        match object(name) {
            Ok(found) => shown.push(found),
            Err(fault) => faults.push(fault),
        }
    }
    match (&template, format) {
        (Some(template), _) => {
            for one in shown {
                say::print(&(rendered(template, one)? + "\n"))?;
            }
        }
        (None, Some(_)) => say::print(&format!("{}\n", Value::Array(shown)))?,
        (None, None) => say::print(&pretty(&Value::Array(shown)))?,
    }
    faults.iter().for_each(say::error);
    Ok(if faults.is_empty() { 0 } else { FAILED })
}

/// Containers are looked for first, as docker does.
fn look(name: &str, typed: &Inspect, root: &Path) -> Result<Value> {
    let container = || containers::inspect::object(name, typed.size, &Engine::at(root), root);
    let image = || Images::open(root).and_then(|images| of_images::inspect::object(name, &images));
    let network = || networks::inspect::object(name, &Networks::at(root));
    let volume = || volumes::inspect::object(name, &Volumes::at(root));
    let missing = |result: &Result<Value>| result.as_ref().is_err_and(|fault| fault.kind() == Kind::NotFound);
    match typed.kind.as_deref() {
        Some("container") => container(),
        Some("image") => image(),
        Some("volume") => volume(),
        Some("network") => network(),
        Some(kind) => Err(Fault::new(Kind::Unsupported, format!("inspect things of type `{kind}`"))
            .because("there are none here")),
        None => {
            let mut found = container();
            if missing(&found) {
                found = image();
            }
            if missing(&found) {
                found = network();
            }
            if missing(&found) {
                found = volume();
            }
            if missing(&found) { Err(no_object(name)) } else { found }
        }
    }
}

/// In docker's words.
fn no_object(name: &str) -> Fault {
    let name = fault::visible(name);
    Fault::new(Kind::NotFound, format!("inspect `{name}`"))
        .because(format!("No such object: {name}"))
        .hint("`nagaya ps -a` shows containers, `nagaya images` images, `nagaya volume ls` volumes")
}

/// A field that docker does not know is an error, but for labels, whose names are anybody's.
fn rendered(template: &Template, mut one: Value) -> Result<String> {
    // Fields that are there only at times are nothing at other times.
    for (at, names) in [("", ["SizeRw", "SizeRootFs"].as_slice()), ("/State", &["Health"])] {
        let Some(fields) = one.pointer_mut(at).and_then(Value::as_object_mut) else { continue };
        for name in names {
            fields.entry(*name).or_insert(json!(null));
        }
    }
    let strict = template.clone().strict().render(&one);
    strict
        .or_else(|fault| if fault.sentence().contains("Labels") { template.render(&one) } else { Err(fault) })
}

/// Four blanks for each level, as docker has it.
fn pretty(value: &Value) -> String {
    let mut text = Vec::new();
    let format = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, format);
    // A value that is text can always be written.
    let _ = serde::Serialize::serialize(value, &mut serializer);
    text.push(b'\n');
    String::from_utf8_lossy(&text).into_owned()
}
