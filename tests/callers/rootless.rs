//! podman of an ordinary user on top of ours, with the same answers as with runc.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::process::Command;

use peers::{RUNC, Said, Witness, rootfs};

/// A user who exists in a mount namespace only. All that podman starts ends with the process namespace.
const PERSON: u32 = 4321;

/// Sets the machine up as one that has this user, and then says the words.
const SCRIPT: &str = r#"set -e
folder=$1; person=$2
mount -t tmpfs tmpfs "$folder/scratch"
mkdir "$folder/scratch/etc" "$folder/scratch/work"
mount -t overlay -o "lowerdir=/etc,upperdir=$folder/scratch/etc,workdir=$folder/scratch/work" overlay /etc
mount -t tmpfs tmpfs /run
echo "person:x:$person:$person::$folder:/bin/sh" >> /etc/passwd
echo "person:x:$person:" >> /etc/group
echo person:400000:65536 | tee -a /etc/subuid >> /etc/subgid
printf '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=100:100"]\n' > "$folder/containers.conf"
cd "$folder"
tar -C rootfs -c . > image.tar
set +e
podman() {
    timeout -k 5 60 setpriv --reuid "$person" --regid "$person" --clear-groups env -i "PATH=$PATH" "HOME=$folder" \
        "XDG_RUNTIME_DIR=$folder/xdg" "TMPDIR=$folder/tmp" "CONTAINERS_CONF=$folder/containers.conf" \
        podman --root "$folder/root" --runroot "$folder/runroot" --tmpdir "$folder/tmp" --storage-driver vfs \
        --cgroup-manager cgroupfs --events-backend file --runtime "$folder/runtime" "$@" 2>&1
}
podman import --quiet image.tar bb > import.log || cat import.log
while read -r words; do
    echo "$words"
    eval "podman $words"
    echo "-> $?"
done
podman rm --all --force --time 0 > /dev/null
"#;

/// What is said, a line each; a shell reads it.
const WORDS: &str = r"run --rm --network none bb sh -c 'id -u; cat /proc/self/uid_map'
run --rm --network none --userns keep-id bb sh -c 'id -u; id -g; cat /proc/self/uid_map /proc/self/gid_map'
run --rm --network none --userns keep-id -v ./shared:/shared bb sh -c 'echo mine > /shared/file; ls -ln /shared/file | cut -c 1-26'
run --rm --network none --user 7:8 --cap-drop all bb sh -c 'id -u; id -g; grep Cap /proc/self/status'
run --rm --network none --read-only --tmpfs /data bb sh -c 'touch /x 2>&1; touch /data/x && echo tmpfs'
run --rm --network none bb sh -c 'exit 7'
run --rm --network none bb sh -c 'mount -t tmpfs tmpfs /tmp 2>&1; ls /dev'
run -d --name web --network none --userns keep-id bb sleep 1000 > started
exec web id -u
exec --user 0 web id -u
exec web sh -c 'exit 9'
top web user args
inspect --format '{{.State.Status}}' web
stop --time 0 web
inspect --format '{{.State.Status}}' web
rm web
";

/// What podman answers, and what the runtime was called with.
fn answers(name: &str, runtime: &Path) -> (Said, Witness, impl Drop) {
    let folder = Folder(std::env::temp_dir().join(format!("nagaya-rootless-{name}-{}", std::process::id())));
    let at = |name: &str| folder.0.join(name);
    for made in ["xdg", "tmp", "scratch", "shared"] {
        fs::create_dir_all(at(made)).expect("a folder");
        chown(at(made), Some(PERSON), Some(PERSON)).expect("root may give it away");
    }
    rootfs::make(&at("rootfs")).expect("an image");
    // A target folder of a build need not be everybody's to read.
    fs::copy(runtime, at("program")).expect("the runtime");
    let witness = Witness::new(&folder.0, "runtime", &at("program"));
    fs::write(at("runtime.calls"), "").expect("a file");
    for file in ["runtime.calls", ""] {
        chown(at(file), Some(PERSON), Some(PERSON)).expect("root may give it away");
    }
    fs::set_permissions(at("xdg"), fs::Permissions::from_mode(0o700)).expect("its mode");
    let mut unshare = Command::new("timeout");
    unshare.args([
        "--kill-after=5",
        "200",
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "--pid",
        "--fork",
    ]);
    unshare
        .args(["--kill-child", "--mount-proc", "sh", "-c", SCRIPT, "sh"])
        .arg(&folder.0)
        .arg(PERSON.to_string());
    let said = Said::to(&mut unshare, WORDS).with(&folder.0.display().to_string(), "FOLDER");
    (said, witness, folder)
}

struct Folder(std::path::PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn an_ordinary_user_has_the_same_answers_as_with_runc() {
    let (ours, witness, _folder) = answers("ours", lab::runtime());
    let (theirs, _, _theirs) = answers("runc", Path::new(RUNC));
    assert_eq!(ours, theirs, "ours:\n{}\ntheirs:\n{}", ours.stdout, theirs.stdout);
    // The control: it is what was asked for, and not the same failure twice.
    let wanted = ["-> 7\n", "-> 9\n", "\n4321\n4321\n", "400000", "running\n", "exited\n"];
    for words in wanted {
        assert!(ours.stdout.contains(words), "no {words:?} in:\n{}", ours.stdout);
    }
    witness.saw(&["create", "start", "exec", "kill", "delete"]);
}
