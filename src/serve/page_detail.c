/* page_detail: /problems/P-n, to which notes and fields link, and /incidents/REF and /defects/REF.
 *
 * Called by serve.c; owns nothing. Shows what `bascule show` and `explain` say. */
#include "html.h"
#include "serve.h"
#include <string.h>

#define REFRESH_SECONDS 60

/* ---- pieces ---- */

struct row {
    const char *title, *key;
};

static void rows_render(struct buf *b, const json_t *item, const struct row *rows, size_t n, msec_t now) {
    cleanup_arena struct arena *a = arena_new();
    buf_str(b, "<section><dl>");
    for (size_t i = 0; i < n; i++) {
        const json_t *value = json_at(item, rows[i].key);
        const char *text = json_is_array(value) ? NULL : json_as_text(a, value);
        msec_t at;
        if (json_is_false(value) || (!text && json_array_size(value) == 0))
            continue;
        buf_printf(b, "<dt>%s</dt><dd>", rows[i].title);
        if (json_is_array(value))
            html_words(b, value);
        else if (json_is_true(value))
            buf_str(b, "yes");
        else if (time_parse(text, &at))
            html_time(b, text, now);
        else
            buf_html(b, text);
        buf_str(b, "</dd>");
    }
    buf_str(b, "</dl></section>");
}

static void list_render(struct buf *b, const char *title, const json_t *items) {
    cleanup_arena struct arena *a = arena_new();
    size_t i;
    json_t *item;
    if (json_array_size(items) == 0)
        return;
    buf_printf(b, "<dt>%s</dt>", title);
    json_array_foreach((json_t *)(uintptr_t)items, i, item) {
        const char *what = json_text(item, "what"), *became = json_text(item, "became");
        buf_str(b, "<dd>");
        buf_html(b, what ? arena_printf(a, "%s%s%s", what, became ? ": " : "", became ? became : "")
                         : json_as_text(a, item));
        buf_str(b, "</dd>");
    }
}

static void decision_render(struct buf *b, const json_t *d) {
    if (!json_is_object(d))
        return;
    buf_str(b, "<section aria-labelledby=\"why\"><h2 id=\"why\">Why it is so</h2><dl><dt>Rule</dt><dd>");
    buf_html(b, json_text(d, "rule"));
    buf_str(b, "</dd><dt>Because</dt><dd>");
    buf_html(b, json_text(d, "why"));
    buf_str(b, "</dd>");
    list_render(b, "Facts", json_object_get(d, "facts"));
    list_render(b, "Decided", json_object_get(d, "did"));
    list_render(b, "What would change it", json_object_get(d, "would_change"));
    buf_str(b, "</dl></section>");
}

static void records_render(struct buf *b, const char *id, const char *title, const char *kind, const json_t *items,
                           msec_t now) {
    size_t i;
    json_t *r;
    if (json_array_size(items) == 0) {
        html_section_none(b, id, title, "None.");
        return;
    }
    html_section_open(b, id, title, (const char *[]){"Record", "Title", "State", "Outcome", "Link", "Linked", NULL});
    json_array_foreach((json_t *)(uintptr_t)items, i, r) {
        buf_printf(b, "<tr><td class=\"ref\"><a href=\"/%s/", kind);
        buf_html(b, json_text(r, "ref"));
        buf_str(b, "\">");
        buf_html(b, json_text(r, "ref"));
        buf_str(b, "</a></td><td class=\"wide\">");
        html_link(b, json_text(r, "url"), json_text(r, "title"));
        buf_str(b, "</td><td>");
        html_word(b, json_text(r, "state"));
        buf_str(b, "</td>");
        html_cell(b, "", json_text(r, "outcome"));
        html_cell(b, "", json_text(r, "status"));
        buf_str(b, "<td class=\"ref\">");
        html_time(b, json_text(r, "linked_at"), now);
        buf_str(b, "</td></tr>");
    }
    html_section_close(b);
}

static void links_render(struct buf *b, const json_t *links) {
    size_t i;
    json_t *l;
    if (json_array_size(links) == 0)
        return;
    html_section_open(b, "problems", "Problems",
                      (const char *[]){"Problem", "Title", "Link", "Status", "Delivery", NULL});
    json_array_foreach((json_t *)(uintptr_t)links, i, l) {
        buf_str(b, "<tr><td class=\"ref\">");
        html_problem(b, json_text(l, "problem"));
        buf_str(b, "</td>");
        html_cell(b, "wide", json_text(l, "title"));
        html_cell(b, "", json_text(l, "status"));
        buf_str(b, "<td>");
        html_word(b, json_text(l, "problem_status"));
        buf_str(b, "</td><td>");
        html_word(b, json_text(l, "delivery"));
        buf_str(b, "</td></tr>");
    }
    html_section_close(b);
}

