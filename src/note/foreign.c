/* foreign: what people and trackers wrote, before it stands in a note of ours.
 *
 * Pure. Called by facts.c. A title with "@all", "#12" or a line "/close" is just
 * a title; in a comment that the bridge sends it would ring at people, link
 * records and even carry out commands, all in the bridge's name. A zero-width
 * space (U+200B) behind the first character breaks each of these and can't be
 * seen. Addresses are left whole, so that they can be followed.
 *
 * What must hold: the result is valid UTF-8, no longer than asked, and contains
 * no marker ("[P-12 · b1-...]"): a quotation must not look like our own note. */
#include "foreign.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define BREAK    "\xe2\x80\x8b" /* U+200B */
#define ELLIPSIS "\xe2\x80\xa6"

enum manner { PLAIN, LINE, BLOCK };

static bool is_word(char c) {
    return isalnum((unsigned char)c) || c == '_';
}
static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
static bool is_alpha(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* One code point of sound UTF-8. */
static uint32_t code_point(const char *s, size_t *ret_len) {
    unsigned char c = (unsigned char)*s;
    size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    uint32_t v = n == 1 ? c : c & (0xff >> (n + 1));
    for (size_t i = 1; i < n; i++)
        v = v << 6 | ((unsigned char)s[i] & 0x3f);
    *ret_len = n;
    return v;
}

/* Neither seen nor part of any script: controls, and what turns the direction of
 * reading or hides letters. The joiners of scripts and emoji stay. */
static bool is_dropped(uint32_t c) {
    return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0) || c == 0x200b || c == 0x200e ||
           c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
           (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
}

/* ---- addresses ---- */

/* Bytes of "https://", "http://" or "www." before a host, else 0. */
static size_t address_begins(const char *s) {
    static const char *const heads[] = {"https://", "http://", "www."};
    for (size_t i = 0; i < array_size(heads); i++) {
        size_t n = strlen(heads[i]);
        if (strncasecmp(s, heads[i], n) == 0)
            return isalnum((unsigned char)s[n]) || (s[n] == '[' && s[n - 1] == '/') ? n : 0;
    }
    return 0;
}

/* Where an address can't go on. '[' only begins an IPv6 host: elsewhere it could
 * begin a marker. */
static bool address_stops(const char *s, int open) {
    size_t n;
    return (unsigned char)*s <= 0x20 || strchr("<>\"`|{}^\\[", *s) || (*s == ')' && open == 0) ||
           is_dropped(code_point(s, &n)) || code_point(s, &n) == 0x2028 || code_point(s, &n) == 0x2029;
}

/* Length of the address that begins here, without the full stop after it; 0: none. */
static size_t address_length(const char *s, size_t at) {
    size_t n = at > 0 && is_word(s[at - 1]) ? 0 : address_begins(s + at), width;
    const char *p = s + at;
    if (n == 0)
        return 0;
    if (p[n] == '[') {
        n += strspn(p + n + 1, "0123456789abcdefABCDEF:.") + 1;
        if (p[n] != ']')
            return 0;
        n++;
    }
    for (int open = 0; p[n] && p[n] != ']' && !address_stops(p + n, open); n += width) {
        open += (p[n] == '(') - (p[n] == ')');
        code_point(p + n, &width);
    }
    while (strchr(".,;:!?'*_~", p[n - 1]))
        n--;
    return n;
}

/* ---- what would be more than text ---- */

/* Behind a letter or digit it is the '@' of an e-mail address, which people must
 * be able to copy; no tracker takes that for a mention. */
static bool is_mention(const char *s, size_t at) {
    char next = s[at + 1];
    return next && !is_space(next) && (at == 0 || !is_word(s[at - 1]));
}

/* "&commat;" and "&#64;" are an '@' by the time a tracker shows them. */
static bool is_entity(const char *s) {
    size_t n = strspn(s + 1, "#abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
    return n > 1 && s[n + 1] == ';';
}

/* HTML, but not <https://...>. */
static bool is_tag(const char *s) {
    return (is_alpha(s[1]) || strchr("/!?", s[1])) && s[1] && address_begins(s + 1) == 0;
}

/* "/close" alone or with words behind it, on a line of its own; not "/etc/hosts". */
static bool is_command(const char *s, size_t at) {
    size_t from = at;
    while (from > 0 && (s[from - 1] == ' ' || s[from - 1] == '\t'))
        from--;
    if (from > 0 && s[from - 1] != '\n')
        return false;
    size_t n = strspn(s + at + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-");
    char end = s[at + 1 + n];
    return n > 0 && (!end || is_space(end));
}

/* GH-12 */
static bool is_short_reference(const char *s, size_t at) {
    return at >= 2 && (s[at - 1] == 'H' || s[at - 1] == 'h') && (s[at - 2] == 'G' || s[at - 2] == 'g') &&
           (at == 2 || !is_word(s[at - 3])) && is_digit(s[at + 1]);
}

/* True if the character at `at` needs the break behind it. */
static bool needs_break(const char *s, size_t at, enum manner manner) {
    char next = s[at + 1];
    switch (s[at]) {
    case '@': return is_mention(s, at);
    case '#': return is_digit(next) || (next && strchr("*_~`", next));
    case '!': return is_digit(next) || next == '[';
    case '[': /* a wiki's page, a mention in Jira, a marker */
        return next == '[' || next == '~' || str_starts(s + at, "[P-") || str_starts(s + at, "[p-");
    case ']': /* a link whose text hides where it goes: in a title never meant */ return manner == LINE && next == '(';
    case '<': return is_tag(s + at);
    case '&': return is_entity(s + at);
    case '{': return next == '{';
    case '-': return is_short_reference(s, at);
    default: return false;
    }
}

/* ---- two walks: first what is there, then what it may mean ---- */

/* Only what can be seen; line ends as LF, or as one space where a line is wanted. */
static char *text_cleaned(struct arena *a, const char *text, enum manner manner) {
    char *out = arena_alloc(a, strlen(text) + 1), *p = out;
    size_t n;
    for (const char *s = text; *s; s += n) {
        uint32_t c = code_point(s, &n);
        if (c == 0x2028 || c == 0x2029 || c == '\r')
            c = s[1] == '\n' ? 0 : '\n';
        if (manner != BLOCK && (c == '\n' || c == '\t'))
            c = ' ';
        if (is_dropped(c) || (c == ' ' && manner != BLOCK && (p == out || p[-1] == ' ')))
            continue;
        if (c == ' ' || c == '\n')
            *p++ = (char)c;
        else
            p = mempcpy(p, s, n);
    }
    while (p > out && is_space(p[-1]))
        p--;
    *p = 0;
    return out;
}

struct walk {
    struct buf out;
    size_t max, fits; /* up to where the text may be cut, so that an ellipsis has room */
};

static void walk_put(struct walk *w, const char *bytes, size_t n) {
    buf_add(&w->out, bytes, n);
    if (w->out.len + strlen(ELLIPSIS) <= w->max)
        w->fits = w->out.len;
}

/* An address or a character, with what it needs around it; its length. */
static size_t walk_step(struct walk *w, const char *s, size_t at, enum manner manner) {
    size_t n = address_length(s, at);
    char broken[8] = {0};
    if (n > 0) {
        walk_put(w, s + at, n);
        return n;
    }
    code_point(s + at, &n);
    if (n == 1 && manner != PLAIN && s[at] == '/' && is_command(s, at))
        memcpy(broken, BREAK "/", sizeof(BREAK "/"));
    else if (n == 1 && manner != PLAIN && needs_break(s, at, manner))
        broken[0] = s[at], memcpy(broken + 1, BREAK, sizeof(BREAK));
    else
        memcpy(broken, s + at, n);
    walk_put(w, broken, strlen(broken));
    return n;
}

static char *foreign(struct arena *a, const char *text, size_t max, enum manner manner) {
    if (str_empty(text))
        return arena_strdup(a, "");
    char *sound = str_cut(a, text, 4 * max); /* bounds the work; invisible bytes may take much of it */
    bool cut = strlen(text) > 4 * max;
    char *clean = text_cleaned(a, sound, manner);
    struct walk w = {.max = max};
    for (size_t at = 0; clean[at] && w.out.len <= max;)
        at += walk_step(&w, clean, at, manner);
    if (w.out.len > max || cut) {
        w.out.len = w.fits;
        buf_str(&w.out, ELLIPSIS);
    }
    char *result = arena_strdup(a, buf_text(&w.out));
    buf_deinit(&w.out);
    return result;
}

char *note_foreign_line(struct arena *a, const char *text, size_t max) {
    return foreign(a, text, max, LINE);
}
char *foreign_plain(struct arena *a, const char *text, size_t max) {
    return foreign(a, text, max, PLAIN);
}

/* ---- code fences ---- */

#define FENCE_MAX 40

/* Length of the fence (``` or ~~~, indented by at most three) that this line begins with, else 0. */
static size_t fence_at(const char *line, char *ret_char) {
    size_t indent = strspn(line, " ");
    char c = line[indent];
    size_t n = indent <= 3 && (c == '`' || c == '~') ? strspn(line + indent, (char[]){c, 0}) : 0;
    const char *rest = line + indent + n;
    if (n < 3 || (c == '`' && memchr(rest, '`', strcspn(rest, "\n"))))
        return 0;
    *ret_char = c;
    return n;
}

/* The fence that is still open at the end; 0: none. */
static size_t fence_open(const char *text, char *ret_char) {
    size_t open = 0;
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        char c = 0;
        size_t n = fence_at(line, &c);
        if (n && open == 0) {
            open = n;
            *ret_char = c;
        } else if (n >= open && c == *ret_char && n) {
            size_t indent = strspn(line, " ");
            if (strspn(line + indent + n, " \t") == strcspn(line + indent + n, "\n")) /* a closing one stands alone */
                open = 0;
        }
    }
    return open;
}

char *foreign_block(struct arena *a, const char *text, size_t max) {
    char *block = foreign(a, text, max - FENCE_MAX, BLOCK);
    char c = 0, fence[FENCE_MAX] = {0};
    size_t open = fence_open(block, &c);
    if (open == 0 || open >= sizeof(fence))
        return block;
    memset(fence, c, open);
    return arena_printf(a, "%s\n%s", block, fence);
}
