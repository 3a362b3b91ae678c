/* problem: problems and known errors, as a list and whole, and how many incidents hang on one.
 *
 * Called by report.c, record.c and explain.c; owns nothing. What must hold:
 * counts are made from the confirmed links at the time of asking, by the words
 * of domain.md 1: invalid, withdrawn, duplicate, moved count nowhere. */
#include "report.h"

#define PART_MAX    50
#define JOURNAL_MAX 30

#define PROBLEM_COLUMNS                                                                                                \
    "p.id AS \"id:pn\", p.title, p.known_error AS \"known_error:flag\", p.status, p.delivery, p.cause AS "             \
    "\"cause:word\", p.workaround AS \"workaround:word\", p.customer_text AS \"customer_text:word\", "                 \
    "p.published_text "                                                                                                \
    "AS \"published_text:word\", p.revision, p.owner AS \"owner:word\", p.service AS \"service:word\", p.priority AS " \
    "\"priority:word\", p.resolution AS \"resolution:word\", p.reason AS \"reason:word\", p.fixed_in AS "              \
    "\"fixed_in:word\", p.review AS \"review:time\", p.duplicate_of AS \"duplicate_of:pn\", p.reopened AS "            \
    "\"reopened:flag\", p.created AS \"created:time\", p.known AS \"known:time\", p.closed AS \"closed:time\""

static const char *const problem_states[] = {"open",      "known-error", "detected", "informational",
                                             "diagnosed", "resolved",    "closed",   NULL};

/* ---- counts ---- */

static void count_group(json_t *counts, const char *state, const char *outcome, int64_t n) {
    enum state s = STATE_NONE;
    enum outcome o = OUTCOME_NONE;
    if (!state_parse(state, &s) || !outcome_parse(outcome, &o))
        o = OUTCOME_NONE;
    if (state_counts_nowhere(s, o))
        return;
    const char *key = s == STATE_OPEN || s == STATE_WAITING ? "open"
                      : state_is_closed_unresolved(s, o)    ? "closed_unresolved"
                      : state_is_solved(s, o)               ? "solved"
                                                            : NULL;
    json_object_set_new(counts, "total", json_integer(json_int(counts, "total", 0) + n));
    if (key)
        json_object_set_new(counts, key, json_integer(json_int(counts, key, 0) + n));
}

int problem_counts(const struct ask *k, int64_t problem, const char *defect, json_t **ret) {
    cleanup_query struct query q = {0};
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q, "SELECT r.state, " OUTCOME_SQL ", count(*) FROM record r LEFT JOIN incident i ON i.ref = r.ref"
                  " WHERE " RECORD_LISTED_SQL " AND r.ref IN (SELECT ref FROM link WHERE kind = 'incident'"
                  " AND status = 'confirmed' AND problem ");
    if (defect) {
        query_sql(&q, "IN (SELECT problem FROM link WHERE ref = ? AND status = 'confirmed'))");
        query_text(&q, defect);
    } else {
        query_sql(&q, "= ?)");
        query_int(&q, problem);
    }
    query_sql(&q, " GROUP BY 1, 2");
    json_t *counts = json_pack("{s:i, s:i, s:i, s:i}", "total", 0, "open", 0, "closed_unresolved", 0, "solved", 0);
    int r;
    while ((r = query_step(&q)) > 0)
        count_group(counts, query_cell(&q, 0), query_cell(&q, 1), query_cell_int(&q, 2));
    if (r < 0)
        json_decref(counts);
    else
        *ret = counts;
    return r;
}

/* ---- what stands with a problem ---- */

static int problem_defects(const struct ask *k, int64_t id, json_t **ret) {
    cleanup_query struct query q = {0};
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q, "SELECT ref FROM link WHERE problem = ? AND kind = 'defect' AND status = 'confirmed' ORDER BY ref"
                  " LIMIT ?");
    query_int(&q, id);
    query_int(&q, PART_MAX);
    return query_words(&q, ret);
}

static int problem_decorate(const struct ask *k, json_t *item) {
    const char *name = json_text(item, "id");
    int64_t id = 0;
    json_t *part = NULL;
    if (!problem_ref_parse(name, &id))
        return fault_set(k->fault, -EIO, "database: a problem without a number");
    int r = ask_put(item, "incidents", problem_counts(k, id, NULL, &part), &part);
    if (r == 0)
        r = ask_put(item, "defects", problem_defects(k, id, &part), &part);
    return r ? r : ask_put(item, "attention", attention_kinds(k, name, &part), &part);
}

/* ---- the list ---- */

static void where_states(struct query *q, const char **words) {
    query_sql(q, " AND (0");
    for (size_t i = 0; words[i]; i++) {
        if (str_is(words[i], "open"))
            query_sql(q, " OR p.status <> 'closed'");
        else if (str_is(words[i], "known-error"))
            query_sql(q, " OR (p.known_error = 1 AND p.status <> 'closed')");
        else {
            query_sql(q, " OR p.status = ?");
            query_text(q, words[i]);
        }
    }
    query_sql(q, ")");
}

