/* Requests that go wrong: above all, whether the tracker may have done the work. */
#include "world.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* A name server that takes its time: curl's threads call this one. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ret) {
    sleep(2);
    return EAI_NONAME;
}

/* A port on loopback: bound, and listening with that backlog unless it is negative. */
static int port_open(int backlog, int *ret_port) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    if (backlog >= 0)
        assert_int_equal(listen(fd, backlog), 0);
    getsockname(fd, (struct sockaddr *)&a, &len);
    *ret_port = ntohs(a.sin_port);
    return fd;
}

static void expect(struct call *c, enum http_result result, const char *words) {
    assert_int_equal(c->told, 1);
    assert_false(c->inside);
    assert_int_equal(c->reply.result, result);
    assert_non_null(c->reply.why);
    if (!strstr(c->reply.why, words))
        fail_msg("\"%s\" does not say \"%s\"", c->reply.why, words);
    assert_int_equal(c->reply.status, 0);
    assert_int_equal(c->reply.n_headers, 0);
    assert_string_equal(c->reply.body, "");
    assert_int_equal(c->reply.body_len, 0);
    assert_true(c->reply.began > 0 && c->reply.began <= c->reply.ended);
    call_deinit(c);
}

static void refused_is_not_sent(void **state) {
    struct call c;
    int port, fd = port_open(-1, &port);
    call_init(&c, *state, "POST", "");
    snprintf(c.url, sizeof(c.url), "http://127.0.0.1:%d/", port);
    call_send(&c);
    world_settle(*state);
    expect(&c, HTTP_NOT_SENT, "connect");
    close(fd);
}

static void no_connection_in_time_is_not_sent(void **state) {
    struct world *w = *state;
    struct call c;
    int port, fd = port_open(0, &port), fillers[4];
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    for (size_t i = 0; i < array_size(fillers); i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fillers[i], (struct sockaddr *)&a, sizeof(a));
    }
    call_init(&c, w, "POST", "");
    snprintf(c.url, sizeof(c.url), "http://127.0.0.1:%d/", port);
    c.request.timeout = 150;
    call_send(&c);
    world_settle(w);
    expect(&c, HTTP_NOT_SENT, "no connection within 150ms");
    for (size_t i = 0; i < array_size(fillers); i++)
        close(fillers[i]);
    close(fd);
}

static void slow_name_server_does_not_stop_the_loop(void **state) {
    struct world *w = *state;
    struct call c, other;
    msec_t began = clock_mono(io_clock(w->io));
    call_init(&c, w, "POST", "");
    c.request.url = "http://tracker.invalid/";
    c.request.timeout = 100;
    call_send(&c);
    world_settle(w);
    expect(&c, HTTP_NOT_SENT, "no connection within 100ms");
    call_init(&c, w, "POST", "");
    c.request.url = "http://other.invalid/";
    call_send(&c);
    world_pass(w, 20);
    w->transport->cancel(c.exchange);
    call_make(&other, w, "GET", "/ok");
    assert_int_equal(other.reply.result, HTTP_ANSWERED);
    call_deinit(&other);
    expect(&c, HTTP_CANCELLED, "cancelled");
    assert_in_range(clock_mono(io_clock(w->io)) - began, 100, 1500);
    usleep(2200 * 1000); /* the detached threads end before the process does */
}

static void no_such_host_is_not_sent(void **state) {
    struct call c;
    call_init(&c, *state, "POST", "");
    c.request.url = "http://tracker.invalid/";
    call_send(&c);
    world_settle(*state);
    expect(&c, HTTP_NOT_SENT, "tracker.invalid");
}

static void failed_tls_is_not_sent(void **state) {
    struct world *w = *state;
    struct call c;
    call_init(&c, w, "POST", "");
    snprintf(c.url, sizeof(c.url), "https://127.0.0.1:%d/ok", server_port(w->server));
    c.request.timeout = 300; /* the server waits for a request line, curl for a hello */
    call_send(&c);
    world_settle(w);
    expect(&c, HTTP_NOT_SENT, "no connection within 300ms");
    call_init(&c, w, "POST", "");
    snprintf(c.url, sizeof(c.url), "https://127.0.0.1:%d/ok", server_port(w->server));
    c.request.ca = "/nonexistent/ca.pem";
    call_send(&c);
    world_settle(w);
    expect(&c, HTTP_NOT_SENT, "ca.pem");
    assert_int_equal(server_requests(w->server), 0);
}

