//! The same command lines about volumes, played to docker and to us.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};

use container::{Point, Records};
use lab::{Lab, Nagaya};
use peers::{Docker, Said};
use serde_json::Value;

use crate::sample::put;

/// What both print, and their exit codes, are the same. `run` and `create` are of the image `box`; `NAME` is the container.
const SAME: [&str; 35] = [
    "volume create db",
    "volume create db",
    "volume create --label a=b --label c other",
    "volume ls -q",
    "volume ls",
    "volume ls --format {{.Name}}/{{.Driver}}/{{.Scope}}/{{.Labels}} -f name=oth",
    "volume ls -q -f dangling=true",
    "volume ls -q -f label=a=b",
    "volume ls -q -f label=a=c",
    "volume inspect -f {{.Name}}:{{.Driver}}:{{.Scope}}:{{.Labels.a}} other",
    "run -v db:/data box sh -c ls /data; cat /data/sub/file; echo x > /data/new; stat -c '%a %u %g' /data",
    "run -v db:/x:ro box sh -c ls /x; touch /x/y 2>/dev/null || echo no",
    "run -v db:/data:nocopy box ls /data",
    "run -v new:/data:nocopy box ls /data",
    "run -v /data box ls /data",
    "run --mount src=db,dst=/x,readonly box cat /x/new",
    "run --mount type=tmpfs,dst=/x,tmpfs-size=64k,tmpfs-mode=1770 box stat -c %a /x",
    "run --mount type=tmpfs,dst=/x box stat -c %a /x",
    "run --tmpfs /x:size=64k,mode=700 box stat -c %a /x",
    "run --tmpfs /x box stat -c %a /x",
    "create --name NAME -v db:/one -v /two -v SHARED:/three:ro --mount type=tmpfs,dst=/four --tmpfs /five -v new:/six:nocopy box true",
    "rm -v NAME",
    "create --name NAME -v db:/one -v /two -v SHARED:/three:ro --tmpfs /five box true",
    "volume rm other",
    "run --volumes-from NAME box sh -c ls /one/new; ls -d /two /three; touch /three/x 2>/dev/null || echo no",
    "run --volumes-from NAME:ro box sh -c touch /one/x 2>/dev/null || echo no",
    "volume ls -q -f dangling=true",
    "run -v db:/a -v new:/b box sh -c echo more > /b/file; ls /b",
    "rm -v NAME",
    "volume ls -q",
    "volume rm -f nothing",
    "run -v db:/x -v db:/y box sh -c cat /x/new /y/new",
    "run -v SHARED/made/here:/x box sh -c ls -a /x",
    "volume rm db new",
    "volume ls -q",
];

/// Both refuse it, with the same exit code and these words.
const REFUSED: [(&str, &str); 22] = [
    ("volume create a", "volume name is too short"),
    ("volume create a/b", "includes invalid characters for a local volume name"),
    ("volume create -o nope=1 ab", "invalid option"),
    ("volume create -d nope ab", "error looking up volume plugin nope: plugin \"nope\" not found"),
    ("volume rm nope", "o such volume"),
    ("volume inspect nope", "o such volume"),
    ("volume ls -f nope=1", "nope"),
    ("volume prune -f --filter nope=1", "nope"),
    ("run -v /a:/b:nope box true", "invalid mode: nope"),
    ("run -v /a:b box true", "mount path must be absolute"),
    ("run -v /a:/ box true", "destination can't be '/'"),
    ("run -v a/b:/c box true", "includes invalid characters for a local volume name"),
    ("run -v /a:ro box true", "invalid volume specification"),
    ("run -v /a:/b -v /c:/b box true", "Duplicate mount point: /b"),
    ("run --mount type=bind,src=/not/there,dst=/x box true", "bind source path does not exist: /not/there"),
    ("run --mount type=bind,dst=/x box true", "field Source must not be empty"),
    ("run --mount type=bind,src=/x box true", "arget"),
    ("run --mount type=bind,src=/,dst=/x,nope=1 box true", "unexpected key 'nope' in 'nope=1'"),
    (
        "run --mount type=volume,dst=/x,tmpfs-size=1m box true",
        "cannot mix 'tmpfs-*' options with mount type 'volume'",
    ),
    ("run --mount type=bind,src=/,dst=/x,readonly=maybe box true", "invalid value for readonly: maybe"),
    ("run --tmpfs /x:nope box true", "nvalid tmpfs option [\"nope\"]"),
    ("run --volumes-from nobody box true", "No such container: nobody"),
];

