//! `help` and `--version`.

use std::process::ExitCode;

use fault::Result;

const HELP: &str = "\
nagaya-runtime: runs containers as the OCI Runtime Specification has them

Usage: nagaya-runtime [--root DIR] [--log FILE] [--log-format text|json] [--systemd-cgroup] COMMAND
       (--log also takes file:FILE, journald:NAME, syslog:NAME; --log-level error leaves warnings out;
       --systemd-cgroup has systemd make the container's cgroup, --cgroup-manager disabled leaves it in ours)

Commands:
  create ID      makes a container from the bundle in this folder; it waits for `start`
  start ID       runs its program
  run ID         create and start in one; waits for the program, or not with --detach
  state ID       what it is right now, as JSON
  kill ID [SIG]  sends it a signal (TERM); --regex EXPRESSION for several, as with delete
  exec ID CMD    one more process in it, or `exec --process FILE ID`
  delete ID      removes it; with --force whatever it is doing
  pause ID       holds all its processes still; `resume ID` lets them go on
  ps ID          its processes (--format json)
  events ID      what it uses (--interval 5s, or once with --stats) and that its memory ran out, as lines of JSON
  update ID      other limits: --memory, --cpu-quota, --pids-limit, or --resources FILE
  list           all containers
  spec           writes a config.json to start from (--rootless for an ordinary user)
  features       what this runtime can do, as JSON

Options of create and run:
  -b, --bundle DIR         the bundle's folder
  -f, --config FILE        another name than config.json
      --console-socket S   sends the container's terminal there
      --pidfd-socket S     sends a descriptor of the first process there (exec as well)
      --pid-file FILE      writes the first process's number there
      --preserve-fds N     N more descriptors for the program
      --no-pivot           changes the root by chroot (weaker; for a ramdisk)
      --no-new-keyring     keeps the caller's session keyring
  -d, --detach             (run) does not wait for the program
      --keep               (run) does not delete the container when it has ended
      --explain            prints every step and its reason, and does nothing
      --trace              prints every step and its time

Example:
  mkdir -p web/rootfs && docker export $(docker create busybox) | tar -C web/rootfs -x
  cd web && nagaya-runtime spec && nagaya-runtime run web
";

pub(crate) fn help() -> Result<ExitCode> {
    super::print(HELP)?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn version() -> Result<ExitCode> {
    let commit = option_env!("NAGAYA_COMMIT").unwrap_or("unknown");
    super::print(&format!(
        "nagaya-runtime version {}\ncommit: {commit}\nspec: {}\n",
        env!("CARGO_PKG_VERSION"),
        oci::VERSION
    ))?;
    Ok(ExitCode::SUCCESS)
}