static void refused_tunnel_is_not_sent(void **state) {
    struct world *w = *state;
    struct call c;
    char proxy[64];
    snprintf(proxy, sizeof(proxy), "http://user:pass@127.0.0.1:%d", server_port(w->server));
    setenv("https_proxy", proxy, 1);
    call_init(&c, w, "POST", "");
    c.request.url = "https://127.0.0.9:1/status/403"; /* asked as CONNECT 127.0.0.9:1: the server answers 200 */
    c.request.timeout = 300;
    call_send(&c);
    world_settle(w);
    unsetenv("https_proxy");
    assert_null(strstr(c.reply.why, "pass"));
    expect(&c, HTTP_NOT_SENT, "");
    assert_int_equal(server_requests(w->server), 1);
    setenv("https_proxy", "nonsense://user:pass@127.0.0.1:1", 1);
    call_init(&c, w, "POST", "");
    c.request.url = "https://127.0.0.9:1/";
    call_send(&c);
    world_settle(w);
    unsetenv("https_proxy");
    assert_null(strstr(c.reply.why, "pass"));
    expect(&c, HTTP_NOT_SENT, "");
}

static void malformed_is_not_sent(void **state) {
    struct world *w = *state;
    static const struct http_header bad[] = {
        {"X", "a\r\nHost: evil"}, {"X: y\r\nZ", "a"}, {"", "a"}, {NULL, "a"}, {"X", "a\nb"}, {"X Y", "a"}};
    struct call c;
    for (size_t i = 0; i < array_size(bad); i++) {
        call_init(&c, w, "GET", "/ok");
        c.request.headers = &bad[i];
        c.request.n_headers = 1;
        call_send(&c);
        world_settle(w);
        expect(&c, HTTP_NOT_SENT, "header 1 is malformed");
    }
    static const char *const methods[] = {"", "GET /evil", "G\r\nX: y", NULL};
    for (size_t i = 0; i < array_size(methods); i++) {
        call_make(&c, w, methods[i], "/ok");
        expect(&c, HTTP_NOT_SENT, "method");
    }
    static const char *const urls[] = {
        "file:///etc/hostname", "gopher://127.0.0.1/",        "http://", "http://127.0.0.1:x/",
        "http://127.0.0.1/a b", "http://127.0.0.1/a\r\nX: y", "",        NULL};
    for (size_t i = 0; i < array_size(urls); i++) {
        call_init(&c, w, "GET", "");
        c.request.url = urls[i];
        call_send(&c);
        world_settle(w);
        expect(&c, HTTP_NOT_SENT, "");
    }
    assert_int_equal(server_connections(w->server), 0);
}

static void cut_is_lost(void **state) {
    static const struct {
        const char *path, *words;
    } cases[] = {
        {"/cut", "without a reply"},
        {"/half", "within the reply"},
        {"/chunks", "within the reply"},
        {"/stop-header", "within the reply"},
        {"/not-a-header", ""},
        {"/not-http", ""},
        {"/never", "no whole reply within"},
        {"/sleep/2000", "no whole reply within"},
    };
    static const char *const methods[] = {"GET", "POST", "PUT", "DELETE"};
    struct call c;
    for (size_t i = 0; i < array_size(cases); i++)
        for (size_t j = 0; j < array_size(methods); j++) {
            call_init(&c, *state, methods[j], cases[i].path);
            c.request.timeout = 200;
            call_send(&c);
            world_settle(*state);
            expect(&c, HTTP_LOST, cases[i].words);
        }
}

static void too_much_is_lost(void **state) {
    struct call c;
    call_init(&c, *state, "GET", "/large/1001");
    c.request.max_body = 1000;
    call_send(&c);
    world_settle(*state);
    expect(&c, HTTP_LOST, "larger than 1000 bytes");
    call_init(&c, *state, "GET", "/large/1000");
    c.request.max_body = 1000;
    call_send(&c);
    world_settle(*state);
    assert_int_equal(c.reply.result, HTTP_ANSWERED);
    assert_int_equal(c.reply.body_len, 1000);
    call_deinit(&c);
    call_init(&c, *state, "GET", "/bomb"); /* 64 bytes on the wire */
    c.request.max_body = 1000;
    call_send(&c);
    world_settle(*state);
    expect(&c, HTTP_LOST, "larger than 1000 bytes");
    call_make(&c, *state, "GET", "/many");
    expect(&c, HTTP_LOST, "headers");
    call_make(&c, *state, "GET", "/long");
    expect(&c, HTTP_LOST, "headers");
}

