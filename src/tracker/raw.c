/* raw: texts of trackers that jansson won't read, as far as they can be saved.
 *
 * Pure. One broken record must not stop a page: what is only unclean (invalid
 * UTF-8, a lone surrogate, a NUL, a number of 30 digits) is mended; what is broken
 * is cut apart by brackets alone, so that the others can be read one by one. */
#include "runtime.h"

#include <string.h>

#define DIGITS_MAX  18
#define REPLACEMENT "\xef\xbf\xbd"

/* ---- mending ---- */

static size_t utf8_step(const unsigned char *s, size_t left) {
    size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (n == 1)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    bool bad = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
               (s[0] == 0xf4 && s[1] > 0x8f);
    return bad ? 0 : n;
}

/* The four digits after "\u"; -1 when they are none. */
static int hex4(const char *p, size_t left) {
    int v = 0;
    if (left < 6 || p[0] != '\\' || p[1] != 'u')
        return -1;
    for (size_t i = 2; i < 6; i++) {
        char c = p[i];
        int d = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
        if (d < 0)
            return -1;
        v = v * 16 + d;
    }
    return v;
}

/* An escape inside a string; gives how many bytes it was. */
static size_t mend_escape(struct buf *out, const char *p, size_t left) {
    int v = hex4(p, left);
    if (v < 0) {
        size_t n = left > 1 ? 2 : 1;
        if (n == 2 && strchr("\"\\/bfnrt", p[1]) && p[1])
            buf_add(out, p, n);
        else
            buf_str(out, REPLACEMENT);
        return n;
    }
    if (v >= 0xd800 && v < 0xdc00) {
        int low = hex4(p + 6, left - 6);
        if (low >= 0xdc00 && low < 0xe000) {
            buf_add(out, p, 12);
            return 12;
        }
    }
    if (v == 0 || (v >= 0xd800 && v < 0xe000))
        buf_str(out, REPLACEMENT);
    else
        buf_add(out, p, 6);
    return 6;
}

static size_t mend_in_string(struct buf *out, const char *p, size_t left) {
    if (*p == '\\')
        return mend_escape(out, p, left);
    if ((unsigned char)*p < 0x20) {
        buf_printf(out, "\\u%04x", *p ? (unsigned)(unsigned char)*p : 0xfffdu);
        return 1;
    }
    size_t n = utf8_step((const unsigned char *)p, left);
    if (n)
        buf_add(out, p, n);
    else
        buf_str(out, REPLACEMENT);
    return n ? n : 1;
}

/* A number of too many digits becomes text, so that no digit is lost. */
static size_t mend_number(struct buf *out, const char *p, size_t left) {
    size_t n = 0, digits = 0;
    bool whole = true;
    for (; n < left && p[n] && strchr("+-.0123456789eE", p[n]); n++) {
        digits += p[n] >= '0' && p[n] <= '9';
        whole = whole && p[n] != '.' && p[n] != 'e' && p[n] != 'E';
    }
    bool quote = whole ? digits > DIGITS_MAX : true;
    if (quote)
        buf_char(out, '"');
    buf_add(out, p, n);
    if (quote)
        buf_char(out, '"');
    return n;
}

void raw_mend(struct buf *out, const char *text, size_t len) {
    bool inside = false;
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        len -= 3;
    }
    for (size_t i = 0; i < len;) {
        char c = text[i];
        if (c == '"') {
            inside = !inside;
            buf_char(out, c);
            i++;
        } else if (inside) {
            i += mend_in_string(out, text + i, len - i);
        } else if ((c >= '0' && c <= '9') || c == '-') {
            i += mend_number(out, text + i, len - i);
        } else {
            buf_char(out, c);
            i++;
        }
    }
}

/* ---- cutting apart ---- */

struct scan {
    const char *p, *end;
};

static void scan_space(struct scan *s) {
    while (s->p < s->end && *s->p && strchr(" \t\r\n", *s->p))
        s->p++;
}

/* Past a string that begins here; false when it doesn't end. */
static bool scan_string(struct scan *s, const char **ret, size_t *ret_len) {
    const char *from = ++s->p;
    for (; s->p < s->end && *s->p != '"'; s->p++)
        if (*s->p == '\\')
            s->p++;
    if (s->p >= s->end)
        return false;
    if (ret) {
        *ret = from;
        *ret_len = (size_t)(s->p - from);
    }
    s->p++;
    return true;
}

/* Past a value, by brackets and quotes alone; false when it doesn't end. */
static bool scan_value(struct scan *s) {
    int depth = 0;
    for (scan_space(s); s->p < s->end;) {
        char c = *s->p;
        if (c == '"') {
            if (!scan_string(s, NULL, NULL))
                return false;
            if (!depth)
                return true;
            continue;
        }
        if (!depth && (c == ',' || c == ']' || c == '}'))
            return true;
        depth += c == '{' || c == '[';
        if (c == '}' || c == ']') {
            s->p++;
            if (--depth == 0)
                return true;
            continue;
        }
        s->p++;
    }
    return false;
}

/* To the value of a member of the object that begins here. */
static bool scan_member(struct scan *s, const char *name, size_t len) {
    const char *key;
    size_t key_len;
    scan_space(s);
    if (s->p >= s->end || *s->p != '{')
        return false;
    s->p++;
    for (;;) {
        scan_space(s);
        if (s->p >= s->end || *s->p != '"' || !scan_string(s, &key, &key_len))
            return false;
        scan_space(s);
        if (s->p >= s->end || *s->p != ':')
            return false;
        s->p++;
        scan_space(s);
        if (key_len == len && memcmp(key, name, len) == 0)
            return true;
        if (!scan_value(s))
            return false;
        scan_space(s);
        if (s->p >= s->end || *s->p != ',')
            return false;
        s->p++;
    }
}

bool raw_split(const char *text, size_t len, const char *path, raw_visit *visit, void *arg) {
    struct scan s = {text, text + len};
    while (*path == '/') {
        size_t n = strcspn(++path, "/");
        if (!scan_member(&s, path, n))
            return false;
        path += n;
    }
    scan_space(&s);
    if (s.p >= s.end || *s.p++ != '[')
        return false;
    struct scan probe = s; /* an array that doesn't end is half a page: nothing of it is believed */
    probe.p--;
    if (!scan_value(&probe))
        return false;
    for (;;) {
        scan_space(&s);
        const char *from = s.p;
        if (!scan_value(&s) || s.p >= s.end)
            return false;
        if (s.p > from && *from == '{') /* else it is what a broken element left behind it */
            visit(arg, from, (size_t)(s.p - from));
        scan_space(&s);
        if (s.p >= s.end || *s.p == ']')
            return s.p < s.end;
        s.p++;
    }
}

const char *raw_scalar(struct arena *a, const char *element, size_t len, const char *key) {
    struct scan s = {element, element + len};
    const char *text;
    size_t n;
    if (!scan_member(&s, key, strlen(key)) || s.p >= s.end)
        return NULL;
    if (*s.p == '"')
        return scan_string(&s, &text, &n) && n < 128 ? text_clean(a, arena_strndup(a, text, n), 128) : NULL;
    text = s.p;
    n = strspn(text, "-0123456789");
    return n && n < 32 && text + n <= s.end ? arena_strndup(a, text, n) : NULL;
}
