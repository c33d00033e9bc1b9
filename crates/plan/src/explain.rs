//! Steps as sentences: what, and why. One list for `explain`, `--trace` and every error.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use oci::NamespaceKind;
use systemd::{Property, Scope};

use crate::step::{Group, ImageRoot, Join, Lower, Side, Step};
use crate::{MemoryNodes, network};

/// The whole list: the number of each step, who does it, what, and why. On a terminal that is too narrow for all of that, `columns`
/// wide, why is on a line of its own.
pub fn explain(steps: &[Step], columns: Option<usize>) -> String {
    let what: Vec<String> = steps.iter().map(ToString::to_string).collect();
    let width = what.iter().map(|what| what.chars().count()).filter(|width| *width <= 60).max().unwrap_or(0);
    let beside = |(number, (step, what)): (usize, (&Step, &String))| {
        format!("{:>3}  {:<5}  {what:<width$}  {}\n", number + 1, step.side(), step.why())
    };
    let below = |(number, (step, what)): (usize, (&Step, &String))| {
        format!("{:>3}  {:<5}  {what}\n{:12}{}\n", number + 1, step.side(), "", step.why())
    };
    let all = || steps.iter().zip(&what).enumerate();
    let text: String = all().map(beside).collect();
    let fits = columns.is_none_or(|columns| text.lines().all(|line| line.chars().count() <= columns));
    if fits { text } else { all().map(below).collect() }
}

/// One line of a trace: who did it, in which time, what.
pub fn trace_line(step: &Step, took: Duration) -> String {
    format!("{:>8} us  {:<5}  {step}", took.as_micros(), step.side())
}

impl fmt::Display for Lower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lower::Index { tars, .. } => write!(f, "{} tars and their index", tars.len()),
            Lower::Folders(folders) => write!(f, "{} folders", folders.len()),
        }
    }
}

