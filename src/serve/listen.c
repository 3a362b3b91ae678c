/* listen: the two kinds of door, as listening sockets.
 *
 * Called by serve.c and host.c at their start; owns nothing afterwards. What
 * must hold: no door is open to another machine, and none on disk to another user. */
#include "bascule/socket.h"
#include "http.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 128

static bool loopback4(const char *host, int port, struct sockaddr_in *ret) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, str_is_nocase(host, "localhost") ? "127.0.0.1" : host, &a.sin_addr) != 1 ||
        (ntohl(a.sin_addr.s_addr) >> 24) != 127)
        return false;
    *ret = a;
    return true;
}

static bool loopback6(const char *host, int port, struct sockaddr_in6 *ret) {
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET6, host, &a.sin6_addr) != 1 || !IN6_IS_ADDR_LOOPBACK(&a.sin6_addr))
        return false;
    *ret = a;
    return true;
}

static int socket_bind(int family, const struct sockaddr *address, socklen_t len) {
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int on = 1;
    if (family != AF_UNIX)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, address, len) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int error = -errno;
    close(fd);
    return error;
}

static int socket_port(int fd) {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } a = {0};
    socklen_t len = sizeof(a);
    if (getsockname(fd, &a.any, &len) != 0)
        return 0;
    return ntohs(a.any.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
}

int listen_tcp(const char *host, int port, int *ret_fd, int *ret_port, struct fault *fault) {
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    int fd;
    if (loopback4(host, port, &v4))
        fd = socket_bind(AF_INET, (struct sockaddr *)&v4, sizeof(v4));
    else if (loopback6(host, port, &v6))
        fd = socket_bind(AF_INET6, (struct sockaddr *)&v6, sizeof(v6));
    else
        return fault_set(fault, -EINVAL, "listen: %s is no loopback address; use 127.0.0.1 or ::1", host);
    if (fd == -EADDRINUSE)
        return fault_set(fault, fd, "listen: port %d on %s is in use: stop what uses it, or choose another", port,
                         host);
    if (fd < 0)
        return fault_set(fault, fd, "listen: %s:%d: %s", host, port, strerror(-fd));
    *ret_fd = fd;
    *ret_port = socket_port(fd);
    return 0;
}

/* True if somebody answers there. */
static bool socket_alive(const struct sockaddr_un *a) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool alive = connect(fd, (const struct sockaddr *)a, sizeof(*a)) == 0 || errno == EAGAIN;
    close(fd);
    return alive;
}

/* Only ever removes a socket: whatever else has that name is somebody's file. */
static int socket_clear(const struct sockaddr_un *a, const char *path, struct fault *fault) {
    struct stat st;
    if (lstat(a->sun_path, &st) != 0)
        return errno == ENOENT ? 0 : fault_set(fault, -errno, "%s: %s", path, strerror(errno));
    if (!S_ISSOCK(st.st_mode))
        return fault_set(fault, -EEXIST, "%s is in the way: it is no socket; move it elsewhere", path);
    if (socket_alive(a))
        return fault_set(fault, -EADDRINUSE, "a service listens on %s already", path);
    if (unlink(a->sun_path) != 0 && errno != ENOENT)
        return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
    return 0;
}

int listen_unix(const char *path, int *ret_fd, struct fault *fault) {
    struct sockaddr_un a;
    int dir;
    int r = socket_address(path, &a, &dir, fault);
    if (r < 0)
        return r;
    r = socket_clear(&a, path, fault);
    /* The mode must be right from the first moment: connecting is all it takes to be obeyed. */
    mode_t before = umask(0177);
    int fd = r < 0 ? r : socket_bind(AF_UNIX, (struct sockaddr *)&a, sizeof(a));
    umask(before);
    if (dir >= 0)
        close(dir);
    if (fd < 0)
        return fault_set(fault, fd, "socket %s: %s", path, strerror(-fd));
    *ret_fd = fd;
    return 0;
}
