//! The lines. Each builds on those above it.

pub(crate) const ALL: &str = r#"
# made, started, ended
ps
ps -a
run -d --name web -l a=1 -l b=2 box sh -c 'echo out; sleep 1; echo err >&2; trap "exit 7" TERM; while :; do sleep 0.1; done'
run --name ended box sh -c 'exit 3'
run --rm box echo hello
run --rm box sh -c 'echo to stderr >&2; exit 4'
create --name made -m 64m -w /tmp -u 1:1 --entrypoint /bin/sleep box 5
run --name web box true
run box /nothing/here
run --name x1 box /tmp/plain
differs, ours looks at the name first: create --name -bad box
run
run nope.invalid/image
wait ended
wait ended ended
wait nope
ps
ps -a
ps -a --no-trunc
ps -a --format json
ps -aq
ps -q
ps -l
ps -n 2
ps -n 0
differs, ours says it in its own words, and names the option as --help does: ps -n x
differs, ours says which argument it is: ps extra
ps --format '{{.Names}} {{.State}} {{.Labels}} {{.Label "a"}} {{.Networks}} {{.Mounts}} {{.LocalVolumes}} {{.Ports}}|'
ps -a --format 'table {{.Names}}\t{{.Status}}\t{{.Label "a"}}'
differs, types of Go's are no part of ours: ps --format '{{.Nope}}'
ps --format '{{json .Labels}} {{upper .Names}}'
ps -f name=web -q
ps -f name=^/we -q
ps -a -f name=made$ --format '{{.Names}}'
ps -f status=exited --format '{{.Names}}'
ps -f status=created --format '{{.Names}}'
ps -f status=foo
ps -f exited=3
ps -a -f exited=3 --format '{{.Names}}'
ps -f exited=x
ps -f label=a --format '{{.Names}}'
ps -f label=a=2
ps -f label=a=1 -f label=b=2 --format '{{.Names}}'
ps -f ancestor=box --format '{{.Names}}'
ps -f ancestor=nope
ps -a -f since=web --format '{{.Names}}'
ps -a -f before=made --format '{{.Names}}'
differs, newer dockers say it as everywhere else: ps -f before=nope
ps -f health=none --format '{{.Names}}'
ps -f health=x
ps -f network=none --format '{{.Names}}'
ps -f network=host
ps -f publish=80
ps -f expose=x
differs, ours names the option as --help does: ps -f bad
ps -f foo=bar
container ls
container ls -a --format '{{.Names}}'
container list -q
container ps -q

# looked at
inspect -f '{{.Name}} {{.State.Status}} {{.State.Running}} {{.State.ExitCode}}' web
inspect -f '{{.State.ExitCode}} {{.State.Status}}' ended
inspect -f '{{.Path}} {{.Args}}' web
inspect -f '{{json .Config.Cmd}} {{json .Config.Entrypoint}} {{.Config.WorkingDir}} {{.Config.User}}' made
inspect -f '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.NetworkMode}}' made
inspect -f '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.LogConfig.Type}} {{.HostConfig.AutoRemove}}' web
inspect -f '{{index .Config.Labels "a"}} {{.Config.Tty}} {{.Config.Image}}' web
inspect -f '{{.State.StartedAt}} {{.State.FinishedAt}}' made
inspect -f '{{if .State.Health}}yes{{else}}no{{end}}' web
inspect -f '{{range $name, $x := .NetworkSettings.Networks}}{{$name}} {{$x.IPAddress}}{{end}}|{{.NetworkSettings.IPAddress}}' web
inspect -f '{{json .Mounts}}' web
inspect -f '{{.RestartCount}} {{.Image}} {{.Id}}' web
inspect -f json nope
inspect nope
inspect nope web -f '{{.Name}}'
container inspect nope
container inspect -f '{{.Name}}' web ended
inspect --type container box
differs, docker says it twice: inspect --type image web
inspect --type foo box
inspect -f '{{.Foo' web
image inspect -f '{{.Os}} {{.RepoTags}}' box
inspect -f '{{.RepoTags}}' box

# what it printed
until err: logs web
logs web
logs --tail 1 web
logs --tail x web
logs -n 0 web
logs -t web
logs --details web
logs --since 1h web
logs --until 1h web
logs --since x web
logs nope
logs made
logs -f made
logs -f ended
container logs web
run --name nolog --log-driver none box echo x
logs nolog
run --name manylog box sh -c 'for i in 1 2 3 4 5; do echo line $i; done; printf end'
logs manylog
logs -n 2 manylog

