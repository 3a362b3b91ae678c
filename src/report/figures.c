/* figures: the reports: which there are, what may be asked of each, and the frame of every answer.
 *
 * Called by report.c; owns nothing. The SELECTs stand in figures_work.c, figures_time.c and figures_care.c. What must
 * hold: what a report cannot be asked is refused, never ignored; each column says what it means. */
#include "figures.h"
#include <string.h>

#define WEEKS_MAX 520

static const struct {
    const struct figures *f;
    void (*ask)(struct run *r);
} all[] = {
    {&figures_open_defects, open_defects_ask},
    {&figures_closed_unresolved, closed_unresolved_ask},
    {&figures_known_errors, known_errors_ask},
    {&figures_ageing, ageing_ask},
    {&figures_flow, flow_ask},
    {&figures_service, service_ask},
    {&figures_sync, sync_ask},
};
const char *const report_figures[] = {"open-defects", "closed-unresolved", "known-errors", "ageing",
                                      "flow",         "service",           "sync",         NULL};
const char *const report_bys[] = {"service", "tracker", "priority", "owner", NULL};

/* ---- what may be asked ---- */

static int name_unknown(const struct ask *k, const char *name) {
    cleanup_buf struct buf b = {.limit = 500};
    for (size_t i = 0; report_figures[i]; i++)
        buf_printf(&b, "%s%s", i ? ", " : "", report_figures[i]);
    return fault_set(k->fault, REPORT_BAD_QUERY, "there is no report '%s'; there are %s", name ? name : "",
                     buf_text(&b));
}

static int by_check(const struct run *r) {
    const char *by = r->k->q->by;
    cleanup_buf struct buf b = {.limit = 200};
    for (size_t i = 0; r->f->bys[i]; i++) {
        if (!by || str_is(r->f->bys[i], by))
            return 0;
        buf_printf(&b, "%s%s", i ? ", " : "", r->f->bys[i]);
    }
    if (!by)
        return 0;
    if (!b.len)
        return fault_set(r->k->fault, REPORT_BAD_QUERY, "%s has a line for each tracker already, and takes no `by`",
                         r->f->name);
    return fault_set(r->k->fault, REPORT_BAD_QUERY, "by: %s cannot be told by '%s', but by %s", r->f->name, by,
                     buf_text(&b));
}

/* A service that nobody named has nothing, which looks like an answer. */
static int service_check(const struct run *r) {
    cleanup_query struct query q = {0}, known = {0};
    query_init(&q, r->k->db, r->k->arena, r->k->fault);
    query_sql(&q, "SELECT 1 WHERE EXISTS (SELECT 1 FROM problem WHERE service = ?)"
                  " OR EXISTS (SELECT 1 FROM record INDEXED BY record_reported WHERE service = ?)");
    query_text(&q, r->k->q->service);
    query_text(&q, r->k->q->service);
    int found = query_step(&q);
    if (found)
        return found < 0 ? found : 0;
    query_init(&known, r->k->db, r->k->arena, r->k->fault);
    query_sql(&known,
              "SELECT group_concat(service, ', ') FROM (SELECT service FROM problem WHERE service <> '' UNION"
              " SELECT service FROM record INDEXED BY record_reported WHERE service <> '' ORDER BY 1 LIMIT 12)");
    found = query_step(&known);
    return found < 0 ? found
                     : fault_set(r->k->fault, REPORT_BAD_QUERY, "service: there is no '%s'; known: %s",
                                 r->k->q->service, *query_cell(&known, 0) ? query_cell(&known, 0) : "none yet");
}

static int cannot(const struct run *r, const char *option) {
    return fault_set(r->k->fault, REPORT_BAD_QUERY, "%s cannot be narrowed down by %s", r->f->name, option);
}

static int times_check(struct run *r) {
    const struct report_query *q = r->k->q;
    int e = page_time(r->k, "since", q->since ? q->since : r->f->days, false, &r->since);
    if (e == 0)
        e = page_time(r->k, "until", q->until, true, &r->until);
    if (e)
        return e;
    if (!q->until || r->until > q->now)
        r->until = q->now + 1;
    if (r->since >= r->until)
        return fault_set(r->k->fault, REPORT_BAD_QUERY, "since must be before until, and before now");
    if (str_is(r->f->name, "flow") && (q->now - r->since) / (7 * DAY_MS) > WEEKS_MAX)
        return fault_set(r->k->fault, REPORT_BAD_QUERY, "since: flow goes back %d weeks at most", WEEKS_MAX);
    return 0;
}

static int options_check(struct run *r) {
    const struct report_query *q = r->k->q;
    if ((q->since || q->until) && !r->f->of_since)
        return cannot(r, q->since ? "since" : "until");
    if (q->tracker && !r->f->of_tracker)
        return cannot(r, "tracker");
    if (q->service && !r->f->of_service)
        return cannot(r, "service");
    if (q->limit < 0 || q->limit > REPORT_ROWS_MAX)
        return fault_set(r->k->fault, REPORT_BAD_QUERY, "limit must be between 1 and %d", REPORT_ROWS_MAX);
    int e = by_check(r);
    if (e == 0 && q->service)
        e = service_check(r);
    return e ? e : times_check(r);
}

