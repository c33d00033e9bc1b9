//! What was asked for, as Docker's API has it: `HostConfig` is about this machine, `Config` would be the same on any.

use std::collections::BTreeSet;

use container::{
    DeviceNode, Filter, HostAddress, Link, Naming, Network, OnDevice, Record, Request, Share, Ulimit,
    protected, short,
};
use serde_json::{Value, json};

use super::{mounts, network};

/// Bytes of /dev/shm, unless somebody asks for another size.
const SHM_SIZE: i64 = 64 << 20;

pub(super) fn host_config(record: &Record) -> Value {
    let request = &record.request;
    let (masked, readonly) = if request.privileged { (None, None) } else { split(protected()) };
    let mut all = json!({
        "Binds": mounts::binds(request),
        "ContainerIDFile": "",
        "LogConfig": { "Type": request.log.driver.name(), "Config": request.log.options },
        "NetworkMode": request.network_mode(),
        "PortBindings": network::asked_ports(request),
        "RestartPolicy": { "Name": request.restart.name(), "MaximumRetryCount": request.restart.most() },
        "AutoRemove": request.auto_remove,
        "VolumeDriver": "",
        "VolumesFrom": some(&request.volumes_from),
        "CapAdd": some(&request.cap_add),
        "CapDrop": some(&request.cap_drop),
        "CgroupnsMode": if request.sharing.cgroup_host { "host" } else { "private" },
        "Dns": request.naming.servers,
        "DnsOptions": request.naming.options,
        "DnsSearch": request.naming.search,
        "ExtraHosts": hosts(&request.naming),
        "GroupAdd": some(&request.surroundings.groups),
        "IpcMode": if request.sharing.no_shm { "none".to_string() } else { whose(&request.sharing.ipc, "private") },
        "Cgroup": "",
        "Links": links(record),
        "OomScoreAdj": request.surroundings.oom_score_adj.unwrap_or(0),
        "PidMode": whose(&request.sharing.pid, ""),
        "Privileged": request.privileged,
        "PublishAllPorts": request.publish_all,
        "ReadonlyRootfs": request.read_only,
        "SecurityOpt": security(request),
        "UTSMode": if request.sharing.uts_host { "host" } else { "" },
        "UsernsMode": request.sharing.user.as_ref().map_or("", |user| user.mode.as_str()),
        "ShmSize": request.surroundings.shm_size.unwrap_or(SHM_SIZE),
        "Sysctls": request.surroundings.sysctls,
        "Runtime": "nagaya",
        "ConsoleSize": request.size.map_or([0, 0], |(rows, columns)| [rows, columns]),
        "Isolation": "",
    });
    join(&mut all, limits(request));
    join(&mut all, mounts::others(request));
    join(&mut all, json!({ "MaskedPaths": masked, "ReadonlyPaths": readonly }));
    all
}

/// As Docker prints them: `name:address`.
fn hosts(naming: &Naming) -> Option<Vec<String>> {
    let text = |(name, address): &(String, HostAddress)| match address {
        HostAddress::Ip(ip) => format!("{name}:{ip}"),
        HostAddress::Gateway => format!("{name}:host-gateway"),
    };
    Some(naming.hosts.iter().map(text).collect::<Vec<_>>()).filter(|list| !list.is_empty())
}

/// As Docker prints them: `/other:/name/alias`; a container that is gone by its id.
fn links(record: &Record) -> Option<Vec<String>> {
    let own = &record.name;
    let text = |link: &Link| format!("/{}:/{own}/{}", short(&link.container), link.alias);
    Some(record.request.naming.links.iter().map(text).collect::<Vec<_>>()).filter(|list| !list.is_empty())
}

/// Whose namespace it is; `own` if it is the container's.
fn whose(share: &Share, own: &str) -> String {
    match share {
        Share::Own => own.to_string(),
        Share::Host => "host".to_string(),
        Share::Container(id) => format!("container:{id}"),
    }
}

/// As they were typed. What concerns paths is in those.
fn security(request: &Request) -> Option<Vec<String>> {
    let security = &request.security;
    let seccomp = match &security.seccomp {
        Some(Filter::Unconfined) => Some("seccomp=unconfined".to_string()),
        Some(Filter::Builtin) => Some("seccomp=builtin".to_string()),
        Some(Filter::Profile(text)) => Some(format!("seccomp={text}")),
        None => None,
    };
    let all = security.no_new_privileges.then(|| "no-new-privileges".to_string()).into_iter();
    let all = all
        .chain(seccomp)
        .chain(security.apparmor.iter().map(|profile| format!("apparmor={profile}")))
        .chain(security.label.iter().map(|part| format!("label={part}")));
    Some(all.collect::<Vec<_>>()).filter(|all| !all.is_empty())
}

