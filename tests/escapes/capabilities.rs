//! What a program may do: for `run` and `exec` alike, and never more than was asked for.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};

use lab::{Container, Lab, ORDINARY_USER};
use serde_json::{Value, json};

use crate::kit::{number, probe, with_probe};

/// `CAP_*` that a config asks for: bounding, effective, inheritable, permitted, ambient.
struct Asked {
    name: &'static str,
    sets: [&'static [&'static str]; 5],
}

const SETS: [&str; 5] = ["bounding", "effective", "inheritable", "permitted", "ambient"];
/// Numbers of those that are used here.
const BITS: [(&str, u64); 4] =
    [("CAP_KILL", 1 << 5), ("CAP_NET_RAW", 1 << 13), ("CAP_CHOWN", 1), ("CAP_SYS_ADMIN", 1 << 21)];

const FEW: &[&str] = &["CAP_KILL", "CAP_NET_RAW"];
const MORE: &[&str] = &["CAP_KILL", "CAP_NET_RAW", "CAP_CHOWN", "CAP_SYS_ADMIN"];

const ROWS: [Asked; 6] = [
    Asked { name: "none", sets: [&[], &[], &[], &[], &[]] },
    Asked { name: "as engines have it", sets: [FEW, FEW, &[], FEW, &[]] },
    Asked { name: "inheritable", sets: [FEW, FEW, FEW, FEW, &[]] },
    Asked { name: "ambient", sets: [FEW, FEW, FEW, FEW, FEW] },
    Asked { name: "ambient alone is not enough", sets: [MORE, FEW, &[], FEW, FEW] },
    Asked { name: "more in the bounding set", sets: [MORE, FEW, &[], FEW, &[]] },
];

fn bits(names: &[&str]) -> u64 {
    BITS.iter().filter(|(name, _)| names.contains(name)).map(|(_, bit)| bit).sum()
}

impl Asked {
    fn json(&self) -> Value {
        SETS.iter().zip(self.sets).map(|(name, set)| (name.to_string(), json!(set))).collect()
    }

    /// What a program then has, which execve(2) computes of what it was given: `[Inh, Prm, Eff, Bnd, Amb]`.
    ///
    /// Source: capabilities(7), "Transformation of capabilities during execve()".
    /// With `noNewPrivileges`, nothing is gained that was not permitted before.
    fn program(&self, uid: u32, no_new_privileges: bool) -> [u64; 5] {
        let [bounding, _, inheritable, permitted, ambient] = self.sets.map(bits);
        let ambient = ambient & inheritable & permitted;
        let gained = if uid == 0 { inheritable | bounding } else { ambient };
        let gained = if no_new_privileges { gained & permitted } else { gained };
        [inheritable, gained, gained, bounding, ambient]
    }
}

/// As the program's own status has them.
#[track_caller]
fn seen(status: &str) -> [u64; 5] {
    ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map(|name| {
        let line = status.lines().find_map(|line| line.strip_prefix(&format!("{name}:")));
        let digits = line.unwrap_or_else(|| panic!("no {name} in {status:?}")).trim();
        u64::from_str_radix(digits, 16).expect("a number")
    })
}

fn process(web: &Container<'_>, args: &[&str]) -> String {
    let mut process = web.config()["process"].clone();
    process["args"] = json!(args);
    let path = web.lab().folder().join("process.json");
    fs::write(&path, process.to_string()).expect("process.json");
    path.display().to_string()
}

