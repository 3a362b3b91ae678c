/* page: the overview at /, made on the server, without a script.
 *
 * Called by serve.c. What must hold: the policy sent with a page lets nothing
 * run and nothing be loaded but its own style sheet. */
#include "html.h"
#include "serve.h"
#include "style_css.h"
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX        12
#define REFRESH_SECONDS 15

/* ---- sections ---- */

static void tile(struct buf *b, long long n, const char *text, const char *class) {
    buf_printf(b, "<li class=\"%s\"><b>%lld</b><span>%s</span></li>", n > 0 ? class : "", n, text);
}

static void render_tiles(struct buf *b, const json_t *s) {
    buf_str(b, "<ul class=\"tiles\" aria-label=\"At a glance\">");
    tile(b, html_number_at(s, "/attention/total"), "wait for a person", "warn");
    tile(b, html_number_at(s, "/problems/known_errors"), "open known errors", "");
    tile(b, html_number_at(s, "/closed_unresolved/incidents"), "incidents closed-unresolved", "");
    tile(b, html_number_at(s, "/incidents/open") + html_number_at(s, "/incidents/waiting"), "incidents open or waiting",
         "");
    tile(b,
         html_number_at(s, "/outbox/pending") + html_number_at(s, "/outbox/in-flight") +
             html_number_at(s, "/outbox/unsure"),
         "changes on their way", "");
    tile(b, html_number_at(s, "/outbox/parked"), "changes parked", "bad");
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
    buf_str(
        b, "<section class=\"banner\"><p><strong>The outbox is shut:</strong> everything is decided and shown, nothing "
           "is written. ");
    buf_html(b, why ? why : "");
    buf_str(b, "</p></section>");
}

static void render_trackers(struct buf *b, const json_t *items, msec_t now) {
    size_t i;
    json_t *t;
    if (json_array_size(items) == 0) {
        html_section_none(b, "trackers", "Trackers", "No tracker has been polled yet.");
        return;
    }
    html_section_open(b, "trackers", "Trackers",
                      (const char *[]){"Name", "Role", "Condition", "Last poll", "#Records", "#Changes waiting",
                                       "What is wrong", NULL});
    json_array_foreach(items, i, t) {
        const char *wrong = json_text(t, "stopped") ? json_text(t, "stopped") : json_text(t, "error");
        buf_str(b, "<tr><td class=\"ref\">");
        html_link(b, json_text(t, "url"), json_text(t, "name"));
        buf_str(b, "</td><td>");
        buf_html(b, json_text(t, "role"));
        buf_str(b, "</td><td>");
        html_word(b, json_text(t, "state"));
        buf_str(b, "</td><td class=\"ref\">");
        html_time(b, json_text(t, "last_ok"), now);
        buf_printf(b, "</td><td class=\"n\">%lld</td><td class=\"n\">%lld</td><td class=\"wide\">",
                   html_number_at(t, "/records"), html_number_at(t, "/backlog"));
        buf_html(b, wrong);
        buf_str(b, "</td></tr>");
    }
    html_section_close(b);
}

/* Rows of a list that are shown, and how many more there are. */
static void render_more(struct buf *b, const json_t *list, size_t shown) {
    size_t have = json_array_size(json_object_get(list, "items"));
    if (have > shown || json_text(list, "after"))
        buf_printf(b, "<p class=\"none more\">and %s%zu more</p>", json_text(list, "after") ? "at least " : "",
                   have > shown ? have - shown : 1);
}

static json_t *first_rows(const json_t *list) {
    json_t *rows = json_array(), *item;
    size_t i;
    json_array_foreach(json_object_get(list, "items"), i, item)
        if (i < ROWS_MAX)
            json_array_append(rows, item);
    return rows;
}

static void render_attention(struct buf *b, const json_t *list, msec_t now) {
    cleanup_json json_t *rows = first_rows(list);
    if (json_array_size(rows) == 0) {
        html_section_none(b, "attention", "Needs attention", "Nothing waits for a person.");
        return;
    }
    html_attention(b, rows, now);
    render_more(b, list, ROWS_MAX);
}

/* The address of a defect, out of the list of links; NULL when it isn't there. */
static const char *defect_url(const json_t *defects, const char *ref) {
    size_t i;
    json_t *d;
    json_array_foreach(json_object_get(defects, "items"), i, d)
        if (str_is(json_text(d, "ref"), ref))
            return json_text(d, "url");
    return NULL;
}

/* What hurts most stands first. */
static int by_unresolved(const void *x, const void *y) {
    const json_t *a = *(json_t *const *)x, *b = *(json_t *const *)y;
    static const char *const keys[] = {"/incidents/closed_unresolved", "/incidents/open", "/incidents/total"};
    for (size_t i = 0; i < array_size(keys); i++) {
        long long n = html_number_at(a, keys[i]), m = html_number_at(b, keys[i]);
        if (n != m)
            return n > m ? -1 : 1;
    }
    return strcmp(json_text(a, "id") ? json_text(a, "id") : "", json_text(b, "id") ? json_text(b, "id") : "");
}

