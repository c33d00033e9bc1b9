//! The command line: global options, `spec`, `features`, `--version`, logs.

use std::fs;

use lab::{Lab, json_lines};

use crate::lifecycle::is_rfc_3339;

#[test]
fn version_is_what_docker_parses() {
    let lab = Lab::new();
    let said = lab.runtime(["--version"]).output().ok();
    let first = said.lines().next().unwrap();
    let (name, version) = first.split_once(" version ").unwrap();
    assert!(!name.is_empty() && version.starts_with(|c: char| c.is_ascii_digit()), "{said}");
    assert!(said.lines().any(|line| line.starts_with("spec: 1.")), "{said}");
}

#[test]
fn help_is_on_stdout() {
    let lab = Lab::new();
    for args in [&["--help"][..], &["-h"], &["help"], &["create", "--help"]] {
        let said = lab.runtime(args).output().ok();
        assert!(said.to_lowercase().contains("usage"), "{args:?}: {said}");
    }
    let said = lab.runtime(["--help"]).output().ok();
    for command in ["create", "start", "state", "kill", "delete", "run", "list", "spec", "features"] {
        assert!(
            said.contains(command) || (command == "features" && !lab::is_nagaya()),
            "no {command} in {said}"
        );
    }
}

#[test]
fn spec_writes_a_config_that_runs() {
    let lab = Lab::new();
    let web = lab.container("web").config_by_hand();
    lab.runtime(["spec", "--bundle"]).arg(web.bundle()).output().ok();
    let text = fs::read_to_string(web.bundle().join("config.json")).unwrap();
    let mut config: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(config["process"]["terminal"], true);
    assert_eq!(config["process"]["args"][0], "sh");
    assert_eq!(config["root"]["path"], "rootfs");
    config["process"]["terminal"] = false.into();
    let fresh = lab.container("web").edit(|ours| *ours = config);
    fresh.see("[ $$ = 1 ]");
    // Somebody's work is not overwritten.
    lab.runtime(["spec", "--bundle"]).arg(web.bundle()).output().refused(&["config.json"]);
}

#[test]
fn spec_writes_into_the_working_folder() {
    let lab = Lab::new();
    let folder = lab.folder().join("bundles");
    lab.runtime(["spec"]).folder(&folder).output().ok();
    assert!(folder.join("config.json").is_file());
    fs::remove_file(folder.join("config.json")).unwrap();
    lab.runtime(["spec", "--rootless"]).folder(&folder).output().ok();
    let text = fs::read_to_string(folder.join("config.json")).unwrap();
    assert!(text.contains("uidMappings") && text.contains("\"user\""), "{text}");
}

#[test]
fn the_bundle_is_the_working_folder_by_default() {
    let lab = Lab::new();
    let web = lab.container("web").sh("true");
    web.save();
    let output = lab.runtime(["run", web.id()]).folder(web.bundle()).output();
    web.after_nonce(&output.ok());
    let output = lab.runtime(["run", "-b", "web", web.id()]).folder(web.bundle().parent().unwrap()).output();
    web.after_nonce(&output.ok());
}

#[test]
fn features_is_json_that_containerd_reads() {
    if !lab::is_nagaya() {
        return; // runc learned it in 1.1.0, Debian built it out of --help only; ours must have it.
    }
    let lab = Lab::new();
    let features: serde_json::Value = serde_json::from_str(&lab.runtime(["features"]).output().ok()).unwrap();
    assert!(features["ociVersionMin"].is_string() && features["ociVersionMax"].is_string());
    let list = |path: &str| {
        features
            .pointer(path)
            .and_then(|value| value.as_array())
            .unwrap_or_else(|| panic!("no {path}: {features}"))
            .clone()
    };
    for kind in ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"] {
        assert!(list("/hooks").contains(&kind.into()), "{kind}");
    }
    for option in ["bind", "rbind", "ro", "rro", "nosuid"] {
        assert!(list("/mountOptions").contains(&option.into()), "{option}");
    }
    assert!(list("/linux/namespaces").len() >= 8);
    assert!(list("/linux/capabilities").contains(&"CAP_CHOWN".into()));
}