/// CVE-2022-29162, 2022-27650, 2022-27649, 2022-27651, 2022-24769, 2025-27612: capabilities that nobody asked for are
/// inheritable, or whoever enters has others. Each set of each row, for the first process and for both kinds of `exec`.
#[test]
fn sec_cve_2022_29162_the_sets_are_those_that_were_asked_for() {
    let lab = Lab::new();
    let mut checked = 0;
    for row in &ROWS {
        for uid in [0, ORDINARY_USER] {
            for no_new_privileges in [false, true] {
                let what = format!("{}, user {uid}, noNewPrivileges {no_new_privileges}", row.name);
                let web = with_probe(lab.container("web")).edit(|config| {
                    let process = &mut config["process"];
                    process["capabilities"] = row.json();
                    process["user"] = json!({"uid": uid, "gid": uid});
                    process["noNewPrivileges"] = no_new_privileges.into();
                });
                let script = "/bin/probe status; echo told; trap 'exit 0' TERM; while :; do sleep 0.02; done";
                let web = web.sh(script).launch();
                web.wait_for("told");
                let expected = row.program(uid, no_new_privileges);
                assert_eq!(seen(&web.said()), expected, "run: {what}");
                let exec = |args: &[&str]| lab.runtime(["exec"]).args(args).output().ok();
                assert_eq!(seen(&exec(&[web.id(), "/bin/probe", "status"])), expected, "exec: {what}");
                let file = process(&web, &["/bin/probe", "status"]);
                let said = exec(&["--process", &file, web.id()]);
                assert_eq!(seen(&said), expected, "exec --process: {what}");
                let shown = if no_new_privileges { "NoNewPrivs:\t1" } else { "NoNewPrivs:\t0" };
                assert!(said.contains(shown), "{what}: {said}");
                checked += 3;
                web.delete_force().ok();
            }
        }
    }
    assert_eq!(checked, 72);
    // The control: what is inheritable is seen, so the nothing of the other rows is nothing.
    assert_ne!(ROWS[2].program(0, false)[0], ROWS[1].program(0, false)[0]);
}

/// What `exec --cap` adds becomes inheritable only where the container's own program has such.
#[test]
fn sec_cve_2022_29162_exec_cap_adds_nothing_inheritable() {
    let lab = Lab::new();
    for (row, inheritable) in [(&ROWS[1], 0), (&ROWS[3], bits(MORE) & !1)] {
        let web = with_probe(lab.container("web")).edit(|config| {
            config["process"]["capabilities"] = row.json();
        });
        let web = web.sleeping().launch();
        let exec = lab.runtime(["exec", "--cap", "CAP_SYS_ADMIN", web.id(), "/bin/probe", "status"]);
        let [inh, prm, eff, bnd, amb] = seen(&exec.output().ok());
        let all = bits(FEW) | (1 << 21);
        assert_eq!((inh, prm, eff, bnd, amb), (inheritable, all, all, all, inheritable), "{}", row.name);
        web.delete_force().ok();
    }
}

/// A copy of the probe that gains something when it is executed.
fn gains(web: &Container<'_>, name: &str, how: &[&str]) {
    let path = web.rootfs().join("bin").join(name);
    fs::copy(probe(), &path).expect("a copy of the probe");
    if let [capabilities] = how {
        web.lab().program("setcap").arg(capabilities).arg(&path).output().ok();
    } else {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o4755)).expect("the bit");
    }
}

/// CVE-2016-8867, CVE-2018-10856, CVE-2021-20188: an ordinary user keeps root's capabilities, or gains more than the
/// container may ever have by a program of the image.
#[test]
fn sec_cve_2016_8867_an_ordinary_user_has_none_and_gains_no_more_than_there_are() {
    let lab = Lab::new();
    let may_have = bits(FEW);
    for no_new_privileges in [false, true] {
        let web = lab.container("web").edit(|config| {
            config["process"]["capabilities"] = json!({"bounding": FEW});
            config["process"]["user"] = json!({"uid": 1000, "gid": 1000});
            config["process"]["noNewPrivileges"] = no_new_privileges.into();
        });
        let web = with_probe(web);
        gains(&web, "root", &[]);
        gains(&web, "raw", &["cap_net_raw+ep"]);
        gains(&web, "admin", &["cap_sys_admin+ep"]);
        let web = web.sleeping().launch();
        let status = |program: &str| lab.runtime(["exec", web.id(), program, "status"]).output();
        let plain = status("/bin/probe").ok();
        let [inh, prm, eff, bnd, amb] = seen(&plain);
        assert_eq!((inh, prm, eff, bnd, amb), (0, 0, 0, may_have, 0), "{plain}");
        let (root, raw) = (status("/bin/root").ok(), status("/bin/raw").ok());
        if no_new_privileges {
            assert!(root.contains("Uid:\t1000\t1000\t1000"), "{root}");
            assert_eq!((seen(&root)[2], seen(&raw)[2]), (0, 0));
        } else {
            // The control: where it is not forbidden, programs gain what the container may have.
            assert!(root.contains("Uid:\t1000\t0\t0"), "{root}");
            assert_eq!((seen(&root)[2], seen(&raw)[2]), (may_have, 1 << 13));
        }
        // What is not in the bounding set nobody gains: the kernel does not even execute it, or it has none.
        let admin = status("/bin/admin");
        assert!(admin.code == 255 || seen(&admin.stdout)[2] == 0, "{admin:?}");
        web.delete_force().ok();
    }
}

