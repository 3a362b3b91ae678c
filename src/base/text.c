/* text: faults, growing buffers, comparisons. */
#include "bascule/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int fault_set(struct fault *f, int code, const char *format, ...) {
    if (!f || f->text[0])
        return code;
    va_list args;
    va_start(args, format);
    vsnprintf(f->text, sizeof(f->text), format, args);
    va_end(args);
    return code;
}

int fault_wrap(struct fault *f, int code, const char *format, ...) {
    if (!f)
        return code;
    char was[sizeof(f->text)];
    memcpy(was, f->text, sizeof(was));
    va_list args;
    va_start(args, format);
    int n = vsnprintf(f->text, sizeof(f->text), format, args);
    va_end(args);
    if (n < 0 || !was[0])
        return code;
    size_t at = strlen(f->text), len = strlen(was), room = sizeof(f->text) - 1 - at;
    if (room > 2) {
        memcpy(f->text + at, ": ", 2);
        if (len > room - 2)
            len = room - 2;
        memcpy(f->text + at + 2, was, len);
        f->text[at + 2 + len] = 0;
    }
    return code;
}

void buf_deinit(struct buf *b) {
    free(b->data);
    *b = (struct buf){0};
}

void buf_add(struct buf *b, const void *data, size_t len) {
    if (b->limit && len > b->limit - b->len) {
        len = b->limit - b->len;
        b->over = true;
    }
    if (b->len + len + 1 > b->cap) {
        size_t cap = b->cap ? b->cap : 64;
        while (cap < b->len + len + 1)
            cap *= 2;
        char *grown = realloc(b->data, cap);
        if (!grown) {
            fputs("bascule: out of memory\n", stderr);
            abort();
        }
        b->data = grown;
        b->cap = cap;
    }
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = 0;
}

void buf_str(struct buf *b, const char *s) {
    if (s)
        buf_add(b, s, strlen(s));
}

void buf_char(struct buf *b, char c) {
    buf_add(b, &c, 1);
}

void buf_html(struct buf *b, const char *text) {
    for (const char *p = text ? text : ""; *p; p++)
        switch (*p) {
        case '&': buf_str(b, "&amp;"); break;
        case '<': buf_str(b, "&lt;"); break;
        case '>': buf_str(b, "&gt;"); break;
        case '"': buf_str(b, "&quot;"); break;
        case '\'': buf_str(b, "&#39;"); break;
        default: buf_char(b, (unsigned char)*p < 0x20 && *p != '\n' && *p != '\t' ? ' ' : *p);
        }
}

void buf_printf(struct buf *b, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *s = NULL;
    int n = vasprintf(&s, format, args);
    va_end(args);
    if (n > 0)
        buf_add(b, s, (size_t)n);
    free(s);
}

const char *buf_text(const struct buf *b) {
    return b->data ? b->data : "";
}

bool str_same(const char *a, const char *b) {
    return a == b || str_is(a, b);
}

bool str_is_nocase(const char *a, const char *b) {
    return a && b && strcasecmp(a, b) == 0;
}

bool str_starts(const char *s, const char *prefix) {
    return s && strncmp(s, prefix, strlen(prefix)) == 0;
}

/* Bytes of the well-formed UTF-8 sequence at s (RFC 3629), 0 if there is none. */
static size_t utf8_length(const unsigned char *s, size_t left) {
    if (s[0] < 0x80)
        return 1;
    size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    bool bad = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
               (s[0] == 0xf4 && s[1] > 0x8f);
    return bad ? 0 : n;
}

char *count_words(struct arena *a, int64_t n, const char *thing) {
    return arena_printf(a, "%lld %s%s", (long long)n, thing, n == 1 ? "" : "s");
}

char *str_cut(struct arena *a, const char *s, size_t max) {
    if (!s)
        return NULL;
    size_t len = strlen(s), out = 0;
    char *p = arena_alloc(a, len + 1);
    for (size_t i = 0; i < len;) {
        size_t n = utf8_length((const unsigned char *)s + i, len - i);
        size_t step = n ? n : 1;
        if (out + step > max)
            break;
        if (n)
            memcpy(p + out, s + i, n);
        else
            p[out] = '?';
        out += step;
        i += step;
    }
    p[out] = 0;
    return p;
}

bool str_int64(const char *s, int64_t *ret) {
    if (str_empty(s))
        return false;
    uint64_t v = 0;
    for (; *s; s++) {
        if (*s < '0' || *s > '9' || v > (uint64_t)INT64_MAX / 10)
            return false;
        v = v * 10 + (uint64_t)(*s - '0');
        if (v > (uint64_t)INT64_MAX)
            return false;
    }
    *ret = (int64_t)v;
    return true;
}
