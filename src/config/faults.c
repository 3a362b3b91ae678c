/* faults: collects what is wrong with a file, and words it.
 *
 * Owns nothing but texts in the caller's arena. Called by every file of this
 * room. A fault is never lost to the bound without being counted as a failure. */
#include "faults.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static size_t warnings_count(const struct faults *f) {
    size_t n = 0;
    for (size_t i = 0; i < f->list.count; i++)
        n += f->list.items[i].warning;
    return n;
}

__attribute__((format(printf, 4, 0))) static void faults_add(struct faults *f, struct place at, bool warning,
                                                             const char *format, va_list args) {
    if (!warning)
        f->failed = true;
    if (f->list.count >= FAULTS_MAX || (warning && warnings_count(f) >= WARNINGS_MAX)) {
        f->dropped++;
        return;
    }
    char text[1000];
    vsnprintf(text, sizeof(text), format, args);
    struct config_fault *one = arena_push(f->arena, &f->list.items, &f->list.count);
    *one = (struct config_fault){
        .line = at.line, .column = at.column, .warning = warning, .text = str_cut(f->arena, text, sizeof(text))};
}

void faults_error(struct faults *f, struct place at, const char *format, ...) {
    va_list args;
    va_start(args, format);
    faults_add(f, at, false, format, args);
    va_end(args);
}

void faults_warn(struct faults *f, struct place at, const char *format, ...) {
    va_list args;
    va_start(args, format);
    faults_add(f, at, true, format, args);
    va_end(args);
}

/* Stable: what stands at the same place keeps the order in which it was found. */
static void faults_sort(struct faults *f) {
    struct config_fault *items = f->list.items;
    for (size_t i = 1; i < f->list.count; i++) {
        struct config_fault one = items[i];
        size_t j = i;
        for (; j > 0; j--) {
            const struct config_fault *before = &items[j - 1];
            if (before->line < one.line || (before->line == one.line && before->column <= one.column))
                break;
            items[j] = *before;
        }
        items[j] = one;
    }
}

void faults_close(struct faults *f) {
    faults_sort(f);
    if (f->dropped == 0)
        return;
    const struct config_fault *last = &f->list.items[f->list.count - 1];
    struct config_fault more = {last->line, last->column, !f->failed,
                                arena_printf(f->arena, "and %zu more; mend these first", f->dropped)};
    *arena_push(f->arena, &f->list.items, &f->list.count) = more;
}

const char *text_shown(struct arena *a, const char *text) {
    enum { MOST = 60 };
    char *cut = str_cut(a, text, MOST);
    for (char *p = cut; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    return arena_printf(a, "\"%s%s\"", cut, strlen(text) > MOST ? "…" : "");
}

const char *words_listed(struct arena *a, const struct words *w) {
    cleanup_buf struct buf b = {.limit = 600};
    for (int i = 0; i < w->count; i++)
        buf_printf(&b, "%s%s", i == 0 ? "" : i == w->count - 1 ? " or " : ", ", w->name(w->first + i));
    return arena_strdup(a, buf_text(&b));
}

int words_find(const struct words *w, const char *word) {
    for (int i = w->first; i < w->first + w->count; i++)
        if (str_is(w->name(i), word))
            return i;
    return -1;
}

/* Case, '-' and '_' are the slips that cost nothing. */
static char folded(char c) {
    return c == '_' ? '-' : (char)tolower((unsigned char)c);
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

#define NEAR_MAX 40 /* bytes of a word that are looked at */

/* Edit distance where swapping two neighbours counts as one slip. */
static size_t distance(const char *s, const char *t) {
    size_t n = strnlen(s, NEAR_MAX), m = strnlen(t, NEAR_MAX);
    size_t d[NEAR_MAX + 1][NEAR_MAX + 1];
    for (size_t i = 0; i <= n; i++)
        for (size_t j = 0; j <= m; j++) {
            if (i == 0 || j == 0) {
                d[i][j] = i + j;
                continue;
            }
            size_t change = folded(s[i - 1]) != folded(t[j - 1]);
            d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + change);
            if (i > 1 && j > 1 && folded(s[i - 1]) == folded(t[j - 2]) && folded(s[i - 2]) == folded(t[j - 1]))
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[n][m];
}

/* Half a name, or one too long, is a likely slip too: "workaround" for
 * "require_workaround", "certificate" for "cert". */
static bool is_part(const char *written, const char *candidate) {
    return (strlen(written) >= 4 && strcasestr(candidate, written)) ||
           (strlen(candidate) >= 4 && strcasestr(written, candidate));
}

void nearest_try(struct nearest *n, const char *written, const char *candidate) {
    size_t len = strlen(written), found = distance(written, candidate);
    if (found > (len < 4 ? 1 : len < 9 ? 2 : 3)) {
        if (!is_part(written, candidate))
            return;
        found = 4;
    }
    if (!n->word || found < n->distance)
        *n = (struct nearest){candidate, found};
}

const char *words_nearest(const struct words *w, const char *word) {
    struct nearest n = {0};
    for (int i = w->first; i < w->first + w->count; i++)
        nearest_try(&n, word, w->name(i));
    return n.word;
}
