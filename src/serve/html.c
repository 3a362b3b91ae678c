/* html: the pieces of which the pages are made.
 *
 * Pure; called by page.c and page_detail.c. What must hold: every text that came
 * from a tracker is escaped, and no address but http(s) becomes a link. */
#include "html.h"
#include <string.h>

void html_link(struct buf *b, const char *url, const char *text) {
    bool safe = url && (str_starts(url, "http://") || str_starts(url, "https://"));
    if (safe) {
        buf_str(b, "<a href=\"");
        buf_html(b, url);
        buf_str(b, "\" rel=\"noreferrer noopener\">");
    }
    buf_html(b, text);
    if (safe)
        buf_str(b, "</a>");
}

/* "4 min ago"; the exact time on hovering. */
void html_time(struct buf *b, const char *time, msec_t now) {
    msec_t at;
    if (!time || !time_parse(time, &at)) {
        buf_str(b, "<span class=\"faint\">never</span>");
        return;
    }
    msec_t age = now > at ? (now - at) / SEC_MS : 0;
    buf_str(b, "<time datetime=\"");
    buf_html(b, time);
    buf_str(b, "\" title=\"");
    buf_html(b, time);
    buf_str(b, "\">");
    if (age < 60)
        buf_printf(b, "%lld s ago", (long long)age);
    else if (age < 3600)
        buf_printf(b, "%lld min ago", (long long)age / 60);
    else if (age < 2 * 86400)
        buf_printf(b, "%lld h ago", (long long)age / 3600);
    else
        buf_printf(b, "%lld days ago", (long long)age / 86400);
    buf_str(b, "</time>");
}

static const char *word_class(const char *word) {
    static const struct {
        const char *word, *class;
    } classes[] = {
        {"ok", "good"},       {"done", "good"},  {"resolved", "good"},  {"delivered", "good"}, {"released", "good"},
        {"parked", "bad"},    {"down", "bad"},   {"stopped", "bad"},    {"unsure", "warn"},    {"paused", "warn"},
        {"declined", "warn"}, {"mixed", "warn"}, {"importing", "warn"}, {"in-flight", "warn"}, {"detected", "warn"},
    };
    for (size_t i = 0; i < array_size(classes); i++)
        if (str_is(classes[i].word, word))
            return classes[i].class;
    return "";
}

void html_word(struct buf *b, const char *word) {
    buf_printf(b, "<span class=\"word %s\">", word_class(word));
    buf_html(b, word);
    buf_str(b, "</span>");
}

void html_section_open(struct buf *b, const char *id, const char *title, const char *const *columns) {
    buf_printf(b,
               "<section aria-labelledby=\"%s\"><h2 id=\"%s\">%s</h2><div class=\"scroll\" role=\"region\" "
               "aria-labelledby=\"%s\" tabindex=\"0\"><table><thead><tr>",
               id, id, title, id);
    for (; *columns; columns++)
        buf_printf(b, "<th scope=\"col\"%s>%s</th>", **columns == '#' ? " class=\"n\"" : "",
                   **columns == '#' ? *columns + 1 : *columns);
    buf_str(b, "</tr></thead><tbody>");
}

void html_section_close(struct buf *b) {
    buf_str(b, "</tbody></table></div></section>");
}

void html_section_none(struct buf *b, const char *id, const char *title, const char *text) {
    buf_printf(b, "<section aria-labelledby=\"%s\"><h2 id=\"%s\">%s</h2><p class=\"none\">%s</p></section>", id, id,
               title, text);
}

long long html_number_at(const json_t *j, const char *pointer) {
    return (long long)json_integer_value(json_at(j, pointer));
}

void html_words(struct buf *b, const json_t *words) {
    size_t i;
    json_t *w;
    json_array_foreach((json_t *)(uintptr_t)words, i, w) {
        buf_str(b, i ? ", " : "");
        buf_html(b, json_string_value(w));
    }
}

