# The ground that all other checks stand on.
. suite/lib.sh
is 'the hierarchy is cgroup v2 alone' "$(stat -fc %T /sys/fs/cgroup)" cgroup2fs
like 'the kernel has the controllers' " $(cat /sys/fs/cgroup/cgroup.controllers) " '* cpuset cpu * memory * pids *'
is 'systemd runs this machine' "$(systemctl is-system-running --wait)" running
