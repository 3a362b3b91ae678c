/* page: the plain status page at /, made on the server, without a script.
 *
 * Called by serve.c. What must hold: every text that came from a tracker is
 * escaped, and no address but http(s) becomes a link; the policy sent with the
 * page lets nothing run and nothing be loaded but its own style sheet. */
#include "serve.h"
#include "style_css.h"
#include <string.h>

#define ROWS_MAX 12
#define REFRESH_SECONDS 15
#define PAGE_MAX (512 * 1024)

/* ---- pieces ---- */

static void html_text(struct buf *b, const char *text) {
    for (const char *p = text ? text : ""; *p; p++)
        switch (*p) {
        case '&': buf_str(b, "&amp;"); break;
        case '<': buf_str(b, "&lt;"); break;
        case '>': buf_str(b, "&gt;"); break;
        case '"': buf_str(b, "&quot;"); break;
        case '\'': buf_str(b, "&#39;"); break;
        default: buf_char(b, (unsigned char)*p < 0x20 && *p != '\n' && *p != '\t' ? ' ' : *p);
        }
}

static void html_link(struct buf *b, const char *url, const char *text) {
    bool safe = url && (str_starts(url, "http://") || str_starts(url, "https://"));
    if (safe) {
        buf_str(b, "<a href=\"");
        html_text(b, url);
        buf_str(b, "\" rel=\"noreferrer noopener\">");
    }
    html_text(b, text);
    if (safe)
        buf_str(b, "</a>");
}

/* "4 min ago"; the exact time on hovering. */
static void html_time(struct buf *b, const char *time, msec_t now) {
    msec_t at;
    if (!time || !time_parse(time, &at)) {
        buf_str(b, "<span class=\"faint\">never</span>");
        return;
    }
    msec_t age = now > at ? (now - at) / SEC_MS : 0;
    buf_str(b, "<time datetime=\"");
    html_text(b, time);
    buf_str(b, "\" title=\"");
    html_text(b, time);
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
        {"ok", "good"},      {"done", "good"},    {"resolved", "good"}, {"delivered", "good"}, {"released", "good"},
        {"parked", "bad"},   {"down", "bad"},     {"stopped", "bad"},   {"unsure", "warn"},    {"paused", "warn"},
        {"declined", "warn"}, {"mixed", "warn"},  {"importing", "warn"}, {"in-flight", "warn"}, {"detected", "warn"},
    };
    for (size_t i = 0; i < array_size(classes); i++)
        if (str_is(classes[i].word, word))
            return classes[i].class;
    return "";
}

static void html_word(struct buf *b, const char *word) {
    buf_printf(b, "<span class=\"word %s\">", word_class(word));
    html_text(b, word);
    buf_str(b, "</span>");
}

static void section_open(struct buf *b, const char *id, const char *title, const char *const *columns) {
    buf_printf(b, "<section aria-labelledby=\"%s\"><h2 id=\"%s\">%s</h2><div class=\"scroll\"><table><thead><tr>", id, id,
               title);
    for (; *columns; columns++)
        buf_printf(b, "<th scope=\"col\"%s>%s</th>", **columns == '#' ? " class=\"n\"" : "",
                   **columns == '#' ? *columns + 1 : *columns);
    buf_str(b, "</tr></thead><tbody>");
}

static void section_close(struct buf *b) { buf_str(b, "</tbody></table></div></section>"); }

static void section_none(struct buf *b, const char *id, const char *title, const char *text) {
    buf_printf(b, "<section aria-labelledby=\"%s\"><h2 id=\"%s\">%s</h2><p class=\"none\">%s</p></section>", id, id, title,
               text);
}

static long long at_int(const json_t *j, const char *pointer) {
    return (long long)json_integer_value(json_at(j, pointer));
}

/* ---- sections ---- */

static void tile(struct buf *b, long long n, const char *text, const char *class) {
    buf_printf(b, "<li class=\"%s\"><b>%lld</b><span>%s</span></li>", n > 0 ? class : "", n, text);
}

static void render_tiles(struct buf *b, const json_t *s) {
    buf_str(b, "<ul class=\"tiles\" aria-label=\"At a glance\">");
    tile(b, at_int(s, "/attention/total"), "wait for a person", "warn");
    tile(b, at_int(s, "/problems/known_errors"), "open known errors", "");
    tile(b, at_int(s, "/closed_unresolved/incidents"), "incidents closed-unresolved", "");
    tile(b, at_int(s, "/incidents/open") + at_int(s, "/incidents/waiting"), "incidents open or waiting", "");
    tile(b, at_int(s, "/outbox/pending") + at_int(s, "/outbox/in-flight") + at_int(s, "/outbox/unsure"),
         "changes on their way", "");
    tile(b, at_int(s, "/outbox/parked"), "changes parked", "bad");
    buf_str(b, "</ul>");
}

