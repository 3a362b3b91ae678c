/* chart: bars and weeks in SVG, made here, without a script.
 *
 * Pure; called by print.c. What must hold: sizes are attributes in per cent and never styles, so that the strictest
 * content policy shows them, and text stays as large on a phone; every number that is drawn also stands there. */
#include "print.h"
#include <string.h>

#define BARS_MAX        15
#define PARTS_MAX       5
#define WEEKS_DRAWN_MAX 104
#define HEIGHT          150

struct part {
    const char *key, *title;
};
struct drawn {
    const json_t *chart;
    struct part parts[PARTS_MAX];
    size_t n;
    const json_t *rows[WEEKS_DRAWN_MAX];
    size_t n_rows, left_out;
};

static double value_of(const json_t *row, const char *key) {
    return json_number_value(json_object_get(row, key));
}

static const char *title_of(const json_t *answer, const char *key) {
    size_t i;
    json_t *column;
    json_array_foreach(json_object_get(answer, "columns"), i, column)
        if (str_is(json_text(column, "key"), key))
            return json_text(column, "title");
    return key;
}

/* "by=outcome" */
static bool row_fits(const json_t *row, const char *only) {
    const char *equals = only ? strchr(only, '=') : NULL;
    if (!equals)
        return true;
    cleanup_arena struct arena *a = arena_new();
    return str_is(json_text(row, arena_strndup(a, only, (size_t)(equals - only))), equals + 1);
}

/* Bars: the first rows; weeks: the last. */
static void rows_take(struct drawn *d, const json_t *answer, size_t most) {
    const char *only = json_text(d->chart, "only");
    bool weeks = str_is(json_text(d->chart, "kind"), "weeks");
    size_t i, fit = 0, at = 0;
    json_t *row;
    json_array_foreach(json_object_get(answer, "items"), i, row)
        fit += row_fits(row, only);
    d->left_out = fit > most ? fit - most : 0;
    json_array_foreach(json_object_get(answer, "items"), i, row) {
        if (!row_fits(row, only))
            continue;
        if (weeks ? at >= d->left_out : at < most)
            d->rows[d->n_rows++] = row;
        at++;
    }
}

static void parts_take(struct drawn *d, const json_t *answer) {
    size_t i;
    json_t *key;
    json_array_foreach(json_object_get(d->chart, "values"), i, key)
        if (d->n < PARTS_MAX)
            d->parts[d->n++] = (struct part){json_string_value(key), title_of(answer, json_string_value(key))};
}

static double most_of(const struct drawn *d, size_t from, size_t to, bool added) {
    double most = 0;
    for (size_t i = 0; i < d->n_rows; i++) {
        double sum = 0;
        for (size_t k = from; k < to; k++) {
            double v = value_of(d->rows[i], d->parts[k].key);
            sum = added ? sum + v : v > sum ? v : sum;
        }
        most = sum > most ? sum : most;
    }
    return most > 0 ? most : 1;
}

static void legend_print(struct buf *b, const struct drawn *d, size_t from, size_t to) {
    buf_str(b, "<p class=\"legend\">");
    for (size_t k = from; k < to; k++) {
        buf_printf(b,
                   "<span><svg width=\"12\" height=\"12\" aria-hidden=\"true\"><rect class=\"s%zu\" width=\"12\" "
                   "height=\"12\"/></svg> ",
                   k + 1);
        buf_html(b, d->parts[k].title);
        buf_str(b, "</span> ");
    }
    buf_str(b, "</p>");
}

/* ---- bars ---- */

static void bar_say(struct buf *b, const struct drawn *d, const json_t *row) {
    for (size_t k = 0; k < d->n; k++)
        buf_printf(b, "%s%.10g", k ? " + " : "", value_of(row, d->parts[k].key));
}

