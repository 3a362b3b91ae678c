/* loop: a loop of poll() with timers, and calls over a socket, for the tests of serve.
 *
 * Server and caller share one thread: exchange() writes, turns the loop until
 * the answer is whole or the connection ends, and gives the answer. */
#ifndef TESTS_LOOP_H
#define TESTS_LOOP_H

#include "bascule/serve.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define LOOP_MAX 8
struct timer {
    void (*fire)(void *who);
    void *who;
    msec_t at; /* 0: stopped */
    bool used;
};
struct loop_watch {
    int fd; /* -1: free */
    void (*ready)(void *who);
    void *who;
};
static struct loop_watch loop_watches[LOOP_MAX];
static struct timer loop_timers[LOOP_MAX];

static inline msec_t loop_mono(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (msec_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static inline void *loop_watch(void *arg, int fd, void (*ready)(void *who), void *who) {
    for (int i = 0; i < LOOP_MAX; i++)
        if (!loop_watches[i].ready) {
            loop_watches[i] = (struct loop_watch){fd, ready, who};
            return &loop_watches[i];
        }
    return NULL;
}
static inline void loop_unwatch(void *arg, void *watch) {
    *(struct loop_watch *)watch = (struct loop_watch){0};
}

static inline struct timer *timer_make(void *arg, void (*fire)(void *who), void *who) {
    for (int i = 0; i < LOOP_MAX; i++)
        if (!loop_timers[i].used) {
            loop_timers[i] = (struct timer){fire, who, 0, true};
            return &loop_timers[i];
        }
    abort();
}
static inline void timer_start(struct timer *t, msec_t delay) {
    t->at = loop_mono() + delay + 1;
}
static inline void timer_stop(struct timer *t) {
    t->at = 0;
}
static inline void timer_free(struct timer *t) {
    if (t)
        *t = (struct timer){0};
}

static inline msec_t loop_now(void *arg) {
    return 1767322800000;
}
static const struct serve_loop loop = {loop_watch, loop_unwatch, NULL};
static const struct timers timers = {timer_make, timer_start, timer_stop, timer_free, NULL};
static const struct clock loop_clock = {loop_now, loop_now, NULL};

/* One turn, at most `wait` ms long. */
static inline void loop_turn(int wait) {
    struct pollfd fds[LOOP_MAX];
    struct loop_watch *of[LOOP_MAX];
    nfds_t n = 0;
    for (int i = 0; i < LOOP_MAX; i++)
        if (loop_watches[i].ready) {
            of[n] = &loop_watches[i];
            fds[n++] = (struct pollfd){.fd = loop_watches[i].fd, .events = POLLIN};
        }
    poll(fds, n, wait);
    for (nfds_t i = 0; i < n; i++)
        if (fds[i].revents && of[i]->ready)
            of[i]->ready(of[i]->who);
    for (int i = 0; i < LOOP_MAX; i++)
        if (loop_timers[i].used && loop_timers[i].at && loop_timers[i].at <= loop_mono()) {
            loop_timers[i].at = 0;
            loop_timers[i].fire(loop_timers[i].who);
        }
}

static inline int dial_tcp(int port) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    return fd;
}
static inline int dial_unix(const char *path) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    assert_true(strlen(path) < sizeof(a.sun_path));
    memcpy(a.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    return fd;
}

static inline bool answer_whole(const struct buf *b) {
    const char *end = strstr(buf_text(b), "\r\n\r\n");
    const char *length = end ? strcasestr(buf_text(b), "\r\nContent-Length: ") : NULL;
    return length && b->len >= (size_t)(end + 4 - b->data) + strtoul(length + 18, NULL, 10);
}

/* Sends, then reads until the answer is whole, the other side ends, or `patience` turns have gone by. */
static inline void exchange(int fd, const char *request, size_t len, struct buf *answer, int patience) {
    size_t sent = 0;
    buf_deinit(answer);
    *answer = (struct buf){0};
    while (patience-- > 0 && !answer_whole(answer)) {
        char piece[65536];
        if (sent < len) {
            ssize_t n = send(fd, request + sent, len - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
            sent += n > 0 ? (size_t)n : 0;
        }
        loop_turn(5);
        ssize_t n = recv(fd, piece, sizeof(piece), MSG_DONTWAIT);
        if (n == 0)
            return;
        if (n > 0)
            buf_add(answer, piece, (size_t)n);
    }
}

static inline int answer_status(const struct buf *b) {
    return b->len > 12 ? atoi(b->data + 9) : 0;
}
static inline const char *answer_body(const struct buf *b) {
    const char *end = strstr(buf_text(b), "\r\n\r\n");
    return end ? end + 4 : "";
}
static inline bool answer_says(const struct buf *b, const char *words) {
    return strstr(buf_text(b), words) != NULL;
}

#endif
