/* lists: effects, links, attention and journal, whole and of one record.
 *
 * Called by report.c, record.c, problem.c and explain.c; owns nothing. Newest first. */
#include "report.h"
#include <string.h>

#define EVIDENCE_MAX 50

#define EFFECT_COLUMNS                                                                                                 \
    "e.n, e.ref, e.kind, e.want AS \"want:json\", e.state, e.reason, e.problem AS \"problem:pn\", e.turn, "            \
    "e.attempts, "                                                                                                     \
    "e.error AS \"error:word\", e.adopted AS \"adopted:flag\", e.batch, e.created AS \"created:time\", e.not_before "  \
    "AS "                                                                                                              \
    "\"not_before:time\", e.sent AS \"sent:time\", e.settled AS \"settled:time\", r.title AS \"title:word\", r.url "   \
    "AS "                                                                                                              \
    "\"url:word\""
#define EFFECT_FROM " FROM effect e LEFT JOIN record r ON r.ref = e.ref"
/* An entry about an effect is about its record too. */
#define ATTENTION_COLUMNS                                                                                              \
    "t.n, t.kind, t.subject, r.ref AS \"ref:word\", t.text, t.who, t.clear, t.since AS \"since:time\", r.title AS "    \
    "\"title:word\", r.url AS \"url:word\""
#define ATTENTION_FROM                                                                                                 \
    " FROM attention t LEFT JOIN effect e ON e.n = CASE WHEN t.subject GLOB 'effect:*'"                                \
    " THEN CAST(substr(t.subject, 8) AS INTEGER) END LEFT JOIN record r ON r.ref = coalesce(e.ref, t.subject)"
#define JOURNAL_COLUMNS                                                                                                \
    "j.n, j.at AS \"at:time\", j.actor, j.what, j.ref AS \"ref:word\", j.problem AS \"problem:pn\", "                  \
    "nullif(j.effect, 0) AS effect, j.text, j.data AS \"data:json\""

static const char *const effect_states[] = {"pending",    "in-flight", "unsure", "done",
                                            "superseded", "parked",    "open",   NULL};
static const char *const effect_kinds[] = {"state", "field", "note", "link", "create", NULL};
static const char *const link_kinds[] = {"incident", "defect", NULL};
static const char *const link_states[] = {"suggested", "confirmed", "rejected", NULL};

/* Filters common to these lists; column names by argument, NULL where a list has none. */
struct columns {
    const char *ref, *problem, *kind, *at;
};

static void where_text(struct query *q, const char *column, const char *value) {
    if (!value)
        return;
    buf_printf(&q->sql, " AND %s = ?", column);
    query_text(q, value);
}

/* One of several words: "state,note". */
static void where_words(const struct ask *k, struct query *q, const char *column, const char *value) {
    const char *words[9] = {0};
    char *rest = arena_strdup(k->arena, value);
    for (size_t n = 0; rest && n < array_size(words) - 1; n++)
        words[n] = strsep(&rest, ",");
    page_in(q, column, words);
}

static int where_common(const struct ask *k, struct query *q, const struct columns *c) {
    int64_t problem = 0;
    msec_t since = 0;
    int r = page_since(k, &since);
    if (r == 0)
        r = page_problem(k, &problem);
    if (r)
        return r;
    where_text(q, c->ref, k->q->ref);
    where_words(k, q, c->kind, k->q->kind);
    if (k->q->tracker) {
        buf_printf(&q->sql, " AND substr(%s, 1, ?) = ?", c->ref);
        query_int(q, (int64_t)strlen(k->q->tracker) + 1);
        query_text(q, arena_printf(k->arena, "%s:", k->q->tracker));
    }
    if (problem) {
        buf_printf(&q->sql, " AND %s = ?", c->problem);
        query_int(q, problem);
    }
    if (since) {
        buf_printf(&q->sql, " AND %s >= ?", c->at);
        query_int(q, since);
    }
    return 0;
}

