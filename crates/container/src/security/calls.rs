//! System calls that any container may make.
//!
//! The names are those of moby's profile (`seccomp/default_linux.go` of moby/profiles, 2026), sorted by subject. What only
//! some architectures have needs no condition: it has no number on the others.

/// All of them.
pub(super) fn any() -> impl Iterator<Item = &'static str> {
    [FILES, MEMORY, TALK, TIME, IDENTITY, PROCESSES].into_iter().flat_map(str::split_whitespace)
}

/// Files, folders, mounts to look at, and descriptors of all kinds.
const FILES: &str = "\
    access arm_fadvise64_64 arm_sync_file_range cachestat chdir chmod chown chown32 close close_range \
    copy_file_range creat dup dup2 dup3 faccessat faccessat2 fadvise64 fadvise64_64 fallocate fanotify_mark \
    fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr flistxattr flock \
    fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futimesat \
    getcwd getdents getdents64 getxattr getxattrat inotify_add_watch inotify_init inotify_init1 inotify_rm_watch \
    io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit ioctl lchown \
    lchown32 lgetxattr link linkat listmount listxattr listxattrat llistxattr _llseek lremovexattr lseek \
    lsetxattr lstat lstat64 mkdir mkdirat mknod mknodat name_to_handle_at newfstatat open openat openat2 pread64 \
    preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv removexattr removexattrat \
    rename renameat renameat2 rmdir sendfile sendfile64 setxattr setxattrat splice stat stat64 statfs statfs64 \
    statmount statx symlink symlinkat sync sync_file_range syncfs tee truncate truncate64 umask unlink unlinkat \
    utime utimensat utimensat_time64 utimes vmsplice write writev";

/// Memory.
const MEMORY: &str = "\
    brk cacheflush madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall \
    mmap mmap2 mprotect mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect \
    process_mrelease remap_file_pages";

/// Waiting and talking: sockets, pipes, messages, semaphores.
const TALK: &str = "\
    accept accept4 bind connect epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 \
    epoll_wait epoll_wait_old eventfd eventfd2 getpeername getsockname getsockopt ipc listen mq_getsetattr \
    mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink msgctl \
    msgget msgrcv msgsnd _newselect pipe pipe2 poll ppoll ppoll_time64 pselect6 pselect6_time64 recv recvfrom \
    recvmmsg recvmmsg_time64 recvmsg select semctl semget semop semtimedop semtimedop_time64 send sendmmsg \
    sendmsg sendto setsockopt shmat shmctl shmdt shmget shutdown socketcall socketpair";

/// Clocks and timers. Who may set the clock is decided by a capability.
const TIME: &str = "\
    adjtimex alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64 \
    clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday nanosleep setitimer time timer_create \
    timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create \
    timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 times";

/// Who one is, and giving rights up.
const IDENTITY: &str = "\
    capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getpgid getresgid \
    getresgid32 getresuid getresuid32 getuid getuid32 landlock_add_rule landlock_create_ruleset \
    landlock_restrict_self seccomp setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 \
    setpgid setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setuid setuid32";

/// Processes, signals, scheduling, and the rest. `ptrace` and the like look at processes of the same user in the same container, and have
/// been safe to filter since Linux 4.8; we need 5.14.
const PROCESSES: &str = "\
    arch_prctl breakpoint execve execveat exit exit_group fork futex futex_requeue futex_time64 futex_wait \
    futex_waitv futex_wake get_robust_list get_thread_area getcpu getpgrp getpid getppid getpriority getrandom \
    getrlimit getrusage getsid gettid ioprio_get ioprio_set kill modify_ldt pause pidfd_open pidfd_send_signal \
    prctl prlimit64 process_vm_readv process_vm_writev ptrace restart_syscall riscv_flush_icache riscv_hwprobe \
    rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait \
    rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min sched_getaffinity \
    sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 \
    sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield set_robust_list \
    set_thread_area set_tid_address set_tls setpriority setrlimit setsid sigaltstack signalfd signalfd4 \
    sigprocmask sigreturn sysinfo tgkill tkill ugetrlimit uname uretprobe vfork wait4 waitid waitpid";