/// Reads after "cannot".
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use Step::*;
        match self {
            Record { .. } => f.write_str("write down what will be made"),
            MakeCgroup { path, .. } => write!(f, "make cgroup `{}`", path.display()),
            EnableControllers { path, needed } if needed.is_empty() => {
                write!(f, "enable controllers below `{}`", path.display())
            }
            EnableControllers { path, needed } => {
                write!(f, "enable {} below `{}`", needed.join(", "), path.display())
            }
            StartScope { unit, properties, .. } => scope(f, unit, properties),
            AttachToUnit { unit, below, .. } => write!(f, "have systemd put it into `{unit}{below}`"),
            WriteCgroup { path, file, value, .. } => written(f, value, &path.join(file)),
            AttachDeviceRules { rules, .. } => write!(f, "attach {} device rules", rules.len()),
            OpenSources { root, sources } => opened(f, root.is_some(), sources.len()),
            OpenImage(image) => laid(f, image, "`, under other ids"),
            Clone { new, through, into_cgroup } => clone(f, new, through, into_cgroup.as_deref()),
            MapIds(maps) => ids(f, maps),
            MakeResctrlGroup { path, how } => group(f, path, *how),
            WriteSchemata { path, lines, .. } => {
                write!(f, "write `{}` to `{}`", lines.join(" "), path.join("schemata").display())
            }
            JoinResctrl { groups } => write!(f, "join {} resctrl groups", groups.len()),
            MoveDevice { name, new_name, .. } => device(f, name, new_name),
            PlugIn(interface) => network::plugged(f, interface),
            Publish { openings, .. } => network::published(f, openings),
            ListenForNames { at } => write!(f, "listen for questions for names at {at}"),
            SetUpInterface(interface) => network::configured(f, interface),
            SetOomScore { value, .. } => write!(f, "set the out-of-memory score to {value}"),
            RunHooks { stage, hooks } => write!(f, "run {} {} hooks", hooks.len(), stage.name()),
            JoinCgroups { paths } => write!(f, "join {} cgroups", paths.len()),
            JoinNamespace(Join { kind, path }) => write!(f, "join {kind} namespace `{}`", path.display()),
            Enter { kinds, side: Side::Host } if kinds.is_empty() => f.write_str("hide from the container"),
            Enter { kinds, side: Side::Host } => {
                write!(f, "hide, and have the next process in the container's namespaces: {}", names(kinds))
            }
            Enter { kinds, .. } => write!(f, "enter the container's namespaces: {}", names(kinds)),
            Unshare { kind } => write!(f, "make a new {kind} namespace"),
            SetClocks { clocks } => write!(f, "set {} clocks and enter the time namespace", clocks.len()),
            BecomeRoot { .. } => f.write_str("become root of the user namespace"),
            RaiseLoopback => f.write_str("bring up the loopback interface"),
            NewKeyring { name } => write!(f, "join a new session keyring `{name}`"),
            CutMounts { .. } => f.write_str("cut the mounts off from the host's"),
            LayOverlay(overlay) => {
                write!(f, "lay an overlay over {} folders of the host", overlay.layers.len())
            }
            LayImage(image) => laid(f, image, "`"),
            TakeImage => f.write_str("take the image as the new root"),
            BindRoot { path, .. } => write!(f, "make `{}` a mount", path.display()),
            OpenRoot { path } => write!(f, "make `{}` a mount in its own place", path.display()),
            CopyUp { at, to, .. } => copied(f, at, to),
            Mount(mount) => mount.fmt(f),
            LabelMount { path, label } => write!(f, "label `{}` `{label}`", path.display()),
            MakeFolder { path } => write!(f, "make folder `{}`", path.display()),
            MakeDevices { nodes, bind: false } => write!(f, "make {} device nodes", nodes.len()),
            MakeDevices { nodes, .. } => write!(f, "bind {} devices of the host", nodes.len()),
            MakeLinks => f.write_str("make the links of `/dev`"),
            MakeConsole { .. } => f.write_str("open a terminal"),
            SetSysctl { key, value } => write!(f, "set sysctl `{key}` to `{value}`"),
            SetHostname { name } => write!(f, "set host name `{name}`"),
            SetDomainname { name } => write!(f, "set domain name `{name}`"),
            ReadonlyPaths { paths } => write!(f, "make {} paths read-only", paths.len()),
            MaskPaths { paths, .. } => write!(f, "mask {} paths", paths.len()),
            ReadonlyRoot => f.write_str("make the root read-only"),
            Pivot => f.write_str("pivot into the new root"),
            Chroot => f.write_str("chroot into the new root"),
            ShareRoot { .. } => f.write_str("set how the root's mounts are shared"),
            ChangeDirectory { path } => write!(f, "go to `{path}`"),
            FindProgram { name, .. } => write!(f, "find program `{name}`"),
            Save => f.write_str("write down that it is created"),
            Gate => f.write_str("wait for `start`"),
            NewSession { terminal: false } => f.write_str("start a session"),
            NewSession { .. } => f.write_str("start a session on the terminal"),
            OwnStreams { uid } => write!(f, "give the standard streams to user {uid}"),
            SetLimits { limits } => write!(f, "set {} resource limits", limits.len()),
            SetScheduler(how) => write!(f, "have it scheduled by {}", how.name),
            SetIoPriority { name, level, .. } => write!(f, "have its disk requests in {name}, level {level}"),
            SetMemoryPolicy(MemoryNodes { name, nodes: Some(nodes), .. }) => {
                write!(f, "take memory by {name} from nodes {nodes}")
            }
            SetMemoryPolicy(MemoryNodes { name, .. }) => write!(f, "take memory by {name}"),
            SetPersonality { domain: 0 } => f.write_str("have the kernel look as it is"),
            SetPersonality { .. } => f.write_str("have the kernel look like a 32-bit one"),
            SetAffinity { processors, .. } => write!(f, "use processors {processors} only"),
            SetUmask { mask } => write!(f, "set umask {mask:04o}"),
            SetProfile { name } => write!(f, "confine the program by AppArmor profile `{name}`"),
            SetLabel { label, keyring: true } => write!(f, "label its keyring `{label}`"),
            SetLabel { label, .. } => write!(f, "label the program `{label}`"),
            DropBounding { keep } => write!(f, "drop all but {} capabilities for ever", keep.count_ones()),
            SetUser { uid, gid, .. } => write!(f, "become user {uid} and group {gid}"),
            SetCapabilities { sets } => write!(f, "keep {sets}"),
            NoNewPrivileges => f.write_str("forbid new privileges"),
            CloseDescriptors { .. } => f.write_str("have our own descriptors close with exec"),
            ConnectListener { path } => write!(f, "connect to `{}`", path.display()),
            FilterCalls { filter, .. } => {
                write!(f, "filter system calls by {} instructions", filter.instructions().len())
            }
            Exec { args, .. } => write!(f, "exec `{}`", shorten(&args.join(" "))),
        }
    }
}

/// With what was asked for, and not what every scope has.
fn scope(f: &mut fmt::Formatter<'_>, unit: &str, properties: &[Property]) -> fmt::Result {
    write!(f, "have systemd make `{unit}` around it")?;
    let asked = properties.iter().filter(|one| !Scope::has_always(&one.name));
    let asked: Vec<String> = asked.map(ToString::to_string).collect();
    if asked.is_empty() { Ok(()) } else { write!(f, " with {}", shorten(&asked.join(" "))) }
}

