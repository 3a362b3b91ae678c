/* table: an array of objects as a table that fits, as CSV, or as JSON.
 *
 * Called by the commands and by main.c's check and connectors. Owns nothing.
 * What must hold: a table never has lines longer than the terminal; CSV (RFC
 * 4180) and JSON are the same whatever the terminal is, but that CSV on one is shown with escapes. */
#include "cli.h"
#include <string.h>

#define COLUMNS_MAX 24
#define GAP         2

struct grid {
    const struct cli_sheet *sheet;
    const struct cli_column *columns;
    size_t n, rows;
    const char **cells; /* rows x n, clean */
    int natural[COLUMNS_MAX], width[COLUMNS_MAX];
    bool dropped[COLUMNS_MAX];
};

static const char *cell_plain(struct arena *a, const struct cli_column *c, const json_t *item) {
    const char *text = c->key ? value_text(a, json_at(item, c->key)) : NULL;
    return text ? text : "";
}

static const char *cell_shown(struct arena *a, const struct cli_sheet *s, const struct cli_column *c,
                              const json_t *item) {
    const char *text = c->text ? c->text(a, item, s->now) : cell_plain(a, c, item);
    return cli_text(a, text ? text : "");
}

/* ---- layout ---- */

static void grid_fill(struct grid *g, struct arena *a, const json_t *items) {
    size_t row;
    json_t *item;
    for (size_t i = 0; i < g->n; i++)
        g->natural[i] = text_width(g->columns[i].title);
    json_array_foreach((json_t *)(uintptr_t)items, row, item)
        for (size_t i = 0; i < g->n; i++) {
            const char *text = cell_shown(a, g->sheet, &g->columns[i], item);
            int width = text_width(text);
            g->cells[row * g->n + i] = text;
            g->natural[i] = width > g->natural[i] ? width : g->natural[i];
        }
}

static int grid_total(const struct grid *g) {
    int total = -GAP;
    for (size_t i = 0; i < g->n; i++)
        total += g->dropped[i] ? 0 : g->width[i] + GAP;
    return total;
}

/* Takes from the widest that may be cut until it fits or none may. */
static bool grid_shrink(struct grid *g) {
    memcpy(g->width, g->natural, sizeof(g->width));
    while (grid_total(g) > g->sheet->width) {
        size_t widest = g->n;
        for (size_t i = 0; i < g->n; i++)
            if (!g->dropped[i] && g->columns[i].min && g->width[i] > g->columns[i].min &&
                (widest == g->n || g->width[i] > g->width[widest]))
                widest = i;
        if (widest == g->n)
            return false;
        g->width[widest]--;
    }
    return true;
}

static bool grid_drop(struct grid *g) {
    size_t least = g->n;
    for (size_t i = 0; i < g->n; i++)
        if (!g->dropped[i] && g->columns[i].keep && (least == g->n || g->columns[i].keep < g->columns[least].keep))
            least = i;
    if (least < g->n)
        g->dropped[least] = true;
    return least < g->n;
}

/* Nothing left to drop: what stands in the way is cut hard, from the right. */
static void grid_force(struct grid *g) {
    for (size_t i = g->n; i-- > 0 && grid_total(g) > g->sheet->width;) {
        int over = grid_total(g) - g->sheet->width;
        if (!g->dropped[i])
            g->width[i] = g->width[i] - over > 1 ? g->width[i] - over : 1;
    }
}

static void grid_lay_out(struct grid *g) {
    memcpy(g->width, g->natural, sizeof(g->width));
    if (g->sheet->width <= 0)
        return;
    while (!grid_shrink(g))
        if (!grid_drop(g)) {
            grid_force(g);
            return;
        }
}

/* ---- printing ---- */

static bool column_is_last(const struct grid *g, size_t i) {
    for (size_t k = i + 1; k < g->n; k++)
        if (!g->dropped[k])
            return false;
    return true;
}