static void badly_packed_is_lost(void **state) {
    struct call c;
    call_make(&c, *state, "POST", "/no-gzip");
    expect(&c, HTTP_LOST, "");
    /* what curl does not see: a whole message with half a stream in it. The JSON in it will be half, too. */
    call_make(&c, *state, "POST", "/torn-gzip");
    assert_int_equal(c.reply.result, HTTP_ANSWERED);
    assert_true(c.reply.body_len < 19);
    call_deinit(&c);
}

static void reset_ends_at_once(void **state) {
    struct world *w = *state;
    static const char *const paths[] = {"/reset/0", "/reset/100", "/reset/5000000"};
    msec_t began = clock_mono(io_clock(w->io));
    for (size_t i = 0; i < array_size(paths); i++) {
        struct call c;
        call_make(&c, w, "GET", paths[i]);
        assert_true(c.reply.result == HTTP_LOST || c.reply.result == HTTP_ANSWERED);
        call_deinit(&c);
    }
    assert_in_range(clock_mono(io_clock(w->io)) - began, 0, 10000); /* the time-out is 20 s */
}

/* The reset comes while the reply, or more of it than curl reads at once, waits in the socket. */
static void reset_with_data_waiting(void **state) {
    struct world *w = *state;
    struct call c;
    msec_t began = clock_mono(io_clock(w->io));
    call_init(&c, w, "POST", "/reset/1000");
    call_send(&c);
    world_pass_until(w, 1);
    usleep(200 * 1000);
    world_settle(w);
    assert_int_equal(c.reply.result, HTTP_ANSWERED);
    assert_int_equal(c.reply.body_len, 1000);
    call_deinit(&c);
    call_init(&c, w, "POST", "/reset/5000000");
    call_send(&c);
    world_pass_until(w, 2);
    usleep(200 * 1000);
    world_settle(w);
    expect(&c, HTTP_LOST, "within the reply");
    assert_in_range(clock_mono(io_clock(w->io)) - began, 300, 10000); /* the time-out is 20 s */
}

/* A kept connection that dies under a request: reads go again, writes were never on one. */
static void dead_connection(void **state) {
    struct world *w = *state;
    struct call c;
    call_make(&c, w, "GET", "/frail");
    call_deinit(&c);
    call_make(&c, w, "GET", "/ok");
    assert_int_equal(c.reply.result, HTTP_ANSWERED);
    call_deinit(&c);
    assert_int_equal(server_requests(w->server), 3); /* frail, the one that was cut, and again */
    call_make(&c, w, "GET", "/frail");
    call_deinit(&c);
    int before = server_requests(w->server);
    static const char *const methods[] = {"POST", "PUT", "PATCH", "DELETE"};
    for (size_t i = 0; i < array_size(methods); i++) {
        call_make(&c, w, methods[i], "/ok");
        assert_int_equal(c.reply.result, HTTP_ANSWERED);
        call_deinit(&c);
    }
    assert_int_equal(server_requests(w->server) - before, 4);
    for (size_t i = 0; i < array_size(methods); i++) {
        call_make(&c, w, methods[i], "/cut");
        expect(&c, HTTP_LOST, "without a reply");
    }
    assert_int_equal(server_requests(w->server) - before, 8); /* each once */
}

static void cancel_tells_once(void **state) {
    struct world *w = *state;
    struct call calls[4];
    for (size_t i = 0; i < array_size(calls); i++) {
        call_init(&calls[i], w, "POST", "/never");
        call_send(&calls[i]);
    }
    w->transport->cancel(calls[0].exchange); /* before a turn of the loop */
    w->transport->cancel(calls[0].exchange); /* twice does no harm */
    assert_int_equal(calls[0].told, 0);
    world_pass_until(w, 3);
    assert_int_equal(calls[0].told, 1);
    for (size_t i = 1; i < array_size(calls); i++) {
        assert_int_equal(calls[i].told, 0);
        w->transport->cancel(calls[i].exchange);
        assert_int_equal(calls[i].told, 0);
    }
    world_settle(w);
    for (size_t i = 0; i < array_size(calls); i++)
        expect(&calls[i], HTTP_CANCELLED, "cancelled");
    assert_int_equal(server_requests(w->server), 3);
}

struct pair {
    struct world *world;
    struct exchange *a, *b;
    int told_a, told_b;
    enum http_result b_was;
};

