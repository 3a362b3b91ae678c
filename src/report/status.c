/* status: the service at a glance, and its trackers.
 *
 * Called by report.c; owns nothing. What must hold: a tracker's condition is
 * one word that people can act on, the worst that is true. */
#include "report.h"

static int counts_by_word(const struct ask *k, const char *sql, json_t *into) {
    cleanup_query struct query q = {0};
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q, sql);
    int r;
    while ((r = query_step(&q)) > 0)
        json_object_set_new(into, query_cell(&q, 0), json_integer(query_cell_int(&q, 1)));
    return r;
}

/* ---- trackers ---- */

static const char *condition(const json_t *t) {
    if (json_text(t, "stopped"))
        return "stopped";
    if (json_bool(t, "paused", false))
        return "paused";
    if (json_text(t, "error"))
        return "down";
    if (str_is(json_text(t, "import"), "none"))
        return "new";
    return str_is(json_text(t, "import"), "running") ? "importing" : "ok";
}

static int tracker_items(const struct ask *k, json_t **ret) {
    cleanup_query struct query q = {0};
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q, "SELECT name, connector, role, url, import, imported, last_poll AS \"last_poll:time\","
                  " last_ok AS \"last_ok:time\", last_change AS \"last_change:time\", error AS \"error:word\","
                  " error_since AS \"error_since:time\", paused AS \"paused:flag\", stopped AS \"stopped:word\","
                  " clock_offset, (SELECT count(*) FROM record r WHERE r.tracker = t.name) AS records,"
                  " (SELECT count(*) FROM effect e WHERE e.state IN ('pending', 'in-flight', 'unsure', 'parked')"
                  " AND substr(e.ref, 1, length(t.name) + 1) = t.name || ':') AS backlog,"
                  " (SELECT count(*) FROM quarantine z WHERE z.tracker = t.name) AS quarantined, last_ok AS _ok"
                  " FROM tracker t ORDER BY role DESC, name");
    json_t *items = json_array();
    int r;
    while ((r = query_step(&q)) > 0) {
        json_t *t = query_row(&q);
        int64_t ok = query_cell_int(&q, sqlite3_column_count(q.stmt) - 1);
        bool known = ok > 0 && k->q->now >= ok;
        json_object_set_new(t, "state", json_string(condition(t)));
        json_object_set_new(t, "lag", known ? json_integer((k->q->now - ok) / SEC_MS) : json_null());
        json_array_append_new(items, t);
    }
    if (r < 0)
        json_decref(items);
    else
        *ret = items;
    return r;
}

int tracker_list(const struct ask *k, json_t **ret) {
    json_t *items = NULL;
    int r = page_check(k, 0);
    if (r == 0)
        r = tracker_items(k, &items);
    if (r == 0)
        *ret = json_pack("{s:o, s:n}", "items", items, "after");
    return r;
}

/* ---- parts of the status ---- */

static int meta_part(const struct ask *k, json_t *status, json_t *outbox) {
    cleanup_query struct query q = {0};
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q, "SELECT key, value FROM meta WHERE key IN ('instance', 'outbox', 'outbox_why')");
    json_object_set_new(outbox, "open", json_true());
    json_object_set_new(outbox, "why", json_null());
    int r;
    while ((r = query_step(&q)) > 0) {
        const char *key = query_cell(&q, 0), *value = query_cell(&q, 1);
        if (str_is(key, "instance"))
            json_object_set_new(status, "instance", json_string(value));
        else if (str_is(key, "outbox"))
            json_object_set_new(outbox, "open", json_boolean(!str_is(value, "shut")));
        else if (*value)
            json_object_set_new(outbox, "why", json_string(value));
    }
    return r;
}

static int outbox_part(const struct ask *k, json_t *status) {
    json_t *outbox = json_object();
    json_object_set_new(status, "outbox", outbox);
    for (int i = 0; i < EFFECT_STATE_COUNT; i++)
        json_object_set_new(outbox, effect_state_name((enum effect_state)i), json_integer(0));
    int r = counts_by_word(k, "SELECT state, count(*) FROM effect GROUP BY state", outbox);
    return r ? r : meta_part(k, status, outbox);
}

static int attention_part(const struct ask *k, json_t *status) {
    json_t *kinds = json_object(), *n;
    const char *kind;
    int64_t total = 0;
    json_object_set_new(status, "attention", json_pack("{s:o}", "kinds", kinds));
    int r = counts_by_word(k, "SELECT kind, count(*) FROM attention GROUP BY kind ORDER BY kind", kinds);
    json_object_foreach(kinds, kind, n)
        total += json_integer_value(n);
    json_object_set_new(json_object_get(status, "attention"), "total", json_integer(total));
    return r;
}

static int count_part(const struct ask *k, json_t *status, const char *key, const char *sql) {
    json_t *counts = json_object();
    json_object_set_new(status, key, counts);
    return counts_by_word(k, sql, counts);
}

int status_read(const struct ask *k, json_t **ret) {
    cleanup_json json_t *status = json_object();
    json_t *part = NULL;
    int r = page_check(k, 0);
    if (r == 0)
        r = ask_put(status, "trackers", tracker_items(k, &part), &part);
    if (r == 0)
        r = outbox_part(k, status);
    if (r == 0)
        r = attention_part(k, status);
    if (r == 0)
        r = count_part(k, status, "incidents",
                       "SELECT r.state, count(*) FROM record r WHERE r.kind = 'incident' AND " RECORD_LISTED_SQL
                       " GROUP BY r.state");
    if (r == 0)
        r = count_part(k, status, "defects",
                       "SELECT r.state, count(*) FROM record r WHERE r.kind = 'defect' AND " RECORD_LISTED_SQL
                       " GROUP BY r.state");
    if (r == 0)
        r = count_part(
            k, status, "problems",
            "SELECT 'open', count(*) FILTER (WHERE status <> 'closed') FROM problem UNION ALL "
            "SELECT 'known_errors', count(*) FILTER (WHERE known_error = 1 AND status <> 'closed') FROM problem"
            " UNION ALL SELECT 'closed', count(*) FILTER (WHERE status = 'closed') FROM problem");
    if (r == 0)
        r = count_part(
            k, status, "undecided",
            "SELECT kind, count(*) FROM (SELECT kind FROM due UNION ALL SELECT 'incident' FROM relink UNION ALL SELECT "
            "kind FROM again WHERE kind = 'defect') GROUP BY kind");
    if (r == 0)
        r = count_part(k, status, "closed_unresolved",
                       "SELECT 'incidents', count(*) FROM record r LEFT JOIN incident i ON i.ref = r.ref WHERE"
                       " r.kind = 'incident' AND " RECORD_LISTED_SQL " AND " CLOSED_UNRESOLVED_SQL);
    if (r == 0)
        *ret = json_incref(status);
    return r;
}
