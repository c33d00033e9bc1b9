//! `--log-driver journald`: a real systemd-journald, in a mount namespace where nobody else is.

use lab::Lab;
use serde_json::Value;

use crate::kit::{Nagaya, fails, program};

/// `$1` is nagaya, `$2` its root, `$3` the container's name.
const SCRIPT: &str = r#"
mount -t tmpfs none /run && mkdir -p /run/systemd/journal /run/log/journal
/lib/systemd/systemd-journald >/dev/null 2>&1 & journal=$!
for i in $(seq 100); do [ -S /run/systemd/journal/socket ] && break; sleep 0.1; done
"$1" --root "$2" run --rm --log-driver journald --name "$3" host sh -c \
  'echo out; echo err >&2; echo "MESSAGE=forged"; head -c 20000 /dev/zero | tr "\0" x; printf end' >/dev/null 2>&1
echo "exit code $?" >&2
for i in $(seq 100); do
  journalctl -D /run/log/journal --all -o json --no-pager CONTAINER_NAME="$3" > /run/all 2>/dev/null
  grep -q xend /run/all && break; sleep 0.1
done
cat /run/all; kill $journal; wait $journal
"#;

#[test]
fn the_journal_keeps_what_is_printed() {
    let lab = Lab::new();
    let (root, name) = (lab.engine_root().display().to_string(), lab.container_name());
    let nagaya = program().display().to_string();
    let call = lab.program("/usr/bin/unshare").args(["-m", "sh", "-c", SCRIPT, "sh", &nagaya, &root, &name]);
    let output = call.output();
    assert!(output.stderr.contains("exit code 0"), "{output:?}");
    let entries: Vec<Value> =
        output.stdout.lines().map(|line| serde_json::from_str(line).expect("an entry")).collect();
    let find = |message: &str| {
        let has = |entry: &&Value| entry["MESSAGE"].as_str().is_some_and(|text| text.ends_with(message));
        entries.iter().find(has).unwrap_or_else(|| panic!("no `{message}` in {entries:?}"))
    };
    assert_eq!((&find("out")["PRIORITY"], &find("err")["PRIORITY"]), (&"6".into(), &"3".into()));
    assert_eq!(find("out")["IMAGE_NAME"], "host");
    assert_eq!(find("out")["CONTAINER_ID_FULL"].as_str().map(str::len), Some(64));
    assert_eq!(find("MESSAGE=forged")["CONTAINER_NAME"], name.as_str());
    // A line of 20,000 bytes comes in parts, of which only the last is no part.
    assert_eq!(find("xend").get("CONTAINER_PARTIAL_MESSAGE"), None);
    let parts: Vec<_> = entries.iter().filter(|entry| entry["CONTAINER_PARTIAL_MESSAGE"] == "true").collect();
    assert_eq!(parts.len(), 1, "{parts:?}");
}

#[test]
fn without_a_journal_nothing_starts() {
    if std::path::Path::new("/run/systemd/journal/socket").exists() {
        return;
    }
    let lab = Lab::new();
    let output = lab.run(&["--log-driver", "journald", "host", "true"]).output();
    fails(output, 125, &["journald is not enabled on this host", "/run/systemd/journal/socket"]);
    assert_eq!(lab.known(), [""; 0]);
}
