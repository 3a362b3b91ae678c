/* serve: the two doors, and who goes where.
 *
 * Owns the servers. Called by main.c. What must
 * hold: on TCP nothing is changed without a token (access.c), and no foreign Host is
 * answered (a page of somebody else's, pointed at 127.0.0.1 by its own name, reads
 * nothing here). */
#include "serve.h"
#include <string.h>
#include <unistd.h>

static const char *const addresses =
    "{\"read\":[\"status\",\"trackers\",\"incidents\",\"incidents/REF\",\"defects\",\"defects/REF\",\"problems\","
    "\"problems/P-n\",\"effects\",\"effects/N\",\"links\",\"attention\",\"journal\",\"show/REF\",\"explain/REF\","
    "\"reports/NAME\"]}\n";

/* ---- small addresses ---- */

static void ready_handle(struct serve *s, struct http_call *call) {
    struct fault why = {0};
    if (!s->o.ready || s->o.ready(s->o.arg, &why))
        answer_text(call, 200, "text/plain; charset=utf-8", "ready\n");
    else
        answer_text(call, 503, "text/plain; charset=utf-8",
                    arena_printf(call->arena, "not ready: %s\n", why.text[0] ? why.text : "starting"));
}

static bool small_handle(struct serve *s, struct http_call *call) {
    if (str_is(call->path, "/"))
        page_handle(s, call);
    else if (str_is(call->path, "/style.css"))
        page_style_handle(call);
    else if (str_is(call->path, "/report.css"))
        answer_text(call, 200, "text/css; charset=utf-8", report_style());
    else if (str_is(call->path, "/healthz"))
        answer_text(call, 200, "text/plain; charset=utf-8", "ok\n");
    else if (str_is(call->path, "/readyz"))
        ready_handle(s, call);
    else if (str_is(call->path, "/metrics"))
        metrics_handle(s, call);
    else if (str_is(call->path, "/api/v1") || str_is(call->path, "/api/v1/"))
        answer_text(call, 200, "application/json", addresses);
    else
        return false;
    return true;
}

/* ---- calls ---- */

static void method_refuse(struct http_call *call, const char *methods) {
    cleanup_json json_t *p = json_pack("{s:s, s:s, s:i, s:s+}", "type", "about:blank", "title", status_title(405),
                                       "status", 405, "detail", "this address answers to ", methods);
    char *text = json_dumps(p, JSON_COMPACT);
    struct http_header allow = {"Allow", methods};
    http_call_answer(call, &(struct http_answer){
                               .status = 405,
                               .type = "application/problem+json",
                               .body = text,
                               .len = strlen(text),
                               .headers = &allow,
                               .n_headers = 1,
                           });
    free(text);
}

static void api_write(struct serve *s, struct http_call *call, const struct caller *who, const char **segments,
                      size_t count, const char *methods) {
    if (!*methods && count >= 1) {
        enum report_what what;
        if (report_parse(segments[0], &what)) {
            method_refuse(call, "GET, HEAD");
            return;
        }
    }
    if (*methods && !strstr(methods, call->method))
        method_refuse(call, methods);
    else
        write_handle(s, call, who, segments, count);
}

static void api_handle(struct serve *s, struct http_call *call, const char **segments, size_t count, bool local) {
    bool reads = str_is(call->method, "GET"), asks_engine = write_has(call->method, segments, count);
    const char *methods = write_methods(call->arena, segments, count);
    struct caller who;
    if (!access_of(s, call, local, &who))
        return;
    if (reads && !asks_engine && *methods && count > 2) {
        method_refuse(call, methods); /* what ends in a verb is not for reading */
        return;
    }
    if (reads && !asks_engine)
        read_handle(s, call, segments, count);
    else if (!*who.actor)
        access_refuse(call, "this takes a token: `bascule token new NAME --role ROLE` makes one on the service's own "
                            "machine");
    else
        api_write(s, call, &who, segments, count, methods);
}