# changed
update web
update --pids-limit 50 web ended
update --restart always ended
update --restart foo web
update --restart no ended
update -m 1m web
differs, docker wants a limit of swap to be typed where there was none: update -m 64m manylog
update -m 32m made
update nope -m 10m
update --cpus 0.5 web
update -c 512 --cpuset-cpus 0 web
update --memory-reservation 1m web
update --cpus 1 --cpu-quota 5000 web
inspect -f '{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}} {{.HostConfig.NanoCpus}}' made
inspect -f '{{.HostConfig.PidsLimit}} {{.HostConfig.NanoCpus}} {{.HostConfig.RestartPolicy.Name}}' web
run -d --rm --name goes box sleep 100
update --restart always goes
rm -f goes

# ports
port web
port web 80
port web x
port nope
port made
container port web

# other names
rename web web2
rename web2 web
rename web web
rename web ended
rename nope x1
rename web /a
rename web ''

# signals, pauses, ends
pause web
pause web
ps --format '{{.Names}} {{.Status}}'
inspect -f '{{.State.Status}} {{.State.Paused}}' web
start web
unpause web
unpause web
kill -s FOO web
kill -s 0 web
kill ended
differs, newer dockers say it as everywhere else: kill nope
pause ended
stop -t 5 web
wait web
inspect -f '{{.State.Status}} {{.State.ExitCode}} {{.State.Pid}}' web
stop web
stop nope
start web nope
ps --format '{{.Names}}'
kill -s KILL web
wait web
inspect -f '{{.State.ExitCode}} {{.State.OOMKilled}}' web
restart -t 0 web
inspect -f '{{.State.Status}}' web
differs, newer dockers say it as ours: rm web
rm nope
rm -f nope
rm -f web
start ended
wait ended
start -a manylog
logs manylog
rm made ended
rm ended
start nope
attach ended
attach manylog
attach nope
run -d --name again --restart on-failure:2 box sh -c 'exit 1'
run --rm --restart always box true
until exited: inspect -f '{{.State.Status}}' again
inspect -f '{{.RestartCount}} {{.State.ExitCode}}' again
rm again manylog nolog

# what has happened
events --since x --until 0s
events --since 1h --until 0s -f type=container -f container=web --format '{{.Action}} {{.Actor.Attributes.name}} {{.Status}} {{.From}}'
events --since 1h --until 0s -f container=ended -f event=die
events --since 1h --until 0s -f event=rename
events --since 1h --until 0s -f event=kill -f label=a=1
until nolog: events --since 1h --until 0s -f event=destroy -f container=nolog --format '{{.Type}} {{.Actor.Attributes.name}}'
events --since 1h --until 0s -f event=oom
system events --since 1h --until 0s -f event=restart

# what was asked for
create --name full --pid host --ipc host --uts host --group-add 5 --group-add 6 --shm-size 10m --oom-score-adj 100 --device /dev/zero --device /dev/null:/dev/none:r --device-cgroup-rule 'c 10:200 rwm' --ulimit nofile=10:20 --cpu-shares 512 --cpuset-cpus 0 --memory 64m --memory-reservation 32m --memory-swap 128m --memory-swappiness 5 --cgroup-parent /some --sysctl net.ipv4.ip_forward=1 box true
inspect full -f '{{.HostConfig.PidMode}} {{.HostConfig.IpcMode}} {{.HostConfig.UTSMode}} {{.HostConfig.GroupAdd}} {{.HostConfig.ShmSize}} {{.HostConfig.OomScoreAdj}} {{.HostConfig.CgroupParent}} {{.HostConfig.Sysctls}}'
inspect full -f '{{json .HostConfig.Devices}} {{json .HostConfig.DeviceCgroupRules}} {{json .HostConfig.Ulimits}}'
inspect full -f '{{.HostConfig.CpuShares}} {{.HostConfig.CpusetCpus}} {{.HostConfig.MemoryReservation}} {{.HostConfig.MemorySwap}} {{.HostConfig.MemorySwappiness}} {{.HostConfig.Memory}}'
rm full
create --name secured --security-opt no-new-privileges --security-opt seccomp=unconfined box true
inspect secured -f '{{range .HostConfig.SecurityOpt}}{{println .}}{{end}}{{.HostConfig.PidMode}}{{.HostConfig.IpcMode}}'
rm secured