fn limits(request: &Request) -> Value {
    let (memory, limits) = (request.memory.unwrap_or(0), &request.limits);
    let rates = |all: &[OnDevice]| {
        let one = |one: &OnDevice| json!({ "Path": one.path, "Rate": one.number });
        all.iter().map(one).collect::<Vec<_>>()
    };
    let weight = |one: &OnDevice| json!({ "Path": one.path, "Weight": one.number });
    let ulimit = |one: &Ulimit| json!({ "Name": one.name, "Hard": one.hard, "Soft": one.soft });
    let device = |one: &DeviceNode| json!({ "PathOnHost": one.source, "PathInContainer": one.destination, "CgroupPermissions": one.access });
    json!({
        "CpuShares": limits.cpu_shares.unwrap_or(0),
        "Memory": memory,
        "NanoCpus": request.cpu_quota.unwrap_or(0) * NANOS_OF_QUOTA,
        "CgroupParent": request.surroundings.cgroup_parent.as_deref().unwrap_or_default(),
        "BlkioWeight": limits.blkio_weight.unwrap_or(0),
        "BlkioWeightDevice": limits.weights.iter().map(weight).collect::<Vec<_>>(),
        "BlkioDeviceReadBps": rates(&limits.read_bps), "BlkioDeviceWriteBps": rates(&limits.write_bps),
        "BlkioDeviceReadIOps": rates(&limits.read_iops), "BlkioDeviceWriteIOps": rates(&limits.write_iops),
        "CpuPeriod": limits.cpu_period.unwrap_or(0),
        "CpuQuota": 0, "CpuRealtimePeriod": 0, "CpuRealtimeRuntime": 0,
        "CpusetCpus": limits.cpuset_cpus, "CpusetMems": limits.cpuset_mems,
        "Devices": request.devices.nodes.iter().map(device).collect::<Vec<_>>(),
        "DeviceCgroupRules": some(&request.devices.rules),
        "DeviceRequests": null,
        "KernelMemory": 0, "KernelMemoryTCP": 0,
        "MemoryReservation": limits.memory_reservation.unwrap_or(0),
        "MemorySwap": limits.memory_swap.unwrap_or(memory.saturating_mul(2)),
        "MemorySwappiness": limits.swappiness,
        "OomKillDisable": limits.no_oom_killer,
        "PidsLimit": request.pids,
        "Ulimits": limits.ulimits.iter().map(ulimit).collect::<Vec<_>>(),
        "CpuCount": 0, "CpuPercent": 0, "IOMaximumIOps": 0, "IOMaximumBandwidth": 0,
    })
}

/// A quota of microseconds in 100 ms, as parts of a processor that has 10^9.
const NANOS_OF_QUOTA: i64 = 10_000;

pub(super) fn config(record: &Record) -> Value {
    let (request, image) = (&record.request, record.execution());
    let own_entry = request.entrypoint.as_ref().map(|program| vec![program.clone()]);
    let command = match (request.command.is_empty(), &request.entrypoint) {
        (true, Some(_)) => None,
        (true, None) => image.cmd.clone(),
        (false, _) => Some(request.command.clone()),
    };
    let volumes =
        image.volumes.iter().map(|path| (path.clone(), json!({}))).collect::<serde_json::Map<_, _>>();
    let mut all = json!({
        "Hostname": hostname(record),
        "Domainname": request.surroundings.domainname.as_deref().unwrap_or_default(),
        "User": request.user.clone().unwrap_or_else(|| image.user.clone()),
        "AttachStdin": false, "AttachStdout": false, "AttachStderr": false,
        "Tty": request.terminal,
        "OpenStdin": request.interactive,
        "StdinOnce": request.interactive,
        "Env": record.environment(),
        "Cmd": command,
        "Image": record.image(),
        "Volumes": if volumes.is_empty() { None } else { Some(volumes) },
        "WorkingDir": request.workdir.clone().unwrap_or_else(|| image.working_dir.clone()),
        "Entrypoint": own_entry.or(image.entrypoint),
        "OnBuild": if image.on_build.is_empty() { None } else { Some(image.on_build) },
        "Labels": record.labels(),
    });
    let mut exposed: BTreeSet<_> = image.exposed_ports.into_iter().collect();
    exposed.extend(request.exposed.iter().map(ToString::to_string));
    exposed.extend(request.publish.iter().map(|one| format!("{}/{}", one.port, one.protocol)));
    if !exposed.is_empty() {
        all["ExposedPorts"] = Value::Object(exposed.into_iter().map(|port| (port, json!({}))).collect());
    }
    let of_image = Some(image.stop_signal).filter(|name| !name.is_empty());
    if let Some(signal) = request.stop_signal.clone().or(of_image) {
        all["StopSignal"] = json!(signal);
    }
    if let Some(seconds) = request.stop_timeout {
        all["StopTimeout"] = json!(seconds);
    }
    if let Some(check) = image.healthcheck {
        all["Healthcheck"] = json!(check);
    }
    all
}

fn hostname(record: &Record) -> String {
    match (&record.request.hostname, &record.request.network) {
        (Some(name), _) => name.clone(),
        (None, Network::Host) => rustix::system::uname().nodename().to_string_lossy().into_owned(),
        (None, _) => record.short().to_string(),
    }
}

fn some(list: &[String]) -> Option<&[String]> {
    Some(list).filter(|list| !list.is_empty())
}

fn split<A, B>((first, second): (A, B)) -> (Option<A>, Option<B>) {
    (Some(first), Some(second))
}

fn join(all: &mut Value, more: Value) {
    if let (Value::Object(all), Value::Object(more)) = (all, more) {
        all.extend(more);
    }
}
