//! One more process in a container: what was asked for, to the process as OCI has it.

use std::path::Path;

use fault::{Fault, Result};
use launch::RootFd;
use oci::{Capabilities, Process};

use crate::image::text;
use crate::users::{Accounts, Who};
use crate::{Request, Root, Variable, environment};

/// A process that somebody wants in a container that runs.
#[derive(Debug, Clone, Default)]
pub struct Exec {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Variables on top of the container's, later ones last.
    pub env: Vec<Variable>,
    /// Where it starts, unless where the container's program does.
    pub workdir: Option<String>,
    /// `name|uid[:group|gid]`, unless as the container's program.
    pub user: Option<String>,
    /// A terminal of its own.
    pub terminal: bool,
    /// Rows and columns of that.
    pub size: Option<(u16, u16)>,
    /// All capabilities that there are.
    pub privileged: bool,
}

impl Exec {
    /// The process: what was not asked for is as the container's own program (`own`) has it. Names of users are looked
    /// up in the container's files, below `root`.
    ///
    /// # Errors
    /// The option that cannot be used.
    pub fn process(&self, request: &Request, own: &Process, root: &RootFd) -> Result<Process> {
        let cwd = self.workdir.clone().unwrap_or_else(|| own.cwd.clone());
        if !cwd.starts_with('/') {
            return Err(Fault::invalid("--workdir", format!("`{cwd}` needs to be an absolute path")));
        }
        let who = self.who(own, root)?;
        let mut process = Process {
            terminal: self.terminal,
            console_size: self
                .size
                .filter(|_| self.terminal)
                .map(|(height, width)| oci::ConsoleSize { height, width }),
            args: self.command.clone(),
            env: self.env(request, own, &who.home),
            cwd,
            ..own.clone()
        };
        (process.user.uid, process.user.gid) = (who.uid, who.gid);
        process.user.additional_gids = who.groups;
        process.capabilities = Some(self.capabilities(own, who.uid));
        if self.privileged {
            process.apparmor_profile = String::new();
        }
        Ok(process)
    }

    fn who(&self, own: &Process, root: &RootFd) -> Result<Who> {
        let accounts = Accounts { passwd: text(root, "/etc/passwd"), group: text(root, "/etc/group") };
        match &self.user {
            Some(user) => accounts.resolve(user),
            None => Ok(Who {
                uid: own.user.uid,
                gid: own.user.gid,
                groups: own.user.additional_gids.clone(),
                home: accounts
                    .resolve(&own.user.uid.to_string())
                    .map_or_else(|_| "/".to_string(), |who| who.home),
            }),
        }
    }

    /// Made anew and not copied: a terminal and a home are this process's, not that of the container's program.
    fn env(&self, request: &Request, own: &Process, home: &str) -> Vec<String> {
        let of_image: &[String] = match &request.root {
            Root::Image(image) => &image.execution.env,
            _ => &[],
        };
        let hostname = own.env.iter().find_map(|pair| pair.strip_prefix("HOSTNAME=")).unwrap_or_default();
        let asked: Vec<_> = request.env.iter().chain(&self.env).cloned().collect();
        environment::of(of_image, &asked, hostname, self.terminal, home)
    }

    /// Who is not root has none at hand, whoever the container's program runs as; and nobody has more than that could get.
    fn capabilities(&self, own: &Process, uid: u32) -> Capabilities {
        let of_container = own.capabilities.clone().unwrap_or_default();
        let all = || plan::all_capabilities().collect::<Vec<_>>();
        let bounding = if self.privileged { all() } else { of_container.bounding };
        let has = if uid == 0 || self.privileged { bounding.clone() } else { Vec::new() };
        Capabilities { bounding, effective: has.clone(), permitted: has, ..Capabilities::default() }
    }
}

/// The lines of a file of variables: empty ones and comments are none. Source: docker/cli, `opts/file.go`.
///
/// # Errors
/// The file, and the line in it.
pub fn env_file(path: &Path, caller: impl Fn(&str) -> Option<String> + Copy) -> Result<Vec<Variable>> {
    use fault::Doing;
    let doing = || format!("read `{}` for --env-file", path.display());
    let text = std::fs::read_to_string(path).doing(|| format!("{}: open {}", doing(), path.display()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut all = Vec::new();
    for line in text.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let name = line.split('=').next().unwrap_or_default();
        let wrong = |why: String| Err(Fault::new(fault::Kind::Invalid, doing()).because(why));
        if name.is_empty() {
            return wrong(format!("no variable name on line '{line}'"));
        }
        if name.contains(char::is_whitespace) {
            return wrong(format!("variable '{name}' contains whitespaces"));
        }
        // A variable that the caller does not have is not there, instead of being taken away.
        if line.contains('=') || caller(name).is_some() {
            all.push(Variable::parse(line, caller)?);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{Mode, OFlags};

    fn process(exec: &Exec, request: &Request) -> Process {
        let folder = std::env::temp_dir().join(format!("nagaya-exec-{:?}", std::thread::current().id()));
        std::fs::create_dir_all(folder.join("etc")).unwrap();
        std::fs::write(folder.join("etc/passwd"), "guest:x:1000:100::/home/guest:\n1001:x:0:0::/:\n")
            .unwrap();
        let root = rustix::fs::open(&folder, OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).unwrap();
        let own = Process {
            cwd: "/srv".to_string(),
            env: ["PATH=/bin", "HOSTNAME=box", "TERM=xterm", "HOME=/root"].map(String::from).to_vec(),
            capabilities: Some(Capabilities {
                bounding: vec!["CAP_KILL".to_string()],
                ..Capabilities::default()
            }),
            ..Process::default()
        };
        let process = exec.process(request, &own, &RootFd::new(root)).unwrap();
        std::fs::remove_dir_all(folder).unwrap();
        process
    }

    #[test]
    fn like_the_containers_own_unless_it_says_otherwise() {
        let plain = process(&Exec::default(), &Request::default());
        assert_eq!((plain.user.uid, plain.cwd.as_str()), (0, "/srv"));
        assert_eq!(plain.capabilities.unwrap().effective, ["CAP_KILL"]);
        assert!(plain.env.contains(&"HOSTNAME=box".to_string()));
        assert!(!plain.env.iter().any(|pair| pair.starts_with("TERM=")), "{:?}", plain.env);
    }

    #[test]
    fn users_are_the_containers_own() {
        let of = |user: &str| {
            process(&Exec { user: Some(user.to_string()), ..Exec::default() }, &Request::default())
        };
        let guest = of("guest");
        assert_eq!((guest.user.uid, guest.user.gid), (1000, 100));
        assert!(guest.env.contains(&"HOME=/home/guest".to_string()));
        let capabilities = guest.capabilities.unwrap();
        assert!(capabilities.effective.is_empty() && capabilities.bounding == ["CAP_KILL"]);
        assert_eq!(of("1001").user.uid, 1001);
    }

    #[test]
    fn files_of_variables() {
        let path = std::env::temp_dir().join(format!("nagaya-env-{}", std::process::id()));
        std::fs::write(&path, "# comment\nA=1\n\n  B=x y \nMINE\nNOT\n").unwrap();
        let read = env_file(&path, |name| (name == "MINE").then(|| "m".to_string())).unwrap();
        let texts = environment::of(&[], &read, "h", false, "/");
        assert_eq!(texts[2..5], ["A=1", "B=x y ", "MINE=m"]);
        std::fs::write(&path, "A B=1\n").unwrap();
        assert!(env_file(&path, |_| None).unwrap_err().to_string().contains("whitespaces"));
        std::fs::remove_file(path).unwrap();
    }
}