/* Stacked; where each part is a part of the one before it ("steps"), one over the other. */
static void bar_print(struct buf *b, const struct drawn *d, const json_t *row, double most, bool steps) {
    const char *label = json_text(row, json_text(d->chart, "label"));
    double x = 0, sum = 0;
    buf_str(b, "<li><span class=\"label\">");
    buf_html(b, label);
    buf_str(b, "</span><svg class=\"bar\" width=\"100%\" height=\"16\" aria-hidden=\"true\">");
    for (size_t k = 0; k < d->n; k++) {
        double v = value_of(row, d->parts[k].key);
        if (v > 0)
            buf_printf(b, "<rect class=\"s%zu\" x=\"%.3f%%\" width=\"%.3f%%\" height=\"16\"/>", k + 1,
                       steps ? 0.0 : 100 * x / most, 100 * v / most);
        x += v;
        sum += v;
    }
    buf_str(b, "</svg><span class=\"value\">");
    if (steps)
        for (size_t k = 0; k < d->n; k++)
            buf_printf(b, "%s%.10g", k ? " / " : "", value_of(row, d->parts[k].key));
    else
        buf_printf(b, "%.10g", sum);
    if (!steps && d->n > 1) {
        buf_str(b, "<small> = ");
        bar_say(b, d, row);
        buf_str(b, "</small>");
    }
    buf_str(b, "</span></li>");
}

static void bars_print(struct buf *b, const struct drawn *d, bool steps) {
    double most = most_of(d, 0, d->n, !steps);
    if (d->n > 1)
        legend_print(b, d, 0, d->n);
    buf_str(b, "<ul class=\"bars\">");
    for (size_t i = 0; i < d->n_rows; i++)
        bar_print(b, d, d->rows[i], most, steps);
    buf_str(b, "</ul>");
    if (d->left_out)
        buf_printf(b, "<p class=\"faint\">and %zu more in the table</p>", d->left_out);
}

/* ---- weeks ---- */

/* Columns side by side: parts from..to of each week, on a scale of their own. */
static void columns_print(struct buf *b, const struct drawn *d, size_t from, size_t to) {
    double most = most_of(d, from, to, false), slot = 100.0 / (double)d->n_rows;
    double wide = slot * 0.8 / (double)(to - from);
    legend_print(b, d, from, to);
    buf_printf(b,
               "<p class=\"scale\">%.10g</p><svg class=\"weeks\" width=\"100%%\" height=\"%d\" role=\"img\" "
               "aria-label=\"",
               most, HEIGHT);
    for (size_t k = from; k < to; k++) {
        buf_str(b, k > from ? ", " : "");
        buf_html(b, d->parts[k].title);
    }
    buf_str(b, " by week; the numbers stand in the table\"><line class=\"axis\" x1=\"0\" y1=\"0.5\" x2=\"100%\" "
               "y2=\"0.5\"/>");
    for (size_t i = 0; i < d->n_rows; i++)
        for (size_t k = from; k < to; k++) {
            double v = value_of(d->rows[i], d->parts[k].key), high = HEIGHT * (v > 0 ? v : 0) / most;
            buf_printf(b, "<rect class=\"s%zu\" x=\"%.3f%%\" y=\"%.2f\" width=\"%.3f%%\" height=\"%.2f\"/>", k + 1,
                       slot * (double)i + slot * 0.1 + wide * (double)(k - from), HEIGHT - high, wide, high);
        }
    buf_printf(b, "<line class=\"axis\" x1=\"0\" y1=\"%d\" x2=\"100%%\" y2=\"%d\"/></svg>", HEIGHT, HEIGHT);
}

static void weeks_print(struct buf *b, const struct drawn *d) {
    const char *label = json_text(d->chart, "label");
    columns_print(b, d, 0, d->n - 1);
    columns_print(b, d, d->n - 1, d->n);
    buf_str(b, "<p class=\"ends\"><span>");
    buf_html(b, json_text(d->rows[0], label));
    buf_str(b, "</span><span>");
    buf_html(b, json_text(d->rows[d->n_rows - 1], label));
    buf_str(b, "</span></p>");
}

void chart_print(struct buf *b, const json_t *answer, const json_t *chart) {
    struct drawn d = {.chart = chart};
    const char *kind = json_text(chart, "kind");
    bool weeks = str_is(kind, "weeks");
    rows_take(&d, answer, weeks ? WEEKS_DRAWN_MAX : BARS_MAX);
    parts_take(&d, answer);
    if (d.n_rows == 0 || d.n < (weeks ? 2 : 1))
        return;
    buf_str(b, "<section class=\"chart\"><h2>");
    buf_html(b, json_text(chart, "title"));
    buf_str(b, "</h2>");
    if (weeks)
        weeks_print(b, &d);
    else
        bars_print(b, &d, str_is(kind, "steps"));
    buf_str(b, "</section>");
}
