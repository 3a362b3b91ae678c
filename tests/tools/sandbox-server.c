/* sandbox-server: two sandbox trackers over HTTP on loopback, for the
 * end-to-end tests that run the same scenarios here and on the real trackers.
 *
 *     sandbox-server [--rt PORT] [--redmine PORT] [--env FILE] [--story]
 *
 * Writes FILE once both answer: the variables that the rig of real trackers
 * writes. Port 0 (the default) takes any. Ends on SIGTERM or SIGINT. Each
 * tracker has one thread and its own state; nothing is shared. */
#include "bascule/sandbox.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BODY_MAX    (5u << 20)
#define HEADERS_MAX 64

struct tracker {
    enum sandbox_dialect dialect;
    int port;
    struct MHD_Daemon *daemon;
    struct sandbox *sandbox;
};

struct exchange {
    bool begun;
    char *target;
    struct buf body;
    struct sandbox_header headers[HEADERS_MAX];
    size_t n_headers;
};

static msec_t wall_clock(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (msec_t)t.tv_sec * SEC_MS + t.tv_nsec / 1000000;
}

/* The request's own bytes, before anything is decoded. */
static void *begin(void *arg, const char *uri, struct MHD_Connection *connection) {
    (void)arg;
    (void)connection;
    struct exchange *x = calloc(1, sizeof(*x));
    if (!x)
        abort();
    x->target = strdup(uri);
    x->body.limit = BODY_MAX;
    return x;
}

static void end(void *arg, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why) {
    (void)arg;
    (void)connection;
    (void)why;
    struct exchange *x = *state;
    if (x) {
        free(x->target);
        buf_deinit(&x->body);
        free(x);
    }
    *state = NULL;
}

static enum MHD_Result add_header(void *arg, enum MHD_ValueKind kind, const char *name, const char *value) {
    (void)kind;
    struct exchange *x = arg;
    if (x->n_headers < HEADERS_MAX)
        x->headers[x->n_headers++] = (struct sandbox_header){name, value ? value : ""};
    return MHD_YES;
}

static enum MHD_Result answer(struct tracker *t, struct MHD_Connection *connection, struct exchange *x,
                              const char *method) {
    cleanup_arena struct arena *a = arena_new();
    MHD_get_connection_values(connection, MHD_HEADER_KIND, add_header, x);
    struct sandbox_request request = {.method = method,
                                      .target = x->target,
                                      .headers = x->headers,
                                      .n_headers = x->n_headers,
                                      .body = x->body.data,
                                      .body_len = x->body.len};
    struct sandbox_reply reply;
    sandbox_handle(t->sandbox, &request, wall_clock(), a, &reply);
    if (!reply.status)
        return MHD_NO;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(reply.body_len, (void *)(uintptr_t)reply.body, MHD_RESPMEM_MUST_COPY);
    for (size_t i = 0; i < reply.n_headers; i++)
        MHD_add_response_header(response, reply.headers[i].name, reply.headers[i].value);
    if (t->dialect == SANDBOX_RT) /* the real one never keeps a connection */
        MHD_add_response_header(response, "connection", "close");
    enum MHD_Result result = MHD_queue_response(connection, (unsigned)reply.status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *data, size_t *size, void **state) {
    (void)url;
    (void)version;
    struct exchange *x = *state;
    if (!((struct tracker *)arg)->sandbox)
        return MHD_NO;
    if (!x->begun) { /* the first call only announces the headers */
        x->begun = true;
        return MHD_YES;
    }
    if (*size) {
        buf_add(&x->body, data, *size);
        *size = 0;
        return MHD_YES;
    }
    return answer(arg, connection, x, method);
}

static void tracker_start(struct tracker *t) {
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)t->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    t->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO | MHD_USE_SUPPRESS_DATE_NO_CLOCK, 0,
                                 NULL, NULL, on_request, t, MHD_OPTION_SOCK_ADDR, &at, MHD_OPTION_URI_LOG_CALLBACK,
                                 begin, NULL, MHD_OPTION_NOTIFY_COMPLETED, end, NULL,
                                 MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_END);
    if (!t->daemon) {
        fprintf(stderr, "sandbox-server: cannot listen on 127.0.0.1:%d\n", t->port);
        exit(1);
    }
    t->port = MHD_get_daemon_info(t->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    char url[64];
    snprintf(url, sizeof(url), "http://127.0.0.1:%d", t->port);
    t->sandbox = sandbox_new(t->dialect, url, wall_clock());
}

static int write_env(const char *file, const struct tracker *rt, const struct tracker *redmine) {
    cleanup_arena struct arena *a = arena_new();
    char *draft = arena_printf(a, "%s.new", file);
    FILE *out = fopen(draft, "w");
    if (!out || fprintf(out, "%s%s", sandbox_env(rt->sandbox, a), sandbox_env(redmine->sandbox, a)) < 0 ||
        fclose(out) != 0 || rename(draft, file) != 0) {
        perror(file);
        return 1;
    }
    return 0;
}

static int usage(void) {
    fprintf(stderr, "usage: sandbox-server [--rt PORT] [--redmine PORT] [--env FILE] [--story]\n");
    return 2;
}

int main(int argc, char **argv) {
    struct tracker rt = {.dialect = SANDBOX_RT}, redmine = {.dialect = SANDBOX_REDMINE};
    const char *env = NULL;
    bool story = false;
    for (int i = 1; i < argc; i++) {
        if (str_is(argv[i], "--story"))
            story = true;
        else if (i + 1 == argc)
            return usage();
        else if (str_is(argv[i], "--rt"))
            rt.port = atoi(argv[++i]);
        else if (str_is(argv[i], "--redmine"))
            redmine.port = atoi(argv[++i]);
        else if (str_is(argv[i], "--env"))
            env = argv[++i];
        else
            return usage();
    }
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    tracker_start(&rt);
    tracker_start(&redmine);
    if (story)
        sandbox_seed_story(rt.sandbox, redmine.sandbox, wall_clock());
    printf("RT http://127.0.0.1:%d\nRedmine http://127.0.0.1:%d\n", rt.port, redmine.port);
    fflush(stdout);
    int got, result = env ? write_env(env, &rt, &redmine) : 0;
    if (!result)
        sigwait(&ends, &got);
    MHD_stop_daemon(rt.daemon);
    MHD_stop_daemon(redmine.daemon);
    sandbox_free(rt.sandbox);
    sandbox_free(redmine.sandbox);
    return result;
}