static int list_by_number(const struct ask *k, struct query *q, const char *column,
                          int (*decorate)(const struct ask *k, json_t *item), json_t **ret) {
    int64_t before;
    const char *none;
    int r = page_after(k, false, &before, &none);
    if (r)
        return r;
    buf_printf(&q->sql, " AND %s < ? ORDER BY %s DESC", column, column);
    query_int(q, before);
    return page_read(k, q, false, decorate, ret);
}

/* ---- effects ---- */

/* What an effect wants, for people: "closed-unresolved (wont-fix)", "public note fixed", "incident_count = 3". */
static const char *effect_words(struct arena *a, const json_t *e) {
    const json_t *want = json_object_get(e, "want");
    const char *kind = json_text(e, "kind"), *outcome = json_text(want, "outcome"), *what;
    if ((what = json_text(want, "state")))
        return str_empty(outcome) ? what : arena_printf(a, "%s (%s)", what, outcome);
    if ((what = json_text(want, "note")))
        return arena_printf(a, "%s note %s", json_text(want, "visibility") ? json_text(want, "visibility") : "", what);
    if ((what = json_text(want, "field")))
        return str_empty(json_text(want, "value")) ? arena_printf(a, "%s cleared", what)
                                                   : arena_printf(a, "%s = %s", what, json_text(want, "value"));
    if ((what = json_text(want, "title")))
        return arena_printf(a, "new: %s", what);
    if ((what = json_text(want, "url")))
        return arena_printf(a, "link to %s", what);
    return kind ? kind : "";
}

static int effect_decorate(const struct ask *k, json_t *item) {
    json_object_set_new(item, "wants", json_string(effect_words(k->arena, item)));
    return 0;
}

static int effects_decorate(const struct ask *k, int r, json_t *items) {
    size_t i;
    json_t *item;
    if (r == 0)
        json_array_foreach(items, i, item)
            effect_decorate(k, item);
    return r;
}

static void where_effect_states(struct query *q, const char **words) {
    query_sql(q, " AND (0");
    for (size_t i = 0; words[i]; i++) {
        if (str_is(words[i], "open")) {
            query_sql(q, " OR e.state IN ('pending', 'in-flight', 'unsure', 'parked')");
            continue;
        }
        query_sql(q, " OR e.state = ?");
        query_text(q, words[i]);
    }
    query_sql(q, ")");
}

int effect_list(const struct ask *k, json_t **ret) {
    cleanup_query struct query q = {0};
    const char **states = NULL;
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q, "SELECT " EFFECT_COLUMNS ", e.n AS _n" EFFECT_FROM " WHERE 1");
    int r = page_check(k, FILTER_STATE | FILTER_TRACKER | FILTER_PROBLEM | FILTER_KIND | FILTER_SINCE | FILTER_REF);
    if (r == 0)
        r = page_kinds(k, effect_kinds);
    if (r == 0)
        r = where_common(k, &q, &(struct columns){"e.ref", "e.problem", "e.kind", "max(e.created, e.sent, e.settled)"});
    if (r == 0 && k->q->state)
        r = page_states(k, effect_states, &states);
    if (r)
        return r;
    if (states)
        where_effect_states(&q, states);
    return list_by_number(k, &q, "e.n", effect_decorate, ret);
}

int effect_show(const struct ask *k, int64_t n, json_t **ret) {
    cleanup_query struct query q = {0};
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q, "SELECT " EFFECT_COLUMNS ", e.key, e.from_states AS \"from:json\", e.decision, e.marker AS"
                  " \"marker:word\", e.looks, e.echo AS \"echo:word\"" EFFECT_FROM " WHERE e.n = ?");
    query_int(&q, n);
    int r = query_step(&q);
    if (r <= 0)
        return r < 0 ? r : fault_set(k->fault, REPORT_NOT_FOUND, "there is no effect %lld", (long long)n);
    *ret = query_row(&q);
    return effect_decorate(k, *ret);
}

int effects_of(const struct ask *k, const char *ref, int64_t problem, int limit, json_t **ret) {
    cleanup_query struct query q = {0};
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q, "SELECT " EFFECT_COLUMNS EFFECT_FROM " WHERE ");
    query_sql(&q, ref ? "e.ref = ?" : "e.problem = ?");
    if (ref)
        query_text(&q, ref);
    else
        query_int(&q, problem);
    query_sql(&q, " ORDER BY e.n DESC LIMIT ?");
    query_int(&q, limit);
    int r = query_all(&q, ret);
    return effects_decorate(k, r, r ? NULL : *ret);
}

