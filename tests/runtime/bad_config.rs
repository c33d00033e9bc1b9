//! `config.json` with anything in it: refused with one error that names the field. No crash, no hang.

use lab::{Container, Lab, Output};
use serde_json::{Value, json};

/// Runs with a changed config in copies of the host's namespaces: one that asks for none of its own must not
/// do anything to the host.
fn run(web: &Container<'_>) -> Output {
    web.call("run", &[]).under(["unshare", "--mount", "--uts", "--ipc", "--propagation", "private"]).output()
}

/// It ran, or it was refused; nothing in between.
#[track_caller]
fn ran_or_refused(web: &Container<'_>, output: Output, what: &str) {
    output.no_crash();
    if !output.stdout.contains(&web.nonce()) {
        assert_ne!(output.code, 0, "{what}: it did not run, and said that it did: {output:?}");
        output.refused(&[]);
    }
}

#[track_caller]
fn refused(web: &Container<'_>, output: Output, words: &[&str]) {
    assert!(!output.stdout.contains(&web.nonce()), "it ran: {output:?}");
    output.refused_naming(words);
}

/// Every value inside, with its path as people write it: `mounts[0].options[1]`. Of a list, the first and
/// the last.
fn paths(value: &Value, name: &str, found: &mut Vec<(String, String)>, pointer: &str) {
    if !name.is_empty() {
        found.push((name.to_string(), pointer.to_string()));
    }
    if let Some(map) = value.as_object() {
        for (key, inner) in map {
            let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
            paths(inner, &name, found, &format!("{pointer}/{key}"));
        }
    }
    let list = value.as_array().map_or(&[][..], Vec::as_slice);
    for number in [0, list.len().saturating_sub(1)].iter().take(list.len().min(2)) {
        paths(&list[*number], &format!("{name}[{number}]"), found, &format!("{pointer}/{number}"));
    }
}

fn same_kind(one: &Value, other: &Value) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

/// Puts a value of each type into each field below `top`.
#[track_caller]
fn wrong_types_below(top: &str) {
    let lab = Lab::new();
    let web = lab.container("web").sh("true");
    let good = web.config().clone();
    ran_or_refused(&web, run(&web), "the control");
    let mut found = Vec::new();
    paths(&good, "", &mut found, "");
    found.retain(|(name, _)| name.split(['.', '[']).next() == Some(top));
    assert!(!found.is_empty(), "no field {top}");
    let values =
        [json!(null), json!(true), json!("x"), json!(7), json!(-7), json!([]), json!({}), json!(1.5)];
    let mut web = web;
    for (name, pointer) in &found {
        for value in &values {
            let mut config = good.clone();
            let old =
                std::mem::replace(config.pointer_mut(pointer).expect("a path that is there"), value.clone());
            web = web.edit(|all| *all = config);
            let output = run(&web);
            let what = format!("{name} = {value}");
            let bad_number = old.is_u64() && !value.is_u64();
            if name.starts_with("process.args[") && (value.is_null() || value.is_string()) {
                output.no_crash(); // Another program, or another script: it says what it likes.
            } else if value.is_null() || (same_kind(&old, value) && !bad_number) {
                ran_or_refused(&web, output, &what);
            } else {
                assert!(!output.stdout.contains(&web.nonce()), "{what} was accepted: {output:?}");
                output.refused_naming(&[name]);
            }
        }
    }
}

#[test]
fn wrong_types_at_the_top() {
    wrong_types_below("ociVersion");
    wrong_types_below("hostname");
    wrong_types_below("root");
}

#[test]
fn wrong_types_in_process() {
    wrong_types_below("process");
}

#[test]
fn wrong_types_in_mounts() {
    wrong_types_below("mounts");
}

#[test]
fn wrong_types_in_linux() {
    wrong_types_below("linux");
}

#[test]
fn a_truncated_config() {
    let lab = Lab::new();
    let web = lab.container("web").sh("true");
    let whole = web.config().to_string();
    let mut web = web.raw_config(&whole);
    ran_or_refused(&web, run(&web), "the control");
    for length in (0..whole.len()).step_by(61).chain([1, 2, whole.len() - 1]) {
        web = web.raw_config(&whole[..length]);
        let output = run(&web);
        refused(&web, output, &["config.json"]);
    }
}

#[test]
fn what_is_not_a_config() {
    let lab = Lab::new();
    let web = lab.container("web").sh("true");
    let whole = web.config().to_string();
    let nested = "[".repeat(100_000);
    let in_depth = whole.replacen('{', &format!("{{\"x\":{nested},"), 1);
    let mut web = web.raw_config("");
    let texts = ["nope", "[]", "null", "1", "\"x\"", "{", "\u{0}", &nested, &in_depth, "{\"a\":NaN}", "{}"];
    for text in texts {
        web = web.raw_config(text);
        let output = run(&web);
        refused(&web, output, &[]);
    }
    web = web.raw_config(b"{\"ociVersion\": \"1.0.2\", \"hostname\": \"\xff\xfe\"}");
    let output = run(&web);
    refused(&web, output, &[]);
}

/// What a lenient reader takes and a careful one does not: two readers must not see two configs.
#[test]
fn what_could_be_read_in_two_ways() {
    let lab = Lab::new();
    let web = lab.container("web").sh("true");
    let whole = web.config().to_string();
    let mut web = web.raw_config("");
    let twice = whole.replacen('{', "{\"hostname\":\"other\",", 1);
    for text in [format!("{whole} x"), format!("{whole}{whole}"), format!("\u{feff}{whole}"), twice] {
        web = web.raw_config(text);
        let output = run(&web);
        if lab::is_nagaya() {
            refused(&web, output, &[]);
        } else {
            ran_or_refused(&web, output, "two ways");
        }
    }
}