static void render_banner(struct buf *b, const json_t *status) {
    const json_t *outbox = json_object_get(status, "outbox");
    if (json_bool(status, "dry_run", false))
        buf_str(b, "<section class=\"banner\"><p><strong>Dry run:</strong> everything is decided and shown, nothing is "
                   "written.</p></section>");
    if (json_bool(outbox, "open", true))
        return;
    const char *why = json_text(outbox, "why");
    buf_str(b, "<section class=\"banner\"><p><strong>The outbox is shut:</strong> everything is decided and shown, nothing "
               "is written. ");
    html_text(b, why ? why : "");
    buf_str(b, "</p></section>");
}

static void render_trackers(struct buf *b, const json_t *items, msec_t now) {
    size_t i;
    json_t *t;
    if (json_array_size(items) == 0) {
        section_none(b, "trackers", "Trackers", "No tracker has been polled yet.");
        return;
    }
    section_open(b, "trackers", "Trackers",
                 (const char *[]){"Name", "Role", "Condition", "Last poll", "#Records", "#Changes waiting", "What is wrong",
                                  NULL});
    json_array_foreach(items, i, t) {
        const char *wrong = json_text(t, "stopped") ? json_text(t, "stopped") : json_text(t, "error");
        buf_str(b, "<tr><td class=\"ref\">");
        html_link(b, json_text(t, "url"), json_text(t, "name"));
        buf_str(b, "</td><td>");
        html_text(b, json_text(t, "role"));
        buf_str(b, "</td><td>");
        html_word(b, json_text(t, "state"));
        buf_str(b, "</td><td class=\"ref\">");
        html_time(b, json_text(t, "last_ok"), now);
        buf_printf(b, "</td><td class=\"n\">%lld</td><td class=\"n\">%lld</td><td class=\"wide\">", at_int(t, "/records"),
                   at_int(t, "/backlog"));
        html_text(b, wrong);
        buf_str(b, "</td></tr>");
    }
    section_close(b);
}

static void render_attention(struct buf *b, const json_t *items, msec_t now) {
    size_t i;
    json_t *t;
    if (json_array_size(items) == 0) {
        section_none(b, "attention", "Needs attention", "Nothing waits for a person.");
        return;
    }
    section_open(b, "attention", "Needs attention",
                 (const char *[]){"What", "Where", "Why", "Who can clear it", "How", "Since", NULL});
    json_array_foreach(items, i, t) {
        buf_str(b, "<tr><td class=\"ref\">");
        html_word(b, json_text(t, "kind"));
        buf_str(b, "</td><td class=\"ref\">");
        html_link(b, json_text(t, "url"), json_text(t, "subject"));
        buf_str(b, "</td><td class=\"wide\">");
        html_text(b, json_text(t, "text"));
        buf_str(b, "</td><td>");
        html_text(b, json_text(t, "who"));
        buf_str(b, "</td><td class=\"wide\">");
        html_text(b, json_text(t, "clear"));
        buf_str(b, "</td><td class=\"ref\">");
        html_time(b, json_text(t, "since"), now);
        buf_str(b, "</td></tr>");
    }
    section_close(b);
}

static void html_words(struct buf *b, const json_t *words) {
    size_t i;
    json_t *w;
    json_array_foreach(words, i, w) {
        buf_str(b, i ? ", " : "");
        html_text(b, json_string_value(w));
    }
}

static void render_problems(struct buf *b, const json_t *items) {
    size_t i;
    json_t *p;
    if (json_array_size(items) == 0) {
        section_none(b, "known-errors", "Open known errors", "There is none.");
        return;
    }
    section_open(b, "known-errors", "Open known errors",
                 (const char *[]){"Problem", "Title", "Status", "Delivery", "#Incidents", "#Closed unresolved", "#Open",
                                  "Workaround", "Defects", NULL});
    json_array_foreach(items, i, p) {
        buf_str(b, "<tr><td class=\"ref\">");
        html_text(b, json_text(p, "id"));
        buf_str(b, "</td><td class=\"wide\">");
        html_text(b, json_text(p, "title"));
        buf_str(b, "</td><td>");
        html_word(b, json_text(p, "status"));
        buf_str(b, "</td><td>");
        html_word(b, json_text(p, "delivery"));
        buf_printf(b, "</td><td class=\"n\">%lld</td><td class=\"n\">%lld</td><td class=\"n\">%lld</td><td>%s</td><td>",
                   at_int(p, "/incidents/total"), at_int(p, "/incidents/closed_unresolved"), at_int(p, "/incidents/open"),
                   json_text(p, "published_text") ? "published"
                   : json_text(p, "workaround")   ? "internal"
                                                  : "<span class=\"faint\">none</span>");
        html_words(b, json_object_get(p, "defects"));
        buf_str(b, "</td></tr>");
    }
    section_close(b);
}

