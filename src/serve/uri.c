/* uri: paths, queries and hosts, taken apart.
 *
 * Pure; called by serve.c, read.c and write.c. What must hold: a path is split
 * before it is decoded, and nothing decoded is ever anything but UTF-8 without NUL. */
#include "serve.h"
#include <string.h>

static int hex(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

char *uri_decode(struct arena *a, const char *text, size_t len, bool plus_is_space) {
    char *out = arena_alloc(a, len + 1), *o = out;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '+' && plus_is_space) {
            *o++ = ' ';
            continue;
        }
        if (text[i] != '%') {
            *o++ = text[i];
            continue;
        }
        int high = i + 1 < len ? hex(text[i + 1]) : -1, low = i + 2 < len ? hex(text[i + 2]) : -1;
        if (high < 0 || low < 0 || high + low == 0)
            return NULL;
        *o++ = (char)(high * 16 + low);
        i += 2;
    }
    cleanup_json json_t *valid = json_stringn(out, (size_t)(o - out)); /* its check for UTF-8 is strict */
    return valid ? out : NULL;
}

bool uri_segments(struct arena *a, const char *path, const char *segments[URI_SEGMENTS_MAX], size_t *ret_count) {
    size_t n = 0;
    while (*path == '/') {
        size_t len = strcspn(++path, "/");
        if (len == 0 && path[len] == 0)
            break; /* a slash at the end is none */
        if (n == URI_SEGMENTS_MAX || len == 0 || !(segments[n++] = uri_decode(a, path, len, false)))
            return false;
        path += len;
    }
    *ret_count = n;
    return *path == 0;
}

bool uri_params(struct arena *a, const char *query, struct uri_param params[URI_PARAMS_MAX], size_t *ret_count) {
    size_t n = 0;
    for (const char *p = query; *p;) {
        size_t len = strcspn(p, "&");
        const char *equals = memchr(p, '=', len);
        size_t name = equals ? (size_t)(equals - p) : len;
        if (len > 0) {
            if (n == URI_PARAMS_MAX)
                return false;
            params[n].name = uri_decode(a, p, name, true);
            params[n].value = equals ? uri_decode(a, equals + 1, len - name - 1, true) : "";
            if (!params[n].name || !params[n].value)
                return false;
            n++;
        }
        p += len + (p[len] == '&');
    }
    *ret_count = n;
    return true;
}

char *uri_host(struct arena *a, const char *url_or_host) {
    const char *p = url_or_host ? url_or_host : "";
    const char *scheme = strstr(p, "://");
    if (scheme)
        p = scheme + 3;
    size_t len = strcspn(p, "/?#");
    if (*p == '[') {
        p++;
        len = strcspn(p, "]");
    } else {
        len = strcspn(p, ":/?#") < len ? strcspn(p, ":/?#") : len;
    }
    char *host = arena_strndup(a, p, len);
    for (char *c = host; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return host;
}

bool uri_host_is_loopback(const char *host) {
    if (str_is(host, "localhost") || str_is(host, "::1"))
        return true;
    /* Exactly four numbers, the first of them 127: "127.evil.example" is a name, and not ours. */
    int numbers = 0;
    for (const char *p = host; numbers < 4; p++) {
        size_t digits = strspn(p, "0123456789");
        if (digits == 0 || digits > 3 || (numbers == 0 && strncmp(p, "127.", 4) != 0))
            return false;
        numbers++;
        p += digits;
        if (*p == 0)
            break;
        if (*p != '.' || numbers == 4)
            return false;
    }
    return numbers == 4;
}
