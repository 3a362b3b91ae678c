/* text: texts of trackers to plain text, and ours to theirs.
 *
 * Pure. Called by record.c for what is read and by write.c for what is written.
 * What we write may quote what strangers wrote: in a tracker that turns "#12",
 * "@name" or "{{macro}}" into links, mails or inclusions, these are broken by a
 * character nobody sees. */
#include "runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define JOINER          "\xe2\x81\xa0" /* U+2060 WORD JOINER: no width, no line break */
#define QUOTE_DEPTH_MAX 8

char *text_clean(struct arena *a, const char *s, size_t max) {
    char *text = str_cut(a, s ? s : "", max), *to = text;
    for (const char *p = text; *p; p++) {
        if (*p == '\r') {
            if (p[1] != '\n')
                *to++ = '\n';
        } else if ((unsigned char)*p >= 0x20 ? *p != 0x7f : *p == '\n' || *p == '\t') {
            *to++ = *p;
        }
    }
    *to = 0;
    return text;
}

/* ---- HTML in ---- */

struct html {
    const char *p;
    struct buf out;
    int quoted; /* depth of blockquotes */
    bool pre;
    bool space; /* white space is owed before the next word */
    char href[512];
    size_t href_at; /* where the link's text began */
};

static void html_newline(struct html *h, bool always) {
    h->space = false;
    if (!h->out.len || (!always && buf_text(&h->out)[h->out.len - 1] == '\n'))
        return;
    buf_char(&h->out, '\n');
}

static void html_char(struct html *h, char c) {
    bool white = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (white && !h->pre) {
        h->space = true;
        return;
    }
    bool fresh = !h->out.len || buf_text(&h->out)[h->out.len - 1] == '\n';
    if (fresh)
        for (int i = 0; i < h->quoted && i < QUOTE_DEPTH_MAX; i++)
            buf_str(&h->out, "> ");
    else if (h->space)
        buf_char(&h->out, ' ');
    h->space = false;
    buf_char(&h->out, c);
}

static void html_str(struct html *h, const char *s) {
    for (; *s; s++)
        html_char(h, *s);
}

