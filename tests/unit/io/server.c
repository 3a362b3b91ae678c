/* server: see server.h. */
#include "server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_CONNECTIONS 4096
#define MAX_REQUEST     (3 * 1024 * 1024)

struct connection {
    struct server *server;
    pthread_t thread;
    int fd;
    bool open;
};

struct server {
    int fd, port;
    pthread_t thread;
    pthread_mutex_t lock; /* all below */
    struct connection connections[MAX_CONNECTIONS];
    int n, requests, open, peak;
};

static bool put(int fd, const void *data, size_t len) {
    for (size_t sent = 0; sent < len;) {
        ssize_t n = send(fd, (const char *)data + sent, len - sent, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        sent += (size_t)n;
    }
    return true;
}

static bool put_text(int fd, const char *text) {
    return put(fd, text, strlen(text));
}

static bool put_reply(int fd, const char *headers, const void *body, size_t len) {
    char head[512];
    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\n%sContent-Length: %zu\r\n\r\n", headers, len);
    return put_text(fd, head) && put(fd, body, len);
}

static bool put_filler(int fd, size_t len) {
    char *body = malloc(len + 1);
    memset(body, 'x', len);
    bool ok = put_reply(fd, "", body, len);
    free(body);
    return ok;
}

/* "hello, packed world" and 16384 zeros, by gzip. */
static const unsigned char packed_text[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03,
                                            0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0xd7, 0x51, 0x28, 0x48, 0x4c,
                                            0xce, 0x4e, 0x4d, 0x51, 0x28, 0xcf, 0x2f, 0xca, 0x49, 0x01,
                                            0x00, 0x48, 0xef, 0x2e, 0xcc, 0x13, 0x00, 0x00, 0x00};
static const unsigned char packed_zeros[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xed, 0xc1, 0x31, 0x01, 0x00, 0x00, 0x00,
    0xc2, 0xa0, 0xf5, 0x4f, 0x6d, 0x0c, 0x1f, 0xa0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80, 0xb7, 0x01, 0x86, 0xd2, 0x54, 0xab, 0x00, 0x40, 0x00, 0x00};

static bool put_packed(int fd, const void *packed, size_t len) {
    return put_reply(fd, "Content-Encoding: gzip\r\n", packed, len);
}

static bool put_many(int fd, int count, size_t length) {
    char line[9000];
    memset(line, 'v', sizeof(line));
    put_text(fd, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof(name), "X-%d: ", i);
        put_text(fd, name);
        put(fd, line, length);
        put_text(fd, "\r\n");
    }
    return put_text(fd, "Content-Length: 0\r\n\r\n");
}

/* The peer sees ECONNRESET once it has read what came before. */
static bool put_reset(int fd, size_t len) {
    struct linger at_once = {.l_onoff = 1};
    usleep(50 * 1000);
    put_filler(fd, len);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    return false;
}

static bool wait_for_end(int fd) {
    char c;
    while (recv(fd, &c, 1, 0) > 0)
        ;
    return false;
}

/* Reads one request (nobody here sends the next before the answer); its length, 0 when the connection ended. */
static size_t get_request(int fd, char *text) {
    size_t len = 0, want = 0;
    while (!want || len < want) {
        ssize_t n = recv(fd, text + len, MAX_REQUEST - 1 - len, 0);
        if (n <= 0)
            return 0;
        len += (size_t)n;
        text[len] = 0;
        const char *end = want ? NULL : strstr(text, "\r\n\r\n");
        if (end) {
            const char *l = strcasestr(text, "\r\ncontent-length:");
            want = (size_t)(end + 4 - text) + (l && l < end ? strtoul(l + 17, NULL, 10) : 0);
        }
    }
    return len;
}

