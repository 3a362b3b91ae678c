/* width: how text stands on a terminal.
 *
 * Pure but for text_wrap's printing; called by sheet.c, table.c and the
 * commands. What must hold: what came from a tracker can't steer the terminal
 * (no control characters, no changes of direction), whatever it holds. */
#include "cli.h"
#include <string.h>

struct range {
    uint32_t first, last;
};

static const struct range zero[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd},   {0x0610, 0x061a}, {0x064b, 0x065f},
    {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f},   {0x20d0, 0x20ff}, {0xfe00, 0xfe0f},
    {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}, {0xe0100, 0xe01ef},
};
static const struct range wide[] = {
    {0x1100, 0x115f}, {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0x9fff},
    {0xa000, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},
    {0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};
/* Besides C0 and C1: line separators, and what turns the direction of the text around it. */
static const struct range steering[] = {
    {0x0000, 0x001f}, {0x007f, 0x009f}, {0x061c, 0x061c}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069},
};

static bool in(uint32_t c, const struct range *r, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (c >= r[i].first && c <= r[i].last)
            return true;
    return false;
}

/* Length of the code point at s and the code point; what is no UTF-8 is one byte, U+FFFD. */
static size_t decode(const char *s, uint32_t *ret) {
    const unsigned char *p = (const unsigned char *)s;
    size_t len = *p < 0x80                 ? 1
                 : *p >= 0xc2 && *p < 0xe0 ? 2
                 : *p >= 0xe0 && *p < 0xf0 ? 3
                 : *p >= 0xf0 && *p < 0xf5 ? 4
                                           : 0;
    uint32_t c = len == 1 ? *p : len == 2 ? *p & 0x1fu : len == 3 ? *p & 0x0fu : *p & 0x07u;
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            len = 0;
            break;
        }
        c = c << 6 | (p[i] & 0x3fu);
    }
    *ret = len ? c : 0xfffd;
    return len ? len : 1;
}

static int width_of(uint32_t c) {
    if (in(c, zero, array_size(zero)))
        return 0;
    return in(c, wide, array_size(wide)) ? 2 : 1;
}

int text_width(const char *s) {
    int width = 0;
    uint32_t c;
    while (*s) {
        s += decode(s, &c);
        width += width_of(c);
    }
    return width;
}

char *text_fit(struct arena *a, const char *s, int width) {
    if (width <= 0 || text_width(s) <= width)
        return arena_strdup(a, width <= 0 ? "" : s);
    const char *p = s;
    int used = 0;
    for (uint32_t c; *p;) {
        size_t len = decode(p, &c);
        if (used + width_of(c) > width - 1)
            break;
        used += width_of(c);
        p += len;
    }
    return arena_printf(a, "%.*s\xe2\x80\xa6", (int)(p - s), s);
}

char *cli_text(struct arena *a, const char *s) {
    cleanup_buf struct buf b = {0};
    bool space = false;
    if (!s)
        return arena_strdup(a, "");
    for (uint32_t c; *s;) {
        size_t len = decode(s, &c);
        if (c == ' ' || in(c, steering, array_size(steering)))
            space = b.len > 0;
        else {
            if (space)
                buf_char(&b, ' ');
            space = false;
            if (c == 0xfffd)
                buf_str(&b, "\xef\xbf\xbd");
            else
                buf_add(&b, s, len);
        }
        s += len;
    }
    return arena_strdup(a, buf_text(&b));
}

char *text_escaped(struct arena *a, const char *s) {
    cleanup_buf struct buf b = {0};
    for (uint32_t c; *s;) {
        size_t len = decode(s, &c);
        if (c != '\n' && in(c, steering, array_size(steering)))
            buf_printf(&b, "\\u%04x", (unsigned)c);
        else
            buf_add(&b, s, len);
        s += len;
    }
    return arena_strdup(a, buf_text(&b));
}

/* One paragraph, already clean. */
static void wrap_line(FILE *out, const char *s, int indent, int width) {
    int used = 0, room = width > indent + 20 ? width - indent : 0;
    fprintf(out, "%*s", indent, "");
    if (str_starts(s, "- ")) { /* what follows hangs behind the dash */
        fputs("- ", out);
        s += 2;
        indent += 2;
        room = room ? room - 2 : 0;
    }
    while (*s) {
        size_t len = strcspn(s, " ");
        char word[1024];
        snprintf(word, sizeof(word), "%.*s", (int)len, s);
        int w = text_width(word);
        if (used > 0 && room && used + 1 + w > room) {
            fprintf(out, "\n%*s", indent, "");
            used = 0;
        } else if (used > 0) {
            fputc(' ', out);
            used++;
        }
        fwrite(s, 1, len, out);
        used += w;
        s += len;
        while (*s == ' ')
            s++;
    }
    fputc('\n', out);
}

void text_wrap(FILE *out, const char *s, int indent, int width) {
    cleanup_arena struct arena *a = arena_new();
    char *rest = arena_strdup(a, s);
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        char *clean = cli_text(a, line);
        if (*clean)
            wrap_line(out, clean, indent, width);
        else if (rest)
            fputc('\n', out);
    }
}
