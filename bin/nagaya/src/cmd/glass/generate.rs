//! `generate` and `completion`: files for other programs.

use std::path::Path;

use clap::CommandFactory;
use fault::{Doing, Result};

use crate::args::Cli;
use crate::args::glass::{Completion, Generate};
use crate::{complete, say};

pub(super) fn run(verb: &Generate, root: &Path) -> Result<()> {
    match verb {
        Generate::Systemd => say::print(&unit(root)),
        Generate::Man { folder } => man(folder),
    }
}

/// What starts containers after a reboot.
fn unit(root: &Path) -> String {
    let program = std::env::current_exe().unwrap_or_else(|_| "/usr/local/bin/nagaya".into());
    format!(
        "# To be put at /etc/systemd/system/nagaya.service; then `systemctl enable nagaya`.\n\
         [Unit]\n\
         Description=Containers of nagaya that are to run after a reboot\n\
         After=network-online.target local-fs.target\n\
         Wants=network-online.target\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         RemainAfterExit=yes\n\
         # Monitors and containers stay when this unit is started again.\n\
         KillMode=none\n\
         ExecStart={0} --root {1} system boot\n\
         \n\
         [Install]\n\
         WantedBy=multi-user.target\n",
        program.display(),
        root.display()
    )
}

/// A page for each command: nagaya-run(1) and so on.
fn man(folder: &Path) -> Result<()> {
    let doing = || format!("write manual pages to `{}`", folder.display());
    std::fs::create_dir_all(folder).doing(doing)?;
    clap_mangen::generate_to(Cli::command(), folder).doing(doing)
}

pub(super) fn completion(typed: &Completion) -> Result<()> {
    say::print(complete::script(typed.shell))
}
