/* exchange: one request as curl wants it, one reply as port.h promises it.
 *
 * transport.c makes, starts and ends them. What must hold:
 *  - `issued` is set before the first byte of the request can leave: curl calls
 *    exchange_issue once it has a connection (with TLS and the proxy's tunnel
 *    done) and before it writes. So a failure without it is HTTP_NOT_SENT for
 *    certain, and with it may be anything: HTTP_LOST.
 *  - A write is issued once. curl would send any request again on a fresh
 *    connection when a kept one turns out dead; so a write is given a fresh one
 *    from the start, and exchange_issue refuses a second time, whatever curl's
 *    reason. HTTP/2, where several exchanges share a connection, is off: there a
 *    neighbour's reuse would make a write look like one on a kept connection. */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef BASCULE_VERSION
#error "BASCULE_VERSION comes from meson.build"
#endif

#define DEFAULT_TIMEOUT  (30 * SEC_MS)
#define MAX_TIMEOUT      (3600 * SEC_MS)
#define DEFAULT_MAX_BODY (16u << 20)

struct exchange *exchange_new(struct io *io, http_done *done, void *who) {
    struct exchange *x = must_calloc(sizeof(*x));
    x->io = io;
    x->done = done;
    x->who = who;
    x->arena = arena_new();
    x->began = io_now();
    return x;
}

struct exchange *exchange_free(struct exchange *x) {
    if (x->easy)
        curl_easy_cleanup(x->easy);
    curl_slist_free_all(x->lines);
    buf_deinit(&x->reply);
    arena_free(x->arena);
    free(x);
    return NULL;
}

/* ---- the reply, as it comes ---- */

static int exchange_issue(void *arg, char *remote_ip, char *local_ip, int remote_port, int local_port) {
    struct exchange *x = arg;
    if (x->issued && x->write)
        return CURL_PREREQFUNC_ABORT;
    if (!x->issued)
        x->began = io_now();
    x->issued = true;
    return CURL_PREREQFUNC_OK;
}

/* A line that begins with a space goes on with the value before it (RFC 9112, 5.2). */
static void header_continue(struct exchange *x, const char *text, int len) {
    if (!x->n_headers)
        return;
    struct http_header *h = &x->headers[x->n_headers - 1];
    h->value = arena_printf(x->arena, "%s%s%.*s", h->value, *h->value && len ? " " : "", len, text);
}

static void header_add(struct exchange *x, const char *line, size_t len) {
    const char *colon = memchr(line, ':', len);
    const char *value = colon ? colon + 1 : line, *end = line + len;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r' || end[-1] == '\n'))
        end--;
    if (*line == ' ' || *line == '\t') {
        header_continue(x, value, (int)(end - value));
        return;
    }
    if (!colon || colon == line)
        return;
    char *name = arena_strndup(x->arena, line, (size_t)(colon - line));
    for (char *p = name; *p; p++)
        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
    struct http_header *h = arena_push(x->arena, &x->headers, &x->n_headers);
    h->name = name;
    h->value = arena_strndup(x->arena, value, (size_t)(end - value));
}

/* curl gives whole lines; a status line begins anew, since 1xx replies come before the true one. */
static size_t exchange_header(char *line, size_t size, size_t n, void *arg) {
    struct exchange *x = arg;
    size_t len = size * n;
    x->header_bytes += len;
    if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        x->n_headers = 0;
        x->headers_end = false;
    } else if (line[0] == '\r' || line[0] == '\n') {
        x->headers_end = true;
    } else if (!x->headers_end) {
        header_add(x, line, len);
    }
    x->headers_over = x->header_bytes > MAX_HEADER_BYTES || x->n_headers > MAX_HEADERS;
    return x->headers_over ? 0 : len;
}

static size_t exchange_body(char *data, size_t size, size_t n, void *arg) {
    struct exchange *x = arg;
    buf_add(&x->reply, data, size * n);
    return x->reply.over ? 0 : size * n;
}

/* ---- the request ---- */

