//! `--log-driver journald`: a real systemd-journald, in a mount namespace where nobody else is.

use std::fs;

use lab::{Lab, Nagaya, Output, engine, fails};
use serde_json::Value;

/// `$1` is nagaya, `$2` its root, `$3` the container's name.
const WITHOUT: &str = r#"
mount -t tmpfs none /run || exit 99
n() { command=$1; shift; "$nagaya" --root "$root" "$command" "$@"; }
nagaya=$1 root=$2 name=$3
"#;
const WITH: &str = r#"
mkdir -p /run/systemd/journal /run/log/journal
/lib/systemd/systemd-journald >/dev/null 2>&1 & journal=$!
trap 'kill $journal; wait $journal' EXIT
for i in $(seq 100); do [ -S /run/systemd/journal/socket ] && break; sleep 0.1; done
until_there() { for i in $(seq 600); do grep -q "$1" "$2" && return; sleep 0.1; done; echo "no $1 in $2" >&2; exit 98; }
"#;

fn in_script(lab: &Lab, parts: &[&str]) -> Output {
    let (root, name) = (lab.engine_root().display().to_string(), lab.container_name());
    let (nagaya, script) = (engine().display().to_string(), parts.concat());
    lab.program("/usr/bin/unshare").args(["-m", "sh", "-c", &script, "sh", &nagaya, &root, &name]).output()
}

#[test]
fn the_journal_keeps_what_is_printed() {
    let lab = Lab::new();
    let script = r#"
      n run --rm --log-driver journald --name "$name" host sh -c \
        'echo out; echo err >&2; echo "MESSAGE=forged"; head -c 20000 /dev/zero | tr "\0" x; printf end' >/dev/null 2>&1
      echo "exit code $?" >&2
      journalctl --sync
      journalctl -D /run/log/journal --all -o json --no-pager CONTAINER_NAME="$name"
    "#;
    let output = in_script(&lab, &[WITHOUT, WITH, script]);
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
    assert_eq!(find("MESSAGE=forged")["CONTAINER_NAME"], lab.container_name().as_str());
    // A line of 20,000 bytes comes in parts, of which only the last is no part.
    assert_eq!(find("xend").get("CONTAINER_PARTIAL_MESSAGE"), None);
    let parts: Vec<_> = entries.iter().filter(|entry| entry["CONTAINER_PARTIAL_MESSAGE"] == "true").collect();
    assert_eq!(parts.len(), 1, "{parts:?}");
}

/// `logs` says what the program has printed, byte for byte, with every option; the same words give the same with json-file.
#[test]
fn logs_read_the_journal() {
    let lab = Lab::new();
    let script = r#"
      text='echo one; sleep 0.05; echo two >&2; sleep 0.05; echo; echo "MESSAGE=x"; head -c 20000 /dev/zero | tr "\0" x; echo; echo last'
      for driver in journald json-file; do
        n run --log-driver $driver --label a=b --log-opt labels=a --name "$name-$driver" host sh -c "$text" >/run/printed 2>&1
        mkdir /run/$driver; cd /run/$driver
        see() { file=$1; shift; n logs "$@" "$name-$driver" >$file.out 2>$file.err; echo $? >$file.code; }
        see all; see two -n 2; see none -n 0; see late --since 2100-01-01; see early --until 2000-01-01
        see follow -f; see details --details; see since --since 1h; see until --until 2100-01-01
        n why "$name-$driver" | grep -A9 'last words' >why
      done
      [ "$(wc -c <all.out)" -gt 20000 ] && diff -r /run/journald /run/json-file && echo same
      tail -c 5 /run/journald/two.out
      n logs -t "$name-journald" | grep -c '^20[0-9-]*T[0-9:]*[.][0-9]\{9\}Z '
      n rm "$name-journald" "$name-json-file"
    "#;
    let output = in_script(&lab, &[WITHOUT, WITH, script]);
    let name = lab.container_name();
    let expected = format!("same\nlast\n5\n{name}-journald\n{name}-json-file\n");
    assert_eq!(output.stdout, expected, "{output:?}");
}

