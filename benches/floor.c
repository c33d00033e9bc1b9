/*
 * The floor under every runtime: what the kernel itself takes for the bundle of `launch.rs`.
 *
 *     floor ROOTFS PROGRAM [ARGUMENT...]
 *
 * This is the bundle's config.json written out as system calls, in the order in which a runtime has to do them, with
 * nothing read, nothing checked and nothing stored. A runtime cannot be faster than this on the same kernel; what it
 * takes above this is its own.
 *
 * Done, as the config asks: six namespaces with one clone3; root, proc, dev, devpts, shm, mqueue, sysfs and cgroup
 * mounts; device nodes and links; masked and read-only paths; pivot_root; hostname, limits, capabilities,
 * no_new_privs; exec. The parent waits.
 *
 * Left out, although runtimes do it:
 * - the container's own cgroup and its device rules. What is mounted on /sys/fs/cgroup is the caller's cgroup;
 * - the config (reading, checking), the state folder, the log, the pid file;
 * - the defence against a hostile root folder (openat2 and mounts by descriptor): every path here is trusted;
 * - what the config does not ask for and some runtimes add: a session keyring, `lo` up, the copy of themselves
 *   against CVE-2019-5736.
 *
 * An error ends it with the number of the line; there is no other message.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

/* A call that must work. */
#define MUST(call) ((call) < 0 ? fail(__LINE__, #call) : (void)0)

static void fail(int line, const char *call)
{
	fprintf(stderr, "floor.c:%d: %s: %s\n", line, call, strerror(errno));
	_exit(125);
}

/* Flags that nearly every mount of the config has. */
#define SAFE (MS_NOSUID | MS_NODEV | MS_NOEXEC)

/* `"cgroup"` of the config: one hierarchy per line of our own /proc/self/cgroup, as a runtime in a new cgroup
 * namespace mounts them. `text` is that file, read by the parent: the child's root has no such file yet. */
static void mount_cgroups(char *text)
{
	/* On a host with cgroup v2 alone the file is the one line `0::/path`. */
	if (strncmp(text, "0::", 3) == 0) {
		MUST(mount("cgroup", "sys/fs/cgroup", "cgroup2", SAFE | MS_RELATIME | MS_RDONLY, NULL));
		return;
	}
	MUST(mount("tmpfs", "sys/fs/cgroup", "tmpfs", SAFE, "mode=755"));
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		char *controllers = strchr(line, ':') + 1;
		*strchr(controllers, ':') = '\0';
		if (*controllers == '\0') /* the empty v2 hierarchy beside v1: runtimes do not mount it */
			continue;
		const char *equals = strchr(controllers, '='); /* `name=systemd` is mounted on `systemd` */
		char at[128];
		snprintf(at, sizeof at, "sys/fs/cgroup/%s", equals ? equals + 1 : controllers);
		MUST(mkdir(at, 0755));
		MUST(mount("cgroup", at, "cgroup", SAFE | MS_RELATIME | MS_RDONLY, controllers));
	}
	MUST(mount(NULL, "sys/fs/cgroup", NULL, MS_REMOUNT | MS_BIND | SAFE | MS_RDONLY, NULL));
}

/* "mounts" of the config, in its order. All paths are below the new root, which is the working folder. */
static void mount_all(char *cgroups)
{
	MUST(mount("proc", "proc", "proc", 0, NULL));
	MUST(mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k"));
	MUST(mkdir("dev/pts", 0755));
	MUST(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		   "newinstance,ptmxmode=0666,mode=0620,gid=5"));
	MUST(mkdir("dev/shm", 0755));
	MUST(mount("shm", "dev/shm", "tmpfs", SAFE, "mode=1777,size=65536k"));
	MUST(mkdir("dev/mqueue", 0755));
	MUST(mount("mqueue", "dev/mqueue", "mqueue", SAFE, NULL));
	MUST(mount("sysfs", "sys", "sysfs", SAFE | MS_RDONLY, NULL));
	mount_cgroups(cgroups);
}

/* The devices and links that every container has.
 * Source: runtime-spec config-linux.md, "Default Devices"; runtime-linux.md, "Dev symbolic links". */
