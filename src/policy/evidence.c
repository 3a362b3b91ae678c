/* evidence: what of a record speaks for a link, and what is only the bridge's
 * own echo. "What the bridge wrote is never evidence" (domain.md 2). */
#include "bascule/policy.h"

#include <string.h>

/* Past quotation marks and white space; *ret_quoted tells if there were marks. */
static const char *unquote(const char *line, bool *ret_quoted) {
    *ret_quoted = false;
    for (;; line++) {
        if (*line == '>' || *line == '|')
            *ret_quoted = true;
        else if (*line != ' ' && *line != '\t')
            return line;
    }
}

static const char *line_end(const char *at) {
    return strchrnul(at, '\n');
}

static const char *line_next(const char *end) {
    return *end ? end + 1 : end;
}

static void blank_add(struct buf *b) {
    if (b->len == 0 || b->data[b->len - 1] != ' ')
        buf_char(b, ' ');
}

/* The words of a line (n bytes), a blank before and after each: " a b ". */
static void words_add(struct buf *b, const char *line, size_t n) {
    blank_add(b);
    for (size_t i = 0; i < n; i++)
        if (line[i] == ' ' || line[i] == '\t' || line[i] == '\r')
            blank_add(b);
        else
            buf_char(b, line[i]);
    blank_add(b);
}

/* The words of all lines; with `fenced` a line feed around each line's. */
static void text_words(struct buf *b, const char *text, bool fenced) {
    bool quoted;
    for (const char *at = text; *at; at = line_next(line_end(at))) {
        const char *end = line_end(at), *from = unquote(at, &quoted);
        if (fenced)
            buf_char(b, '\n');
        words_add(b, from, (size_t)(end - from));
    }
    if (fenced)
        buf_char(b, '\n');
}

/* A bridge's note as it may come back: mail programs break, indent and mark what
 * they quote. */
struct own {
    struct buf words, lines;
};

/* True if the line says nothing but what the note does: its words stand there one
 * after the other, or, where nothing tells a quotation, as a line of their own. */
static bool is_own(const struct own *own, const char *line, size_t n, bool quotation) {
    struct buf b = {0};
    if (!quotation)
        buf_char(&b, '\n');
    words_add(&b, line, n);
    bool blank = b.len <= 2;
    if (!quotation)
        buf_char(&b, '\n');
    bool found = !blank && strstr(buf_text(quotation ? &own->words : &own->lines), buf_text(&b));
    buf_deinit(&b);
    return found;
}

static bool has_marker(const char *line, size_t n, const char *marker) {
    return !str_empty(marker) && memmem(line, n, marker, strlen(marker));
}

const char *own_text_strip(struct arena *a, const char *text, const char *own, const char *marker) {
    struct own note = {0};
    struct buf out = {0};
    bool quoted, all_ours = false, copied = has_marker(text, strlen(text), marker);
    text_words(&note.words, own ? own : "", false);
    text_words(&note.lines, own ? own : "", true);
    for (const char *at = text; *at; at = line_next(line_end(at))) {
        const char *end = line_end(at), *from = unquote(at, &quoted);
        bool marked = has_marker(at, (size_t)(end - at), marker);
        bool ours = own ? is_own(&note, from, (size_t)(end - from), quoted || copied) : quoted;
        all_ours |= !own && marked && !quoted;
        if (!ours && !marked) {
            buf_add(&out, at, (size_t)(end - at));
            buf_char(&out, '\n');
        }
    }
    const char *rest = arena_strdup(a, all_ours ? "" : buf_text(&out));
    buf_deinit(&out);
    buf_deinit(&note.words);
    buf_deinit(&note.lines);
    return rest;
}

void field_compare(struct arena *a, const struct references *now, const struct references *written,
                   const struct references *evidence, struct field_diff *ret) {
    *ret = (struct field_diff){0};
    for (size_t i = 0; i < now->count; i++)
        if (!references_have(written, &now->items[i]) && !references_have(evidence, &now->items[i]))
            *arena_push(a, &ret->added.items, &ret->added.count) = now->items[i];
    for (size_t i = 0; i < evidence->count; i++)
        if (!references_have(now, &evidence->items[i]))
            *arena_push(a, &ret->withdrawn.items, &ret->withdrawn.count) = evidence->items[i];
    for (size_t i = 0; i < written->count; i++)
        if (!references_have(now, &written->items[i]))
            *arena_push(a, &ret->rejected.items, &ret->rejected.count) = written->items[i];
}