#[test]
fn errors_go_to_the_log_as_json() {
    let lab = Lab::new();
    let log = lab.folder().join("log.json");
    let web = lab.container("web").args(&["no-such-program"]);
    web.save();
    let options = ["--log", log.to_str().unwrap(), "--log-format", "json"];
    let output = lab.runtime(options).args(["create", "--bundle"]).arg(web.bundle()).arg(web.id()).output();
    output.refused(&["executable file not found in $PATH"]);
    let lines = json_lines(&fs::read_to_string(&log).unwrap());
    let errors: Vec<_> = lines.iter().filter(|line| line["level"] == "error").collect();
    assert_eq!(errors.len(), 1, "{lines:?}");
    assert!(errors[0]["msg"].as_str().unwrap().contains("executable file not found in $PATH"));
    assert!(errors[0]["msg"].as_str().unwrap().contains("no-such-program"));
    assert!(is_rfc_3339(errors[0]["time"].as_str().unwrap()), "{lines:?}");
    // One command after another: the log is appended to.
    let again = lab.runtime(options).args(["state", web.id()]).output();
    again.refused(&["container does not exist"]);
    let lines = json_lines(&fs::read_to_string(&log).unwrap());
    assert!(lines.last().unwrap()["msg"].as_str().unwrap().contains("container does not exist"));
}

#[test]
fn options_may_be_written_in_every_usual_way() {
    let lab = Lab::new();
    let web = lab.container("web").sh("true");
    web.save();
    let root = format!("--root={}", lab.state_folder().display());
    let bundle = format!("--bundle={}", web.bundle().display());
    let output = lab.program(lab::runtime()).args(["--debug", &root, "run", &bundle, web.id()]).output();
    web.after_nonce(&output.ok());
    lab.program(lab::runtime())
        .args(["--systemd-cgroup=false", "--rootless=auto", &root, "list", "-q"])
        .output()
        .ok();
}

/// What comes of it is for `tests/vm`.
#[test]
fn systemd_is_asked_only_where_it_can_be() {
    let lab = Lab::new();
    let web = lab.container("web").sh("true");
    web.save();
    for option in ["--systemd-cgroup", "--cgroup-manager=systemd"] {
        let bundle = web.bundle().display().to_string();
        let output = lab.runtime([option, "run", "--bundle", &bundle, web.id()]).output();
        if fs::exists("/run/systemd/system").unwrap() {
            web.after_nonce(&output.ok());
        } else {
            output.refused_naming(&["use `--systemd-cgroup`"]);
        }
    }
    assert!(lab.leftovers().is_empty());
}

#[test]
fn a_state_folder_that_is_not_there_has_no_containers() {
    let lab = Lab::new();
    let root = lab.folder().join("not-there");
    let list = lab.program(lab::runtime()).arg("--root").arg(&root).args(["list", "--quiet"]).output();
    if lab::is_nagaya() {
        assert_eq!(list.ok(), "");
    }
    let state = lab.program(lab::runtime()).arg("--root").arg(&root).args(["state", "x"]).output();
    state.refused(&["does not exist"]);
}

#[test]
fn what_is_no_command_or_option_is_refused() {
    let lab = Lab::new();
    let cases: [&[&str]; 5] = [
        &["no-such-command"],
        &["--no-such-option"],
        &["create", "--no-such-option", "x"],
        &["state"],
        &["kill"],
    ];
    for args in cases {
        let output = lab.runtime(args).output();
        output.no_crash();
        let refused = output.code != 0 && !(output.stderr.clone() + &output.stdout).is_empty();
        assert!(refused || !lab::is_nagaya(), "{args:?}: {output:?}");
    }
}

#[test]
fn a_lost_stdout_is_an_error_and_not_a_crash() {
    let lab = Lab::new();
    let output = lab.runtime(["--version"]).redirect(">/dev/full").output();
    output.no_crash();
    assert!(output.code != 0 || !lab::is_nagaya(), "{output:?}");
    let output = lab.runtime(["list"]).redirect("0<&- >&- 2>&-").output();
    output.no_crash();
}

/// A container whose caller has no stdin, stdout and stderr at all must not get other files in their place.
#[test]
fn closed_streams_are_not_filled_with_other_files() {
    let lab = Lab::new();
    let web = lab.container("web").writable().sh("ls -l /proc/self/fd > /work/fds 2>&1");
    web.call("run", &[]).redirect("0<&- >&- 2>&-").output().no_crash();
    let fds = fs::read_to_string(web.rootfs().join("work/fds")).expect("it ran");
    assert!(!fds.contains(lab.state_folder().to_str().unwrap()) && !fds.contains("config.json"), "{fds}");
}