struct Both {
    lab: Lab,
    docker: Docker,
}

impl Both {
    fn start() -> Both {
        let (lab, docker) = (Lab::new(), Docker::start());
        // An image with a folder that volumes begin with.
        let (root, tar) = (lab.rootfs("root"), lab.folder().join("box.tar"));
        put(&root.join("data/sub/file"), "deep\n");
        put(&root.join("data/file"), "");
        chown(root.join("data"), Some(7), Some(8)).expect("an owner");
        fs::set_permissions(root.join("data"), fs::Permissions::from_mode(0o711)).expect("a mode");
        lab.program("tar").arg("-C").arg(&root).arg("-cf").arg(&tar).arg(".").output().ok();
        docker.fine(&["import", tar.to_str().expect("a path"), "box"]);
        lab.nagaya(&["import"]).arg(&tar).arg("box").output().ok();
        Both { lab, docker }
    }

    /// The words of a line; what stands behind `sh -c` is one.
    fn words(&self, line: &str) -> Vec<String> {
        let (front, script) =
            line.split_once(" sh -c ").map_or((line, None), |(front, script)| (front, Some(script)));
        let name = format!("{}web", self.lab.name());
        let shared = self.docker.shared().display().to_string();
        let all = front.split(' ').chain(script.into_iter().flat_map(|script| ["sh", "-c", script]));
        all.map(|word| word.replace("NAME", &name).replace("SHARED", &shared)).collect()
    }

    /// What docker and we say.
    fn play(&self, line: &str) -> (Said, Said) {
        let words = self.words(line);
        let mut theirs: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut ours = theirs.clone();
        if matches!(theirs[0], "run" | "create") {
            let rm: &[&str] = if theirs[0] == "run" { &["--rm"] } else { &[] };
            for list in [&mut theirs, &mut ours] {
                list.splice(1..1, [rm, &["--network", "none"]].concat());
            }
            theirs.splice(1..1, ["--runtime", "nagaya"]);
        }
        let said = self.lab.nagaya(&ours).output();
        let ours = Said { stdout: said.stdout, stderr: said.stderr, code: said.code };
        (self.docker.docker(&theirs), ours)
    }
}

/// An id is another one each time.
fn without_ids(text: &str) -> String {
    let is_id = |word: &str| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let lines = text.lines().map(|line| if is_id(line.trim()) { "ID".to_string() } else { line.to_string() });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_same_lines_have_the_same_answers() {
    let both = Both::start();
    let mut different = Vec::new();
    for line in SAME {
        let (theirs, ours) = both.play(line);
        if (without_ids(&theirs.stdout), theirs.code) != (without_ids(&ours.stdout), ours.code) {
            different.push(format!("{line}\n docker {theirs:?}\n ours {ours:?}"));
        }
        if line.starts_with("create") {
            different.extend(same_mounts(&both));
        }
    }
    for (line, words) in REFUSED {
        let (theirs, ours) = both.play(line);
        let says = |said: &Said| said.stderr.contains(words) && said.code != 0;
        if theirs.code != ours.code || !says(&theirs) || !says(&ours) {
            different.push(format!("{line}\n docker {theirs:?}\n ours {ours:?}"));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    both.docker.fine(&["volume", "prune", "-f"]);
    both.docker.finish();
}

/// What `docker inspect` says of mounts is what our record says.
fn same_mounts(both: &Both) -> Option<String> {
    let name = format!("{}web", both.lab.name());
    let said = both.docker.fine(&["inspect", "-f", "{{json .Mounts}}", &name]);
    let theirs: Vec<Value> = serde_json::from_str(&said).expect("JSON");
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_string();
    let their = |one: &Value| {
        format!(
            "{} {} {} {} {} {}",
            text(one, "Destination"),
            text(one, "Type"),
            text(one, "Driver"),
            text(one, "Mode"),
            one["RW"],
            text(one, "Propagation")
        )
    };
    let our = |one: &Point| {
        format!(
            "{} {} {} {} {} {}",
            one.destination,
            one.kind,
            one.driver.unwrap_or_default(),
            one.mode,
            one.rw,
            one.propagation
        )
    };
    let root = both.lab.engine_root();
    let record = Records::at(&root).find(&name).expect("a container");
    let mut theirs: Vec<_> = theirs.iter().map(their).collect();
    theirs.sort();
    let ours: Vec<_> = { record.mounts(&root).iter().map(our).collect() };
    (theirs != ours).then(|| format!("mounts\n docker {theirs:#?}\n ours {ours:#?}"))
}
