//! What was asked for, as Docker's API has it: `HostConfig` is about this machine, `Config` would be the same on any.

use std::collections::BTreeSet;

use container::{HostAddress, Link, Naming, Network, Record, Request, protected, short};
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
        "CgroupnsMode": "private",
        "Dns": request.naming.servers,
        "DnsOptions": request.naming.options,
        "DnsSearch": request.naming.search,
        "ExtraHosts": hosts(&request.naming),
        "GroupAdd": null,
        "IpcMode": "private",
        "Cgroup": "",
        "Links": links(record),
        "OomScoreAdj": 0,
        "PidMode": "",
        "Privileged": request.privileged,
        "PublishAllPorts": request.publish_all,
        "ReadonlyRootfs": request.read_only,
        "SecurityOpt": null,
        "UTSMode": "",
        "UsernsMode": request.sharing.user.as_ref().map_or("", |user| user.mode.as_str()),
        "ShmSize": SHM_SIZE,
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

fn limits(request: &Request) -> Value {
    let memory = request.memory.unwrap_or(0);
    json!({
        "CpuShares": 0,
        "Memory": memory,
        "NanoCpus": request.cpu_quota.unwrap_or(0) * NANOS_OF_QUOTA,
        "CgroupParent": "",
        "BlkioWeight": 0,
        "BlkioWeightDevice": [],
        "BlkioDeviceReadBps": [], "BlkioDeviceWriteBps": [], "BlkioDeviceReadIOps": [], "BlkioDeviceWriteIOps": [],
        "CpuPeriod": 0, "CpuQuota": 0, "CpuRealtimePeriod": 0, "CpuRealtimeRuntime": 0,
        "CpusetCpus": "", "CpusetMems": "",
        "Devices": [], "DeviceCgroupRules": null, "DeviceRequests": null,
        "KernelMemory": 0, "KernelMemoryTCP": 0,
        "MemoryReservation": 0,
        "MemorySwap": memory.saturating_mul(2),
        "MemorySwappiness": null,
        "OomKillDisable": false,
        "PidsLimit": request.pids,
        "Ulimits": [],
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
        "Domainname": "",
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