fn clone(
    f: &mut fmt::Formatter<'_>,
    new: &[NamespaceKind],
    through: &[Join],
    cgroup: Option<&Path>,
) -> fmt::Result {
    f.write_str("clone")?;
    if !new.is_empty() {
        write!(f, " into new namespaces: {}", names(new))?;
    }
    if !through.is_empty() {
        let kinds: Vec<_> = through.iter().map(|join| join.kind).collect();
        write!(f, " through those that exist: {}", names(&kinds))?;
    }
    match cgroup {
        Some(path) => write!(f, " and cgroup `{}`", path.display()),
        None => Ok(()),
    }
}

fn opened(f: &mut fmt::Formatter<'_>, root: bool, sources: usize) -> fmt::Result {
    write!(f, "open {}{sources} sources of mounts", if root { "the root folder and " } else { "" })
}

fn copied(f: &mut fmt::Formatter<'_>, at: &Path, to: &Path) -> fmt::Result {
    write!(f, "copy what `{}` holds to `{}`, if that is empty", at.display(), to.display())
}

fn group(f: &mut fmt::Formatter<'_>, path: &Path, how: Group) -> fmt::Result {
    let verb = if how == Group::Existing { "find" } else { "make" };
    write!(f, "{verb} resctrl group `{}`", path.display())
}

fn device(f: &mut fmt::Formatter<'_>, name: &str, new_name: &str) -> fmt::Result {
    write!(f, "move network interface `{name}` into the container")?;
    if name == new_name { Ok(()) } else { write!(f, " as `{new_name}`") }
}

fn names(kinds: &[NamespaceKind]) -> String {
    kinds.iter().map(NamespaceKind::to_string).collect::<Vec<_>>().join(", ")
}

fn written(f: &mut fmt::Formatter<'_>, value: &str, path: &Path) -> fmt::Result {
    write!(f, "write `{value}` to `{}`", path.display())
}

fn laid(f: &mut fmt::Formatter<'_>, image: &ImageRoot, how: &str) -> fmt::Result {
    write!(f, "lay an overlay over image `{}{how}: {}", image.name, image.lower)
}

fn ids(f: &mut fmt::Formatter<'_>, maps: &crate::IdMaps) -> fmt::Result {
    /// A list of hundreds would leave no room for what went wrong.
    const SHOWN: usize = 3;
    f.write_str("map ids")?;
    for (at, map) in maps.uids.iter().take(SHOWN).enumerate() {
        let comma = if at == 0 { "" } else { "," };
        write!(f, "{comma} {} to {}", map.container_id, map.host_id)?;
        if map.size > 1 {
            write!(f, " and {} more", map.size - 1)?;
        }
    }
    match maps.uids.len().saturating_sub(SHOWN) {
        0 => Ok(()),
        others => write!(f, ", and {others} other mappings"),
    }
}

fn shorten(text: &str) -> String {
    /// Characters; enough to know a command by.
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_string(),
    }
}

