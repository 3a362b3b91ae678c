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

static size_t trimmed_length(const char *s, size_t n) {
    while (n && strchr(" \t\r", s[n - 1]))
        n--;
    return n;
}

/* True if the line (n bytes) is one of text's lines. */
static bool line_of(const char *text, const char *line, size_t n) {
    bool quoted;
    for (const char *at = text; at && *at;) {
        const char *end = strchrnul(at, '\n');
        const char *from = unquote(at, &quoted);
        size_t len = from < end ? trimmed_length(from, (size_t)(end - from)) : 0;
        if (len == n && memcmp(from, line, n) == 0)
            return true;
        at = *end ? end + 1 : end;
    }
    return false;
}

const char *own_text_strip(struct arena *a, const char *text, const char *own, const char *marker) {
    struct buf out = {0};
    bool quoted, all_ours = false;
    for (const char *at = text; *at;) {
        const char *end = strchrnul(at, '\n'), *from = unquote(at, &quoted);
        size_t n = from < end ? trimmed_length(from, (size_t)(end - from)) : 0;
        const char *mark = strstr(at, marker);
        bool marked = mark && mark < end;
        bool ours = marked || (own ? n && line_of(own, from, n) : quoted);
        if (!own && marked && !quoted)
            all_ours = true;
        if (!ours) {
            buf_add(&out, at, (size_t)(end - at));
            buf_char(&out, '\n');
        }
        at = *end ? end + 1 : end;
    }
    const char *rest = arena_strdup(a, all_ours ? "" : buf_text(&out));
    buf_deinit(&out);
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
