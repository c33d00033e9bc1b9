//! A swarm of one node, whose default runtime is ours.

use crate::daemon::Docker;
use crate::wait::poll;

impl Docker {
    /// Ids of the service's containers that run.
    fn tasks(&self) -> Vec<String> {
        let list = self.fine(&[
            "ps",
            "--quiet",
            "--no-trunc",
            "--filter",
            "label=com.docker.swarm.service.name=web",
        ]);
        list.lines().map(String::from).collect()
    }

    /// Waits until so many of them run, and says which.
    #[track_caller]
    fn await_tasks(&self, count: usize) -> Vec<String> {
        let tasks = poll(|| Some(self.tasks()).filter(|tasks| tasks.len() == count));
        let why = || format!("{}\n{}", self.fine(&["service", "ps", "--no-trunc", "web"]), self.log());
        tasks.unwrap_or_else(|| panic!("there are {:?}, not {count}: {}", self.tasks(), why()))
    }
}

#[test]
fn a_service_scales_to_five_and_back() {
    let docker = Docker::with(&["--default-runtime=nagaya"]);
    docker.fine(&["swarm", "init", "--advertise-addr", "127.0.0.1"]);
    let service =
        ["service", "create", "--detach", "--no-resolve-image", "--network", "host", "--name", "web"];
    let limits = ["--limit-memory", "32m", "--stop-grace-period", "0s", "box", "sleep", "1000"];
    docker.fine(&[&service[..], &limits].concat());
    let first = docker.await_tasks(1);
    docker.fine(&["service", "scale", "--detach", "web=5"]);
    let five = docker.await_tasks(5);
    assert!(five.contains(&first[0]), "{first:?} is none of {five:?}");
    for id in &five {
        let runtime =
            docker.fine(&["inspect", "--format", "{{.HostConfig.Runtime}} {{.HostConfig.Memory}}", id]);
        assert_eq!(runtime, "nagaya 33554432");
        assert_eq!(docker.fine(&["exec", id, "cat", "/proc/1/cmdline"]), "sleep\u{0}1000\u{0}");
        docker.ours().saw_of("create", id);
    }
    // One that dies is replaced.
    docker.fine(&["kill", &five[4]]);
    let others = poll(|| Some(docker.tasks()).filter(|tasks| tasks.len() == 5 && !tasks.contains(&five[4])));
    assert!(others.is_some(), "{five:?} became {:?}", docker.tasks());
    docker.fine(&["service", "scale", "--detach", "web=1"]);
    docker.await_tasks(1);
    docker.fine(&["service", "rm", "web"]);
    docker.await_tasks(0);
    let gone = poll(|| docker.fine(&["ps", "--all", "--quiet"]).is_empty().then_some(()));
    assert!(gone.is_some(), "containers stay: {}", docker.fine(&["ps", "--all"]));
    docker.fine(&["swarm", "leave", "--force"]);
    docker.finish();
}