static void cell_print(const struct grid *g, struct arena *a, size_t i, const char *text, bool title) {
    const struct cli_sheet *s = g->sheet;
    const char *fit = text_width(text) > g->width[i] ? text_fit(a, text, g->width[i]) : text;
    int pad = g->width[i] - text_width(fit);
    const char *colour = !s->colour ? "" : title ? "\033[1m" : g->columns[i].word ? colour_of(text) : "";
    if (g->columns[i].right)
        fprintf(s->out, "%*s", pad, "");
    fprintf(s->out, "%s%s%s", colour, fit, *colour ? "\033[0m" : "");
    if (!column_is_last(g, i))
        fprintf(s->out, "%*s", (g->columns[i].right ? 0 : pad) + GAP, "");
}

static void grid_print(const struct grid *g, struct arena *a) {
    for (size_t i = 0; i < g->n; i++)
        if (!g->dropped[i])
            cell_print(g, a, i, g->columns[i].title, true);
    fputc('\n', g->sheet->out);
    for (size_t row = 0; row < g->rows; row++) {
        for (size_t i = 0; i < g->n; i++)
            if (!g->dropped[i])
                cell_print(g, a, i, g->cells[row * g->n + i], false);
        fputc('\n', g->sheet->out);
    }
}

static void print_table(const struct cli_sheet *s, const struct cli_column *columns, size_t n, const json_t *items) {
    cleanup_arena struct arena *a = arena_new();
    struct grid g = {
        .sheet = s, .columns = columns, .n = n < COLUMNS_MAX ? n : COLUMNS_MAX, .rows = json_array_size(items)};
    g.cells = arena_alloc(a, (g.rows * g.n + 1) * sizeof(*g.cells));
    grid_fill(&g, a, items);
    grid_lay_out(&g);
    grid_print(&g, a);
}

/* ---- CSV ---- */

static void csv_field(FILE *out, const char *value, bool text) {
    cleanup_buf struct buf b = {0};
    report_csv_field(&b, value, text);
    fputs(buf_text(&b), out);
}

/* A list joined with commas is a text as well. */
static bool cell_is_text(const struct cli_column *c, const json_t *item) {
    const json_t *value = c->key ? json_at(item, c->key) : NULL;
    return !json_is_number(value);
}

static void print_csv(const struct cli_sheet *s, const struct cli_column *columns, size_t n, const json_t *items) {
    cleanup_arena struct arena *a = arena_new();
    size_t row;
    json_t *item;
    for (size_t i = 0; i < n; i++) {
        fputs(i ? "," : "", s->out);
        csv_field(s->out, columns[i].key ? columns[i].key + 1 : columns[i].title, true);
    }
    fputs("\r\n", s->out);
    json_array_foreach((json_t *)(uintptr_t)items, row, item) {
        for (size_t i = 0; i < n; i++) {
            const char *text = columns[i].key ? cell_plain(a, &columns[i], item) : columns[i].text(a, item, s->now);
            fputs(i ? "," : "", s->out);
            csv_field(s->out, s->tty ? text_escaped(a, text) : text, cell_is_text(&columns[i], item));
        }
        fputs("\r\n", s->out);
    }
}

void thing_out(const struct cli_sheet *s, const json_t *item) {
    static const struct cli_column columns[] = {{.title = "name", .key = "/name"}, {.title = "value", .key = "/value"}};
    cleanup_json json_t *rows = json_array();
    const char *key;
    json_t *value;
    if (s->format == CLI_JSON) {
        json_out(s->out, item);
        return;
    }
    json_object_foreach((json_t *)(uintptr_t)item, key, value)
        json_array_append_new(rows, json_pack("{s:s, s:O}", "name", key, "value", value));
    print_csv(s, columns, array_size(columns), rows);
}

void cli_print_items(const struct cli_sheet *sheet, const struct cli_column *columns, size_t n, const json_t *items) {
    switch (sheet->format) {
    case CLI_TABLE: print_table(sheet, columns, n, items); break;
    case CLI_CSV: print_csv(sheet, columns, n, items); break;
    case CLI_JSON: json_out(sheet->out, items); break;
    }
}
