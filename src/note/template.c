/* template: a small part of mustache, read into pieces and rendered from them.
 *
 * Pure. Called by note.c. What must hold after template_read: every name is a
 * known placeholder that this visibility may use, and sections nest, so that
 * rendering can't fail. Facts are put in last and never read as a template. */
#include "template.h"

#include <stdio.h>
#include <string.h>

#define TEXT_MAX     16384
#define PIECES_MAX   1000
#define NESTED_MAX   8
#define RENDERED_MAX (96u << 10)
#define FAULTS_MAX   50

enum piece_type { PIECE_TEXT, PIECE_VALUE, PIECE_IF, PIECE_UNLESS, PIECE_END };

struct piece {
    enum piece_type type;
    const char *text; /* PIECE_TEXT */
    const struct placeholder *name;
    size_t end; /* of IF and UNLESS: index of its PIECE_END */
    int line;
};

void note_fault_add(struct note_faults *faults, struct arena *a, const char *file, int line, const char *format, ...) {
    char text[1000];
    va_list args;
    if (faults->count >= FAULTS_MAX)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    *arena_push(a, &faults->items, &faults->count) = (struct note_fault){file, line, str_cut(a, text, sizeof(text))};
}

/* ---- reading ---- */

struct reading {
    struct template *t;
    struct arena *arena;
    struct note_faults *faults;
    const char *text, *at; /* at: what is not read yet */
    int line;
    size_t open[NESTED_MAX];
    size_t n_open;
    size_t faults_before;
};

#define wrong(r, ...) note_fault_add((r)->faults, (r)->arena, (r)->t->origin, (r)->line, __VA_ARGS__)

static struct piece *piece_add(struct reading *r, enum piece_type type) {
    struct piece *p = arena_push(r->arena, &r->t->pieces, &r->t->n_pieces);
    *p = (struct piece){.type = type, .line = r->line};
    return p;
}

static void text_take(struct reading *r, size_t n) {
    if (n == 0)
        return;
    char *text = arena_strndup(r->arena, r->at, n);
    piece_add(r, PIECE_TEXT)->text = text;
    for (const char *p = text; *p; p++)
        r->line += *p == '\n';
    r->at += n;
}

/* What is meant, as far as that can be told: a name that only the other kind of
 * template has, a flag where a text is wanted. */
static const struct placeholder *name_take(struct reading *r, const char *name, char sign) {
    const struct placeholder *p = placeholder_find(name);
    if (!p)
        wrong(r, "there is no placeholder {{%s}}; there are %s", name, placeholders_listed(r->arena, r->t->internal));
    else if (p->internal && !r->t->internal)
        wrong(r, "{{%s}} is internal and can't stand in a public note; public are %s", name,
              placeholders_listed(r->arena, false));
    else if (p->flag && !sign)
        wrong(r, "{{%s}} has no text; it is for sections: {{#%s}} ... {{/%s}}", name, name, name);
    return p;
}

static void section_begin(struct reading *r, const struct placeholder *p, char sign) {
    if (r->n_open == NESTED_MAX) {
        wrong(r, "sections are nested deeper than %d", NESTED_MAX);
        return;
    }
    r->open[r->n_open++] = r->t->n_pieces;
    piece_add(r, sign == '#' ? PIECE_IF : PIECE_UNLESS)->name = p;
}

static void section_end(struct reading *r, const struct placeholder *p) {
    struct piece *begin = r->n_open ? &r->t->pieces[r->open[r->n_open - 1]] : NULL;
    if (!begin) {
        wrong(r, "{{/%s}} ends a section that was not begun", p->name);
        return;
    }
    if (begin->name != p) {
        wrong(r, "{{/%s}} stands where {{/%s}} is wanted, for the section of line %d", p->name, begin->name->name,
              begin->line);
        return;
    }
    begin->end = r->t->n_pieces;
    r->n_open--;
    piece_add(r, PIECE_END)->name = p;
}

/* The name in a tag, without blanks around it; NULL after a fault. */
static const char *tag_name(struct reading *r, const char *inner, size_t n) {
    while (n > 0 && *inner == ' ')
        inner++, n--;
    while (n > 0 && inner[n - 1] == ' ')
        n--;
    const char *name = arena_strndup(r->arena, inner, n < 60 ? n : 60);
    if (n == 0 || n >= 60 || name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")]) {
        wrong(r, "{{%s}} is no placeholder; write {{name}}, {{#name}}, {{^name}}, {{/name}} or {{! comment }}", name);
        return NULL;
    }
    return name;
}

/* The tag at r->at, of `len` bytes with its braces. */
static void tag_take(struct reading *r, size_t len) {
    const char *inner = r->at + 2;
    size_t n = len - 4;
    char sign = n > 0 && strchr("#^/!", *inner) ? *inner : 0;
    r->at += len;
    if (sign == '!')
        return;
    const char *name = tag_name(r, inner + (sign != 0), n - (sign != 0));
    const struct placeholder *p = name ? name_take(r, name, sign) : NULL;
    if (!p)
        return;
    if (sign == '/')
        section_end(r, p);
    else if (sign)
        section_begin(r, p, sign);
    else
        piece_add(r, PIECE_VALUE)->name = p;
}

/* Length of the tag that begins here; 0 after a fault. A comment may be long, but
 * stays on its line like all. */
static size_t tag_length(struct reading *r) {
    const char *end = strstr(r->at, "}}"), *line_end = strchr(r->at, '\n');
    if (end && (!line_end || end < line_end))
        return (size_t)(end - r->at) + 2;
    wrong(r, "{{ is not closed; write }} on the same line");
    return 0;
}