static void utf8_out(struct html *h, unsigned long v) {
    char s[5] = {0};
    if (v == 0 || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
        v = 0xfffd;
    if (v < 0x80) {
        s[0] = (char)v;
    } else if (v < 0x800) {
        s[0] = (char)(0xc0 | v >> 6);
        s[1] = (char)(0x80 | (v & 0x3f));
    } else if (v < 0x10000) {
        s[0] = (char)(0xe0 | v >> 12);
        s[1] = (char)(0x80 | (v >> 6 & 0x3f));
        s[2] = (char)(0x80 | (v & 0x3f));
    } else {
        s[0] = (char)(0xf0 | v >> 18);
        s[1] = (char)(0x80 | (v >> 12 & 0x3f));
        s[2] = (char)(0x80 | (v >> 6 & 0x3f));
        s[3] = (char)(0x80 | (v & 0x3f));
    }
    html_str(h, s);
}

/* The entity at h->p ("&...;"), or the ampersand itself. */
static void html_entity(struct html *h) {
    static const char *const known[][2] = {{"amp;", "&"},   {"lt;", "<"},   {"gt;", ">"},
                                           {"quot;", "\""}, {"apos;", "'"}, {"nbsp;", " "}};
    const char *p = h->p + 1;
    char *end;
    for (size_t i = 0; i < array_size(known); i++)
        if (str_starts(p, known[i][0])) {
            html_str(h, known[i][1]);
            h->p = p + strlen(known[i][0]);
            return;
        }
    if (*p == '#') {
        bool hex = p[1] == 'x' || p[1] == 'X';
        unsigned long v = strtoul(p + (hex ? 2 : 1), &end, hex ? 16 : 10);
        if (*end == ';' && end > p + 1) {
            utf8_out(h, v);
            h->p = end + 1;
            return;
        }
    }
    html_char(h, '&');
    h->p = p;
}

static bool tag_is(const char *name, size_t len, const char *words) {
    for (const char *w = words; *w; w += strcspn(w, " ") + (w[strcspn(w, " ")] == ' ')) {
        size_t n = strcspn(w, " ");
        if (n == len && strncasecmp(w, name, n) == 0)
            return true;
    }
    return false;
}

static void link_open(struct html *h, const char *tag, const char *end) {
    h->href[0] = 0;
    h->href_at = h->out.len;
    const char *at = strcasestr(tag, "href=");
    if (!at || at > end)
        return;
    at += 5;
    char quote = *at == '"' || *at == '\'' ? *at++ : ' ';
    size_t n = 0;
    for (; at < end && *at != quote && n + 1 < sizeof(h->href); at++)
        if (strncmp(at, "&amp;", 5) == 0) {
            h->href[n++] = '&';
            at += 4;
        } else {
            h->href[n++] = *at;
        }
    h->href[n] = 0;
}

/* A link's address may be the only reference in a text: it is kept. */
static void link_close(struct html *h) {
    bool web = str_starts(h->href, "http://") || str_starts(h->href, "https://");
    if (web && !strstr(buf_text(&h->out) + (h->href_at < h->out.len ? h->href_at : h->out.len), h->href)) {
        h->space = true;
        html_str(h, "(");
        html_str(h, h->href);
        html_str(h, ")");
    }
    h->href[0] = 0;
}

/* What stands inside these is no text. */
static bool html_skip(struct html *h, const char *name, size_t len) {
    static const char *const skipped[] = {"script", "style", "head", "title"};
    for (size_t i = 0; i < array_size(skipped); i++) {
        if (!tag_is(name, len, skipped[i]))
            continue;
        char closing[16];
        snprintf(closing, sizeof(closing), "</%s", skipped[i]);
        const char *end = strcasestr(h->p, closing);
        h->p = end ? end : h->p + strlen(h->p);
        return true;
    }
    return false;
}

static void html_tag(struct html *h) {
    const char *tag = h->p, *end = strchr(tag, '>');
    if (strncmp(tag, "<!--", 4) == 0) {
        const char *close = strstr(tag, "-->");
        h->p = close ? close + 3 : tag + strlen(tag);
        return;
    }
    bool closing = tag[1] == '/';
    const char *name = tag + 1 + closing;
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ123456");
    if (!end || (!len && *name != '!' && *name != '?')) {
        html_char(h, '<');
        h->p = tag + 1;
        return;
    }
    h->p = end + 1;
    if (!closing && html_skip(h, name, len))
        return;
    if (tag_is(name, len, "br"))
        html_newline(h, true);
    else if (tag_is(name, len, "p div li ul ol tr table h1 h2 h3 h4 h5 h6 hr"))
        html_newline(h, false);
    else if (tag_is(name, len, "td th"))
        h->space = true;
    else if (tag_is(name, len, "a"))
        closing ? link_close(h) : link_open(h, tag, end);
    if (tag_is(name, len, "pre"))
        h->pre = !closing;
    if (tag_is(name, len, "blockquote")) {
        html_newline(h, false);
        h->quoted += closing ? (h->quoted > 0 ? -1 : 0) : 1;
    }
    if (!closing && tag_is(name, len, "li"))
        html_str(h, "- ");
}

char *html_text(struct arena *a, const char *html) {
    struct html h = {.p = html, .out = {.limit = TEXT_BYTES_MAX}};
    while (*h.p && !h.out.over) {
        if (*h.p == '<')
            html_tag(&h);
        else if (*h.p == '&')
            html_entity(&h);
        else
            html_char(&h, *h.p++);
    }
    char *text = text_clean(a, buf_text(&h.out), TEXT_BYTES_MAX);
    buf_deinit(&h.out);
    for (size_t n = strlen(text); n && (text[n - 1] == '\n' || text[n - 1] == ' ');)
        text[--n] = 0;
    return text;
}

/* ---- ours out ---- */

static bool is_word(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80);
}

