/* doors: connections: late answers, bounds, sockets, endings; and a hosted handler. */
#include "world.h"
#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>

/* ---- connections ---- */

static void a_late_answer_arrives(void **state) {
    cleanup_buf struct buf b = {0};
    static const char request[] = "POST /api/v1/sync/helpdesk:1 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    int fd = dial_unix(socket_path);
    engine.later = true;
    exchange(fd, request, strlen(request), &b, 10);
    assert_int_equal(b.len, 0);
    assert_int_equal(engine.count, 1);
    cleanup_json json_t *result = json_pack("{s:s}", "message", "read");
    engine.done(engine.who, 202, result);
    exchange(fd, "", 0, &b, 50);
    assert_int_equal(answer_status(&b), 202);
    assert_true(answer_says(&b, "\"read\""));
    /* the connection goes on */
    engine.later = false;
    exchange(fd, request, strlen(request), &b, 50);
    assert_int_equal(answer_status(&b), 200);
    close(fd);
}

static void whoever_hangs_up_meanwhile_harms_nobody(void **state) {
    cleanup_buf struct buf b = {0};
    static const char request[] = "POST /api/v1/sync/helpdesk:1 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    int fd = dial_unix(socket_path);
    engine.later = true;
    exchange(fd, request, strlen(request), &b, 5);
    close(fd);
    loop_turn(5);
    loop_turn(5);
    engine.done(engine.who, 200, NULL);
    for (int i = 0; i < 5; i++)
        loop_turn(2);
    assert_int_equal(tcp("GET", "/healthz", &b), 200);
}

static void bodies_are_bounded(void **state) {
    cleanup_buf struct buf b = {0}, big = {0};
    static const char announced[] =
        "POST /api/v1/links HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: 1048577\r\n\r\n";
    int fd = dial_unix(socket_path);
    exchange(fd, announced, strlen(announced), &b, 50);
    close(fd);
    assert_int_equal(answer_status(&b), 413);
    /* 1 MiB exactly is taken (and here it is no JSON) */
    buf_str(&big, "POST /api/v1/links HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                  "1048576\r\n\r\n");
    for (int i = 0; i < 1048576; i++)
        buf_char(&big, ' ');
    fd = dial_unix(socket_path);
    exchange(fd, big.data, big.len, &b, 2000);
    close(fd);
    assert_int_equal(answer_status(&b), 400);
    /* without a length: cut off */
    cleanup_buf struct buf chunked = {0};
    buf_str(&chunked, "POST /api/v1/links HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 20; i++) {
        buf_str(&chunked, "10000\r\n");
        for (int k = 0; k < 0x10000; k++)
            buf_char(&chunked, 'x');
        buf_str(&chunked, "\r\n");
    }
    buf_str(&chunked, "0\r\n\r\n");
    fd = dial_unix(socket_path);
    exchange(fd, chunked.data, chunked.len, &b, 2000);
    close(fd);
    assert_int_equal(b.len, 0);
    assert_int_equal(engine.count, 0);
}

static void many_calls_share_a_connection(void **state) {
    cleanup_buf struct buf b = {0};
    static const char request[] = "GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n";
    int fd = dial_tcp(serve_port(serve));
    for (int i = 0; i < 50; i++) {
        exchange(fd, request, strlen(request), &b, 50);
        assert_int_equal(answer_status(&b), 200);
    }
    close(fd);
}

/* ---- reads beside the loop ---- */

static struct {
    void (*run)(void *who);
    void (*done)(void *who, bool ran);
    void *who;
} asked[8];
static size_t n_asked;

static int pool_keep(void *arg, void (*run)(void *who), void (*done)(void *who, bool ran), void *who) {
    if (n_asked == array_size(asked))
        return -EAGAIN;
    asked[n_asked].run = run;
    asked[n_asked].done = done;
    asked[n_asked++].who = who;
    return 0;
}

static void *on_thread(void *arg) {
    asked[*(size_t *)arg].run(asked[*(size_t *)arg].who);
    return NULL;
}

/* While questions are being answered the loop serves others; none is answered before it is done. */
static void reads_do_not_hold_the_loop(void **state) {
    static const char question[] = "GET /api/v1/incidents HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    static const char other[] = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    struct fault f = {0};
    struct serve *mine = NULL;
    const struct pool pool = {pool_keep, NULL};
    cleanup_buf struct buf first = {0}, b = {0};
    struct serve_options o = {.loop = &loop,
                              .timers = &timers,
                              .clock = &loop_clock,
                              .pool = &pool,
                              .database = database,
                              .host = "127.0.0.1",
                              .command = command};
    assert_int_equal(serve_open(&o, &mine, &f), 0);
    int fds[6], healthy = dial_tcp(serve_port(mine));
    n_asked = 0;
    for (size_t i = 0; i < array_size(fds); i++) {
        fds[i] = dial_tcp(serve_port(mine));
        exchange(fds[i], question, strlen(question), &first, 5);
        assert_int_equal(first.len, 0);
    }
    assert_int_equal(n_asked, 4); /* as many as there are connections; the others wait */
    exchange(healthy, other, strlen(other), &b, 50);
    assert_int_equal(answer_status(&b), 200);
    for (size_t i = 0; i < array_size(fds); i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, on_thread, &i), 0);
        pthread_join(thread, NULL);
        exchange(fds[i], "", 0, &b, 3);
        assert_int_equal(b.len, 0); /* answered, but not handed back yet */
        asked[i].done(asked[i].who, true);
        exchange(fds[i], "", 0, &b, 50);
        assert_int_equal(answer_status(&b), 200);
        assert_true(answer_says(&b, "\"items\":["));
        close(fds[i]);
    }
    assert_int_equal(n_asked, array_size(fds));
    close(healthy);
    serve_close(mine);
}

