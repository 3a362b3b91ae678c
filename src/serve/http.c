/* http: libmicrohttpd inside the caller's loop.
 *
 * Owns a daemon without threads: its epoll descriptor is watched by the loop,
 * its next time-out is one timer, and every wake-up is one MHD_run(). Called by
 * serve.c and host.c. What must hold: a call is answered exactly once, and a
 * connection that waits for its answer is suspended, so that it costs nothing.
 *
 * How a call goes: MHD names the URI (call_begin), hands over the body piece by
 * piece and then its end (call_step); the handler answers within that call, or
 * later; then the connection is woken and MHD asks again, and finds the reply. */
#include "http.h"
#include <microhttpd.h>
#include <netinet/in.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX   256
#define IDLE_SECONDS      30
#define CONNECTION_MEMORY (64 * 1024) /* headers of one request */
#define ACTOR_BUFFER      4096

struct http_server {
    struct http_server_options o;
    struct MHD_Daemon *daemon;
    void *watch;
    struct timer *timer;
    struct conversation *first; /* all that live */
    uid_t actor_uid;            /* the last one looked up */
    char actor[64];
    bool closing;
};

/* A call with what is nobody's business but MHD's. */
struct conversation {
    struct http_call call; /* first: a call is its conversation */
    struct http_server *server;
    struct MHD_Connection *connection; /* NULL before the first step */
    struct conversation *next, **link;
    struct buf body;
    struct MHD_Response *reply; /* ready, not queued yet */
    int status;
    bool asked;  /* the handler has been called */
    bool inside; /* the handler is on the stack */
    bool answered;
    bool suspended;
};

/* ---- the loop ---- */

static void server_run(void *who) {
    struct http_server *s = who;
    MHD_run(s->daemon);
    MHD_UNSIGNED_LONG_LONG wait;
    if (MHD_get_timeout(s->daemon, &wait) == MHD_YES)
        s->o.timers->start(s->timer, (msec_t)(wait > 3600000 ? 3600000 : wait));
    else
        s->o.timers->stop(s->timer);
}

/* ---- answers ---- */

/* Pages and answers are for whoever asked, now: not for caches, frames or guesses at types. */
static void reply_harden(struct MHD_Response *r) {
    MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(r, "Cache-Control", "no-store");
    MHD_add_response_header(r, "Referrer-Policy", "no-referrer");
}

static struct MHD_Response *reply_make(const struct http_answer *a) {
    struct MHD_Response *r =
        MHD_create_response_from_buffer(a->len, (void *)(uintptr_t)(a->body ? a->body : ""), MHD_RESPMEM_MUST_COPY);
    if (!r)
        return NULL;
    if (a->type)
        MHD_add_response_header(r, "Content-Type", a->type);
    for (size_t i = 0; i < a->n_headers; i++)
        MHD_add_response_header(r, a->headers[i].name, a->headers[i].value);
    if (!a->hosted)
        reply_harden(r);
    return r;
}

static void conversation_wake(struct conversation *c) {
    if (!c->suspended || c->inside)
        return;
    c->suspended = false;
    MHD_resume_connection(c->connection);
    c->server->o.timers->start(c->server->timer, 0); /* its epoll descriptor does not tell of that */
}

void http_call_answer(struct http_call *call, const struct http_answer *answer) {
    struct conversation *c = (struct conversation *)call;
    if (c->answered)
        return;
    c->answered = true;
    c->reply = reply_make(answer);
    c->status = answer->status;
    if (!call->held)
        conversation_wake(c);
}

void http_call_release(struct http_call *call) {
    struct conversation *c = (struct conversation *)call;
    call->held = false;
    if (c->answered)
        conversation_wake(c);
}

static enum MHD_Result conversation_send(struct conversation *c) {
    if (!c->reply)
        return MHD_NO; /* out of memory: the connection is closed */
    enum MHD_Result result = MHD_queue_response(c->connection, (unsigned)c->status, c->reply);
    MHD_destroy_response(c->reply);
    c->reply = NULL;
    return result;
}