static void pair_done_b(void *who, const struct http_reply *r) {
    struct pair *p = who;
    p->told_b++;
    p->b_was = r->result;
    io_stop(p->world->io);
}

static void pair_done_a(void *who, const struct http_reply *r) {
    struct pair *p = who;
    p->told_a++;
    p->world->transport->cancel(p->a); /* itself: nothing happens */
    p->world->transport->cancel(p->b); /* the other's reply is there, and not told */
    assert_int_equal(r->result, HTTP_NOT_SENT);
    assert_non_null(strstr(r->why, "method"));
}

static void cancel_from_a_callback(void **state) {
    struct world *w = *state;
    struct pair p = {.world = w};
    struct http_request nonsense = {.method = "", .url = "x"};
    p.a = w->transport->send(w->transport->arg, &nonsense, pair_done_a, &p);
    p.b = w->transport->send(w->transport->arg, &nonsense, pair_done_b, &p);
    assert_int_equal(p.told_a + p.told_b, 0);
    io_run(w->io);
    assert_int_equal(p.told_a, 1);
    assert_int_equal(p.told_b, 1);
    assert_int_equal(p.b_was, HTTP_CANCELLED);
}

static void too_many_are_not_sent(void **state) {
    struct world *w = *state;
    enum { N = 1100 };
    struct call *calls = calloc(N, sizeof(*calls));
    int not_sent = 0;
    for (int i = 0; i < N; i++) {
        call_init(&calls[i], w, "GET", "/ok");
        call_send(&calls[i]);
    }
    world_settle(w);
    for (int i = 0; i < N; i++) {
        assert_int_equal(calls[i].told, 1);
        not_sent += calls[i].reply.result == HTTP_NOT_SENT;
        call_deinit(&calls[i]);
    }
    free(calls);
    assert_int_equal(not_sent, N - 1024);
    assert_int_equal(server_requests(w->server), 1024);
}

static void drain_tells_all(void **state) {
    struct world *w = *state;
    struct call under_way, fresh, late;
    call_init(&under_way, w, "POST", "/never");
    call_send(&under_way);
    world_pass_until(w, 1);
    call_init(&fresh, w, "POST", "/ok");
    call_send(&fresh);
    io_drain(w->io);
    expect(&under_way, HTTP_CANCELLED, "cancelled");
    expect(&fresh, HTTP_CANCELLED, "cancelled");
    call_init(&late, w, "POST", "/ok");
    call_send(&late);
    assert_int_equal(late.told, 0);
    io_drain(w->io);
    expect(&late, HTTP_NOT_SENT, "ending");
    assert_int_equal(server_requests(w->server), 1);
}

static void drain_stops_who_never_ends(void *who, const struct http_reply *r) {
    struct world *w = who;
    struct http_request again = {.method = "GET", .url = "http://127.0.0.1:1/"};
    w->open++;
    w->transport->send(w->transport->arg, &again, drain_stops_who_never_ends, w);
}

/* A caller that answers every refusal with a request; and io_free with exchanges under way calls nobody. */
static void drain_ends_and_free_is_silent(void **state) {
    struct world *w = *state;
    drain_stops_who_never_ends(w, NULL);
    io_drain(w->io);
    int told = w->open;
    assert_in_range(told, 2, 1000);
    w->io = io_free(w->io);
    assert_int_equal(w->open, told);
    w->open = 0;
}

int main(void) {
#define IN_WORLD(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        IN_WORLD(refused_is_not_sent),
        IN_WORLD(no_connection_in_time_is_not_sent),
        IN_WORLD(slow_name_server_does_not_stop_the_loop),
        IN_WORLD(no_such_host_is_not_sent),
        IN_WORLD(failed_tls_is_not_sent),
        IN_WORLD(refused_tunnel_is_not_sent),
        IN_WORLD(malformed_is_not_sent),
        IN_WORLD(cut_is_lost),
        IN_WORLD(too_much_is_lost),
        IN_WORLD(badly_packed_is_lost),
        IN_WORLD(reset_ends_at_once),
        IN_WORLD(reset_with_data_waiting),
        IN_WORLD(dead_connection),
        IN_WORLD(cancel_tells_once),
        IN_WORLD(cancel_from_a_callback),
        IN_WORLD(too_many_are_not_sent),
        IN_WORLD(drain_tells_all),
        IN_WORLD(drain_ends_and_free_is_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
