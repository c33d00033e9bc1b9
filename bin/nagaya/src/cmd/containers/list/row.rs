//! What `ps` shows of one container. Source: docker/cli, cli/command/formatter/container.go.

use std::collections::BTreeMap;
use std::path::Path;

use container::Point;
use engine::{Status, View};
use fault::Result;
use images::Images;
use serde_json::{Map, Value, json};
use store::size_of;

use super::image_names::ImageNames;
use crate::args::views::List;
use crate::cmd::containers::ports;
use crate::table::METHODS;
use crate::{human, time};

/// Signs of a command, and of a mount, that are shown.
const COMMAND: usize = 20;
const MOUNT: usize = 15;

/// All fields, in Docker's order.
const ALL: [&str; 15] = [
    "Command",
    "CreatedAt",
    "ID",
    "Image",
    "Labels",
    "LocalVolumes",
    "Mounts",
    "Names",
    "Networks",
    "Platform",
    "Ports",
    "RunningFor",
    "Size",
    "State",
    "Status",
];

/// What is needed to show a container.
pub(super) struct Shown<'a> {
    pub(super) typed: &'a List,
    /// Fields of the table, if no others were asked for.
    pub(super) usual: &'a [&'a str],
    pub(super) root: &'a Path,
    pub(super) sizes: Option<Sizes>,
    pub(super) images: ImageNames,
}

impl Shown<'_> {
    /// A container's row: what the table shows, or all there is for a format.
    pub(super) fn row(&mut self, view: &View) -> Value {
        let format = self.typed.format.as_deref();
        let fields = if format.is_some() { &ALL } else { self.usual };
        let mut row: Map<_, _> =
            fields.iter().map(|field| ((*field).to_string(), self.field(view, field))).collect();
        if format.is_some_and(|format| format.contains(".Label ")) {
            row.insert(METHODS.to_string(), json!({ "Label": view.record.labels() }));
        }
        Value::Object(row)
    }

    fn field(&mut self, view: &View, field: &str) -> Value {
        let record = &view.record;
        let created = || time::seconds(&record.created).unwrap_or_default();
        match field {
            "Command" => human::quoted(&self.cut(&command(&record.program()), COMMAND)).into(),
            "CreatedAt" => time::local(created()).into(),
            "ID" => super::id(view, self.typed).into(),
            "Image" => self.images.shown(record, self.typed.no_trunc).into(),
            "Labels" => self.labels(view).into(),
            "LocalVolumes" => {
                let mounts = self.mounts(view, ".LocalVolumes");
                mounts.iter().filter(|mount| mount.driver.is_some()).count().to_string().into()
            }
            "Mounts" => {
                let mounts = self.mounts(view, ".Mounts");
                let names: Vec<_> = mounts.iter().map(|mount| self.cut(&mount_name(mount), MOUNT)).collect();
                names.join(",").into()
            }
            "Names" => record.name.clone().into(),
            "Networks" => record.request.network_names().join(",").into(),
            "Ports" => ports::shown(view, self.root).into(),
            "RunningFor" => human::ago(created()).into(),
            "Size" => self.sizes.as_ref().map_or_else(|| "0B".to_string(), |sizes| sizes.of(view)).into(),
            "State" => view.status.to_string().into(),
            "Status" => status(view).into(),
            _ => Value::Null,
        }
    }

    fn cut(&self, text: &str, most: usize) -> String {
        if self.typed.no_trunc { text.to_string() } else { human::beginning(text, most) }
    }

    /// To find these is most of the work, so it is done for those who see them.
    fn wants(&self, field: &str) -> bool {
        self.typed.format.as_deref().is_some_and(|format| speaks_of(format, field))
    }

    fn labels(&self, view: &View) -> String {
        let labels = if self.wants(".Label") { view.record.labels() } else { BTreeMap::new() };
        let all: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        all.join(",")
    }

    fn mounts(&self, view: &View, field: &str) -> Vec<Point> {
        if self.wants(field) { view.record.mounts(self.root) } else { Vec::new() }
    }
}

/// Whether a format may show a field, by its name or with all the others.
fn speaks_of(format: &str, field: &str) -> bool {
    let alone = |(at, _): (usize, &str)| !format[at + 1..].starts_with(|c: char| c.is_alphanumeric());
    format == "json" || format.contains(field) || format.match_indices('.').any(alone)
}

/// The name of a volume, or where it is on this machine.
pub(super) fn mount_name(mount: &Point) -> String {
    mount.name.clone().unwrap_or_else(|| mount.source.display().to_string())
}

/// Arguments with blanks in them stand in quotes.
fn command(program: &[String]) -> String {
    let Some((first, rest)) = program.split_first() else { return String::new() };
    let word = |word: &String| if word.contains(' ') { format!(" '{word}'") } else { format!(" {word}") };
    rest.iter().fold(first.clone(), |all, next| all + &word(next))
}

/// Source: moby, `container/state.go`.
pub(super) fn status(view: &View) -> String {
    let state = &view.state;
    let since = |text: &str| time::seconds(text).map(human::since).unwrap_or_default();
    let health = state.health.as_ref().map(|health| match health.status.as_str() {
        "starting" => " (health: starting)".to_string(),
        status => format!(" ({status})"),
    });
    match view.status {
        Status::Paused => format!("Up {} (Paused)", since(&state.started)),
        Status::Running => format!("Up {}{}", since(&state.started), health.unwrap_or_default()),
        Status::Restarting => format!("Restarting ({}) {} ago", state.exit_code, since(&state.finished)),
        Status::Removing => "Removal In Progress".to_string(),
        Status::Created => "Created".to_string(),
        Status::Exited if state.finished.is_empty() => String::new(),
        Status::Exited => format!("Exited ({}) {} ago", state.exit_code, since(&state.finished)),
    }
}

/// What containers take.
pub(super) struct Sizes {
    images: Images,
}

impl Sizes {
    pub(super) fn new(root: &Path) -> Result<Sizes> {
        Images::open(root).map(|images| Sizes { images })
    }

    /// What it has written, and that with its image.
    fn of(&self, view: &View) -> String {
        let own = size_of(&view.folder.changes());
        let image = view.record.image_id().and_then(|id| self.images.look(id.as_str()).ok());
        let all = own + image.map_or(0, |image| image.size);
        match all {
            0 => human::size(own),
            all => format!("{} (virtual {})", human::size(own), human::size(all)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{command, speaks_of};

    #[test]
    fn fields_that_are_shown_are_known() {
        for (format, shown) in [
            ("json", true),
            ("{{json .}}", true),
            ("{{.Mounts}}", true),
            ("{{range $k, $v := .}}{{$k}}{{end}}", true),
            ("{{.Names}}", false),
        ] {
            assert_eq!(speaks_of(format, ".Mounts"), shown, "{format}");
        }
    }

    #[test]
    fn commands_as_docker_shows_them() {
        let words = |text: &[&str]| text.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(command(&words(&["sh", "-c", "echo out; sleep"])), "sh -c 'echo out; sleep'");
        assert_eq!(command(&words(&["sh"])), "sh");
        assert_eq!(command(&[]), "");
    }
}