/// One reads from the beginning, one from the end; both hear the end, and what was printed just before.
/// No `journalctl` stays.
#[test]
fn logs_of_the_journal_go_on_until_the_container_ends() {
    let lab = Lab::new();
    let script = r#"
      mkdir /run/gate
      id=$(n run -d --log-driver journald -v /run/gate:/gate --name "$name" host sh -c \
        'echo first; while ! [ -e /gate/go ]; do sleep 0.05; done; seq 3000; echo last >&2')
      n logs -f "$name" >/run/whole 2>&1 & whole=$!
      n logs -f -n 0 "$name" >/run/tail 2>&1 & tail=$!
      n logs -f --until 2000-01-01 "$name" | grep . && echo "too much"
      until_there first /run/whole
      for i in $(seq 600); do [ "$(pgrep -c -f -- "^journalctl.*--follow.*$id")" = 2 ] && break; sleep 0.1; done
      touch /run/gate/go
      wait $whole; echo $?; wait $tail; echo $?
      (echo first; seq 3000; echo last) >/run/expected
      cmp /run/whole /run/expected && tail -n +2 /run/expected | cmp /run/tail - && echo all
      pgrep -f -- "^journalctl.*$id"
      n rm "$name" >/dev/null
    "#;
    let output = in_script(&lab, &[WITHOUT, WITH, script]);
    assert_eq!(output.stdout, "0\n0\nall\n", "{output:?}");
}

/// Anybody may write to the journal, and say that it was a container. What root's containers have printed, root has sent.
#[test]
fn nobody_else_can_say_that_a_container_has_printed_it() {
    let lab = Lab::new();
    let script = r#"
      id=$(n run -d --log-driver journald --name "$name" host echo own); n wait "$name" >/dev/null
      say() { printf 'CONTAINER_ID_FULL=%s\nPRIORITY=6\nMESSAGE=%s\n' "$id" "$1" >/run/said; shift; "$@" logger --journald=/run/said; }
      say ordinary setpriv --reuid 1000 --clear-groups; say root env
      n logs "$name"; journalctl -o cat --no-pager CONTAINER_ID_FULL="$id" | grep -c ordinary; n rm "$name" >/dev/null
    "#;
    let output = in_script(&lab, &[WITHOUT, WITH, script]);
    // The control: the entry is there, and what root says is shown.
    assert_eq!(output.stdout, "own\nroot\n1\n", "{output:?}");
}

/// A `journalctl` that is not there, that fails, or that says nonsense. It is only ever asked for a number of ours.
#[test]
fn what_reads_the_journal_may_be_missing_or_broken() {
    let lab = Lab::new();
    let programs = lab.folder().join("programs");
    fs::create_dir_all(&programs).expect("a folder");
    let script = format!(
        r#"
      id=$(n run -d --log-driver journald --label 'x=--file=/etc/shadow' --name "$name" host echo own); n wait "$name" >/dev/null
      export PATH={}
      n logs "$name"; echo $?
      i() {{ /usr/bin/install -m 755 /dev/stdin {0}/journalctl; }}
      echo '#!/bin/sh\necho "$@" >>/run/asked; echo "it is broken" >&2; exit 1' | i; n logs "$name"; echo $?
      echo '#!/bin/sh\necho A=what; echo' | i; n logs "$name"; echo $?
      echo '#!/bin/sh\nprintf A=what' | i; n logs "$name"; echo $?
      echo '#!/bin/sh\nexec /usr/bin/head -c 3000000 /dev/zero' | i; n logs "$name"; echo $?
      /bin/sed "s/$id/ID/" /run/asked
      PATH=/usr/bin:/bin; n rm "$name" >/dev/null
    "#,
        programs.display()
    );
    let output = in_script(&lab, &[WITHOUT, WITH, &script]);
    let options = "--no-pager --quiet --output=export \
         --output-fields=MESSAGE,PRIORITY,CONTAINER_PARTIAL_MESSAGE,_SOURCE_REALTIME_TIMESTAMP --lines=all";
    let asked = format!("--sync\n{options} CONTAINER_ID_FULL=ID _UID=0\n");
    assert_eq!(output.stdout, format!("1\n1\n1\n1\n1\n{asked}"), "{output:?}");
    for words in [
        "only systemd's own `journalctl` can read",
        "it is broken",
        "no entry",
        "in the middle",
        "more than 1 MiB",
    ] {
        assert!(output.stderr.contains(words), "expected `{words}` in {}", output.stderr);
    }
}

#[test]
fn without_a_journal_nothing_starts() {
    let lab = Lab::new();
    let run = r#"n run --rm --name "$name" --log-driver "$driver" host true"#;
    let output = in_script(&lab, &[WITHOUT, "driver=journald\n", run]);
    fails(output, 125, &["journald is not enabled on this host", "/run/systemd/journal/socket"]);
    assert_eq!(lab.known(), [""; 0]);
    // The control: with a journal it starts, and so does what needs none.
    for parts in [[WITHOUT, "driver=json-file\n", "", run], [WITHOUT, WITH, "driver=journald\n", run]] {
        in_script(&lab, &parts).ok();
    }
}