static int where_problem(const struct ask *k, struct query *q) {
    const char **states = NULL;
    int64_t problem = 0;
    msec_t since = 0;
    int r = page_since(k, &since);
    if (r == 0)
        r = page_problem(k, &problem);
    if (r == 0 && k->q->state)
        r = page_states(k, problem_states, &states);
    if (r)
        return r;
    if (states)
        where_states(q, states);
    if (k->q->tracker) {
        query_sql(q, " AND p.id IN (SELECT l.problem FROM link l JOIN record t ON t.ref = l.ref"
                     " WHERE l.status = 'confirmed' AND t.tracker = ?)");
        query_text(q, k->q->tracker);
    }
    if (problem) {
        query_sql(q, " AND p.id = ?");
        query_int(q, problem);
    }
    if (since) {
        query_sql(q, " AND max(p.created, ifnull((SELECT j.at FROM journal j WHERE j.problem = p.id AND j.problem <> 0"
                     " ORDER BY j.n DESC LIMIT 1), 0)) >= ?");
        query_int(q, since);
    }
    if (k->q->search) {
        query_sql(q, " AND 'P-' || p.id IN (SELECT ref FROM search WHERE search MATCH ?)");
        query_text(q, page_match(k->arena, k->q->search));
    }
    return 0;
}

int problem_list(const struct ask *k, json_t **ret) {
    cleanup_query struct query q = {0};
    int64_t before;
    const char *none;
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q, "SELECT " PROBLEM_COLUMNS ", p.id AS _n FROM problem p WHERE 1");
    int r = page_check(k, FILTER_STATE | FILTER_TRACKER | FILTER_PROBLEM | FILTER_SEARCH | FILTER_SINCE);
    if (r == 0)
        r = where_problem(k, &q);
    if (r == 0)
        r = page_after(k, false, &before, &none);
    if (r)
        return r;
    query_sql(&q, " AND p.id < ? ORDER BY p.id DESC");
    query_int(&q, before);
    return page_read(k, &q, false, problem_decorate, ret);
}

/* ---- one ---- */

static int problem_select(const struct ask *k, int64_t id, const char *more, json_t **ret) {
    cleanup_query struct query q = {0};
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q, "SELECT " PROBLEM_COLUMNS);
    query_sql(&q, more);
    query_sql(&q, " FROM problem p WHERE p.id = ?");
    query_int(&q, id);
    int r = query_step(&q);
    if (r <= 0)
        return r < 0 ? r : fault_set(k->fault, REPORT_NOT_FOUND, "there is no problem P-%lld", (long long)id);
    json_t *item = query_row(&q);
    r = problem_decorate(k, item);
    if (r)
        json_decref(item);
    else
        *ret = item;
    return r;
}

int problem_read(const struct ask *k, int64_t id, json_t **ret) {
    return problem_select(k, id, "", ret);
}

/* The records linked to a problem, newest first: enough of each to recognise it. */
static int problem_records(const struct ask *k, int64_t id, const char *kind, json_t **ret) {
    cleanup_query struct query q = {0};
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q, "SELECT l.ref, coalesce(r.title, '') AS title, r.url AS \"url:word\", r.state, " OUTCOME_SQL
                  " AS \"outcome:word\", r.presence, i.verdict, r.version AS \"version:word\", l.status,"
                  " l.linked_at AS \"linked_at:time\" FROM link l LEFT JOIN record r ON r.ref = l.ref"
                  " LEFT JOIN incident i ON i.ref = l.ref WHERE l.problem = ? AND l.kind = ? AND l.status <> 'rejected'"
                  " ORDER BY l.linked_at DESC, l.ref LIMIT ?");
    query_int(&q, id);
    query_text(&q, kind);
    query_int(&q, PART_MAX);
    return query_all(&q, ret);
}

static int problem_texts(const struct ask *k, int64_t id, json_t **ret) {
    cleanup_query struct query q = {0};
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q, "SELECT revision, text, at AS \"at:time\", by AS \"by:word\" FROM problem_text WHERE problem = ?"
                  " ORDER BY revision DESC LIMIT ?");
    query_int(&q, id);
    query_int(&q, PART_MAX);
    return query_all(&q, ret);
}

int problem_show(const struct ask *k, int64_t id, json_t **ret) {
    cleanup_json json_t *item = NULL;
    json_t *part = NULL;
    int r = problem_select(
        k, id,
        ", p.symptom AS \"symptom:word\", p.error_code AS \"error_code:word\", p.items AS \"items:word\","
        " p.product AS \"product:word\", p.version AS \"version:word\", p.impact, p.urgency, p.grp AS \"group:word\","
        " p.proactive AS \"proactive:flag\", p.cause_at AS \"cause_at:time\", p.workaround_at AS "
        "\"workaround_at:time\","
        " p.confirmed_at AS \"confirmed_at:time\", p.solution AS \"solution:word\", p.accepted_by AS "
        "\"accepted_by:word\","
        " p.change_request AS \"change_request:word\", p.analysis_target AS \"analysis_target:time\","
        " p.resolved_at AS \"resolved_at:time\", p.delivered_at AS \"delivered_at:time\", p.automatic AS"
        " \"automatic:flag\", p.decision AS \"decision:json\"",
        &item);
    if (r == 0)
        r = ask_put(item, "incident_items", problem_records(k, id, "incident", &part), &part);
    if (r == 0)
        r = ask_put(item, "defect_items", problem_records(k, id, "defect", &part), &part);
    if (r == 0)
        r = ask_put(item, "published", problem_texts(k, id, &part), &part);
    if (r == 0)
        r = ask_put(item, "attention_items", attention_of(k, json_text(item, "id"), &part), &part);
    if (r == 0)
        r = ask_put(item, "effects", effects_of(k, NULL, id, PART_MAX, &part), &part);
    if (r == 0)
        r = ask_put(item, "journal", journal_of(k, NULL, id, JOURNAL_MAX, &part), &part);
    if (r == 0)
        *ret = json_incref(item);
    return r;
}
