//! What was typed about limits: Docker's names and meaning.

use clap::Args;

/// What a container may use of the machine.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct Limits {
    #[command(flatten)]
    pub(crate) changeable: Changeable,
    /// How gladly the kernel swaps: 0 to 100 (cgroup v1).
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub(crate) memory_swappiness: Option<i64>,
    /// Let it wait for memory instead of killing it (cgroup v1).
    #[arg(long)]
    pub(crate) oom_kill_disable: bool,
    /// How gladly the kernel kills it when memory is short: -1000 (never) to 1000.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub(crate) oom_score_adj: Option<i32>,
    /// No kernel has it any more.
    #[arg(long, value_name = "BYTES", hide = true)]
    pub(crate) kernel_memory: Option<String>,
    /// The same on one disk.
    #[arg(long, value_name = "DEVICE:WEIGHT")]
    pub(crate) blkio_weight_device: Vec<String>,
    /// Bytes to read from a disk in a second.
    #[arg(long, value_name = "DEVICE:BYTES")]
    pub(crate) device_read_bps: Vec<String>,
    /// Bytes to write to a disk in a second.
    #[arg(long, value_name = "DEVICE:BYTES")]
    pub(crate) device_write_bps: Vec<String>,
    /// Reads from a disk in a second.
    #[arg(long, value_name = "DEVICE:NUMBER")]
    pub(crate) device_read_iops: Vec<String>,
    /// Writes to a disk in a second.
    #[arg(long, value_name = "DEVICE:NUMBER")]
    pub(crate) device_write_iops: Vec<String>,
    /// Limits of a process: nofile=1024:2048.
    #[arg(long, value_name = "NAME=SOFT[:HARD]")]
    pub(crate) ulimit: Vec<String>,
    /// Size of /dev/shm [default: 64m].
    #[arg(long, value_name = "BYTES")]
    pub(crate) shm_size: Option<String>,
    /// Size of what it writes: size=10g, on file systems that can count it.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) storage_opt: Vec<String>,
    /// Cgroup in which its own is made.
    #[arg(long, value_name = "PATH")]
    pub(crate) cgroup_parent: Option<String>,
    /// Files of cgroup v2, and what to write into them: memory.high=1073741824.
    #[arg(long, value_name = "FILE=VALUE")]
    pub(crate) cgroup_conf: Vec<String>,
    /// Group of resctrl that it is in.
    #[arg(long, value_name = "NAME")]
    pub(crate) rdt_class: Option<String>,
    /// Seconds until it is killed.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<u64>,
}

/// Limits that can also be others while it runs.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct Changeable {
    /// Limit of memory: 64m, 1g; as much swap again.
    #[arg(short, long, value_name = "BYTES")]
    pub(crate) memory: Option<String>,
    /// Limit of memory and swap together; -1 for no limit of swap.
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true)]
    pub(crate) memory_swap: Option<String>,
    /// Memory that the kernel tries to leave to it.
    #[arg(long, value_name = "BYTES")]
    pub(crate) memory_reservation: Option<String>,
    /// Limit of processors: 1.5.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) cpus: Option<String>,
    /// Share of the processors against others: 1024 is usual.
    #[arg(short, long, value_name = "SHARES")]
    pub(crate) cpu_shares: Option<u64>,
    /// Microseconds in which the quota counts.
    #[arg(long, value_name = "MICROSECONDS")]
    pub(crate) cpu_period: Option<u64>,
    /// Microseconds of processor time in each period.
    #[arg(long, value_name = "MICROSECONDS", allow_negative_numbers = true)]
    pub(crate) cpu_quota: Option<i64>,
    /// Processors that it may run on: 0-2,7.
    #[arg(long, value_name = "LIST")]
    pub(crate) cpuset_cpus: Option<String>,
    /// Memory nodes that it may use.
    #[arg(long, value_name = "LIST")]
    pub(crate) cpuset_mems: Option<String>,
    /// Limit of processes and threads; -1 for none.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub(crate) pids_limit: Option<i64>,
    /// Share of disks against others: 10 to 1000.
    #[arg(long, value_name = "WEIGHT")]
    pub(crate) blkio_weight: Option<u16>,
}