#[test]
fn a_config_of_a_hundred_megabytes() {
    let lab = Lab::new();
    let web = lab.container("web").sh("true");
    let whole = web.config().to_string();
    let web = web.raw_config(&whole);
    let file = std::fs::OpenOptions::new().write(true).open(web.bundle().join("config.json")).unwrap();
    file.set_len(100 << 20).unwrap();
    let output = run(&web);
    if lab::is_nagaya() {
        refused(&web, output, &["config.json"]);
    } else {
        ran_or_refused(&web, output, "large");
    }
}

/// A NUL cannot be in a path, an argument or a variable: cut short there it would mean something else.
#[test]
fn a_nul_in_a_text() {
    let lab = Lab::new();
    let web = lab.container("web").sh("true");
    let good = web.config().clone();
    let mut web = web;
    let places = [
        "/process/args/1",
        "/process/env/0",
        "/process/cwd",
        "/root/path",
        "/hostname",
        "/mounts/0/destination",
    ];
    for place in places {
        let mut config = good.clone();
        *config.pointer_mut(place).unwrap() = "/a\u{0}b".into();
        web = web.edit(|all| *all = config);
        let output = run(&web);
        if lab::is_nagaya() || place != "/hostname" {
            refused(&web, output, &[]);
        }
    }
}

#[test]
fn versions() {
    let lab = Lab::new();
    for (version, good) in
        [("1.0.0", true), ("1.2.1", true), ("2.0.0", false), ("garbage", false), ("", false)]
    {
        let web = lab.container("web").sh("true").edit(|config| config["ociVersion"] = version.into());
        let output = run(&web);
        if good {
            web.after_nonce(&output.ok());
        } else if lab::is_nagaya() {
            refused(&web, output, &["ociVersion"]);
        } else {
            ran_or_refused(&web, output, version);
        }
    }
}

/// The specification: unknown fields are ignored.
#[test]
fn unknown_fields_are_ignored() {
    let lab = Lab::new();
    let web = lab.container("web").edit(|config| {
        config["fromTheFuture"] = json!({"a": [1]});
        config["process"]["fromTheFuture"] = json!(true);
        config["linux"]["fromTheFuture"] = json!("x");
    });
    web.see("true");
}

/// A field is honoured or refused, never ignored.
#[test]
fn fields_that_are_not_honoured_are_refused() {
    let cases = [
        ("process.selinuxLabel", json!("system_u:system_r:container_t:s0")),
        ("linux.mountLabel", json!("system_u:object_r:container_file_t:s0")),
        ("linux.intelRdt", json!({"closID": "x"})),
        ("linux.intelRdt", json!({})),
        ("linux.resources.rdma", json!({"mlx5_1": {"hcaHandles": 3}})),
        ("linux.resources.unified", json!({"memory.high": "1000000"})),
    ];
    if !lab::is_nagaya() {
        return; // runc honours most of them, and has its own words for the others.
    }
    let lab = Lab::new();
    for (name, value) in cases {
        let web = lab.container("web").sh("true").edit(|config| {
            *name.split('.').fold(config, |inner, key| &mut inner[key]) = value;
        });
        let output = run(&web);
        refused(&web, output, &[name]);
    }
}

#[test]
fn ids_out_of_range() {
    let lab = Lab::new();
    // runc stops in the middle.
    let greatest: u64 = if lab::is_nagaya() { 4_294_967_294 } else { 2_147_483_647 };
    let numbers = [json!(-1), json!(4_294_967_295_u64), json!(4_294_967_296_u64), json!(1e300), json!("0")];
    for field in ["uid", "gid"] {
        for number in &numbers {
            let web = lab
                .container("web")
                .sh("true")
                .edit(|config| config["process"]["user"][field] = number.clone());
            let output = run(&web);
            let words = format!("process.user.{field}");
            refused(&web, output, &[&words]);
        }
    }
    lab.container("web").edit(|config| config["process"]["user"]["uid"] = greatest.into()).see("true");
}

#[test]
fn values_that_make_no_sense() {
    let cases: [(&str, Value, &str); 12] = [
        ("process.cwd", json!("relative"), "process.cwd"),
        ("process.cwd", json!(""), "process.cwd"),
        ("process.args", json!([]), "process.args"),
        ("process.oomScoreAdj", json!(1001), "oom"),
        ("process.rlimits", json!([{"type": "RLIMIT_NONSENSE", "soft": 1, "hard": 1}]), "RLIMIT_NONSENSE"),
        ("process.rlimits", json!([{"type": "RLIMIT_NOFILE", "soft": 9, "hard": 1}]), "RLIMIT_NOFILE"),
        ("linux.namespaces", json!([{"type": "mount"}, {"type": "nonsense"}]), "linux.namespaces[1].type"),
        ("linux.namespaces", json!([{"type": "mount"}, {"type": "mount"}]), "mount"),
        ("linux.rootfsPropagation", json!("nonsense"), "linux.rootfsPropagation"),
        (
            "linux.devices",
            json!([{"type": "x", "path": "/dev/x", "major": 1, "minor": 3}]),
            "linux.devices[0].type",
        ),
        ("linux.timeOffsets", json!({"boottime": {"secs": 1}}), "time"),
        ("root.path", json!(""), "root.path"),
    ];
    let lab = Lab::new();
    for (name, value, word) in cases {
        let what = format!("{name} = {value}");
        let web = lab.container("web").sh("true").edit(|config| {
            *name.split('.').fold(config, |inner, key| &mut inner[key]) = value;
        });
        let output = run(&web);
        if lab::is_nagaya() {
            refused(&web, output, &[word]);
        } else {
            ran_or_refused(&web, output, &what);
        }
    }
}
