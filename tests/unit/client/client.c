/* client: calls over a Unix socket, against a server of a few lines on a thread. */
#include "bascule/client.h"
#include "bascule/socket.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/bascule-client-XXXXXX", path[64];

/* Takes one connection, reads a whole request, sends `answer`, ends. */
struct desk {
    pthread_t thread;
    int fd;
    const char *answer;
    size_t answer_len;
    char request[4096];
};

static bool request_whole(const char *text) {
    const char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "\r\nContent-Length: ");
    return end && strlen(end + 4) >= (length && length < end ? strtoul(length + 18, NULL, 10) : 0);
}

static void *desk_run(void *arg) {
    struct desk *d = arg;
    size_t len = 0;
    int fd = accept(d->fd, NULL, NULL);
    ssize_t n;
    while (!request_whole(d->request) && (n = recv(fd, d->request + len, sizeof(d->request) - 1 - len, 0)) > 0) {
        len += (size_t)n;
        d->request[len] = 0;
    }
    for (size_t sent = 0; sent < d->answer_len;) {
        n = send(fd, d->answer + sent, d->answer_len - sent, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        sent += (size_t)n;
    }
    close(fd);
    return NULL;
}

static void desk_open(struct desk *d, const char *at, const char *answer, size_t len) {
    struct sockaddr_un a;
    int dir;
    memset(d, 0, sizeof(*d));
    d->answer = answer;
    d->answer_len = len;
    assert_int_equal(socket_address(at, &a, &dir, NULL), 0);
    d->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(d->fd, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(listen(d->fd, 4), 0);
    if (dir >= 0)
        close(dir);
    assert_int_equal(pthread_create(&d->thread, NULL, desk_run, d), 0);
}

static void desk_close(struct desk *d, const char *at) {
    pthread_join(d->thread, NULL);
    close(d->fd);
    unlink(at);
}

static int setup(void **state) {
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/a.sock", folder);
    return 0;
}
static int teardown(void **state) {
    return rmdir(folder);
}

static void a_call_goes_there_and_back(void **state) {
    static const char answer[] =
        "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{\"id\":\"P-12\"}";
    struct desk d;
    struct client_reply r = {0};
    struct fault f = {0};
    setenv("http_proxy", "http://127.0.0.1:1", 1); /* no proxy stands between */
    desk_open(&d, path, answer, strlen(answer));
    cleanup_json json_t *body = json_pack("{s:s}", "title", "\xc3\xbc");
    assert_int_equal(client_call(path, "POST", "/api/v1/problems?x=1", body, &r, &f), 0);
    desk_close(&d, path);
    unsetenv("http_proxy");
    assert_int_equal(r.status, 201);
    assert_string_equal(json_text(r.body, "id"), "P-12");
    client_reply_deinit(&r);
    assert_non_null(strstr(d.request, "POST /api/v1/problems?x=1 HTTP/1.1\r\n"));
    assert_non_null(strstr(d.request, "Content-Type: application/json\r\n"));
    assert_non_null(strstr(d.request, "\r\n\r\n{\"title\":\"\xc3\xbc\"}"));
    assert_null(strcasestr(d.request, "Expect:"));
}

static void a_method_without_a_body_has_none(void **state) {
    static const char *const methods[] = {"GET", "POST", "DELETE"};
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    for (size_t i = 0; i < array_size(methods); i++) {
        struct desk d;
        struct client_reply r = {0};
        desk_open(&d, path, answer, strlen(answer));
        assert_int_equal(client_call(path, methods[i], "/x", NULL, &r, NULL), 0);
        desk_close(&d, path);
        assert_true(str_starts(d.request, methods[i]));
        assert_null(strcasestr(d.request, "Content-Type"));
        client_reply_deinit(&r);
    }
}

static void nobody_there_is_an_outcome(void **state) {
    struct client_reply r = {0};
    struct fault f = {0};
    assert_int_equal(client_call(path, "GET", "/x", NULL, &r, &f), CLIENT_NO_SERVICE);
    assert_int_equal(client_call("/nowhere/at/all.sock", "GET", "/x", NULL, &r, &f), CLIENT_NO_SERVICE);
    /* a socket that a crash left */
    struct sockaddr_un a;
    int dir, fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(socket_address(path, &a, &dir, &f), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    close(fd);
    assert_int_equal(client_call(path, "GET", "/x", NULL, &r, &f), CLIENT_NO_SERVICE);
    unlink(path);
    assert_string_equal(f.text, "");
}

static void a_broken_answer_is_a_fault(void **state) {
    static const char *const answers[] = {"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{", "nonsense\r\n\r\n"};
    for (size_t i = 0; i < array_size(answers); i++) {
        struct desk d;
        struct client_reply r = {0};
        struct fault f = {0};
        desk_open(&d, path, answers[i], strlen(answers[i]));
        assert_true(client_call(path, "GET", "/x", NULL, &r, &f) < 0);
        desk_close(&d, path);
        assert_non_null(strstr(f.text, path));
    }
}

static void an_answer_that_is_no_json_is_none(void **state) {
    static const char answer[] = "HTTP/1.1 503 Not now\r\nContent-Length: 4\r\n\r\nbusy";
    struct desk d;
    struct client_reply r = {0};
    desk_open(&d, path, answer, strlen(answer));
    assert_int_equal(client_call(path, "GET", "/x", NULL, &r, NULL), 0);
    desk_close(&d, path);
    assert_int_equal(r.status, 503);
    assert_null(r.body);
}

static void an_endless_answer_is_cut(void **state) {
    cleanup_buf struct buf b = {0};
    struct desk d;
    struct client_reply r = {0};
    struct fault f = {0};
    buf_str(&b, "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
    for (int i = 0; i < 34 * 1024; i++)
        for (int k = 0; k < 16; k++)
            buf_str(&b, "0123456789012345678901234567890123456789012345678901234567890123");
    desk_open(&d, path, b.data, b.len);
    assert_true(client_call(path, "GET", "/x", NULL, &r, &f) < 0);
    desk_close(&d, path);
    assert_non_null(strstr(f.text, "--limit"));
}

static void the_socket_is_beside_the_database(void **state) {
    cleanup_arena struct arena *a = arena_new();
    assert_string_equal(socket_path(a, "/var/lib/bascule/bascule.db"), "/var/lib/bascule/bascule.sock");
    assert_string_equal(socket_path(a, "bascule.db"), "bascule.sock");
    assert_string_equal(socket_path(a, "data.sqlite"), "data.sqlite.sock");
    assert_string_equal(socket_path(a, ".db"), ".db.sock");
}

static void a_long_path_is_no_trouble(void **state) {
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    char deep[200], at[256], name[256];
    struct fault f = {0};
    struct sockaddr_un a;
    struct client_reply r = {0};
    struct desk d;
    int dir;
    snprintf(deep, sizeof(deep), "%s/%0120d", folder, 7);
    assert_int_equal(mkdir(deep, 0700), 0);
    snprintf(at, sizeof(at), "%s/far.sock", deep);
    desk_open(&d, at, answer, strlen(answer));
    assert_int_equal(client_call(at, "GET", "/x", NULL, &r, &f), 0);
    client_reply_deinit(&r);
    desk_close(&d, at);
    rmdir(deep);
    snprintf(name, sizeof(name), "/tmp/%0120d.sock", 7);
    assert_true(socket_address(name, &a, &dir, &f) < 0);
    assert_non_null(strstr(f.text, "shorter"));
}

static void escaping_leaves_nothing_to_misread(void **state) {
    cleanup_buf struct buf b = {0};
    client_escape(&b, "gitlab:a/b#4 ?&=%\xc3\xbc~");
    assert_string_equal(buf_text(&b), "gitlab%3Aa%2Fb%234%20%3F%26%3D%25%C3%BC~");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_goes_there_and_back),         cmocka_unit_test(a_method_without_a_body_has_none),
        cmocka_unit_test(nobody_there_is_an_outcome),         cmocka_unit_test(a_broken_answer_is_a_fault),
        cmocka_unit_test(an_answer_that_is_no_json_is_none),  cmocka_unit_test(an_endless_answer_is_cut),
        cmocka_unit_test(the_socket_is_beside_the_database),  cmocka_unit_test(a_long_path_is_no_trouble),
        cmocka_unit_test(escaping_leaves_nothing_to_misread),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