/* ---- doors ---- */

static void the_socket_is_for_its_owner(void **state) {
    struct stat st;
    assert_int_equal(stat(socket_path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static struct serve_options other_options(const char *path, const char *host) {
    return (struct serve_options){.loop = &loop,
                                  .timers = &timers,
                                  .clock = &loop_clock,
                                  .database = database,
                                  .socket_path = path,
                                  .host = host,
                                  .command = command};
}

static void a_second_service_is_refused(void **state) {
    struct fault f = {0};
    struct serve *other = NULL;
    struct serve_options o = other_options(socket_path, NULL);
    assert_true(serve_open(&o, &other, &f) < 0);
    assert_non_null(strstr(f.text, "listens on"));
    cleanup_buf struct buf b = {0};
    assert_int_equal(local("GET", "/healthz", NULL, &b), 200); /* and the first one lives */
    struct serve_options same_port = other_options(NULL, "127.0.0.1");
    same_port.port = serve_port(serve);
    f = (struct fault){0};
    assert_true(serve_open(&same_port, &other, &f) < 0);
    assert_non_null(strstr(f.text, "in use"));
}

static void what_a_crash_left_is_replaced_and_files_are_not(void **state) {
    char path[96];
    struct fault f = {0};
    struct serve *other = NULL;
    snprintf(path, sizeof(path), "%s.other", database);
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    memcpy(a.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    close(fd); /* the file stays, nobody listens */
    struct serve_options o = other_options(path, NULL);
    if (serve_open(&o, &other, &f) < 0)
        fail_msg("%s", f.text);
    serve_close(other);
    FILE *file = fopen(path, "w");
    fclose(file);
    assert_true(serve_open(&o, &other, &f) < 0);
    assert_non_null(strstr(f.text, "no socket"));
    assert_int_equal(unlink(path), 0);
}

static void a_long_path_is_no_trouble(void **state) {
    char folder[256], path[300], link[96];
    struct fault f = {0};
    struct serve *other = NULL;
    snprintf(folder, sizeof(folder), "%s.%0120d", database, 7);
    assert_int_equal(mkdir(folder, 0700), 0);
    snprintf(path, sizeof(path), "%s/far.sock", folder);
    struct serve_options o = other_options(path, NULL);
    if (serve_open(&o, &other, &f) < 0)
        fail_msg("%s", f.text);
    snprintf(link, sizeof(link), "%s.l", database);
    assert_int_equal(symlink(folder, link), 0);
    char reach[128];
    snprintf(reach, sizeof(reach), "%s/far.sock", link);
    cleanup_buf struct buf b = {0};
    assert_int_equal(call_full(dial_unix(reach), "GET", "/healthz", "x", NULL, &b), 200);
    serve_close(other);
    assert_int_equal(unlink(link), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void no_door_leads_outside(void **state) {
    static const char *const outside[] = {"0.0.0.0", "192.0.2.1", "::", "example.org", ""};
    for (size_t i = 0; i < array_size(outside); i++) {
        struct fault f = {0};
        struct serve *other = NULL;
        struct serve_options o = other_options(NULL, outside[i]);
        assert_true(serve_open(&o, &other, &f) < 0);
        assert_non_null(strstr(f.text, "loopback"));
    }
}

static void closing_ends_waiting_calls(void **state) {
    struct fault f = {0};
    struct serve *other = NULL;
    char path[96];
    snprintf(path, sizeof(path), "%s.x", database);
    struct serve_options o = other_options(path, NULL);
    assert_int_equal(serve_open(&o, &other, &f), 0);
    cleanup_buf struct buf b = {0};
    static const char request[] = "POST /api/v1/sync/helpdesk:1 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    int fd = dial_unix(path);
    engine.later = true;
    exchange(fd, request, strlen(request), &b, 5);
    assert_int_equal(engine.count, 1);
    serve_close(other);
    char byte;
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    close(fd);
}

/* ---- hosting ---- */

static void echo(void *arg, const struct serve_hosted_request *r, struct arena *a, struct serve_hosted_reply *ret) {
    static const struct http_header headers[] = {{"Content-Type", "text/x-echo"}, {"X-Own", "1"}};
    const char *token = "";
    for (size_t i = 0; i < r->n_headers; i++)
        if (str_is(r->headers[i].name, "authorization"))
            token = r->headers[i].value;
    ret->status = 207;
    ret->headers = headers;
    ret->n_headers = 2;
    ret->body = arena_printf(a, "%s %s [%.*s] %s", r->method, r->target, (int)r->body_len, r->body, token);
    ret->body_len = strlen(ret->body);
}

static void a_handler_is_hosted(void **state) {
    struct serve_host *h = NULL;
    struct fault f = {0};
    if (serve_host_open(&loop, &timers, NULL, 0, echo, NULL, &h, &f) < 0)
        fail_msg("%s", f.text);
    cleanup_buf struct buf b = {0};
    static const char request[] =
        "PUT /REST/2.0/ticket/1?a=b%20c HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: token x\r\n"
        "Content-Length: 3\r\n\r\nabc";
    int fd = dial_tcp(serve_host_port(h));
    exchange(fd, request, strlen(request), &b, 50);
    close(fd);
    assert_int_equal(answer_status(&b), 207);
    assert_string_equal(answer_body(&b), "PUT /REST/2.0/ticket/1?a=b%20c [abc] token x");
    assert_true(answer_says(&b, "X-Own: 1") && answer_says(&b, "text/x-echo") && !answer_says(&b, "nosniff"));
    assert_int_equal(call_full(dial_tcp(serve_host_port(h)), "GET", "/", "evil.example", NULL, &b), 421);
    serve_host_close(h);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_late_answer_arrives, fresh),
        cmocka_unit_test_setup(whoever_hangs_up_meanwhile_harms_nobody, fresh),
        cmocka_unit_test_setup(bodies_are_bounded, fresh),
        cmocka_unit_test_setup(many_calls_share_a_connection, fresh),
        cmocka_unit_test_setup(reads_do_not_hold_the_loop, fresh),
        cmocka_unit_test_setup(the_socket_is_for_its_owner, fresh),
        cmocka_unit_test_setup(a_second_service_is_refused, fresh),
        cmocka_unit_test_setup(what_a_crash_left_is_replaced_and_files_are_not, fresh),
        cmocka_unit_test_setup(a_long_path_is_no_trouble, fresh),
        cmocka_unit_test_setup(no_door_leads_outside, fresh),
        cmocka_unit_test_setup(closing_ends_waiting_calls, fresh),
        cmocka_unit_test_setup(a_handler_is_hosted, fresh),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
