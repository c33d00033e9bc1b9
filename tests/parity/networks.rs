//! Networks and ports: the same lines, each engine in a network namespace of its own.

use std::process::{Child, Command, Stdio};
use std::thread;

use lab::{Lab, Nagaya};
use peers::Docker;

use crate::answer::Answer;
use crate::line::{self, Line};
use crate::{Engine, load, play};

/// Ours, in a network namespace of its own.
struct Ours {
    lab: Lab,
    host: Child,
}

impl Ours {
    fn new() -> Ours {
        let lab = Lab::new();
        let mut unshare = Command::new("unshare");
        unshare.args(["-n", "sh", "-c", "ip link set lo up; exec sleep infinity"]);
        let host = unshare.env("LAB", lab.name()).stdin(Stdio::null()).spawn().expect("a host");
        let pid = host.id().to_string();
        let own = lab::namespace_of("self", "net");
        lab::until("a network namespace", || lab::namespace_of(&pid, "net") != own);
        Ours { lab, host }
    }
}

impl Engine for Ours {
    fn call(&self, words: &[&str]) -> Answer {
        let pid = self.host.id().to_string();
        let call = self.lab.nagaya(words).env("NAGAYA_NETWORK", "").under(["nsenter", "-t", &pid, "-n"]);
        let output = call.output();
        output.no_crash();
        Answer { stdout: output.stdout, stderr: output.stderr, code: output.code }
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        let _ = self.host.kill();
        let _ = self.host.wait();
    }
}

#[test]
fn networks_have_the_same_answers() {
    let (ours, docker) = (Ours::new(), Docker::with(&["--bridge=", "--ip-forward=true"]));
    load(&ours.lab, &docker);
    let lines = line::parse(LINES);
    let (mine, theirs) = thread::scope(|scope| {
        let theirs = scope.spawn(|| play(&docker, &lines, Line::as_typed));
        (play(&ours, &lines, Line::as_typed), theirs.join().expect("docker's answers"))
    });
    crate::end(&ours);
    crate::end(&docker);
    let pairs = lines.iter().zip(mine.iter().zip(&theirs));
    let different: Vec<_> = pairs.filter_map(|(line, (ours, theirs))| line.judge(ours, theirs)).collect();
    assert!(different.is_empty(), "{} of {}:\n\n{}", different.len(), lines.len(), different.join("\n\n"));
    docker.stop();
}

const LINES: &str = r#"
# there are always three
network ls
network ls -q
network ls --format '{{.Name}} {{.Driver}} {{.Scope}} {{.IPv6}} {{.Internal}}'
differs, newer dockers tell the gateway as ours: network inspect -f '{{.Name}} {{.Driver}} {{.Scope}} {{.Internal}} {{json .IPAM.Config}}' bridge
network inspect -f '{{.Name}} {{.Driver}} {{.Scope}} {{json .IPAM.Config}} {{json .Containers}} {{json .Labels}}' none
network rm bridge
network rm none

# made
network create one
network create one
network create --subnet 10.77.0.0/24 --gateway 10.77.0.254 --ip-range 10.77.0.128/25 -o com.docker.network.driver.mtu=1400 --label tier=front two
network create --subnet 10.77.0.0/16 three
network create --subnet 10.78.0.0/33 three
network create --gateway 10.78.0.1 three
network create --subnet 10.78.0.0/24 --gateway 10.79.0.1 three
network create --subnet 10.78.0.0/24 --ip-range 10.79.0.0/25 three
network create --internal inner
network create -d foo three
differs, ours says which argument is missing: network create
network create bridge
network create host
network ls --format '{{.Name}} {{.Driver}} {{.Internal}}'
network ls -f label=tier --format '{{.Name}}'
network ls -f label=tier=back --format '{{.Name}}'
network ls -f name=o --format '{{.Name}}'
network ls -f driver=null --format '{{.Name}}'
network ls -f type=custom --format '{{.Name}}'
network ls -f type=foo
network ls -f dangling=true --format '{{.Name}}'
network ls -f scope=swarm --format '{{.Name}}'
network inspect -f '{{.Name}} {{.Driver}} {{.Internal}} {{.EnableIPv6}} {{.Attachable}} {{.Ingress}} {{.Scope}}' one two inner
network inspect -f '{{json .IPAM}} {{json .Labels}} {{json .Options}} {{json .Containers}}' two
network inspect -f '{{json .IPAM}} {{json .Labels}} {{json .Options}}' one
network inspect -f '{{.Name}}' nope one
inspect -f '{{.Name}}' two
inspect --type network -f '{{.Name}}' nope