static void make_devices(void)
{
	static const struct { const char *path; int major, minor; } nodes[] = {
		{ "dev/null", 1, 3 },   { "dev/zero", 1, 5 },    { "dev/full", 1, 7 },
		{ "dev/random", 1, 8 }, { "dev/urandom", 1, 9 }, { "dev/tty", 5, 0 },
	};
	static const struct { const char *to, *path; } links[] = {
		{ "/proc/self/fd", "dev/fd" },       { "/proc/self/fd/0", "dev/stdin" },
		{ "/proc/self/fd/1", "dev/stdout" }, { "/proc/self/fd/2", "dev/stderr" },
		{ "/proc/kcore", "dev/core" },       { "pts/ptmx", "dev/ptmx" },
	};
	umask(0);
	for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
		MUST(mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)));
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		MUST(symlink(links[i].to, links[i].path));
	umask(022);
}

/* Makes the working folder the root, and drops the old one.
 * Both names are ".": the old root then lies on top of the new one, and is unmounted from there.
 * Source: pivot_root(2), "pivot_root(".", ".")". */
static void pivot(void)
{
	MUST(syscall(SYS_pivot_root, ".", "."));
	MUST(umount2(".", MNT_DETACH));
	MUST(chdir("/"));
}

/* "readonlyPaths" and "maskedPaths" of the config. A path that this kernel does not have is passed over: ENOENT. */
static void hide_paths(void)
{
	static const char *const readonly[] = {
		"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
	};
	static const char *const masked[] = {
		"/proc/acpi",        "/proc/asound",      "/proc/kcore",       "/proc/keys",    "/proc/latency_stats",
		"/proc/timer_list",  "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi",
	};
	for (size_t i = 0; i < sizeof readonly / sizeof *readonly; i++) {
		if (mount(readonly[i], readonly[i], NULL, MS_BIND | MS_REC, NULL) < 0 && errno == ENOENT)
			continue;
		MUST(mount(NULL, readonly[i], NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
	}
	for (size_t i = 0; i < sizeof masked / sizeof *masked; i++) {
		if (mount("/dev/null", masked[i], NULL, MS_BIND, NULL) == 0 || errno == ENOENT)
			continue;
		/* ENOTDIR: a folder is hidden by an empty tmpfs instead. */
		MUST(mount("tmpfs", masked[i], "tmpfs", MS_RDONLY, NULL));
	}
}

/* "rlimits", "capabilities" and "noNewPrivileges" of the config. */
static void drop_rights(void)
{
	const struct rlimit files = { 1024, 1024 };
	const unsigned keep = 1u << CAP_AUDIT_WRITE | 1u << CAP_KILL | 1u << CAP_NET_BIND_SERVICE;
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	/* Inheritable too, or the kernel refuses the ambient ones. */
	struct __user_cap_data_struct sets[2] = { { keep, keep, keep }, { 0, 0, 0 } };

	MUST(setrlimit(RLIMIT_NOFILE, &files));
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (cap >= 32 || !(keep >> cap & 1))
			MUST(prctl(PR_CAPBSET_DROP, cap, 0, 0, 0));
	MUST(syscall(SYS_capset, &header, sets));
	for (int cap = 0; cap < 32; cap++)
		if (keep >> cap & 1)
			MUST(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0));
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

/* The child: it becomes the container. */
static void contain(const char *rootfs, char **program, char *cgroups)
{
	static char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm", NULL,
	};
	MUST(setsid());
	MUST(mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL)); /* nothing of ours reaches the host */
	MUST(mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL));
	MUST(chdir(rootfs));
	mount_all(cgroups);
	make_devices();
	pivot();
	MUST(mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL)); /* root.readonly */
	hide_paths();
	MUST(sethostname("runc", 4));
	drop_rights();
	execve(program[0], program, env);
	fail(__LINE__, "execve");
}

int main(int argc, char **argv)
{
	char cgroups[4096];
	struct clone_args args = {
		.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP,
		.exit_signal = SIGCHLD,
	};
	int status;

	if (argc < 3) {
		fprintf(stderr, "usage: floor ROOTFS PROGRAM [ARGUMENT...]\n");
		return 125;
	}
	int file = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	ssize_t length = file < 0 ? -1 : read(file, cgroups, sizeof cgroups - 1);
	MUST(length);
	cgroups[length] = '\0';

	pid_t child = syscall(SYS_clone3, &args, sizeof args);
	MUST(child);
	if (child == 0)
		contain(argv[1], argv + 2, cgroups);
	MUST(waitpid(child, &status, 0));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
