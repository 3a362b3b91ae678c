/* record: incidents and defects, as a list and whole.
 *
 * Called by report.c and explain.c; owns nothing. What must hold: the shape is
 * interface.md's, the same in a list and alone. A deleted or merged record
 * leaves the lists (domain.md 1) unless its presence is what is asked for. */
#include "report.h"

#define PART_MAX    50 /* problems, defects, effects of one record that are shown with it */
#define JOURNAL_MAX 30

#define RECORD_COLUMNS                                                                                                 \
    "r.ref, r.tracker, r.id, r.kind, r.title, r.url AS \"url:word\", r.state, " OUTCOME_SQL " AS \"outcome:word\", "   \
    "r.native_state AS \"native_state:word\", r.presence, i.verdict, i.turn, r.priority AS \"priority:word\", "        \
    "r.service AS \"service:word\", r.reporter AS \"reporter:word\", r.assignee AS \"assignee:word\", "                \
    "r.version AS \"version:word\", coalesce(i.ignored, 0) AS \"ignored:flag\", r.created AS \"created:time\", "       \
    "r.updated AS \"updated:time\""
#define RECORD_FROM " FROM record r LEFT JOIN incident i ON i.ref = r.ref"

static const char *const incident_states[] = {"open", "waiting", "closed-unresolved", "resolved",     "closed", "none",
                                              "gone", "merged",  "forbidden",         "out-of-scope", NULL};
static const char *const defect_states[] = {"open", "working", "fixed",  "released",  "closed-unresolved", "closed",
                                            "none", "gone",    "merged", "forbidden", "out-of-scope",      NULL};

/* ---- what stands with a record ---- */

static int record_problems(const struct ask *k, const char *ref, json_t **ret) {
    cleanup_query struct query q = {0};
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q, "SELECT 'P-' || problem FROM link WHERE ref = ? AND status = 'confirmed' ORDER BY problem LIMIT ?");
    query_text(&q, ref);
    query_int(&q, PART_MAX);
    return query_words(&q, ret);
}

static int record_defects(const struct ask *k, const char *ref, json_t **ret) {
    cleanup_query struct query q = {0};
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q,
              "SELECT DISTINCT d.ref FROM link l JOIN link d ON d.problem = l.problem WHERE l.ref = ?"
              " AND l.status = 'confirmed' AND d.kind = 'defect' AND d.status = 'confirmed' ORDER BY d.ref LIMIT ?");
    query_text(&q, ref);
    query_int(&q, PART_MAX);
    return query_words(&q, ret);
}

static int record_decorate(const struct ask *k, json_t *item) {
    const char *ref = json_text(item, "ref");
    json_t *part = NULL;
    int r = ask_put(item, "problems", record_problems(k, ref, &part), &part);
    if (r == 0 && str_is(json_text(item, "kind"), "incident"))
        r = ask_put(item, "defects", record_defects(k, ref, &part), &part);
    else if (r == 0)
        r = ask_put(item, "incidents", problem_counts(k, 0, ref, &part), &part);
    return r ? r : ask_put(item, "attention", attention_kinds(k, ref, &part), &part);
}

/* ---- lists ---- */

static bool is_presence(const char *word) {
    enum presence p;
    return presence_parse(word, &p);
}

/* One word may be a state, a presence, or closed-unresolved in its wide sense: any of them fits. */
static void where_states(struct query *q, const char **words) {
    bool presence = false;
    query_sql(q, " AND (0");
    for (size_t i = 0; words[i]; i++) {
        if (str_is(words[i], "closed-unresolved")) {
            query_sql(q, " OR " CLOSED_UNRESOLVED_SQL);
            continue;
        }
        presence = presence || is_presence(words[i]);
        query_sql(q, is_presence(words[i]) ? " OR r.presence = ?" : " OR r.state = ?");
        query_text(q, words[i]);
    }
    query_sql(q, ")");
    if (!presence)
        query_sql(q, " AND " RECORD_LISTED_SQL);
}

static int where_record(const struct ask *k, struct query *q, bool incidents) {
    const char **states = NULL;
    int64_t problem = 0;
    msec_t since = 0;
    int r = page_since(k, &since);
    if (r == 0)
        r = page_problem(k, &problem);
    if (r == 0 && k->q->state)
        r = page_states(k, incidents ? incident_states : defect_states, &states);
    if (r)
        return r;
    if (states)
        where_states(q, states);
    else
        query_sql(q, " AND " RECORD_LISTED_SQL);
    if (k->q->tracker) {
        query_sql(q, " AND r.tracker = ?");
        query_text(q, k->q->tracker);
    }
    if (problem) {
        query_sql(q, " AND r.ref IN (SELECT ref FROM link WHERE problem = ? AND status = 'confirmed')");
        query_int(q, problem);
    }
    if (since) {
        query_sql(q, " AND r.updated >= ?");
        query_int(q, since);
    }
    if (k->q->search) {
        query_sql(q, " AND r.ref IN (SELECT ref FROM search WHERE search MATCH ?)");
        query_text(q, page_match(k->arena, k->q->search));
    }
    return 0;
}

