/* print: a report as a page to read and to print, with charts, without a script.
 *
 * Pure; called by src/serve and src/cli. What must hold: every text is escaped, no address but http(s) becomes a link,
 * and the page loads nothing but the style sheet that it is told of. */
#include "print.h"
#include "print_css.h"
#include <string.h>

const char *report_style(void) {
    return print_css;
}

static void head_print(struct buf *b, const json_t *answer, const char *style) {
    buf_str(b, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
    buf_html(b, json_text(answer, "title"));
    buf_str(b, " - Bascule</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
               "<link rel=\"icon\" href=\"data:,\">");
    if (style) {
        buf_str(b, "<link rel=\"stylesheet\" href=\"");
        buf_html(b, style);
        buf_str(b, "\">");
    } else {
        buf_str(b, "<style>\n");
        buf_str(b, print_css);
        buf_str(b, "</style>");
    }
    buf_str(b, "</head><body>");
}

/* What was asked: "since 2026-01-02, service Billing". */
static void asked_print(struct buf *b, const json_t *answer) {
    static const char *const keys[] = {"since", "until", "by", "service", "tracker"};
    buf_str(b, "<p class=\"faint\">As of ");
    buf_html(b, json_text(answer, "as_of"));
    for (size_t i = 0; i < array_size(keys); i++) {
        const char *value = json_text(answer, keys[i]);
        if (!value)
            continue;
        buf_printf(b, ", %s ", keys[i]);
        buf_html(b, value);
    }
    buf_str(b, "</p>");
}

static bool is_number(const json_t *column) {
    const char *form = json_text(column, "form");
    return !str_is(form, "text") && !str_is(form, "day");
}

static void cell_print(struct buf *b, struct arena *a, const json_t *item, const json_t *column, bool first) {
    const json_t *value = json_object_get(item, json_text(column, "key"));
    const char *url = first ? json_text(item, "url") : NULL;
    bool links = url && (str_starts(url, "http://") || str_starts(url, "https://"));
    buf_str(b, is_number(column) || json_is_number(value) ? "<td class=\"n\">" : "<td>");
    if (links) {
        buf_str(b, "<a href=\"");
        buf_html(b, url);
        buf_str(b, "\" rel=\"noreferrer noopener\">");
    }
    buf_html(b, json_is_real(value) ? arena_printf(a, "%.1f", json_real_value(value)) : json_as_text(a, value));
    buf_str(b, links ? "</a></td>" : "</td>");
}

static void table_print(struct buf *b, const json_t *answer) {
    cleanup_arena struct arena *a = arena_new();
    const json_t *columns = json_object_get(answer, "columns");
    size_t row, i;
    json_t *item, *column;
    buf_str(b,
            "<section><h2 id=\"figures\">Figures</h2><div class=\"scroll\" role=\"region\" aria-labelledby=\"figures\" "
            "tabindex=\"0\"><table><thead><tr>");
    json_array_foreach((json_t *)(uintptr_t)columns, i, column) {
        buf_str(b, is_number(column) ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">");
        buf_html(b, json_text(column, "title"));
        buf_str(b, "</th>");
    }
    buf_str(b, "</tr></thead><tbody>");
    json_array_foreach(json_object_get(answer, "items"), row, item) {
        buf_str(b, "<tr>");
        json_array_foreach((json_t *)(uintptr_t)columns, i, column)
            cell_print(b, a, item, column, i == 0);
        buf_str(b, "</tr>");
    }
    buf_str(b, "</tbody></table></div>");
    if (json_int(answer, "more", 0) > 0)
        buf_printf(b, "<p class=\"faint\">and %lld more</p>", (long long)json_int(answer, "more", 0));
    buf_str(b, "</section>");
}

static void meanings_print(struct buf *b, const json_t *answer) {
    size_t i;
    json_t *column;
    buf_str(b, "<section><h2>What the figures mean</h2><dl>");
    json_array_foreach(json_object_get(answer, "columns"), i, column) {
        buf_str(b, "<dt>");
        buf_html(b, json_text(column, "title"));
        buf_str(b, "</dt><dd>");
        buf_html(b, json_text(column, "means"));
        buf_str(b, "</dd>");
    }
    buf_str(b, "</dl></section>");
}

void report_html(struct buf *b, const json_t *answer, const char *style) {
    const char *none = json_text(answer, "none");
    size_t i;
    json_t *chart;
    head_print(b, answer, style);
    buf_str(b, "<header><h1>");
    buf_html(b, json_text(answer, "title"));
    buf_str(b, "</h1><p>");
    buf_html(b, json_text(answer, "about"));
    buf_str(b, "</p>");
    asked_print(b, answer);
    buf_str(b, "</header><main>");
    if (none) {
        buf_str(b, "<section><p>");
        buf_html(b, none);
        buf_str(b, "</p></section>");
    } else {
        json_array_foreach(json_object_get(answer, "charts"), i, chart)
            chart_print(b, answer, chart);
        table_print(b, answer);
    }
    meanings_print(b, answer);
    buf_str(b, "</main></body></html>\n");
}
