//! A bundle, and the runtime's commands on it.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::{Call, Lab, Output, config};

/// A bundle, and the runtime's commands on it.
///
/// The root folder is the bundle's `rootfs`, and nobody else's.
#[must_use]
pub struct Container<'lab> {
    lab: &'lab Lab,
    id: String,
    bundle: PathBuf,
    config: Value,
    /// `config.json` is what the test wrote, not [`Container::config`].
    by_hand: bool,
    /// Where the program's stdout goes when `create` does not wait for it.
    said: RefCell<Option<PathBuf>>,
}

impl<'lab> Container<'lab> {
    pub(crate) fn new(lab: &'lab Lab, name: &str) -> Container<'lab> {
        let id = format!("{}{name}", lab.name());
        let bundle = lab.folder().join("bundles").join(name);
        fs::create_dir_all(&bundle).expect("the bundle's folder");
        crate::rootfs::build(&bundle.join("rootfs"));
        lab.remember(&id);
        let config = config::base();
        Container { lab, id, bundle, config, by_hand: false, said: RefCell::default() }
    }

    /// Its name on this machine.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The lab that it is in.
    pub fn lab(&self) -> &'lab Lab {
        self.lab
    }

    /// The folder of `config.json`.
    pub fn bundle(&self) -> &Path {
        &self.bundle
    }

    /// Its root folder, from outside.
    pub fn rootfs(&self) -> PathBuf {
        self.bundle.join("rootfs")
    }

    /// What will be written to `config.json`.
    pub fn config(&self) -> &Value {
        &self.config
    }

    /// What only a program inside can know how to say: proof that it ran.
    pub fn nonce(&self) -> String {
        format!("alive in {}", self.id)
    }

    /// Changes the config.
    pub fn edit(mut self, change: impl FnOnce(&mut Value)) -> Self {
        change(&mut self.config);
        self
    }

    /// What it runs.
    pub fn args(self, args: &[&str]) -> Self {
        self.edit(|config| config["process"]["args"] = json!(args))
    }

    /// Runs a script: first it says the nonce, then it does the work.
    pub fn sh(self, script: &str) -> Self {
        let script = format!("echo {}\n{script}", self.nonce());
        self.args(&["/bin/sh", "-c", &script])
    }

    /// Runs until it is killed. Says the nonce first, and ends at once on SIGTERM, as few first processes do.
    pub fn sleeping(self) -> Self {
        self.sh("trap 'exit 0' TERM\nwhile :; do sleep 0.02; done")
    }

    /// One more mount, after the others.
    pub fn mount(self, kind: &str, source: &str, destination: &str, options: &str) -> Self {
        let mount = config::mount(kind, source, destination, options);
        self.edit(|config| config["mounts"].as_array_mut().expect("mounts is a list").push(mount))
    }

    /// The root folder can be written to.
    pub fn writable(self) -> Self {
        self.edit(|config| config["root"]["readonly"] = false.into())
    }

    /// Puts these capabilities into all sets that matter to root.
    pub fn capabilities(self, names: &[&str]) -> Self {
        let sets = json!({"bounding": names, "effective": names, "permitted": names});
        self.edit(|config| config["process"]["capabilities"] = sets)
    }

    /// Writes `config.json` as it is given, JSON or not.
    pub fn raw_config(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.by_hand = true;
        fs::write(self.bundle.join("config.json"), bytes).expect("config.json");
        self
    }

    /// From here on the test makes `config.json` itself.
    pub fn config_by_hand(mut self) -> Self {
        self.by_hand = true;
        self
    }

    /// Writes `config.json`.
    pub fn save(&self) {
        if !self.by_hand {
            fs::write(self.bundle.join("config.json"), self.config.to_string()).expect("config.json");
        }
    }

