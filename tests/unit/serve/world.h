/* world: a served desk, an engine of a few lines, and calls on either door, for the tests of serve. */
#ifndef TESTS_SERVE_WORLD_H
#define TESTS_SERVE_WORLD_H

#include "../report/desk.h"
#include "bascule/serve.h"
#include "loop.h"

static char database[64], socket_path[80];
static struct serve *serve;

/* The engine's part: says what it was asked, at once or later. */
static struct {
    char name[40], args[500], actor[64];
    const char *role; /* of whoever comes with the token "good"; NULL: nobody does */
    int status;       /* to answer with */
    const char *answer;
    bool later;
    serve_done *done;
    void *who;
    int count;
} engine;
static bool not_ready;

static inline void token_answer(const json_t *args, serve_done *done, void *who) {
    bool good = engine.role && str_is(json_text(args, "token"), "good");
    cleanup_json json_t *result =
        good ? json_pack("{s:s, s:s}", "name", "ada", "role", engine.role) : json_pack("{s:s}", "detail", "no");
    done(who, good ? 200 : 401, result);
}

static inline void command(void *arg, const char *name, json_t *args, const char *actor, serve_done *done, void *who) {
    if (str_is(name, "token-check")) {
        token_answer(args, done, who);
        return;
    }
    char *text = json_dumps(args, JSON_COMPACT | JSON_SORT_KEYS);
    snprintf(engine.name, sizeof(engine.name), "%s", name);
    snprintf(engine.args, sizeof(engine.args), "%s", text);
    snprintf(engine.actor, sizeof(engine.actor), "%s", actor);
    free(text);
    engine.count++;
    engine.done = done;
    engine.who = who;
    if (engine.later)
        return;
    cleanup_json json_t *result = json_loads(engine.answer, 0, NULL);
    done(who, engine.status, result);
}

static inline bool ready(void *arg, struct fault *why) {
    if (not_ready)
        fault_set(why, -1, "the first import is under way");
    return !not_ready;
}

static inline int setup(void **state) {
    struct fault f = {0};
    desk_make(database);
    snprintf(socket_path, sizeof(socket_path), "%.*s.sock", (int)strlen(database) - 3, database);
    struct serve_options o = {.loop = &loop,
                              .timers = &timers,
                              .clock = &loop_clock,
                              .database = database,
                              .socket_path = socket_path,
                              .host = "127.0.0.1",
                              .public_url = "https://bascule.example.org",
                              .version = "0.1.0",
                              .command = command,
                              .ready = ready};
    if (serve_open(&o, &serve, &f) < 0)
        fail_msg("%s", f.text);
    return 0;
}

static inline int teardown(void **state) {
    serve = serve_close(serve);
    assert_int_equal(access(socket_path, F_OK), -1);
    desk_remove(database);
    return 0;
}

static inline int fresh(void **state) {
    memset(&engine, 0, sizeof(engine));
    engine.status = 200;
    engine.answer = "{\"message\":\"done\"}";
    not_ready = false;
    return 0;
}

/* One call on a connection of its own. */
static inline int call_full(int fd, const char *method, const char *target, const char *host, const char *body,
                            struct buf *answer) {
    cleanup_buf struct buf r = {0};
    buf_printf(&r, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, target, host);
    if (body)
        buf_printf(&r, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
    else
        buf_str(&r, "\r\n");
    exchange(fd, r.data, r.len, answer, 400);
    close(fd);
    loop_turn(0);
    return answer_status(answer);
}
static inline int tcp(const char *method, const char *target, struct buf *answer) {
    return call_full(dial_tcp(serve_port(serve)), method, target, "127.0.0.1", NULL, answer);
}
static inline int local(const char *method, const char *target, const char *body, struct buf *answer) {
    return call_full(dial_unix(socket_path), method, target, "localhost", body, answer);
}

#endif