void html_problem(struct buf *b, const char *id) {
    buf_str(b, "<a href=\"/problems/");
    buf_html(b, id);
    buf_str(b, "\">");
    buf_html(b, id);
    buf_str(b, "</a>");
}

void html_cell(struct buf *b, const char *class, const char *text) {
    buf_printf(b, "<td class=\"%s\">", class);
    buf_html(b, text);
    buf_str(b, "</td>");
}

/* ---- sections that several pages have ---- */

void html_effects(struct buf *b, const char *title, const json_t *items, msec_t now) {
    size_t i;
    json_t *e;
    if (json_array_size(items) == 0) {
        html_section_none(b, "effects", title, "Nothing has been changed yet.");
        return;
    }
    html_section_open(b, "effects", title, (const char *[]){"#Effect", "Record", "What", "State", "Why", "When", NULL});
    json_array_foreach((json_t *)(uintptr_t)items, i, e) {
        const char *settled = json_text(e, "settled"), *error = json_text(e, "error");
        buf_printf(b, "<tr><td class=\"n\">%lld</td><td class=\"ref\">", html_number_at(e, "/n"));
        html_link(b, json_text(e, "url"), json_text(e, "ref"));
        buf_str(b, "</td>");
        html_cell(b, "wide", json_text(e, "wants"));
        buf_str(b, "<td>");
        html_word(b, json_text(e, "state"));
        buf_str(b, "</td><td class=\"wide\">");
        buf_html(b, json_text(e, "reason"));
        if (error) {
            buf_str(b, "<br><span class=\"faint\">");
            buf_html(b, error);
            buf_str(b, "</span>");
        }
        buf_str(b, "</td><td class=\"ref\">");
        html_time(b, settled ? settled : json_text(e, "created"), now);
        buf_str(b, "</td></tr>");
    }
    html_section_close(b);
}

void html_attention(struct buf *b, const json_t *items, msec_t now) {
    size_t i;
    json_t *t;
    html_section_open(b, "attention", "Needs attention",
                      (const char *[]){"What", "Where", "Why", "Who can clear it", "How", "Since", NULL});
    json_array_foreach((json_t *)(uintptr_t)items, i, t) {
        const char *subject = json_text(t, "subject"), *ref = json_text(t, "ref");
        int64_t n;
        buf_str(b, "<tr><td class=\"ref\">");
        html_word(b, json_text(t, "kind"));
        buf_str(b, "</td><td class=\"ref\">");
        if (subject && problem_ref_parse(subject, &n))
            html_problem(b, subject);
        else
            html_link(b, json_text(t, "url"), ref ? ref : subject);
        buf_str(b, "</td>");
        html_cell(b, "wide", json_text(t, "text"));
        html_cell(b, "", json_text(t, "who"));
        html_cell(b, "wide", json_text(t, "clear"));
        buf_str(b, "<td class=\"ref\">");
        html_time(b, json_text(t, "since"), now);
        buf_str(b, "</td></tr>");
    }
    html_section_close(b);
}

/* ---- the frame ---- */

void html_open(struct buf *b, const char *title, int refresh) {
    buf_str(b, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
    buf_html(b, title);
    buf_str(b, "</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    if (refresh)
        buf_printf(b, "<meta http-equiv=\"refresh\" content=\"%d\">", refresh);
    buf_str(b, "<link rel=\"icon\" href=\"data:,\"><link rel=\"stylesheet\" href=\"/style.css\"></head><body>");
}

void html_close(struct buf *b, const char *version, int refresh, msec_t now) {
    cleanup_arena struct arena *a = arena_new();
    buf_printf(b, "<footer><p>As of %s", time_text(a, now));
    if (refresh)
        buf_printf(b, "; this page renews itself every %d seconds", refresh);
    buf_str(b, ". Version ");
    buf_html(b, version);
    buf_str(b, "</p></footer></body></html>\n");
}
