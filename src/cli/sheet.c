/* sheet: colours, ages, fields and other small output of the commands.
 *
 * Owns nothing; called by the commands and table.c. What must hold: without a
 * terminal there are no colours and nothing is cut. */
#include "cli.h"
#include <stdlib.h>
#include <string.h>

#define RESET       "\033[0m"
#define FIELD_WIDTH 16

struct cli_sheet cli_sheet(const struct cli *c) {
    const char *no_colour = c->w->env ? c->w->env(c->w->arg, "NO_COLOR") : NULL;
    const char *term = c->w->env ? c->w->env(c->w->arg, "TERM") : NULL;
    const char *columns = c->w->env ? c->w->env(c->w->arg, "COLUMNS") : NULL;
    int64_t n = 0;
    bool said = columns && str_int64(columns, &n) && n >= 20 && n <= 10000;
    return (struct cli_sheet){
        .out = c->w->out,
        .format = c->format,
        .width = said            ? (int)n
                 : c->w->out_tty ? c->w->columns
                                 : 0,
        .colour = c->w->out_tty && str_empty(no_colour) && !str_is(term, "dumb"),
        .tty = c->w->out_tty,
        .now = c->w->now,
    };
}

int sheet_width(const struct cli_sheet *s) {
    return s->width;
}

const char *colour_of(const char *word) {
    static const struct {
        const char *word, *colour;
    } colours[] = {
        {"OK", "\033[32m"},        {"ok", "\033[32m"},        {"done", "\033[32m"},
        {"resolved", "\033[32m"},  {"released", "\033[32m"},  {"delivered", "\033[32m"},
        {"confirmed", "\033[32m"}, {"WARN", "\033[33m"},      {"pending", "\033[33m"},
        {"waiting", "\033[33m"},   {"unsure", "\033[33m"},    {"in-flight", "\033[33m"},
        {"paused", "\033[33m"},    {"importing", "\033[33m"}, {"mixed", "\033[33m"},
        {"declined", "\033[33m"},  {"suggested", "\033[33m"}, {"closed-unresolved", "\033[33m"},
        {"FAIL", "\033[31m"},      {"parked", "\033[31m"},    {"down", "\033[31m"},
        {"stopped", "\033[31m"},   {"rejected", "\033[31m"},  {"superseded", "\033[2m"},
        {"closed", "\033[2m"},     {"unlinked", "\033[2m"},
    };
    for (size_t i = 0; i < array_size(colours); i++)
        if (str_is(colours[i].word, word))
            return colours[i].colour;
    return "";
}

void word_print(const struct cli_sheet *s, const char *word) {
    const char *colour = s->colour ? colour_of(word) : "";
    fprintf(s->out, "%s%s%s", colour, word, *colour ? RESET : "");
}

void json_out(FILE *out, const json_t *j) {
    cleanup_arena struct arena *a = arena_new();
    char *text = json_dumps(j, JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    fprintf(out, "%s\n", text ? text_escaped(a, text) : "null");
    free(text);
}

const char *age_text(struct arena *a, const char *time, msec_t now) {
    msec_t at;
    if (!time || !time_parse(time, &at))
        return "never";
    long long age = now > at ? (long long)((now - at) / SEC_MS) : 0;
    if (age < 60)
        return arena_printf(a, "%lld s ago", age);
    if (age < 3600)
        return arena_printf(a, "%lld min ago", age / 60);
    if (age < 2 * 86400)
        return arena_printf(a, "%lld h ago", age / 3600);
    return arena_printf(a, "%lld days ago", age / 86400);
}

const char *moment_text(struct arena *a, const char *time) {
    msec_t at;
    if (!time || !time_parse(time, &at))
        return "";
    const char *text = time_text(a, at); /* 2026-01-02T03:04:05Z */
    return arena_printf(a, "%.10s %.8s UTC", text, text + 11);
}

const char *value_text(struct arena *a, const json_t *value) {
    if (!json_is_array(value))
        return value ? json_as_text(a, value) : NULL;
    cleanup_buf struct buf b = {0};
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)(uintptr_t)value, i, item) {
        const char *text = json_as_text(a, item);
        buf_printf(&b, "%s%s", b.len ? ", " : "", text ? text : "");
    }
    return b.len ? arena_strdup(a, buf_text(&b)) : NULL;
}

void field_print(const struct cli_sheet *s, const char *title, const char *text) {
    cleanup_arena struct arena *a = arena_new();
    if (str_empty(text))
        return;
    if (strchr(text, '\n') || (s->width && text_width(text) > s->width - FIELD_WIDTH - 4)) {
        fprintf(s->out, "  %s:\n", title);
        text_wrap(s->out, text, 4, s->width);
        return;
    }
    fprintf(s->out, "  %s:%*s", title, (int)(FIELD_WIDTH > strlen(title) ? FIELD_WIDTH - strlen(title) : 1), "");
    word_print(s, cli_text(a, text));
    fputc('\n', s->out);
}

void heading_print(const struct cli_sheet *s, const char *title) {
    fprintf(s->out, "\n%s%s%s\n", s->colour ? "\033[1m" : "", title, s->colour ? RESET : "");
}

const char *word_of(const json_t *object, const char *key) {
    const char *text = json_text(object, key);
    return text ? text : "";
}