/* Whatever else a list may be asked, a report may not. */
static int others_check(const struct ask *k) {
    struct report_query q = *k->q;
    q.ref = NULL;
    q.limit = 0;
    struct ask without = {.db = k->db, .arena = k->arena, .q = &q, .fault = k->fault};
    if (q.after)
        return fault_set(k->fault, REPORT_BAD_QUERY, "a report comes whole: --limit says how much of it, not `after`");
    return page_check(&without, FILTER_TRACKER | FILTER_SINCE | FILTER_FIGURES);
}

/* ---- pieces of SQL ---- */

const char *run_group(const struct run *r, const char *alias) {
    const char *by = r->k->q->by;
    if (!by)
        return "'all'";
    const char *column = str_is(by, "owner") ? (str_is(alias, "p") ? "owner" : "assignee") : by;
    return arena_printf(r->k->arena, "coalesce(nullif(%s.%s, ''), '(none)')", alias, column);
}

void run_where_record(struct run *r, const char *alias) {
    const char *const pairs[][2] = {{"service", r->k->q->service}, {"tracker", r->k->q->tracker}};
    for (size_t i = 0; i < array_size(pairs); i++)
        if (pairs[i][1]) {
            query_sql(&r->q, arena_printf(r->k->arena, " AND %s.%s = ?", alias, pairs[i][0]));
            query_text(&r->q, pairs[i][1]);
        }
}

void run_where_problem(struct run *r, const char *alias) {
    if (r->k->q->service) {
        query_sql(&r->q, arena_printf(r->k->arena, " AND %s.service = ?", alias));
        query_text(&r->q, r->k->q->service);
    }
    if (r->k->q->tracker) {
        query_sql(&r->q, arena_printf(r->k->arena,
                                      " AND EXISTS (SELECT 1 FROM link lt JOIN record rt ON rt.ref = lt.ref"
                                      " WHERE lt.problem = %s.id AND lt.status = 'confirmed' AND rt.tracker = ?)",
                                      alias));
        query_text(&r->q, r->k->q->tracker);
    }
}

void run_where_time(struct run *r, const char *expression) {
    query_sql(&r->q, arena_printf(r->k->arena, " AND %s >= %lld AND %s < %lld", expression, (long long)r->since,
                                  expression, (long long)r->until));
}

/* ---- the answer ---- */

static json_t *columns_json(const struct run *r) {
    json_t *columns = json_array();
    const struct figure *c = r->grouped && r->f->grouped ? r->f->grouped : r->f->columns;
    if (r->grouped)
        json_array_append_new(columns, json_pack("{s:s, s:s, s:s, s:s+}", "key", "group", "title", r->k->q->by, "form",
                                                 "text", "means", "What the line is about, by ", r->k->q->by));
    for (; c->key; c++)
        json_array_append_new(columns, json_pack("{s:s, s:s, s:s, s:s}", "key", c->key, "title", c->title, "form",
                                                 c->form, "means", c->means));
    return columns;
}

static json_t *charts_json(const struct run *r) {
    json_t *charts = json_array();
    const struct chart *c = r->grouped ? r->f->grouped_charts : r->f->charts;
    for (; c && c->title; c++) {
        json_t *values = json_array();
        for (size_t i = 0; c->values[i]; i++)
            json_array_append_new(values, json_string(c->values[i]));
        json_array_append_new(charts, json_pack("{s:s, s:s, s:s, s:s?, s:o}", "title", c->title, "kind", c->kind,
                                                "label", c->label, "only", c->only, "values", values));
    }
    return charts;
}

static json_t *answer_frame(const struct run *r, json_t *items, int64_t total) {
    const struct report_query *q = r->k->q;
    struct arena *a = r->k->arena;
    bool until = q->until && r->f->of_since;
    size_t have = json_array_size(items);
    return json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:I, s:o, s:o, s:O}", "report",
                     r->f->name, "title", r->f->title, "about", r->f->about, "as_of", time_text(a, q->now), "since",
                     r->since ? time_text(a, r->since) : NULL, "until", until ? time_text(a, r->until) : NULL, "by",
                     q->by, "service", q->service, "tracker", q->tracker, "none", have ? NULL : r->f->none, "more",
                     (json_int_t)(total > (int64_t)have ? total - (int64_t)have : 0), "columns", columns_json(r),
                     "charts", charts_json(r), "items", items);
}

static int run_read(struct run *r, json_t **ret) {
    cleanup_json json_t *items = json_array();
    int64_t total = 0;
    int e;
    query_sql(&r->q, " LIMIT ?");
    query_int(&r->q, r->k->q->limit ? r->k->q->limit : REPORT_LIMIT);
    while ((e = query_step(&r->q)) > 0) {
        total = query_cell_int(&r->q, sqlite3_column_count(r->q.stmt) - 1);
        json_array_append_new(items, query_row(&r->q));
    }
    if (e == 0)
        *ret = answer_frame(r, items, total);
    return e;
}

int figures_read(const struct ask *k, json_t **ret) {
    size_t i = 0;
    while (i < array_size(all) && !str_is(all[i].f->name, k->q->ref))
        i++;
    if (i == array_size(all))
        return name_unknown(k, k->q->ref);
    struct run r = {.k = k, .f = all[i].f, .grouped = k->q->by != NULL};
    int e = others_check(k);
    if (e == 0)
        e = options_check(&r);
    if (e)
        return e;
    query_init(&r.q, k->db, k->arena, k->fault);
    all[i].ask(&r);
    e = run_read(&r, ret);
    query_deinit(&r.q);
    return e;
}