/// CVE-2026-30892, CVE-2016-3697: ids are numbers, whatever the root's list of users says about them.
#[test]
fn sec_cve_2026_30892_an_id_is_that_number() {
    let lab = Lab::new();
    let web = with_probe(lab.container("web"));
    let names = "root:x:0:0::/:/bin/sh\n1000:x:0:0::/:/bin/sh\n1:x:0:0::/:/bin/sh\n";
    fs::write(web.rootfs().join("etc/passwd"), names).expect("etc/passwd");
    let web = web.sleeping().launch();
    // Any odd numbers; the same ones each time, so that a failure can be seen again.
    let mut next = 0x9e37_79b9_u32;
    let mut random = || {
        next = next.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        next
    };
    let ids = [1, 1000, 65535, 65536, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe];
    let ids: Vec<u32> =
        ids.into_iter().chain((0..20).map(|_| random() | 1).filter(|id| *id != u32::MAX)).collect();
    for uid in &ids {
        let exec = |user: &str| {
            lab.runtime(["exec", "-u", user, web.id(), "/bin/sh", "-c", "id -u; id -g"]).output().ok()
        };
        assert_eq!(exec(&uid.to_string()), format!("{uid}\n0\n"));
        assert_eq!(exec(&format!("{uid}:{uid}")), format!("{uid}\n{uid}\n"));
    }
    web.delete_force().ok();
    for uid in ids {
        let web =
            lab.container("web").edit(|config| config["process"]["user"] = json!({"uid": uid, "gid": uid}));
        assert_eq!(web.see("id -u; id -g"), format!("{uid}\n{uid}\n"));
    }
}

/// CVE-2014-8989: in a user namespace that an ordinary user has made, nobody may leave a group that something is
/// forbidden to.
#[test]
fn sec_cve_2014_8989_groups_cannot_be_left() {
    let lab = Lab::new();
    let web = with_probe(lab.container("web")).args(&["/bin/probe", "groups"]).edit(|config| {
        lab::namespace(config, "user", None);
        let own = |id: u32| json!([{"containerID": 0, "hostID": id, "size": 1}]);
        config["linux"]["uidMappings"] = own(ORDINARY_USER);
        config["linux"]["gidMappings"] = own(ORDINARY_USER);
        config["linux"].as_object_mut().expect("an object").remove("resources");
        // Groups that are not mapped cannot own terminals.
        config["mounts"].as_array_mut().expect("a list").retain(|mount| mount["type"] != "devpts");
    });
    let state = lab.state_folder();
    let mine =
        |path: &std::path::Path| chown(path, Some(ORDINARY_USER), Some(ORDINARY_USER)).expect("an owner");
    mine(&state);
    mine(&web.rootfs());
    let said = web.call("run", &[]).user(ORDINARY_USER).output().ok();
    assert_eq!(number(&said, "setgroups"), 1, "{said}");
    // The control: root of the machine makes one in which groups are free.
    let web = with_probe(lab.container("free")).capabilities(&["CAP_SETGID"]).args(&["/bin/probe", "groups"]);
    let web = web.edit(|config| {
        lab::namespace(config, "user", None);
        let map = json!([{"containerID": 0, "hostID": 100_000, "size": 65536}]);
        config["linux"]["uidMappings"] = map.clone();
        config["linux"]["gidMappings"] = map;
    });
    assert_eq!(number(&web.run().ok(), "setgroups"), 0);
}
