/* text: what both dialects do to texts: encodings, line ends, UTF-8.
 *
 * Pure functions; results live in the arena that is given. */
#include "call.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

char *url_encode(struct arena *a, const char *s) {
    static const char hex[] = "0123456789ABCDEF";
    char *out = arena_alloc(a, strlen(s) * 3 + 1);
    size_t n = 0;
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (isalnum(c) || strchr("-._~!*'()", c)) {
            out[n++] = (char)c;
        } else if (c == ' ') {
            out[n++] = '+';
        } else {
            out[n++] = '%';
            out[n++] = hex[c >> 4];
            out[n++] = hex[c & 15];
        }
    }
    return out;
}

char *html_escape(struct arena *a, const char *s) {
    struct buf b = {0};
    for (; s && *s; s++) {
        switch (*s) {
        case '<': buf_str(&b, "&lt;"); break;
        case '>': buf_str(&b, "&gt;"); break;
        case '&': buf_str(&b, "&amp;"); break;
        case '"': buf_str(&b, "&quot;"); break;
        default: buf_char(&b, *s);
        }
    }
    char *out = arena_strdup(a, buf_text(&b));
    buf_deinit(&b);
    return out;
}

/* As mail has it: lines of 76 digits, each ended. */
char *base64_mime(struct arena *a, const char *data, size_t len) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *out = arena_alloc(a, (len / 3 + 1) * 4 + len / 57 + 3);
    size_t n = 0, column = 0;
    for (size_t i = 0; i < len; i += 3) {
        size_t rest = len - i;
        unsigned v = (unsigned)(unsigned char)data[i] << 16;
        v |= rest > 1 ? (unsigned)(unsigned char)data[i + 1] << 8 : 0;
        v |= rest > 2 ? (unsigned)(unsigned char)data[i + 2] : 0;
        out[n++] = digits[v >> 18];
        out[n++] = digits[v >> 12 & 63];
        out[n++] = rest > 1 ? digits[v >> 6 & 63] : '=';
        out[n++] = rest > 2 ? digits[v & 63] : '=';
        column += 4;
        if (column == 76 || i + 3 >= len) {
            out[n++] = '\n';
            column = 0;
        }
    }
    return out;
}

bool text_is_utf8(const char *s, size_t len) {
    json_t *j = json_stringn(s, len);
    json_decref(j);
    return j != NULL;
}

json_t *json_text_or_null(const char *s) {
    return s ? json_string(s) : json_null();
}

char *text_to_lf(struct arena *a, const char *s) {
    char *out = arena_strdup(a, s);
    size_t n = 0;
    for (; s && *s; s++)
        if (*s != '\r')
            out[n++] = *s;
    if (out)
        out[n] = '\0';
    return out;
}

char *text_to_crlf(struct arena *a, const char *s) {
    if (!s)
        return NULL;
    char *out = arena_alloc(a, strlen(s) * 2 + 1);
    size_t n = 0;
    for (size_t i = 0; s[i]; i++) {
        if (s[i] == '\n' && (i == 0 || s[i - 1] != '\r'))
            out[n++] = '\r';
        out[n++] = s[i];
    }
    return out;
}

bool text_contains_nocase(const char *s, const char *part) {
    return s && strcasestr(s, part) != NULL;
}