static enum MHD_Result conversation_refuse(struct conversation *c, int status, const char *title, const char *detail) {
    char text[300];
    int n =
        snprintf(text, sizeof(text), "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":\"%s\"}\n",
                 title, status, detail);
    c->asked = true;
    http_call_answer(
        &c->call,
        &(struct http_answer){.status = status, .type = "application/problem+json", .body = text, .len = (size_t)n});
    return conversation_send(c);
}

/* ---- calls ---- */

static void *call_begin(void *arg, const char *uri, struct MHD_Connection *connection) {
    struct http_server *s = arg;
    struct arena *a = arena_new();
    struct conversation *c = arena_make(a, struct conversation);
    c->server = s;
    c->connection = connection;
    c->body.limit = s->o.body_max;
    c->call.arena = a;
    c->call.target = arena_strdup(a, uri);
    const char *question = strchr(c->call.target, '?');
    c->call.path = question ? arena_strndup(a, c->call.target, (size_t)(question - c->call.target)) : c->call.target;
    c->call.query = question ? question + 1 : "";
    c->next = s->first;
    c->link = &s->first;
    if (s->first)
        s->first->link = &c->next;
    s->first = c;
    return c;
}

static void call_end(void *arg, struct MHD_Connection *connection, void **who, enum MHD_RequestTerminationCode code) {
    (void)arg, (void)connection, (void)code;
    struct conversation *c = *who;
    if (!c)
        return;
    *who = NULL;
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    if (c->reply)
        MHD_destroy_response(c->reply);
    buf_deinit(&c->body);
    arena_free(c->call.arena); /* c lived in it */
}