static void journal_render(struct buf *b, const json_t *items, msec_t now) {
    size_t i;
    json_t *j;
    if (json_array_size(items) == 0)
        return;
    html_section_open(b, "journal", "Journal", (const char *[]){"When", "Who", "What", "Record", "Text", NULL});
    json_array_foreach((json_t *)(uintptr_t)items, i, j) {
        buf_str(b, "<tr><td class=\"ref\">");
        html_time(b, json_text(j, "at"), now);
        buf_str(b, "</td>");
        html_cell(b, "", json_text(j, "actor"));
        html_cell(b, "", json_text(j, "what"));
        html_cell(b, "ref", json_text(j, "ref"));
        html_cell(b, "wide", json_text(j, "text"));
        buf_str(b, "</tr>");
    }
    html_section_close(b);
}

/* ---- the pages ---- */

static const struct row problem_rows[] = {
    {"Status", "/status"},
    {"Delivery", "/delivery"},
    {"Resolution", "/resolution"},
    {"Reason", "/reason"},
    {"Review", "/review"},
    {"Incidents closed-unresolved", "/incidents/closed_unresolved"},
    {"Incidents open", "/incidents/open"},
    {"Incidents solved", "/incidents/solved"},
    {"Symptom", "/symptom"},
    {"Error code", "/error_code"},
    {"Cause", "/cause"},
    {"Workaround", "/workaround"},
    {"Text for customers, published", "/published_text"},
    {"Text for customers, as saved", "/customer_text"},
    {"Solution", "/solution"},
    {"Fixed in", "/fixed_in"},
    {"Service", "/service"},
    {"Product", "/product"},
    {"Priority", "/priority"},
    {"Owner", "/owner"},
    {"Group", "/group"},
    {"Duplicate of", "/duplicate_of"},
    {"Known since", "/known"},
    {"Closed", "/closed"},
};
static const struct row record_rows[] = {
    {"State", "/state"},       {"Outcome", "/outcome"},   {"In the tracker", "/native_state"},
    {"Presence", "/presence"}, {"Verdict", "/verdict"},   {"Turn", "/turn"},
    {"Ignored", "/ignored"},   {"Priority", "/priority"}, {"Service", "/service"},
    {"Version", "/version"},   {"Assignee", "/assignee"}, {"Defects", "/defects"},
    {"Created", "/created"},   {"Updated", "/updated"},   {"Last seen", "/last_seen"},
};

void page_detail_render(struct buf *b, const json_t *item, const char *version, msec_t now) {
    cleanup_arena struct arena *a = arena_new();
    const char *ref = json_text(item, "ref"), *name = ref ? ref : json_text(item, "id"),
               *title = json_text(item, "title");
    html_open(b, arena_printf(a, "%s: %s", name ? name : "", title ? title : ""), REFRESH_SECONDS);
    buf_str(b, "<header><p><a href=\"/\">Bascule</a></p><h1>");
    html_link(b, json_text(item, "url"), name);
    buf_str(b, ": ");
    buf_html(b, title);
    buf_str(b, "</h1></header><main>");
    if (json_array_size(json_object_get(item, "attention_items")) > 0)
        html_attention(b, json_object_get(item, "attention_items"), now);
    if (ref) {
        rows_render(b, item, record_rows, array_size(record_rows), now);
        links_render(b, json_object_get(item, "links"));
    } else {
        rows_render(b, item, problem_rows, array_size(problem_rows), now);
        records_render(b, "defects", "Defects", "defects", json_object_get(item, "defect_items"), now);
        records_render(b, "incidents", "Incidents", "incidents", json_object_get(item, "incident_items"), now);
    }
    decision_render(b, json_object_get(item, "decision"));
    html_effects(b, "Changes", json_object_get(item, "effects"), now);
    journal_render(b, json_object_get(item, "journal"), now);
    buf_str(b, "</main>");
    html_close(b, version, REFRESH_SECONDS, now);
}

static void fault_render(struct buf *b, const char *text, const char *version, msec_t now) {
    html_open(b, "Bascule", 0);
    buf_str(b, "<header><p><a href=\"/\">Bascule</a></p></header><main><section><p>");
    buf_html(b, text);
    buf_str(b, "</p></section></main>");
    html_close(b, version, 0, now);
}

static void page_detail_work(struct asking *x) {
    const struct serve *s = x->s;
    cleanup_json json_t *item = NULL;
    cleanup_buf struct buf b = {.limit = PAGE_MAX};
    struct fault f = {0};
    int status = read_try(x, &x->q, &item, &f);
    if (item)
        page_detail_render(&b, item, s->o.version, clock_now(s->o.clock));
    else
        fault_render(&b, f.text, s->o.version, clock_now(s->o.clock));
    page_answer(x->call, status, &b);
}

void page_detail_handle(struct serve *s, struct http_call *call, const char *of, const char *ref) {
    const char *kind = str_is(of, "problems") ? "problem" : str_is(of, "incidents") ? "incident" : "defect";
    ask_begin(s, call, &(struct report_query){.what = REPORT_SHOW, .kind = kind, .ref = ref}, false, page_detail_work);
}