static bool is_token(const char *s) {
    if (str_empty(s) || strlen(s) > 100)
        return false;
    for (; *s; s++)
        if (*s <= ' ' || *s == 0x7f || strchr("()<>@,;:\\\"/[]?={}", *s) || *s & 0x80)
            return false;
    return true;
}

static bool line_add(struct exchange *x, const char *line) {
    struct curl_slist *longer = curl_slist_append(x->lines, line);
    if (longer)
        x->lines = longer;
    return longer != NULL;
}

/* False with words when a header could smuggle in another. */
static bool headers_copy(struct exchange *x, const struct http_request *r) {
    bool content_type = false;
    for (size_t i = 0; i < r->n_headers; i++) {
        const struct http_header *h = &r->headers[i];
        const char *value = h->value ? h->value : "";
        if (!is_token(h->name) || strpbrk(value, "\r\n")) {
            snprintf(x->why, sizeof(x->why), "the request's header %zu is malformed", i + 1);
            return false;
        }
        content_type |= str_is_nocase(h->name, "content-type");
        /* to curl "Name:" means none at all, "Name;" an empty one */
        if (!line_add(x, arena_printf(x->arena, *value ? "%s: %s" : "%s;", h->name, value)))
            return false;
    }
    /* curl's own ideas: a form's type, and asking first before a large body */
    return (content_type || line_add(x, "Content-Type:")) && line_add(x, "Expect:");
}

#define SET(option, value)                                                                                             \
    do {                                                                                                               \
        if (code == CURLE_OK)                                                                                          \
            code = curl_easy_setopt(x->easy, option, value);                                                           \
    } while (0)

static CURLcode set_method(struct exchange *x, const struct http_request *r) {
    CURLcode code = CURLE_OK;
    bool bare = str_is(r->method, "GET") || str_is(r->method, "HEAD") || str_is(r->method, "DELETE");
    if (str_is(r->method, "HEAD")) {
        SET(CURLOPT_NOBODY, 1L);
    } else if (r->body || !bare) {
        char *body = arena_alloc(x->arena, r->body_len + 1);
        if (r->body && r->body_len)
            memcpy(body, r->body, r->body_len);
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDS, body);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(r->body ? r->body_len : 0));
    }
    if (!str_is(r->method, "HEAD"))
        SET(CURLOPT_CUSTOMREQUEST, r->method);
    if (x->write) {
        SET(CURLOPT_FRESH_CONNECT, 1L);
        /* kept, it would only take a worker of the tracker's from others */
        SET(CURLOPT_FORBID_REUSE, 1L);
    }
    return code;
}

static CURLcode set_connection(struct exchange *x, const struct http_request *r) {
    CURLcode code = CURLE_OK;
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_TIMEOUT_MS, (long)x->timeout);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)x->timeout);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    /* else giving up on a slow name server would stop the loop until it answers */
    SET(CURLOPT_QUICK_EXIT, 1L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_CA_CACHE_TIMEOUT, 60L);
    if (r->ca)
        SET(CURLOPT_CAINFO, r->ca);
    /* curl keeps parsed certificates only where no folder of them counts too; and `ca` is to replace the system's */
    if (r->ca || x->io->system_ca)
        SET(CURLOPT_CAPATH, NULL);
    return code;
}

static CURLcode set_callbacks(struct exchange *x) {
    CURLcode code = CURLE_OK;
    SET(CURLOPT_PRIVATE, x);
    SET(CURLOPT_ERRORBUFFER, x->curl_words);
    SET(CURLOPT_PREREQFUNCTION, exchange_issue);
    SET(CURLOPT_PREREQDATA, x);
    SET(CURLOPT_HEADERFUNCTION, exchange_header);
    SET(CURLOPT_HEADERDATA, x);
    SET(CURLOPT_WRITEFUNCTION, exchange_body);
    SET(CURLOPT_WRITEDATA, x);
    SET(CURLOPT_BUFFERSIZE, 64L * 1024);
    return code;
}

