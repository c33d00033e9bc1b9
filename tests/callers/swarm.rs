//! A swarm of one node, whose default runtime is ours.

use peers::{Docker, poll};

/// Ids of the service's containers that run.
fn tasks_of(docker: &Docker) -> Vec<String> {
    let list =
        docker.fine(&["ps", "--quiet", "--no-trunc", "--filter", "label=com.docker.swarm.service.name=web"]);
    list.lines().map(String::from).collect()
}

/// Waits until so many of them run, and says which.
#[track_caller]
fn await_tasks(docker: &Docker, count: usize) -> Vec<String> {
    let tasks = poll(|| Some(tasks_of(docker)).filter(|tasks| tasks.len() == count));
    let why = || format!("{}\n{}", docker.fine(&["service", "ps", "--no-trunc", "web"]), docker.log());
    tasks.unwrap_or_else(|| panic!("there are {:?}, not {count}: {}", tasks_of(docker), why()))
}

#[test]
fn a_service_scales_to_five_and_back() {
    let docker = Docker::with(&["--default-runtime=nagaya"]);
    docker.fine(&["swarm", "init", "--advertise-addr", "127.0.0.1"]);
    let service =
        ["service", "create", "--detach", "--no-resolve-image", "--network", "host", "--name", "web"];
    let limits = ["--limit-memory", "32m", "--stop-grace-period", "0s", "box", "sleep", "1000"];
    docker.fine(&[&service[..], &limits].concat());
    let first = await_tasks(&docker, 1);
    docker.fine(&["service", "scale", "--detach", "web=5"]);
    let five = await_tasks(&docker, 5);
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
    let others =
        poll(|| Some(tasks_of(&docker)).filter(|tasks| tasks.len() == 5 && !tasks.contains(&five[4])));
    assert!(others.is_some(), "{five:?} became {:?}", tasks_of(&docker));
    docker.fine(&["service", "scale", "--detach", "web=1"]);
    await_tasks(&docker, 1);
    docker.fine(&["service", "rm", "web"]);
    await_tasks(&docker, 0);
    let gone = poll(|| docker.fine(&["ps", "--all", "--quiet"]).is_empty().then_some(()));
    assert!(gone.is_some(), "containers stay: {}", docker.fine(&["ps", "--all"]));
    docker.fine(&["swarm", "leave", "--force"]);
    docker.finish();
}