# pruned
create --name p1 -l keep=1 box true
run --name p2 box true
container prune --filter label=x -f
container prune -f --filter until=10m
container prune -f --filter foo=x
container prune
container prune -f --filter label!=keep
container prune -f
container prune -f
ps -aq
create --name p3 -l keep=1 box true
create --name p4 box true
system prune
system prune -f --filter foo=x
system prune -f --filter until=1h --filter until=2h
differs, ours says it in its own words: system prune -f --filter until
differs, the daemon's words with ours before them: system prune -f --volumes --filter until=1h
system prune -f --filter until=1h
system prune -f --filter label!=keep
ps -a --format '{{.Names}}' --filter label=keep
system prune -f
ps -aq
version -f '{{.Client.Os}}/{{.Client.Arch}} {{.Server.Os}}'
info -f '{{.Containers}} {{.ContainersRunning}} {{.OSType}} {{.Architecture}} {{.NCPU}} {{.KernelVersion}} {{.CgroupVersion}}'
info -f '{{.Nope'
system df --format '{{.Type}} {{.TotalCount}} {{.Active}}'

# names; newer dockers write comments too, in another order, and shorter addresses
run --rm --hostname web box sh -c 'cat /etc/hosts /etc/hostname | sed s/::0/::/'
run --rm --hostname web --domainname a.example --add-host db:192.0.2.1 --add-host v6=[2001:db8::1] box sh -c 'cat /etc/hosts /etc/hostname | sed s/::0/::/'
run --rm box sh -c 'grep -v ^# /etc/resolv.conf | grep . | sort'
run --rm --dns 192.0.2.53 --dns-search a.example --dns-search b.example --dns-option ndots:2 box sh -c 'grep -v ^# /etc/resolv.conf | grep . | sort'
differs, docker warns of what may well be there: run --rm --dns 127.0.0.1 --dns-search . box sh -c 'grep -v ^# /etc/resolv.conf | grep . | sort'
differs, ours says it in its own words, and names the option as --help does: run --rm --dns x box true
differs, ours says it in its own words, and names the option as --help does: run --rm --dns-search x..y box true
differs, ours says it in its own words, and names the option as --help does: run --rm --add-host x box true
differs, ours says it in its own words, and names the option as --help does: run --rm --add-host x:y box true
differs, ours says it in its own words, and names the option as --help does: run --rm --link a:b:c box true
create --name named --add-host db:192.0.2.1 --dns 192.0.2.53 --dns-opt rotate --dns-search a.example box true
inspect named -f '{{.HostConfig.Dns}} {{.HostConfig.DnsOptions}} {{.HostConfig.DnsSearch}} {{.HostConfig.ExtraHosts}}'
rm named

# what is mounted in every container is no change; one change each, as docker has no order for several
run --name changed box sh -c 'mkdir /folder; touch /folder/file'
diff changed
commit changed changed:1
run --name changed2 changed:1 touch /etc/mine
diff changed2
create --name changed3 box true
diff changed3
rm changed changed2 changed3
rmi changed:1

# images that containers use
create --name used0 box sh
cp used0:/etc/passwd -
run --name used1 box sh -c 'echo x > /x'
commit used1 used:1
rm used0 used1
run -d --name used2 used:1 sleep 1000
rmi used:1
tag used:1 used:2
rmi -f used:2
rmi -f used:1
images -f dangling=true --format '{{.Repository}}:{{.Tag}} {{.ID}}'
images used
ps -f name=used2 --format '{{.Names}} {{.Image}}'
inspect -f '{{.Config.Image}}' used2
image prune -f
exec used2 cat /x
rm -f used2
images -f dangling=true --format '{{.Repository}}:{{.Tag}} {{.ID}}'
image prune -f --filter label=x
differs, what is freed is counted as it lies on the disk: image prune -f
images -f dangling=true -q
run --name used3 box sh -c 'echo x > /x'
commit used3 used:3
rm used3
create --name used4 used:3 cat /x
rmi used:3
rmi -f used:3
images -f dangling=true --format '{{.Repository}}:{{.Tag}} {{.ID}}'
start -a used4
ps -a -f name=used4 --format '{{.Names}} {{.Image}}'
rm used4
differs, layers go by prune, and not by rm already: image prune -f
images -f dangling=true -q
"#;