/* ---- links and their evidence ---- */

int link_list(const struct ask *k, json_t **ret) {
    cleanup_query struct query q = {0};
    const char **states = NULL;
    const char *ref;
    int64_t problem;
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q, "SELECT l.problem AS \"problem:pn\", l.ref, l.kind, l.status, l.linked_at AS \"linked_at:time\","
                  " l.automatic AS \"automatic:flag\", p.title AS problem_title, coalesce(r.title, '') AS title,"
                  " r.url AS \"url:word\","
                  " l.problem AS _n, l.ref AS _t FROM link l JOIN problem p ON p.id = l.problem"
                  " LEFT JOIN record r ON r.ref = l.ref WHERE 1");
    int r = page_check(k, FILTER_STATE | FILTER_TRACKER | FILTER_PROBLEM | FILTER_KIND | FILTER_SINCE | FILTER_REF);
    if (r == 0)
        r = page_kinds(k, link_kinds);
    if (r == 0)
        r = where_common(k, &q, &(struct columns){"l.ref", "l.problem", "l.kind", "l.linked_at"});
    if (r == 0 && k->q->state)
        r = page_states(k, link_states, &states);
    if (r == 0)
        r = page_after(k, true, &problem, &ref);
    if (r)
        return r;
    if (states)
        page_in(&q, "l.status", states);
    if (k->q->after) {
        query_sql(&q, " AND (l.problem < ? OR (l.problem = ? AND l.ref > ?))");
        query_int(&q, problem);
        query_int(&q, problem);
        query_text(&q, ref);
    }
    query_sql(&q, " ORDER BY l.problem DESC, l.ref");
    return page_read(k, &q, true, NULL, ret);
}

int evidence_of(const struct ask *k, const char *ref, int64_t problem, json_t **ret) {
    cleanup_query struct query q = {0};
    query_init(&q, k->db, k->arena, k->fault);
    /* Between the record and this problem, or between the record and whatever that problem holds. */
    query_sql(&q, "SELECT e.n, e.source, e.place AS \"place:word\", e.origin AS \"origin:word\", e.actor AS"
                  " \"actor:word\", e.at AS \"at:time\", e.suggested AS \"suggested:flag\", e.quote AS \"quote:word\","
                  " e.incident AS \"incident:word\", e.defect AS \"defect:word\", e.problem AS \"problem:pn\""
                  " FROM evidence e WHERE (e.incident = ? OR e.defect = ?) AND (e.problem = ? OR (e.problem = 0 AND"
                  " CASE WHEN e.incident = ? THEN e.defect ELSE e.incident END IN"
                  " (SELECT ref FROM link WHERE problem = ?))) ORDER BY e.at, e.n LIMIT ?");
    query_text(&q, ref);
    query_text(&q, ref);
    query_int(&q, problem);
    query_text(&q, ref);
    query_int(&q, problem);
    query_int(&q, EVIDENCE_MAX);
    return query_all(&q, ret);
}

static int link_evidence(const struct ask *k, const char *ref, json_t *links) {
    size_t i;
    json_t *link, *part = NULL;
    json_array_foreach(links, i, link) {
        int64_t problem = 0;
        if (!problem_ref_parse(json_text(link, "problem"), &problem))
            continue;
        int r = ask_put(link, "evidence", evidence_of(k, ref, problem, &part), &part);
        if (r)
            return r;
    }
    return 0;
}

int links_of(const struct ask *k, const char *ref, json_t **ret) {
    cleanup_query struct query q = {0};
    cleanup_json json_t *links = NULL;
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q, "SELECT l.problem AS \"problem:pn\", p.title, p.status AS problem_status, p.delivery, l.status,"
                  " l.linked_at AS \"linked_at:time\", l.automatic AS \"automatic:flag\" FROM link l"
                  " JOIN problem p ON p.id = l.problem WHERE l.ref = ? ORDER BY l.problem LIMIT ?");
    query_text(&q, ref);
    query_int(&q, EVIDENCE_MAX);
    int r = query_all(&q, &links);
    if (r == 0)
        r = link_evidence(k, ref, links);
    if (r == 0)
        *ret = json_incref(links);
    return r;
}