# run on them
run -d --name web --network one -p 8080:80 box sleep 1000
run -d --name def box sleep 1000
ps --format '{{.Names}} {{.Ports}} {{.Networks}}'
port web
port web 80
port web 80/udp
port web 81
inspect -f '{{json .NetworkSettings.Ports}} {{json .HostConfig.PortBindings}} {{json .Config.ExposedPorts}}' web
inspect -f '{{range $name, $net := .NetworkSettings.Networks}}{{$name}} {{$net.IPAddress}}/{{$net.IPPrefixLen}} {{$net.Gateway}} {{$net.MacAddress}}{{end}}' web
inspect -f '{{.NetworkSettings.IPAddress}}/{{.NetworkSettings.IPPrefixLen}} {{.NetworkSettings.Gateway}} {{.NetworkSettings.MacAddress}}' def
inspect -f '{{.NetworkSettings.IPAddress}}{{.HostConfig.NetworkMode}}' web
network inspect -f '{{range .Containers}}{{.Name}} {{.MacAddress}} {{.IPv4Address}} {{.IPv6Address}}{{end}}' one
ps -f network=one --format '{{.Names}}'
ps -f publish=8080 --format '{{.Names}}'
ps -f expose=80 --format '{{.Names}}'
ps -f publish=81 --format '{{.Names}}'
network rm one
run --rm --network nope box true
run --name taken -p 8080:80 box true
ps -a -f name=taken --format '{{.Names}} {{.Status}} {{.Ports}}'
rm taken
run --rm -p x:80 box true
run --rm -p 80000:80 box true
run --rm -p 80/foo box true
run --rm --network one --ip 172.18.0.9 box true
run --rm --network bridge --ip 172.17.0.9 box true
run --rm --network bridge --network-alias x box true
run --rm --network container:nope box true
run --rm --network container:web -p 80:80 box true
run --rm --network container:web -h x box true
run --rm --network container:web --expose 80 box true
run --rm --network host --ip 1.2.3.4 box true
run --rm --mac-address x box true
run --name rm1 --network two --ip 10.77.0.177 -d box sleep 1000
inspect -f '{{range .NetworkSettings.Networks}}{{json .IPAMConfig}} {{.IPAddress}} {{.MacAddress}} {{.Gateway}}{{end}}' rm1
run --rm --network two --ip 10.77.0.177 box true

# changed
network connect two web
network connect two web
network connect --alias x --ip 10.77.0.178 two def
network connect nope web
network connect one nope
network connect host web
network connect none web
inspect -f '{{range $name, $net := .NetworkSettings.Networks}}{{$name}} {{$net.IPAddress}} {{end}}' web
inspect -f '{{with index .NetworkSettings.Networks "two"}}{{json .IPAMConfig}} {{.IPAddress}}{{end}}' def
network disconnect one web
network disconnect one web
network disconnect nope web
network disconnect one nope
network disconnect host web
inspect -f '{{range $name, $net := .NetworkSettings.Networks}}{{$name}} {{end}}' web
stop -t 0 def
inspect -f '{{range $name, $net := .NetworkSettings.Networks}}{{$name}} {{$net.IPAddress}} {{end}}' def
port def
create --name made --network one -p 81 -P --expose 90-91/udp box true
inspect -f '{{json .HostConfig.PortBindings}} {{.HostConfig.PublishAllPorts}} {{json .Config.ExposedPorts}} {{json .NetworkSettings.Ports}}' made
port made

# removed
network rm two nope
rm -f web def made rm1
network rm two nope
network create --label kept=1 swept
system prune -f --filter label=other
network ls --format '{{.Name}}' --filter label=kept
system prune -f --filter label=kept
network ls --format '{{.Name}}' --filter label=kept
network prune -f --filter label=tier
network prune
network rm inner
network prune -f
network prune -f
network ls --format '{{.Name}}'
"#;