static void render_effects(struct buf *b, const json_t *items, msec_t now) {
    size_t i;
    json_t *e;
    if (json_array_size(items) == 0) {
        section_none(b, "effects", "Recent changes", "Nothing has been changed yet.");
        return;
    }
    section_open(b, "effects", "Recent changes",
                 (const char *[]){"#Effect", "Record", "Kind", "State", "Why", "When", NULL});
    json_array_foreach(items, i, e) {
        const char *settled = json_text(e, "settled"), *error = json_text(e, "error");
        buf_printf(b, "<tr><td class=\"n\">%lld</td><td class=\"ref\">", at_int(e, "/n"));
        html_text(b, json_text(e, "ref"));
        buf_str(b, "</td><td>");
        html_text(b, json_text(e, "kind"));
        buf_str(b, "</td><td>");
        html_word(b, json_text(e, "state"));
        buf_str(b, "</td><td class=\"wide\">");
        html_text(b, json_text(e, "reason"));
        if (error) {
            buf_str(b, "<br><span class=\"faint\">");
            html_text(b, error);
            buf_str(b, "</span>");
        }
        buf_str(b, "</td><td class=\"ref\">");
        html_time(b, settled ? settled : json_text(e, "created"), now);
        buf_str(b, "</td></tr>");
    }
    section_close(b);
}

/* ---- the whole ---- */

void page_render(struct buf *b, const struct page_parts *p) {
    cleanup_arena struct arena *a = arena_new();
    long long waiting = at_int(p->status, "/attention/total");
    buf_str(b, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
    if (waiting > 0)
        buf_printf(b, "(%lld) ", waiting);
    buf_printf(b,
               "Bascule</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
               "<meta http-equiv=\"refresh\" content=\"%d\"><link rel=\"icon\" href=\"data:,\">"
               "<link rel=\"stylesheet\" href=\"/style.css\"></head><body><header><h1>Bascule</h1><p>incidents and the "
               "defects behind them</p></header><main>",
               REFRESH_SECONDS);
    render_banner(b, p->status);
    render_tiles(b, p->status);
    render_attention(b, json_object_get(p->attention, "items"), p->now);
    render_problems(b, json_object_get(p->problems, "items"));
    render_trackers(b, json_object_get(p->status, "trackers"), p->now);
    render_effects(b, json_object_get(p->effects, "items"), p->now);
    buf_printf(b, "</main><footer><p>As of %s; this page renews itself every %d seconds. Version ", time_text(a, p->now),
               REFRESH_SECONDS);
    html_text(b, p->version);
    buf_str(b, "</p></footer></body></html>\n");
}

void page_style_handle(struct http_call *call) { answer_text(call, 200, "text/css; charset=utf-8", page_style_css); }

void page_handle(struct serve *s, struct http_call *call) {
    cleanup_json json_t *status = NULL, *attention = NULL, *problems = NULL, *effects = NULL;
    struct report_query ask_status = {.what = REPORT_STATUS};
    struct report_query ask_attention = {.what = REPORT_ATTENTION, .limit = ROWS_MAX};
    struct report_query ask_problems = {.what = REPORT_PROBLEMS, .state = "known-error", .limit = ROWS_MAX};
    struct report_query ask_effects = {.what = REPORT_EFFECTS, .limit = ROWS_MAX};
    if (!(status = read_ask(s, call, &ask_status)) || !(attention = read_ask(s, call, &ask_attention)) ||
        !(problems = read_ask(s, call, &ask_problems)) || !(effects = read_ask(s, call, &ask_effects)))
        return;
    live_merge(s, status);
    cleanup_buf struct buf b = {.limit = PAGE_MAX};
    page_render(&b, &(struct page_parts){status, attention, problems, effects, s->o.version, clock_now(s->o.clock)});
    struct http_header policy = {"Content-Security-Policy",
                                 "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; "
                                 "form-action 'none'; frame-ancestors 'none'"};
    http_call_answer(call, &(struct http_answer){.status = 200,
                                                 .type = "text/html; charset=utf-8",
                                                 .body = buf_text(&b),
                                                 .len = b.len,
                                                 .headers = &policy,
                                                 .n_headers = 1});
}