int rejections_of(const struct ask *k, const char *ref, json_t **ret) {
    cleanup_query struct query q = {0};
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q, "SELECT CASE WHEN a = ? THEN b ELSE a END AS target, at AS \"at:time\", actor AS \"actor:word\""
                  " FROM rejection WHERE a = ? OR b = ? ORDER BY at, target LIMIT ?");
    for (int i = 0; i < 3; i++)
        query_text(&q, ref);
    query_int(&q, EVIDENCE_MAX);
    return query_all(&q, ret);
}

/* ---- attention ---- */

int attention_list(const struct ask *k, json_t **ret) {
    cleanup_query struct query q = {0};
    msec_t since = 0;
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q, "SELECT " ATTENTION_COLUMNS ", t.n AS _n" ATTENTION_FROM " WHERE 1");
    int r = page_check(k, FILTER_TRACKER | FILTER_PROBLEM | FILTER_KIND | FILTER_SINCE | FILTER_REF);
    if (r == 0)
        r = page_since(k, &since);
    if (r)
        return r;
    if (k->q->ref) {
        query_sql(&q, " AND (t.subject = ? OR e.ref = ?)");
        query_text(&q, k->q->ref);
        query_text(&q, k->q->ref);
    }
    where_text(&q, "t.subject", k->q->problem);
    where_words(k, &q, "t.kind", k->q->kind);
    if (k->q->tracker) {
        query_sql(&q, " AND (t.subject = ? OR r.tracker = ?)");
        query_text(&q, k->q->tracker);
        query_text(&q, k->q->tracker);
    }
    if (since) {
        query_sql(&q, " AND t.since >= ?");
        query_int(&q, since);
    }
    return list_by_number(k, &q, "t.n", NULL, ret);
}

int attention_kinds(const struct ask *k, const char *subject, json_t **ret) {
    cleanup_query struct query q = {0};
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q, "SELECT DISTINCT t.kind FROM attention t WHERE t.subject = ?" ATTENTION_ALSO_SQL " ORDER BY t.kind");
    for (int i = 0; i < 3; i++)
        query_text(&q, subject);
    return query_words(&q, ret);
}

int attention_of(const struct ask *k, const char *subject, json_t **ret) {
    cleanup_query struct query q = {0};
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q, "SELECT " ATTENTION_COLUMNS ATTENTION_FROM " WHERE t.subject = ?" ATTENTION_ALSO_SQL
                  " ORDER BY t.kind, t.n");
    for (int i = 0; i < 3; i++)
        query_text(&q, subject);
    return query_all(&q, ret);
}

/* ---- journal ---- */

int journal_list(const struct ask *k, json_t **ret) {
    cleanup_query struct query q = {0};
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q, "SELECT " JOURNAL_COLUMNS ", j.n AS _n FROM journal j WHERE 1");
    int r = page_check(k, FILTER_TRACKER | FILTER_PROBLEM | FILTER_KIND | FILTER_SEARCH | FILTER_SINCE | FILTER_REF);
    if (r == 0)
        r = where_common(k, &q, &(struct columns){"j.ref", "j.problem", "j.what", "j.at"});
    if (r)
        return r;
    if (k->q->search) {
        query_sql(&q, " AND instr(lower(j.text), lower(?)) > 0");
        query_text(&q, k->q->search);
    }
    return list_by_number(k, &q, "j.n", NULL, ret);
}

int journal_of(const struct ask *k, const char *ref, int64_t problem, int limit, json_t **ret) {
    cleanup_query struct query q = {0};
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q, "SELECT " JOURNAL_COLUMNS " FROM journal j WHERE ");
    query_sql(&q, ref ? "j.ref = ?" : "j.problem = ?");
    if (ref)
        query_text(&q, ref);
    else
        query_int(&q, problem);
    query_sql(&q, " ORDER BY j.n DESC LIMIT ?");
    query_int(&q, limit);
    return query_all(&q, ret);
}