    /// A call of the runtime with the options of `run` and `create`: `command --bundle B flags ID`.
    pub fn call(&self, command: &str, flags: &[&str]) -> Call {
        self.save();
        self.lab.runtime([command, "--bundle"]).arg(&self.bundle).args(flags).arg(&self.id)
    }

    /// `run`, to the end of the program.
    #[track_caller]
    pub fn run(&self) -> Output {
        self.run_with(&[])
    }

    /// `run` with more flags.
    #[track_caller]
    pub fn run_with(&self, flags: &[&str]) -> Output {
        self.say_to(self.call("run", flags))
    }

    /// Runs a script inside, proves that it ran, and returns what it said.
    #[track_caller]
    pub fn see(self, script: &str) -> String {
        let container = self.sh(script);
        let output = container.run();
        assert_eq!(output.code, 0, "the script failed: {output:?}");
        container.after_nonce(&output.stdout)
    }

    /// The program ran and said its nonce; returns what it said after it.
    #[track_caller]
    pub fn after_nonce(&self, said: &str) -> String {
        let nonce = self.nonce() + "\n";
        let (_, rest) = said.split_once(&nonce).unwrap_or_else(|| panic!("no sign of life in {said:?}"));
        rest.to_string()
    }

    /// `create`.
    #[track_caller]
    pub fn create(&self) -> Output {
        self.create_with(&[])
    }

    /// `create` with more flags.
    #[track_caller]
    pub fn create_with(&self, flags: &[&str]) -> Output {
        self.say_to(self.call("create", flags))
    }

    #[track_caller]
    fn say_to(&self, call: Call) -> Output {
        self.said.replace(Some(call.stream("out")));
        call.output()
    }

    /// `create` and `start`, and waits until the program has said its nonce.
    #[track_caller]
    pub fn launch(self) -> Self {
        self.create().ok();
        self.start().ok();
        self.wait_for(&self.nonce());
        self
    }

    /// What the program has said so far.
    pub fn said(&self) -> String {
        let file = self.said.borrow();
        fs::read_to_string(file.as_ref().expect("it was created")).expect("what it said")
    }

    /// Waits until the program has said this.
    #[track_caller]
    pub fn wait_for(&self, words: &str) {
        crate::until(&format!("it says `{words}`"), || self.said().contains(words));
    }

    /// Waits until it has this status.
    #[track_caller]
    pub fn wait_until(&self, status: &str) {
        crate::until(&format!("it is {status}"), || {
            self.state().is_some_and(|state| state["status"] == status)
        });
    }

    /// Any command that has only the name as argument.
    #[track_caller]
    pub fn command(&self, command: &str) -> Output {
        self.lab.runtime([command, &self.id]).output()
    }

    /// `start`.
    #[track_caller]
    pub fn start(&self) -> Output {
        self.command("start")
    }

    /// `kill ID SIGNAL`.
    #[track_caller]
    pub fn kill(&self, signal: &str) -> Output {
        self.lab.runtime(["kill", &self.id, signal]).output()
    }

    /// `state`, or nothing if there is no such container.
    #[track_caller]
    pub fn state(&self) -> Option<Value> {
        let output = self.command("state");
        if output.code != 0 {
            assert!(output.stderr.contains("does not exist"), "{output:?}");
            return None;
        }
        Some(serde_json::from_str(&output.stdout).expect("state is JSON"))
    }

    /// Its status; empty if there is no such container.
    #[track_caller]
    pub fn status(&self) -> String {
        self.state().map_or(String::new(), |state| state["status"].as_str().unwrap_or_default().to_string())
    }

    /// Its first process.
    #[track_caller]
    pub fn pid(&self) -> i64 {
        self.state().expect("a container")["pid"].as_i64().expect("pid is a number")
    }

    /// `delete`.
    #[track_caller]
    pub fn delete(&self) -> Output {
        self.command("delete")
    }

    /// `delete --force`.
    #[track_caller]
    pub fn delete_force(&self) -> Output {
        self.lab.delete_force(&self.id)
    }
}
