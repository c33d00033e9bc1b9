//! containerd by its own command line: the same words under our runtime and under runc, with the same answers.

use peers::Said;

use crate::containerd::Containerd;

const WORDS: &[&str] = &[
    "$RUN --rm $BOX echo hello",
    "$RUN --rm $BOX sh -c 'echo out; echo err >&2; exit 7'",
    "$RUN --rm --cwd /tmp --env A=1 $BOX sh -c 'pwd; echo $A; id -u; hostname | wc -c; grep Cap /proc/self/status'",
    "$RUN --rm --read-only $BOX touch /file",
    "$RUN --rm --privileged --cap-drop CAP_SYS_RESOURCE $BOX grep Seccomp: /proc/self/status",
    "$RUN --rm --seccomp $BOX grep Seccomp: /proc/self/status",
    "$RUN --rm --memory-limit 67108864 --cpus 0.5 $BOX \
       cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/cpu/cpu.cfs_quota_us",
    "$RUN --rm --mount type=bind,src=$PWD/logs,dst=/m,options=rbind:ro $BOX sh -c 'touch /m/x; ls /m'",
    "$RUN --rm --uidmap 0:100000:1000 --gidmap 0:100000:1000 --remap-labels $BOX cat /proc/self/uid_map",
    "$RUN --rm --net-host $BOX readlink /proc/self/ns/net | grep -c $(readlink /proc/self/ns/net)",
    "$RUN --rm $BOX nope 2>&1 | grep -o 'executable file not found in $PATH'",
    "script -qec \"$RUN --rm -t $BOX sh -c 'tty; sleep 1; exit 5'; echo ended with \\$?\" /dev/null | grep -v ^in",
    // Whether ctr still passes on what it says is a race that either may win.
    "$RUN --detach $BOX sh -c 'echo up; exec sleep 1000' > /dev/null",
    "$CTR tasks exec --exec-id one $web sh -c 'echo in; exit 3'",
    "$CTR tasks exec --exec-id two --user 7:8 --cwd /tmp $web sh -c 'id -u; id -g; pwd'",
    "$CTR tasks ps $web | wc -l",
    "$CTR tasks pause $web; $CTR tasks ls | grep $web | grep -o '[A-Z]*$'",
    "$CTR tasks resume $web; $CTR tasks ls | grep $web | grep -o '[A-Z]*$'",
    "$CTR tasks metrics $web | sed -nE 's/(memory.usage_in_bytes|pids.current) .*/\\1/p'",
    "$CTR tasks kill --signal USR1 $web; $CTR tasks kill --signal KILL $web; \
       until $CTR tasks ls | grep $web | grep -q STOPPED; do sleep 0.1; done",
    "$CTR tasks delete $web 2>&1 | sed 's/^time=[^ ]*//'; $CTR containers delete $web; $CTR containers ls --quiet | grep -c $web",
];

/// ctr closes the pipes of a process as soon as it has ended, read or not, so what a short one said is lost at times,
/// under either runtime. Then, and only then, a line is played again; one that changes something never is.
const TRIES: usize = 5;

#[test]
fn the_same_words_have_the_same_answers() {
    let containerd = Containerd::start();
    let answer = |runtime, line: &str| {
        let said = containerd.shell(runtime, line);
        assert!(said.code < 124, "{line} {said:?}");
        said
    };
    let differs = |line: &&str| {
        let both = || [answer("nagaya", line), answer("runc", line)];
        let mut said = both();
        for _ in 1..TRIES {
            if !(changes_nothing(line) && one_is_lost(&said)) {
                break;
            }
            said = both();
        }
        (said[0] != said[1]).then(|| format!("{line}\n{said:#?}"))
    };
    let different: Vec<String> = WORDS.iter().filter_map(differs).collect();
    assert!(different.is_empty(), "{}", different.join("\n"));
    containerd.nagaya.saw(&["pause", "resume", "exec", "kill"]);
    containerd.runc.saw(&["create", "pause", "exec"]);
    containerd.finish();
}

fn changes_nothing(line: &str) -> bool {
    line.contains("--rm") || line.contains("tasks exec")
}

/// The same end, and where they do not say the same, one says nothing.
fn one_is_lost([a, b]: &[Said; 2]) -> bool {
    let lost = |a: &String, b: &String| a == b || a.is_empty() || b.is_empty();
    a != b && a.code == b.code && lost(&a.stdout, &b.stdout) && lost(&a.stderr, &b.stderr)
}

/// The control: what is a difference is not taken for a loss.
#[test]
fn a_loss_is_told_from_a_difference() {
    let said = |stdout: &str, code| Said { stdout: stdout.into(), stderr: String::new(), code };
    assert!(one_is_lost(&[said("in\n", 3), said("", 3)]));
    for other in [said("in\n", 3), said("out\n", 3), said("", 4)] {
        assert!(!one_is_lost(&[said("in\n", 3), other]));
    }
}