static bool has_page(const char *of) {
    return str_is(of, "problems") || str_is(of, "incidents") || str_is(of, "defects");
}

static void any_handle(struct serve *s, struct http_call *call, bool local) {
    const char *segments[URI_SEGMENTS_MAX];
    size_t count;
    bool reads = str_is(call->method, "GET");
    if (reads && small_handle(s, call))
        return;
    if (!uri_segments(call->arena, call->path, segments, &count)) {
        answer_problem(call, 400, "the address cannot be read");
        return;
    }
    if (count >= 2 && str_is(segments[0], "api") && str_is(segments[1], "v1"))
        api_handle(s, call, segments + 2, count - 2, local);
    else if (!reads)
        method_refuse(call, "GET, HEAD");
    else if (count == 2 && has_page(segments[0]))
        page_detail_handle(s, call, segments[0], segments[1]);
    else
        answer_problem(call, 404, "there is nothing here; the page is at /, the API at /api/v1");
}

static bool host_is_ours(struct serve *s, struct http_call *call) {
    const char *given = http_call_header(call, "Host");
    if (!given)
        return true; /* HTTP/1.0: no browser */
    const char *host = uri_host(call->arena, given);
    return uri_host_is_loopback(host) || (*s->public_host && str_is(host, s->public_host));
}

static void tcp_handle(void *arg, struct http_call *call) {
    struct serve *s = arg;
    if (host_is_ours(s, call))
        any_handle(s, call, false);
    else
        answer_problem(call, 421,
                       "this service is not known under that name; `public_url` of its configuration can name it");
}

static void local_handle(void *arg, struct http_call *call) {
    any_handle(arg, call, true);
}

/* ---- opening ---- */

static int door_open(struct serve *s, int fd, bool local, struct http_server **ret, struct fault *fault) {
    return http_server_open(
        &(struct http_server_options){
            .loop = s->o.loop,
            .timers = s->o.timers,
            .log = s->o.log,
            .listen_fd = fd,
            .local = local,
            .body_max = BODY_MAX,
            .handle = local ? local_handle : tcp_handle,
            .arg = s,
        },
        ret, fault);
}

static int doors_open(struct serve *s, struct fault *fault) {
    int fd, r = 0;
    if (s->o.socket_path) {
        r = listen_unix(s->o.socket_path, &fd, fault);
        if (r == 0)
            r = door_open(s, fd, true, &s->local, fault);
    }
    if (r == 0 && s->o.host) {
        r = listen_tcp(s->o.host, s->o.port, &fd, &s->port, fault);
        if (r == 0)
            r = door_open(s, fd, false, &s->tcp, fault);
    }
    return r;
}

int serve_open(const struct serve_options *options, struct serve **ret, struct fault *fault) {
    struct arena *a = arena_new();
    struct serve *s = arena_make(a, struct serve);
    s->arena = a;
    s->o = *options;
    s->o.database = arena_strdup(a, options->database);
    s->o.socket_path = arena_strdup(a, options->socket_path);
    s->o.host = arena_strdup(a, options->host);
    s->o.version = arena_strdup(a, options->version);
    s->o.public_url = arena_strdup(a, options->public_url);
    s->public_host = uri_host(a, options->public_url);
    s->last = &s->first;
    int r = report_open(options->database, &s->idle[0], fault);
    if (r == 0) {
        s->n_idle = s->n_open = 1;
        r = doors_open(s, fault);
    }
    if (r < 0) {
        serve_close(s);
        return r;
    }
    *ret = s;
    return 0;
}

struct serve *serve_close(struct serve *s) {
    if (!s)
        return NULL;
    if (s->local)
        unlink(s->o.socket_path); /* before the door closes: no one is sent to a dead one */
    http_server_close(s->local);
    http_server_close(s->tcp);
    for (size_t i = 0; i < s->n_idle; i++)
        report_close(s->idle[i]);
    arena_free(s->arena);
    return NULL;
}

int serve_port(const struct serve *s) {
    return s->port;
}