static void render_problem_row(struct buf *b, const json_t *p, const json_t *defects) {
    size_t i;
    json_t *d;
    buf_str(b, "<tr><td class=\"ref\">");
    html_problem(b, json_text(p, "id"));
    buf_str(b, "</td>");
    html_cell(b, "wide", json_text(p, "title"));
    buf_str(b, "<td>");
    html_word(b, json_text(p, "status"));
    buf_str(b, "</td><td>");
    html_word(b, json_text(p, "delivery"));
    buf_printf(b, "</td><td class=\"n\">%lld</td><td class=\"n\">%lld</td><td class=\"n\">%lld</td><td>%s</td><td>",
               html_number_at(p, "/incidents/closed_unresolved"), html_number_at(p, "/incidents/open"),
               html_number_at(p, "/incidents/total"),
               json_text(p, "published_text") ? "published"
               : json_text(p, "workaround")   ? "internal"
                                              : "<span class=\"faint\">none</span>");
    json_array_foreach(json_object_get(p, "defects"), i, d) {
        buf_str(b, i ? ", " : "");
        html_link(b, defect_url(defects, json_string_value(d)), json_string_value(d));
    }
    buf_str(b, "</td></tr>");
}

static void render_problems(struct buf *b, const json_t *list, const json_t *defects) {
    json_t *rows[REPORT_LIMIT_MAX];
    size_t i, n = json_array_size(json_object_get(list, "items"));
    if (n == 0) {
        html_section_none(b, "known-errors", "Open known errors", "There is none.");
        return;
    }
    n = n < array_size(rows) ? n : array_size(rows);
    for (i = 0; i < n; i++)
        rows[i] = json_array_get(json_object_get(list, "items"), i);
    qsort(rows, n, sizeof(rows[0]), by_unresolved);
    html_section_open(b, "known-errors", "Open known errors",
                      (const char *[]){"Problem", "Title", "Status", "Delivery", "#Closed unresolved", "#Open",
                                       "#Incidents", "Workaround", "Defects", NULL});
    for (i = 0; i < n && i < ROWS_MAX; i++)
        render_problem_row(b, rows[i], defects);
    html_section_close(b);
    render_more(b, list, ROWS_MAX);
}

/* ---- the whole ---- */

void page_render(struct buf *b, const struct page_parts *p) {
    cleanup_arena struct arena *a = arena_new();
    long long waiting = html_number_at(p->status, "/attention/total");
    html_open(b, waiting > 0 ? arena_printf(a, "(%lld) Bascule", waiting) : "Bascule", REFRESH_SECONDS);
    buf_str(b, "<header><h1>Bascule</h1><p>incidents and the defects behind them</p></header><main>");
    render_banner(b, p->status);
    render_tiles(b, p->status);
    render_attention(b, p->attention, p->now);
    render_problems(b, p->problems, p->defects);
    render_trackers(b, json_object_get(p->status, "trackers"), p->now);
    html_effects(b, "Recent changes", json_object_get(p->effects, "items"), p->now);
    buf_str(b, "</main>");
    html_close(b, p->version, REFRESH_SECONDS, p->now);
}

void page_answer(struct http_call *call, int status, const struct buf *b) {
    struct http_header policy = {"Content-Security-Policy",
                                 "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; "
                                 "form-action 'none'; frame-ancestors 'none'"};
    http_call_answer(call, &(struct http_answer){.status = status,
                                                 .type = "text/html; charset=utf-8",
                                                 .body = buf_text(b),
                                                 .len = b->len,
                                                 .headers = &policy,
                                                 .n_headers = 1});
}

void page_style_handle(struct http_call *call) {
    answer_text(call, 200, "text/css; charset=utf-8", page_style_css);
}

static void page_work(struct asking *x) {
    cleanup_json json_t *status = NULL, *attention = NULL, *problems = NULL, *effects = NULL, *defects = NULL;
    struct report_query ask_status = {.what = REPORT_STATUS};
    struct report_query ask_attention = {.what = REPORT_ATTENTION};
    struct report_query ask_problems = {.what = REPORT_PROBLEMS, .state = "known-error"};
    struct report_query ask_defects = {.what = REPORT_LINKS, .kind = "defect", .limit = REPORT_LIMIT_MAX};
    /* Counters that were brought up to date are no news. */
    struct report_query ask_effects = {.what = REPORT_EFFECTS, .kind = "state,note,link,create", .limit = ROWS_MAX};
    if (!(status = read_ask(x, &ask_status)) || !(attention = read_ask(x, &ask_attention)) ||
        !(problems = read_ask(x, &ask_problems)) || !(defects = read_ask(x, &ask_defects)) ||
        !(effects = read_ask(x, &ask_effects)))
        return;
    live_merge(x, status);
    cleanup_buf struct buf b = {.limit = PAGE_MAX};
    page_render(&b, &(struct page_parts){.status = status,
                                         .attention = attention,
                                         .problems = problems,
                                         .defects = defects,
                                         .effects = effects,
                                         .version = x->s->o.version,
                                         .now = clock_now(x->s->o.clock)});
    page_answer(x->call, 200, &b);
}

void page_handle(struct serve *s, struct http_call *call) {
    ask_begin(s, call, &(struct report_query){0}, true, page_work);
}