/* The name of the user at the other end; one is remembered, as most often they are the same. */
static const char *call_actor(struct conversation *c) {
    struct http_server *s = c->server;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(c->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct ucred peer;
    socklen_t len = sizeof(peer);
    if (!info || getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
        return "somebody";
    if (s->actor[0] && s->actor_uid == peer.uid)
        return arena_strdup(c->call.arena, s->actor);
    struct passwd entry, *found = NULL;
    char buffer[ACTOR_BUFFER];
    if (getpwuid_r(peer.uid, &entry, buffer, sizeof(buffer), &found) == 0 && found)
        snprintf(s->actor, sizeof(s->actor), "%s", found->pw_name);
    else
        snprintf(s->actor, sizeof(s->actor), "uid %u", (unsigned)peer.uid);
    s->actor_uid = peer.uid;
    return arena_strdup(c->call.arena, s->actor);
}

static enum MHD_Result call_hand_over(struct conversation *c) {
    c->asked = true;
    c->call.body = buf_text(&c->body);
    c->call.body_len = c->body.len;
    if (c->server->o.local)
        c->call.actor = call_actor(c);
    c->inside = true;
    c->server->o.handle(c->server->o.arg, &c->call);
    c->inside = false;
    if (!c->call.held && c->answered)
        return conversation_send(c);
    c->suspended = true;
    MHD_suspend_connection(c->connection);
    return MHD_YES;
}

static bool call_announces_too_much(struct conversation *c) {
    const char *length = http_call_header(&c->call, "Content-Length");
    int64_t n;
    return length && str_int64(length, &n) && (uint64_t)n > c->server->o.body_max;
}

static enum MHD_Result call_step(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
                                 const char *version, const char *data, size_t *len, void **who) {
    (void)arg, (void)url, (void)version;
    struct conversation *c = *who;
    if (!c)
        return MHD_NO;
    c->connection = connection;
    if (!c->call.method) {
        c->call.method = arena_strdup(c->call.arena, strcmp(method, "HEAD") == 0 ? "GET" : method);
        if (call_announces_too_much(c))
            return conversation_refuse(c, 413, "Body too large", "a body may have at most 1 MiB");
        return MHD_YES;
    }
    if (*len > 0) {
        buf_add(&c->body, data, *len);
        if (c->body.over)
            return MHD_NO; /* it never said how much it would be: no more politeness */
        *len = 0;
        return MHD_YES;
    }
    if (c->answered)
        return conversation_send(c);
    return c->asked ? MHD_YES : call_hand_over(c);
}

const char *http_call_header(const struct http_call *call, const char *name) {
    const struct conversation *c = (const struct conversation *)call;
    return MHD_lookup_connection_value(c->connection, MHD_HEADER_KIND, name);
}

struct gathering {
    struct http_call *call;
    struct http_header *items;
    size_t count;
};

static enum MHD_Result header_gather(void *arg, enum MHD_ValueKind kind, const char *key, const char *value) {
    (void)kind;
    struct gathering *g = arg;
    if (g->count == HTTP_HEADERS_MAX)
        return MHD_NO;
    char *name = arena_strdup(g->call->arena, key);
    for (char *p = name; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    g->items[g->count++] = (struct http_header){name, arena_strdup(g->call->arena, value ? value : "")};
    return MHD_YES;
}

const struct http_header *http_call_headers(struct http_call *call, size_t *ret_count) {
    struct conversation *c = (struct conversation *)call;
    struct gathering g = {call, arena_alloc(call->arena, HTTP_HEADERS_MAX * sizeof(struct http_header)), 0};
    MHD_get_connection_values(c->connection, MHD_HEADER_KIND, header_gather, &g);
    *ret_count = g.count;
    return g.items;
}

/* ---- the server ---- */

static void server_log(void *arg, const char *format, va_list args) {
    struct http_server *s = arg;
    char text[300];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    vsnprintf(text, sizeof(text), format, args);
#pragma GCC diagnostic pop
    text[strcspn(text, "\n")] = 0;
    log_debug(s->o.log, "http: %s", text);
}

/* Paths are taken apart before they are unescaped, by query.c, so that an escaped slash stays in its segment. */
static size_t unescape_nothing(void *arg, struct MHD_Connection *connection, char *s) {
    (void)arg, (void)connection;
    return strlen(s);
}

static int server_start(struct http_server *s, struct fault *fault) {
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    s->daemon = MHD_start_daemon(flags, 0, NULL, NULL, call_step, s, MHD_OPTION_EXTERNAL_LOGGER, server_log, s,
                                 MHD_OPTION_LISTEN_SOCKET, s->o.listen_fd, MHD_OPTION_CONNECTION_LIMIT,
                                 (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
                                 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
                                 MHD_OPTION_URI_LOG_CALLBACK, call_begin, s, MHD_OPTION_NOTIFY_COMPLETED, call_end, s,
                                 MHD_OPTION_UNESCAPE_CALLBACK, unescape_nothing, NULL, MHD_OPTION_END);
    if (!s->daemon)
        return fault_set(fault, -EIO, "the HTTP server does not start");
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    s->timer = s->o.timers->make(s->o.timers->arg, server_run, s);
    s->watch = info ? s->o.loop->watch(s->o.loop->arg, info->epoll_fd, server_run, s) : NULL;
    return s->watch ? 0 : fault_set(fault, -EIO, "the HTTP server cannot be watched");
}

int http_server_open(const struct http_server_options *options, struct http_server **ret, struct fault *fault) {
    struct http_server *s = calloc(1, sizeof(*s));
    if (!s)
        abort();
    s->o = *options;
    int r = server_start(s, fault);
    if (r < 0) {
        if (!s->daemon)
            close(options->listen_fd);
        http_server_close(s);
        return r;
    }
    *ret = s;
    return 0;
}

struct http_server *http_server_close(struct http_server *s) {
    if (!s)
        return NULL;
    s->closing = true;
    if (s->watch)
        s->o.loop->unwatch(s->o.loop->arg, s->watch);
    if (s->timer)
        s->o.timers->free(s->timer);
    /* MHD wants every connection awake when it stops. */
    for (struct conversation *c = s->first; c; c = c->next) {
        if (!c->suspended)
            continue;
        c->suspended = false;
        MHD_resume_connection(c->connection);
    }
    if (s->daemon)
        MHD_stop_daemon(s->daemon); /* closes the listening socket */
    free(s);
    return NULL;
}