impl Step {
    /// Why this step is there, for a person who reads the list.
    pub fn why(&self) -> &'static str {
        use Step::*;
        match self {
            Record { .. } => "so that a crash from here on leaves nothing that cannot be found",
            MakeCgroup { shared: true, .. } => "the way to the container's cgroup",
            MakeCgroup { .. } => "the group that limits, counts and ends its processes",
            EnableControllers { .. } => "a controller reaches a cgroup only through those above it",
            WriteCgroup { .. } => "a limit that was asked for",
            StartScope { .. } => "the group that limits, counts and ends its processes, as systemd knows it",
            AttachToUnit { .. } => "only systemd may move it there from here",
            AttachDeviceRules { .. } => "devices that are not allowed cannot be opened",
            OpenSources { .. } => "its user namespace may not let the child open them",
            Clone { through, .. } if !through.is_empty() => {
                "through a helper: the kernel allows no other order"
            }
            Clone { .. } => "the container's first process, in a world of its own",
            MoveDevice { .. } => "asked for; with its addresses, and up",
            PlugIn(_) => "its way to others, and theirs to it",
            ListenForNames { .. } => "names of other containers are answered, and the rest is passed on",
            Publish { .. } => "asked for; from elsewhere it is reached by these ports, and by no others",
            SetUpInterface(_) => "its place on the network",
            MakeResctrlGroup { .. } => "asked for: its share of the processors' cache",
            WriteSchemata { .. } => "a share that was asked for",
            JoinResctrl { .. } => "its share counts from here on, for it and all its children",
            MapIds(_) => "root inside is somebody ordinary outside",
            SetOomScore { .. } => "who is to be killed first when memory is short",
            RunHooks { .. } => "programs that the caller wants to run here",
            JoinCgroups { .. } => "limits count from here on, for it and all its children",
            JoinNamespace(_) => "shares it with whoever is in there",
            Enter { side: Side::Host, .. } => {
                "only a child can be born into a pid namespace, and may be seen there"
            }
            Enter { .. } => "from here on it sees what the container sees",
            Unshare { kind: NamespaceKind::Cgroup } => "its own cgroup looks like the root to it",
            Unshare { .. } => "clocks of its own, which nobody reads yet",
            SetClocks { .. } => "they can be set only before anybody is in there",
            BecomeRoot { .. } => "all ids are nobody's until then",
            RaiseLoopback => "a new network namespace has nothing else, and has it down",
            NewKeyring { .. } => "the caller's keys cannot be reached",
            CutMounts { .. } => "what is mounted from here on is not seen outside",
            LayOverlay(overlay) if overlay.changes.is_some() => {
                "what is written goes to a folder of the container's own"
            }
            LayOverlay(_) => "what is written stays in memory and is thrown away",
            OpenImage(_) => "its files are shown as the container's, and none is chowned",
            TakeImage => "the host has laid it",
            LayImage(_) => "the image stays as it is; what is written goes into a folder of the container's",
            BindRoot { .. } => "the root of a container must be a mount",
            OpenRoot { .. } => "others live in this mount namespace: nothing covers their root",
            CopyUp { .. } => "a new volume begins with what the image has in its place",
            Mount(mount) => mount.why(),
            LabelMount { .. } => "asked for; this file system takes no option for it",
            MakeFolder { .. } => "where the program is to start",
            MakeDevices { bind: true, .. } => "a user namespace may not make any",
            MakeDevices { .. } => "those that every program expects",
            MakeLinks => "those that every program expects",
            MakeConsole { .. } => "asked for; its other end goes to the caller",
            SetSysctl { .. } => "a setting of its own namespaces",
            SetHostname { .. } | SetDomainname { .. } => "its own uts namespace lets it have one",
            ReadonlyPaths { .. } => "settings of the whole machine can be read there, and not changed",
            MaskPaths { .. } => "they tell about the machine, not about the container",
            ReadonlyRoot => "asked for",
            Pivot => "the host's files are out of reach after this",
            Chroot => "the root cannot be pivoted here",
            ShareRoot { .. } => "asked for",
            ChangeDirectory { .. } => "where the program is to start",
            FindProgram { .. } => "if it is missing, better now than at `start`",
            Save => "other commands can find it from here on",
            Gate => "all is ready; the program runs when somebody says so",
            NewSession { .. } => "signals of the caller's terminal do not reach it",
            OwnStreams { .. } => "an ordinary user can open `/dev/stdout` again",
            SetLimits { .. } | SetUmask { .. } | SetScheduler(_) | SetIoPriority { .. } => "asked for",
            SetMemoryPolicy(_) | SetPersonality { .. } => "asked for",
            SetAffinity { side: Side::Host, .. } => "asked for, until it is in the container's cgroup",
            SetAffinity { .. } => "asked for, now that it is in the container's cgroup",
            SetProfile { .. } => "asked for; the kernel checks files and capabilities against it",
            SetLabel { keyring: true, .. } => "nobody but the program could use it otherwise",
            SetLabel { .. } => "asked for; SELinux checks all that it does against it",
            DropBounding { .. } => "not even a program with the setuid bit gets those back",
            SetUser { .. } => "from here on it is who it is to be",
            SetCapabilities { .. } => "root without these is not the machine's root",
            NoNewPrivileges => "programs with the setuid bit gain nothing",
            CloseDescriptors { .. } => "nothing of ours is open in the program",
            ConnectListener { .. } => "it decides about system calls, and cannot be reached from inside",
            FilterCalls { .. } => "what the kernel has and this program does not need is out of reach",
            Exec { .. } => "all that was made is for this",
        }
    }

    /// The step is one of the child's.
    pub fn is_childs(&self) -> bool {
        self.side() == Side::Child
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_reads_as_sentences() {
        let steps = [
            Step::Record { poststop: vec![] },
            Step::Clone {
                new: vec![NamespaceKind::Pid, NamespaceKind::Mount],
                through: vec![],
                into_cgroup: None,
            },
            Step::Exec { args: vec!["sh".into(), "-c".into(), "x".repeat(100)], env: vec![] },
        ];
        let text = explain(&steps, None);
        assert!(text.contains("  1  host   write down what will be made"), "{text}");
        assert!(text.contains("clone into new namespaces: pid, mount"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() < 170), "{text}");
        assert_eq!(explain(&steps, Some(170)), text);
        // Why is below what, where there is no room beside it.
        let narrow = explain(&steps, Some(80));
        let lines: Vec<_> = narrow.lines().collect();
        assert_eq!((lines.len(), lines[0]), (6, "  1  host   write down what will be made"), "{narrow}");
        assert!(lines[1].starts_with("            so that a crash"), "{narrow}");
    }
}
