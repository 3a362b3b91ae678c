/* explain: all that says why a record or a problem is as it is (domain.md 6.11).
 *
 * Called by report.c; owns nothing. It decides nothing and guesses nothing: it
 * puts together what was stored when it was decided. src/cli/explain.c turns it
 * into text. */
#include "report.h"

#define PART_MAX    50
#define HISTORY_MAX 20

/* What people and trackers did against or beside the bridge's will. */
static int history_of(const struct ask *k, const char *ref, json_t **ret) {
    cleanup_query struct query q = {0};
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q, "SELECT at AS \"at:time\", actor, what, text FROM journal WHERE ref = ? AND what IN"
                  " ('override', 'refused', 'rejected', 'person', 'turn') ORDER BY n DESC LIMIT ?");
    query_text(&q, ref);
    query_int(&q, HISTORY_MAX);
    return query_all(&q, ret);
}

/* The problems behind a record, each with its own decision. */
static int problems_of(const struct ask *k, const char *ref, json_t **ret) {
    cleanup_query struct query q = {0};
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q,
              "SELECT p.id AS \"id:pn\", p.title, p.status, p.delivery, p.resolution AS \"resolution:word\","
              " p.decision AS \"decision:json\" FROM problem p WHERE p.id IN (SELECT problem FROM link WHERE ref = ?"
              " AND status = 'confirmed') ORDER BY p.id LIMIT ?");
    query_text(&q, ref);
    query_int(&q, PART_MAX);
    return query_all(&q, ret);
}

static int explain_record(const struct ask *k, const char *ref, json_t **ret) {
    cleanup_json json_t *item = NULL;
    json_t *part = NULL;
    int r = record_show(k, ref, &item);
    if (r)
        return r;
    json_object_del(item, "journal");
    json_object_del(item, "native");
    r = ask_put(item, "problem_items", problems_of(k, ref, &part), &part);
    if (r == 0)
        r = ask_put(item, "history", history_of(k, ref, &part), &part);
    if (r == 0)
        *ret = json_incref(item);
    return r;
}

static int explain_problem(const struct ask *k, int64_t id, json_t **ret) {
    cleanup_json json_t *item = NULL;
    int r = problem_show(k, id, &item);
    if (r)
        return r;
    json_object_set_new(item, "history", json_incref(json_object_get(item, "journal")));
    json_object_del(item, "journal");
    *ret = json_incref(item);
    return 0;
}

int explain_read(const struct ask *k, json_t **ret) {
    int64_t n;
    if (str_empty(k->q->ref))
        return fault_set(k->fault, REPORT_BAD_QUERY, "explain needs a reference: helpdesk:4711 or P-12");
    if (problem_ref_parse(k->q->ref, &n))
        return explain_problem(k, n, ret);
    return explain_record(k, k->q->ref, ret);
}