/* Bytes of a URL at p, 0 when none begins here. */
static size_t url_length(const char *p) {
    if (!str_starts(p, "http://") && !str_starts(p, "https://"))
        return 0;
    return strcspn(p, " \t\r\n<>\"'`");
}

/* Takes what would be a link, a mention, a macro, an image or an element apart. */
static void harmless_char(struct buf *b, const char *p, char before) {
    bool alone = !is_word(before);
    buf_char(b, *p);
    bool trigger = (*p == '#' && (is_word(p[1]) || p[1] == '#')) || (*p == '@' && alone && is_word(p[1])) ||
                   (*p == '{' && p[1] == '{') || (*p == '[' && p[1] == '[') ||
                   (*p == '!' && alone && (p[1] == '>' || p[1] == '<' || str_starts(p + 1, "http") || p[1] == '[')) ||
                   (*p == '<' && (is_word(p[1]) || p[1] == '/' || p[1] == '!'));
    if (trigger)
        buf_str(b, JOINER);
}

/* "[text](url)": text and url stand one after the other. Gives its length or 0. */
static size_t link_out(struct buf *b, const char *p) {
    const char *close = strpbrk(p + 1, "]\n[");
    if (!close || *close != ']' || close[1] != '(' || !url_length(close + 2))
        return 0;
    const char *url = close + 2, *end = strpbrk(url, ") \n");
    if (!end || *end != ')')
        return 0;
    size_t n = (size_t)(close - p - 1), m = (size_t)(end - url);
    char before = ' ';
    if (n != m || strncmp(p + 1, url, n) != 0) {
        for (const char *q = p + 1; q < close; before = *q++)
            harmless_char(b, q, before);
        buf_str(b, ": ");
    }
    buf_add(b, url, m);
    return (size_t)(end - p) + 1;
}

static bool is_punctuation(char c) {
    return c && strchr("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", c);
}

/* Marks that only a renderer of Markdown would read; at a line's begin also titles. */
static size_t mark_length(const char *p, bool fresh) {
    if (fresh && *p == '#') {
        size_t n = strspn(p, "#");
        return n <= 6 && p[n] == ' ' ? n + 1 : 0;
    }
    if (strncmp(p, "**", 2) == 0 || strncmp(p, "__", 2) == 0)
        return 2;
    return *p == '`' ? 1 : 0;
}

static char *text_plain(struct arena *a, const char *markdown) {
    cleanup_buf struct buf b = {.limit = TEXT_BYTES_MAX};
    char before = '\n';
    for (const char *p = markdown; *p;) {
        size_t n;
        if ((n = mark_length(p, before == '\n'))) {
            p += n;
            continue;
        }
        if (*p == '[' && (n = link_out(&b, p))) {
            before = ')';
            p += n;
            continue;
        }
        if (*p == '<' && (n = url_length(p + 1)) && p[1 + n] == '>') {
            buf_add(&b, p + 1, n);
            before = '>';
            p += n + 2;
            continue;
        }
        if (!is_word(before) && (n = url_length(p))) {
            buf_add(&b, p, n);
            before = p[n - 1];
            p += n;
            continue;
        }
        if (*p == '\\' && is_punctuation(p[1]))
            p++;
        harmless_char(&b, p, before);
        before = *p++;
    }
    return arena_strdup(a, buf_text(&b));
}

/* Escapes are for renderers; where nothing renders they are noise. */
static char *text_unescaped(struct arena *a, const char *markdown) {
    char *text = arena_strdup(a, markdown), *to = text;
    for (const char *p = text; *p; p++) {
        if (*p == '\\' && is_punctuation(p[1]))
            p++;
        *to++ = *p;
    }
    *to = 0;
    return text;
}

char *text_for(struct arena *a, const char *form, const char *markdown) {
    const char *clean = text_clean(a, markdown, TEXT_BYTES_MAX);
    if (str_is(form, "harmless"))
        return text_plain(a, clean);
    return str_is(form, "plain") ? text_unescaped(a, clean) : arena_strdup(a, clean);
}
