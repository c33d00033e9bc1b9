/* Tries to break out of a container: PROBE COMMAND [ARGUMENTS]. Static, so that it runs in any root folder. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int failed(long result) { return result < 0 ? errno : 0; }

/* exchange A B: swaps two names until it is killed. Says how often, each thousand times. */
static int exchange(char **argv) {
    for (unsigned long n = 0;; n++) {
        if (renameat2(AT_FDCWD, argv[0], AT_FDCWD, argv[1], RENAME_EXCHANGE)) return printf("errno %d\n", errno), 1;
        if (n % 1000 == 0) printf("%lu swaps\n", n), fflush(stdout);
    }
}

/* writable PATHS: which of them can be opened for writing. Nothing is written. */
static int writable(char **paths) {
    for (; *paths; paths++) {
        int fd = open(*paths, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        printf("%s %d\n", *paths, failed(fd));
        if (fd >= 0) close(fd);
    }
    return 0;
}

/* readable PATHS: the same for reading. */
static int readable(char **paths) {
    for (; *paths; paths++) {
        int fd = open(*paths, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
        printf("%s %d\n", *paths, failed(fd));
        if (fd >= 0) close(fd);
    }
    return 0;
}

/* calls: what the kernel says to each of these, called with nothing but nonsense. `unshare` and `clone` ask for a
   user namespace, and would get it. */
#define CALL(name) {#name, SYS_##name}
static const struct { const char *name; long number; } CALLS[] = {
    CALL(acct), CALL(add_key), CALL(bpf), CALL(clone3), CALL(clock_adjtime), CALL(clock_settime), CALL(delete_module),
    CALL(fanotify_init), CALL(finit_module), CALL(fsconfig), CALL(fsmount), CALL(fsopen), CALL(fspick), CALL(init_module),
    CALL(io_uring_enter), CALL(io_uring_register), CALL(io_uring_setup), CALL(ioperm), CALL(iopl), CALL(kcmp),
    CALL(kexec_file_load), CALL(kexec_load), CALL(keyctl), CALL(mbind), CALL(migrate_pages), CALL(mount),
    CALL(mount_setattr), CALL(move_mount), CALL(move_pages), CALL(open_by_handle_at), CALL(open_tree), CALL(perf_event_open),
    CALL(pidfd_getfd), CALL(pivot_root), CALL(process_madvise), CALL(process_vm_readv), CALL(process_vm_writev),
    CALL(ptrace), CALL(quotactl), CALL(reboot), CALL(request_key), CALL(set_mempolicy), CALL(setdomainname),
    CALL(sethostname), CALL(setns), CALL(settimeofday), CALL(swapoff), CALL(swapon), CALL(syslog), CALL(umount2),
    CALL(unshare), CALL(userfaultfd),
};
static int calls(void) {
    for (size_t at = 0; at < sizeof CALLS / sizeof *CALLS; at++) {
        long number = CALLS[at].number;
        printf("%s %d\n", CALLS[at].name, failed(syscall(number, -1L, -1L, -1L, -1L, -1L, -1L)));
    }
    return 0;
}

/* sockets HIGH: each family, with this in the upper half of the argument, of which the kernel knows nothing. */
static int sockets(char **argv) {
    long high = atol(argv[0]) << 32;
    for (long family = 0; family < 47; family++) {
        int fd = syscall(SYS_socket, high | family, (long)SOCK_DGRAM, 0L);
        printf("%ld %d\n", family, failed(fd));
        if (fd >= 0) close(fd);
    }
    return 0;
}

/* unshare: a user namespace, by both calls that make one. */
static int namespaces(void) {
    long child = syscall(SYS_clone, CLONE_NEWUSER | 17, 0L, 0L, 0L, 0L);
    if (child == 0) _exit(0);
    printf("clone %d\n", failed(child));
    printf("unshare %d\n", failed(unshare(CLONE_NEWUSER)));
    return 0;
}

/* agent FLAGS: mounts a cgroup hierarchy after unshare(FLAGS), and writes what its release_agent has back into it. */
static int agent(char **argv) {
    int flags = atoi(argv[0]);
    if (flags && unshare(flags)) return printf("unshare %d\n", errno), 0;
    if (flags & CLONE_NEWUSER) {
        /* As root of it: the file is root's. */
        int map = open("/proc/self/uid_map", O_WRONLY);
        if (write(map, "0 0 1", 5) != 5) return printf("map %d\n", errno), 0;
    }
    if (mount("cgroup", "/tmp", "cgroup", 0, "memory")) return printf("mount %d\n", errno), 0;
    char name[4096];
    int fd = open("/tmp/release_agent", O_RDWR);
    int result = failed(fd);
    if (fd >= 0) {
        long length = read(fd, name, sizeof name);
        result = failed(write(fd, length > 0 ? name : "\n", length > 0 ? length : 1));
    }
    printf("agent %d\n", result);
    umount("/tmp");
    return 0;
}

/* mount TYPE: of a file system, and of one after unshare(CLONE_NEWUSER | CLONE_NEWNS). */
static int mounts(char **argv) {
    printf("mount %d\n", failed(mount(argv[0], "/tmp", argv[0], 0, 0)));
    printf("unshare %d\n", failed(unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID)));
    fflush(stdout);
    long child = fork();
    if (child == 0) return printf("inside %d\n", failed(mount(argv[0], "/tmp", argv[0], 0, 0))), 0;
    waitpid(child, 0, 0);
    return 0;
}

/* keys: the session keyring, and the keys called `canary` that can be found. */
static int keys(void) {
    long session = syscall(SYS_keyctl, 0L, -3L, 0L);
    printf("session %ld\n", session < 0 ? -errno : session);
    printf("search %d\n", failed(syscall(SYS_keyctl, 10L, -3L, "user", "canary", 0L)));
    printf("request %d\n", failed(syscall(SYS_request_key, "user", "canary", 0L, 0L)));
    return 0;
}

/* plant: a key into the session keyring. */
static int plant(void) {
    printf("planted %d\n", failed(syscall(SYS_add_key, "user", "canary", "secret", 6L, -3L)));
    return 0;
}

/* session COMMAND: in a new session keyring with a key in it. */
static int session(char **command) {
    if (syscall(SYS_keyctl, 1L, 0L) < 0) return printf("session %d\n", errno), 1;
    plant();
    fflush(stdout);
    execvp(command[0], command);
    return 127;
}

/* type: puts a letter into the input of each standard stream, as if somebody had typed it. */
static int type(void) {
    char letter = 'x', paste[2] = {3, 0};
    for (int fd = 0; fd < 3; fd++) printf("%d %d\n", failed(ioctl(fd, TIOCSTI, &letter)), failed(ioctl(fd, TIOCLINUX, paste)));
    return 0;
}

/* groups: leaves all supplementary groups. */
static int groups(void) { return printf("setgroups %d\n", failed(setgroups(0, 0))), 0; }

/* status: who it is, and what it may do. */
static int status(void) {
    static const char *const wanted[] = {"Uid:", "Groups:", "Cap", "NoNewPrivs:"};
    char line[4096];
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        for (size_t at = 0; at < 4; at++)
            if (!strncmp(line, wanted[at], strlen(wanted[at]))) fputs(line, stdout);
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 2) return 64;
    const char *command = argv[1];
    if (argc == 4 && !strcmp(command, "exchange")) return exchange(argv + 2);
    if (!strcmp(command, "user")) return printf("uid %u %u\n", getuid(), geteuid()), 0;
    if (!strcmp(command, "status")) return status();
    if (!strcmp(command, "writable")) return writable(argv + 2);
    if (!strcmp(command, "readable")) return readable(argv + 2);
    if (!strcmp(command, "calls")) return calls();
    if (argc == 3 && !strcmp(command, "sockets")) return sockets(argv + 2);
    if (!strcmp(command, "namespaces")) return namespaces();
    if (argc == 3 && !strcmp(command, "agent")) return agent(argv + 2);
    if (argc == 3 && !strcmp(command, "mount")) return mounts(argv + 2);
    if (!strcmp(command, "keys")) return keys();
    if (!strcmp(command, "plant")) return plant();
    if (argc > 2 && !strcmp(command, "session")) return session(argv + 2);
    if (!strcmp(command, "type")) return type();
    if (!strcmp(command, "groups")) return groups();
    return 64;
}