bool exchange_prepare(struct exchange *x, const struct http_request *r) {
    x->timeout = r->timeout <= 0 ? DEFAULT_TIMEOUT : r->timeout > MAX_TIMEOUT ? MAX_TIMEOUT : r->timeout;
    x->reply.limit = r->max_body ? r->max_body : DEFAULT_MAX_BODY;
    x->write = !str_is(r->method, "GET") && !str_is(r->method, "HEAD");
    if (!is_token(r->method) || str_empty(r->url)) {
        snprintf(x->why, sizeof(x->why), "the request has no usable method or no address");
        return false;
    }
    x->easy = curl_easy_init();
    if (!x->easy || !headers_copy(x, r))
        return false;
    CURLcode code = set_callbacks(x);
    SET(CURLOPT_URL, r->url);
    SET(CURLOPT_HTTPHEADER, x->lines);
    SET(CURLOPT_USERAGENT, "bascule/" BASCULE_VERSION);
    SET(CURLOPT_ACCEPT_ENCODING, "");
    if (code == CURLE_OK)
        code = set_method(x, r);
    if (code == CURLE_OK)
        code = set_connection(x, r);
    if (code != CURLE_OK)
        snprintf(x->why, sizeof(x->why), "curl refused the request: %s", curl_easy_strerror(code));
    return code == CURLE_OK;
}

/* ---- what became of it ---- */

/* curl's own words name hosts and reasons, never headers; but a proxy's password may stand in some. */
static const char *curl_words(const struct exchange *x, CURLcode code) {
    return x->curl_words[0] && !strchr(x->curl_words, '@') ? x->curl_words : curl_easy_strerror(code);
}

static void say_why(struct exchange *x, CURLcode code) {
    size_t max = sizeof(x->why);
    if (x->reply.over)
        snprintf(x->why, max, "the reply is larger than %zu bytes", x->reply.limit);
    else if (x->headers_over)
        snprintf(x->why, max, "the reply has more than %d headers or %d bytes of them", MAX_HEADERS, MAX_HEADER_BYTES);
    else if (code == CURLE_OPERATION_TIMEDOUT)
        snprintf(x->why, max, x->issued ? "no whole reply within %s" : "no connection within %s",
                 duration_text(x->arena, x->timeout));
    else if (code == CURLE_ABORTED_BY_CALLBACK)
        snprintf(x->why, max, "the connection ended without a reply; not sent a second time");
    else if (code == CURLE_GOT_NOTHING)
        snprintf(x->why, max, "the connection ended without a reply");
    else if (code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR)
        snprintf(x->why, max, x->issued ? "the connection ended within the reply (%s)" : "%s", curl_words(x, code));
    else
        snprintf(x->why, max, "%s", curl_words(x, code));
}

void exchange_conclude(struct exchange *x, CURLcode code) {
    /* to curl a reply may end anywhere when it has no length, even among its headers */
    if (code == CURLE_OK && !x->headers_end)
        code = CURLE_PARTIAL_FILE;
    x->ended = io_now();
    x->finished = true;
    x->result = code == CURLE_OK ? HTTP_ANSWERED : x->issued ? HTTP_LOST : HTTP_NOT_SENT;
    if (code != CURLE_OK)
        say_why(x, code);
}

void exchange_end(struct exchange *x, enum http_result result, const char *why) {
    x->ended = io_now();
    x->finished = true;
    x->result = result;
    if (why != x->why)
        snprintf(x->why, sizeof(x->why), "%s", why);
}

void exchange_tell(struct exchange *x) {
    struct http_reply reply = {.result = x->result, .why = x->why, .body = "", .began = x->began, .ended = x->ended};
    if (x->result == HTTP_ANSWERED) {
        long status = 0;
        curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
        reply.status = (int)status;
        reply.why = NULL;
        reply.headers = x->headers;
        reply.n_headers = x->n_headers;
        reply.body = buf_text(&x->reply);
        reply.body_len = x->reply.len;
        const char *date = http_header(&reply, "date");
        msec_t at = 0;
        if (date && time_parse_http(date, &at))
            reply.date = at;
    }
    x->done(x->who, &reply);
}