static bool answer_simple(int fd, const char *path, const char *request, size_t len, bool *known) {
    static const struct {
        const char *path, *text;
        bool keep;
    } replies[] = {
        {"/head", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true},
        {"/headers",
         "HTTP/1.1 200 Fine\r\nDate: Fri, 02 Jan 2026 03:04:05 GMT\r\nX-UPPER:  spaced value \t\r\nEmpty:\r\n"
         "Folded: one\r\n  two\r\nTwice: first\r\nTwice: second\r\nContent-Length: 0\r\n\r\n",
         true},
        {"/hints",
         "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nX-True: 1\r\nContent-Length: 2\r\n\r\nok",
         true},
        {"/trailer", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nRetry-After: 99\r\n\r\n",
         true},
        {"/unsized", "HTTP/1.1 200 OK\r\n\r\nto the end", false},
        {"/redirect", "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n", true},
        {"/cut", "", false},
        {"/half", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789", false},
        {"/chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n", false},
        {"/not-a-header", "HTTP/1.1 200 OK\r\nno colon here\r\nContent-Length: 0\r\n\r\n", true},
        {"/not-http", "220 mail.example ESMTP\r\n", false},
        {"/stop-header", "HTTP/1.1 200 OK\r\nContent-Le", false},
    };
    for (size_t i = 0; i < sizeof(replies) / sizeof(*replies); i++)
        if (strcmp(path, replies[i].path) == 0)
            return put_text(fd, replies[i].text) && replies[i].keep;
    *known = false;
    return true;
}

/* False: the connection ends. */
static bool answer(int fd, const char *request, size_t len, bool *frail) {
    char path[200] = "";
    size_t n = 0;
    bool known = true;
    if (*frail || sscanf(request, "%*s %199s", path) != 1)
        return false;
    bool keep = answer_simple(fd, path, request, len, &known);
    if (known)
        return keep;
    if (strcmp(path, "/frail") == 0)
        *frail = true;
    if (strncmp(path, "/echo", 5) == 0)
        return put_reply(fd, "", request, len);
    if (strcmp(path, "/gzip") == 0)
        return put_packed(fd, packed_text, sizeof(packed_text));
    if (strcmp(path, "/torn-gzip") == 0)
        return put_packed(fd, packed_text, 25);
    if (strcmp(path, "/no-gzip") == 0)
        return put_packed(fd, "plain text", 10);
    if (strcmp(path, "/bomb") == 0)
        return put_packed(fd, packed_zeros, sizeof(packed_zeros));
    if (strcmp(path, "/many") == 0)
        return put_many(fd, 250, 10);
    if (strcmp(path, "/long") == 0)
        return put_many(fd, 10, 8000);
    if (strcmp(path, "/nul") == 0)
        return put_reply(fd, "", "a\0b\0c", 5);
    if (strcmp(path, "/never") == 0)
        return wait_for_end(fd);
    if (sscanf(path, "/large/%zu", &n) == 1)
        return put_filler(fd, n);
    if (sscanf(path, "/reset/%zu", &n) == 1)
        return put_reset(fd, n);
    if (sscanf(path, "/sleep/%zu", &n) == 1)
        usleep((useconds_t)n * 1000);
    if (sscanf(path, "/status/%zu", &n) == 1) {
        char head[100];
        snprintf(head, sizeof(head), "HTTP/1.1 %zu Some words\r\nETag: \"e\"\r\n%s\r\n", n,
                 n == 304 || n == 204 ? "" : "Content-Length: 0\r\n");
        return put_text(fd, head);
    }
    return put_reply(fd, "X-Server: test\r\n", "hello", 5);
}

static void *serve(void *arg) {
    struct connection *c = arg;
    struct server *s = c->server;
    char *request = malloc(MAX_REQUEST);
    bool frail = false;
    size_t len;
    while ((len = get_request(c->fd, request)) > 0) {
        pthread_mutex_lock(&s->lock);
        s->requests++;
        pthread_mutex_unlock(&s->lock);
        if (!answer(c->fd, request, len, &frail))
            break;
    }
    free(request);
    pthread_mutex_lock(&s->lock);
    c->open = false;
    s->open--;
    close(c->fd);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void *accept_all(void *arg) {
    struct server *s = arg;
    int fd, one = 1;
    while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        pthread_mutex_lock(&s->lock);
        if (s->n == MAX_CONNECTIONS)
            abort();
        struct connection *c = &s->connections[s->n++];
        *c = (struct connection){.server = s, .fd = fd, .open = true};
        s->open++;
        s->peak = s->open > s->peak ? s->open : s->peak;
        pthread_create(&c->thread, NULL, serve, c);
        pthread_mutex_unlock(&s->lock);
    }
    return NULL;
}

struct server *server_start(void) {
    struct server *s = calloc(1, sizeof(*s));
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(s->fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(s->fd, 256) < 0)
        abort();
    getsockname(s->fd, (struct sockaddr *)&a, &len);
    s->port = ntohs(a.sin_port);
    pthread_mutex_init(&s->lock, NULL);
    pthread_create(&s->thread, NULL, accept_all, s);
    return s;
}

void server_stop(struct server *s) {
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
    pthread_mutex_lock(&s->lock);
    for (int i = 0; i < s->n; i++)
        if (s->connections[i].open)
            shutdown(s->connections[i].fd, SHUT_RDWR);
    pthread_mutex_unlock(&s->lock);
    for (int i = 0; i < s->n; i++)
        pthread_join(s->connections[i].thread, NULL);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

int server_port(const struct server *s) {
    return s->port;
}

static int count_read(struct server *s, const int *count) {
    pthread_mutex_lock(&s->lock);
    int n = *count;
    pthread_mutex_unlock(&s->lock);
    return n;
}

int server_connections(struct server *s) {
    return count_read(s, &s->n);
}
int server_requests(struct server *s) {
    return count_read(s, &s->requests);
}
int server_peak(struct server *s) {
    return count_read(s, &s->peak);
}
