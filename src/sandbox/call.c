/* call: reading a request and writing its reply, the same for both dialects.
 *
 * Called by sandbox.c and by the handlers of both trackers. Nothing here knows
 * a tracker. All strings given out live in the arena of the reply. */
#include "call.h"

#include <string.h>
#include <strings.h>

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* plus: a plus sign is a space, as in queries and forms. A %00 ends nothing: it is kept out. */
static char *url_decode(struct arena *a, const char *s, size_t len, bool plus) {
    char *out = arena_alloc(a, len + 1);
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        int high = s[i] == '%' && i + 2 < len ? hex_digit(s[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(s[i + 2]) : -1;
        char c = plus && s[i] == '+' ? ' ' : s[i];
        if (low >= 0) {
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c)
            out[n++] = c;
    }
    return out;
}

void call_read_form(struct call *c, const char *text, size_t len) {
    const char *end = text + len;
    while (text < end && c->n_params < SANDBOX_PARAMS_MAX) {
        const char *amp = memchr(text, '&', (size_t)(end - text));
        const char *stop = amp ? amp : end;
        const char *is = memchr(text, '=', (size_t)(stop - text));
        if (stop > text) {
            struct param *p = arena_push(c->a, &c->params, &c->n_params);
            p->name = url_decode(c->a, text, (size_t)((is ? is : stop) - text), true);
            p->value = is ? url_decode(c->a, is + 1, (size_t)(stop - is - 1), true) : "";
        }
        text = stop + 1;
    }
}

void call_init(struct call *c, struct sandbox *sb, const struct sandbox_request *request, msec_t now, struct arena *a,
               struct sandbox_reply *ret) {
    memset(c, 0, sizeof(*c));
    c->sb = sb;
    c->request = request;
    c->a = a;
    c->now = now;
    c->reply = ret;
    c->method = request->method ? request->method : "GET";
    const char *target = request->target ? request->target : "/";
    size_t path_len = strcspn(target, "?#");
    c->path = url_decode(a, target, path_len, false);
    c->query =
        target[path_len] == '?' ? arena_strndup(a, target + path_len + 1, strcspn(target + path_len + 1, "#")) : "";
    call_read_form(c, c->query, strlen(c->query));
    memset(ret, 0, sizeof(*ret));
    ret->body = "";
}

const char *call_param_nth(const struct call *c, const char *name, size_t nth) {
    for (size_t i = 0; i < c->n_params; i++)
        if (str_is(c->params[i].name, name) && nth-- == 0)
            return c->params[i].value;
    return NULL;
}

const char *call_param(const struct call *c, const char *name) {
    return call_param_nth(c, name, 0);
}

const char *call_header(const struct call *c, const char *name) {
    for (size_t i = 0; i < c->request->n_headers; i++)
        if (str_is_nocase(c->request->headers[i].name, name))
            return c->request->headers[i].value;
    return NULL;
}

bool call_is(const struct call *c, const char *method) {
    return str_is(c->method, method);
}

bool call_match(struct call *c, const char *pattern) {
    const char *p = c->path;
    size_t n = 0;
    while (*pattern) {
        if (*pattern != '#' && *pattern != '*') {
            if (*pattern++ != *p++)
                return false;
            continue;
        }
        size_t len = *pattern == '#' ? strspn(p, "0123456789") : strcspn(p, "/");
        if (len == 0 || len > 200 || n == array_size(c->args))
            return false;
        c->args[n++] = arena_strndup(c->a, p, len);
        p += len;
        pattern++;
    }
    return *p == '\0' || str_is(p, "/");
}

static char *base64_decode(struct arena *a, const char *s) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *out = arena_alloc(a, strlen(s) + 1);
    size_t n = 0;
    unsigned bits = 0, have = 0;
    for (; *s && *s != '='; s++) {
        const char *at = strchr(digits, *s);
        if (!at)
            return NULL;
        bits = (bits << 6 | (unsigned)(at - digits)) & 0xffffff;
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[n++] = (char)(bits >> have & 0xff);
        }
    }
    return out;
}

bool call_basic(const struct call *c, const char **ret_user, const char **ret_password) {
    const char *header = call_header(c, "authorization");
    if (!header || strncasecmp(header, "Basic ", 6) != 0)
        return false;
    char *text = base64_decode(c->a, header + 6);
    char *colon = text ? strchr(text, ':') : NULL;
    if (!colon)
        return false;
    *colon = '\0';
    *ret_user = text;
    *ret_password = colon + 1;
    return true;
}

json_t *call_object(const struct call *c) {
    json_t *j = c->request->body ? json_read(c->request->body, c->request->body_len, NULL) : NULL;
    if (!json_is_object(j)) {
        json_decref(j);
        return NULL;
    }
    return j;
}

void reply_header(struct call *c, const char *name, const char *value) {
    if (c->n_headers < array_size(c->headers))
        c->headers[c->n_headers++] = (struct sandbox_header){name, value};
}

void reply_status(struct call *c, int status) {
    c->reply->status = status;
    c->reply->body = "";
    c->reply->body_len = 0;
}

void reply_text(struct call *c, int status, const char *type, const char *text, size_t len) {
    c->reply->status = status;
    c->reply->body = text;
    c->reply->body_len = len;
    reply_header(c, "content-type", type);
}

void reply_json(struct call *c, int status, const char *type, json_t *j) {
    char *text = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    size_t len = text ? strlen(text) : 0;
    reply_text(c, status, type, text ? arena_strndup(c->a, text, len) : "", len);
    free(text);
    json_decref(j);
}