/* A section tag or comment alone on its line takes the line with it: the blanks
 * before it that are not yet read, and the line end. Gives how much to skip. */
static size_t line_of_tag(const struct reading *r, const char *tag, size_t len) {
    const char *from = tag;
    while (from > r->text && (from[-1] == ' ' || from[-1] == '\t'))
        from--;
    const char *to = tag + len + strspn(tag + len, " \t");
    bool alone = strchr("#^/!", tag[2]) && (from == r->text || from[-1] == '\n') && (*to == '\n' || !*to);
    return alone ? (size_t)(to - tag) - len + (*to == '\n') : SIZE_MAX;
}

static void all_take(struct reading *r) {
    while (*r->at && r->t->n_pieces < PIECES_MAX) {
        const char *tag = strstr(r->at, "{{");
        if (!tag) {
            text_take(r, strlen(r->at));
            return;
        }
        size_t before = (size_t)(tag - r->at), blank = 0;
        while (blank < before && (tag[-1 - (ptrdiff_t)blank] == ' ' || tag[-1 - (ptrdiff_t)blank] == '\t'))
            blank++;
        struct reading ahead = *r;
        ahead.at = tag;
        for (const char *p = r->at; p < tag; p++)
            ahead.line += *p == '\n';
        size_t len = tag_length(&ahead);
        if (len == 0)
            return;
        size_t skip = line_of_tag(r, tag, len);
        text_take(r, skip == SIZE_MAX ? before : before - blank);
        r->at = tag;
        tag_take(r, len);
        if (skip != SIZE_MAX) {
            r->line += skip && r->at[skip - 1] == '\n';
            r->at += skip;
        }
    }
    if (*r->at)
        wrong(r, "more than %d pieces", PIECES_MAX);
}

static bool text_is_sound(struct reading *r) {
    size_t len = strlen(r->text);
    r->line = 0;
    if (len > TEXT_MAX)
        wrong(r, "the template is longer than %d bytes", TEXT_MAX);
    else if (memcmp(str_cut(r->arena, r->text, len), r->text, len) != 0)
        wrong(r, "the template is no UTF-8; save it as UTF-8");
    else if (strstr(r->text, "[P-"))
        wrong(r, "[P- begins the bridge's own marker; write {{problem}} for the number");
    r->line = 1;
    return r->faults->count == r->faults_before;
}

/* Files may come with CR LF and a byte order mark. */
static char *text_unix(struct arena *a, const char *text) {
    char *out = arena_alloc(a, strlen(text) + 1), *p = out;
    for (const char *s = str_starts(text, "\xef\xbb\xbf") ? text + 3 : text; *s; s++)
        if (*s != '\r' || s[1] != '\n')
            *p++ = *s;
    return out;
}

bool template_read(struct template *t, const char *text, struct arena *a, struct note_faults *faults) {
    const char *own = text_unix(a, text);
    struct reading r = {.t = t, .arena = a, .faults = faults, .text = own, .at = own, .faults_before = faults->count};
    t->pieces = NULL;
    t->n_pieces = 0;
    if (!text_is_sound(&r))
        return false;
    all_take(&r);
    for (size_t i = 0; i < r.n_open; i++) {
        const struct piece *p = &t->pieces[r.open[i]];
        note_fault_add(faults, a, t->origin, p->line, "the section {{#%s}} is not ended; write {{/%s}}", p->name->name,
                       p->name->name);
    }
    return faults->count == r.faults_before;
}

/* ---- rendering ---- */

/* What a value of several lines keeps before each: "> " quotes, "- " indents. */
static void prefix_of(const struct buf *out, char prefix[static 16]) {
    const char *text = buf_text(out);
    size_t from = out->len;
    while (from > 0 && text[from - 1] != '\n')
        from--;
    size_t n = out->len - from;
    prefix[0] = 0;
    if (n == 0 || n > 15 || strspn(text + from, " >-*") != n)
        return;
    for (size_t i = 0; i < n; i++)
        prefix[i] = text[from + i] == '>' ? '>' : ' ';
    prefix[n] = 0;
}

static void value_put(struct buf *out, const char *value) {
    char prefix[16];
    prefix_of(out, prefix);
    for (const char *p = value; *p; p++) {
        buf_char(out, *p);
        if (*p == '\n' && (p[1] != '\n' || strchr(prefix, '>')))
            buf_str(out, prefix);
    }
}

/* One empty line is enough between paragraphs, whatever sections left behind. */
static char *text_settled(struct arena *a, const char *text) {
    char *out = arena_alloc(a, strlen(text) + 1), *p = out;
    int ends = 0;
    for (const char *s = text; *s; s++) {
        ends = *s == '\n' ? ends + 1 : 0;
        if (ends <= 2 && !(ends && p == out))
            *p++ = *s;
    }
    while (p > out && (p[-1] == '\n' || p[-1] == ' '))
        p--;
    *p = 0;
    return out;
}

char *template_render(const struct template *t, const struct note_facts *facts, struct arena *a) {
    const struct note_internal *inside = t->internal ? &facts->inside : NULL;
    cleanup_buf struct buf out = {0};
    for (size_t i = 0; i < t->n_pieces; i++) {
        const struct piece *p = &t->pieces[i];
        if (p->type == PIECE_END)
            continue;
        if (p->type == PIECE_TEXT) {
            buf_str(&out, p->text);
            continue;
        }
        const char *value = placeholder_value(p->name, &facts->shown, inside, a);
        if (p->type == PIECE_VALUE)
            value_put(&out, value);
        else if ((p->type == PIECE_IF) == str_empty(value))
            i = p->end;
    }
    return str_cut(a, text_settled(a, buf_text(&out)), RENDERED_MAX);
}