int record_list(const struct ask *k, json_t **ret) {
    cleanup_query struct query q = {0};
    int64_t updated;
    const char *ref;
    bool incidents = k->q->what == REPORT_INCIDENTS;
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q, "SELECT " RECORD_COLUMNS ", r.updated AS _n, r.ref AS _t" RECORD_FROM " WHERE r.kind = ?");
    query_text(&q, incidents ? "incident" : "defect");
    int r = page_check(k, FILTER_STATE | FILTER_TRACKER | FILTER_PROBLEM | FILTER_SEARCH | FILTER_SINCE);
    if (r == 0)
        r = where_record(k, &q, incidents);
    if (r == 0)
        r = page_after(k, true, &updated, &ref);
    if (r)
        return r;
    if (k->q->after) {
        query_sql(&q, " AND (r.updated, r.ref) < (?, ?)");
        query_int(&q, updated);
        query_text(&q, ref);
    }
    query_sql(&q, " ORDER BY r.updated DESC, r.ref DESC");
    return page_read(k, &q, true, record_decorate, ret);
}

/* ---- one ---- */

static int record_missing(const struct ask *k, const char *ref) {
    cleanup_query struct query q = {0};
    const char *tracker, *id;
    if (!ref_split(k->arena, ref, &tracker, &id))
        return fault_set(k->fault, REPORT_BAD_QUERY, "'%s' is no reference; one looks like helpdesk:4711 or P-12", ref);
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q, "SELECT count(*), count(*) FILTER (WHERE name = ?), group_concat(name, ', ') FROM tracker");
    query_text(&q, tracker);
    if (query_step(&q) > 0 && query_cell_int(&q, 1) == 0)
        return fault_set(k->fault, REPORT_NOT_FOUND, "there is no tracker %s; there %s %s", tracker,
                         query_cell_int(&q, 0) == 1 ? "is" : "are",
                         query_cell_int(&q, 0) ? query_cell(&q, 2) : "none yet");
    return fault_set(k->fault, REPORT_NOT_FOUND, "%s has not been seen; `bascule sync %s` reads it", ref, ref);
}

static int record_select(const struct ask *k, const char *ref, const char *more, json_t **ret) {
    cleanup_query struct query q = {0};
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q, "SELECT " RECORD_COLUMNS);
    query_sql(&q, more);
    query_sql(&q, RECORD_FROM " WHERE r.ref = ?");
    query_text(&q, ref);
    int r = query_step(&q);
    if (r <= 0)
        return r < 0 ? r : record_missing(k, ref);
    json_t *item = query_row(&q);
    r = record_decorate(k, item);
    if (r)
        json_decref(item);
    else
        *ret = item;
    return r;
}

int record_read(const struct ask *k, const char *ref, json_t **ret) {
    return record_select(k, ref, "", ret);
}

int record_show(const struct ask *k, const char *ref, json_t **ret) {
    cleanup_json json_t *item = NULL;
    json_t *part = NULL;
    int r = record_select(
        k, ref,
        ", r.native_resolution AS \"native_resolution:word\", r.merged_into AS \"merged_into:word\","
        " r.duplicate_of AS \"duplicate_of:word\", r.version_closed AS \"version_closed:flag\", r.fields AS "
        "\"fields:json\","
        " r.native AS \"native:json\", r.allowed AS \"allowed:word\", r.state_at AS \"state_since:time\","
        " r.first_seen AS \"first_seen:time\", r.last_seen AS \"last_seen:time\", r.excluded AS \"excluded:flag\","
        " i.turn_at AS \"turn_at:time\", i.linked_at AS \"linked_at:time\", i.delivered_at AS \"delivered_at:time\","
        " i.outcome_reason AS \"outcome_reason:word\", i.asserted AS \"asserted:word\","
        " i.asserted_at AS \"asserted_at:time\", coalesce(i.overridden, 0) AS \"overridden:flag\","
        " i.came_back_at AS \"came_back_at:time\", i.policy AS \"policy:json\", i.decision AS \"decision:json\"",
        &item);
    if (r == 0)
        r = ask_put(item, "links", links_of(k, ref, &part), &part);
    if (r == 0)
        r = ask_put(item, "rejected", rejections_of(k, ref, &part), &part);
    if (r == 0)
        r = ask_put(item, "attention_items", attention_of(k, ref, &part), &part);
    if (r == 0)
        r = ask_put(item, "effects", effects_of(k, ref, 0, PART_MAX, &part), &part);
    if (r == 0)
        r = ask_put(item, "journal", journal_of(k, ref, 0, JOURNAL_MAX, &part), &part);
    if (r == 0)
        *ret = json_incref(item);
    return r;
}
