/* Decides about system calls: LISTENER SOCKET. Prints what it is told, then answers one call with ENOLINK, which nobody
 * else would say. Source: seccomp_unotify(2). */
#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
    int server = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(server, (struct sockaddr *)&address, sizeof address) || listen(server, 1)) return 2;
    int client = accept(server, NULL, NULL);
    static char text[1 << 16];
    char control[CMSG_SPACE(sizeof(int))];
    struct iovec part = {text, sizeof text - 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    if (recvmsg(client, &message, 0) < 1) return 3;
    puts(text);
    fflush(stdout);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (!header || header->cmsg_type != SCM_RIGHTS) return 4;
    int notify;
    memcpy(&notify, CMSG_DATA(header), sizeof notify);
    struct seccomp_notif call = {0};
    if (ioctl(notify, SECCOMP_IOCTL_NOTIF_RECV, &call)) return 5;
    struct seccomp_notif_resp answer = {.id = call.id, .error = -ENOLINK};
    return ioctl(notify, SECCOMP_IOCTL_NOTIF_SEND, &answer) ? 6 : 0;
}
