/* report.h: what the files of this room share. Private to src/report. */
#ifndef BASCULE_REPORT_PRIVATE_H
#define BASCULE_REPORT_PRIVATE_H

#include "query.h"

/* One question under way. */
struct ask {
    sqlite3 *db;
    struct arena *arena;
    const struct report_query *q;
    struct fault *fault;
};

/* A closed record's outcome as people should read it: a person's word, else the tracker's, else what the
 * bridge asserted. Needs `record r LEFT JOIN incident i`. */
#define OUTCOME_SQL                                                                                                    \
    "CASE WHEN r.state NOT IN ('closed-unresolved', 'resolved', 'closed') THEN r.outcome "                             \
    "WHEN coalesce(i.outcome_set, '') <> '' THEN i.outcome_set "                                                       \
    "WHEN r.outcome NOT IN ('', 'unknown') THEN r.outcome "                                                            \
    "WHEN coalesce(i.outcome, '') <> '' THEN i.outcome "                                                               \
    "WHEN r.state IN ('closed-unresolved', 'closed') THEN 'unknown' ELSE r.outcome END"

/* closed-unresolved in the wide sense of domain.md 1. */
#define CLOSED_UNRESOLVED_SQL                                                                                          \
    "(r.state = 'closed-unresolved' OR (r.state = 'closed' AND " OUTCOME_SQL                                           \
    " IN ('workaround', 'wont-fix', 'risk-accepted', 'not-reproducible', 'incomplete')))"

/* Besides "t.subject = ?": entries about a parked effect of the record, or a braked batch of the problem of that
 * name. Takes the name twice more. */
#define ATTENTION_ALSO_SQL                                                                                             \
    " OR t.subject IN (SELECT 'effect:' || n FROM effect WHERE ref = ? AND state = 'parked')"                          \
    " OR t.subject IN (SELECT 'batch:' || id FROM batch WHERE 'P-' || problem = ? AND state = 'braked')"

#define RECORD_LISTED_SQL "r.presence NOT IN ('gone', 'merged')"

/* ---- page.c: filters, limits, the opaque `after` ---- */

enum {
    FILTER_STATE = 1,
    FILTER_TRACKER = 2,
    FILTER_PROBLEM = 4,
    FILTER_SEARCH = 8,
    FILTER_KIND = 16,
    FILTER_SINCE = 32,
    FILTER_REF = 64,
    FILTER_FIGURES = 128 /* until, by, service */
};
must_check int page_check(const struct ask *k, unsigned filters);
int page_limit(const struct ask *k);
/* `since` as a time; 0 when nothing was said. */
must_check int page_since(const struct ask *k, msec_t *ret);
/* The same of any text, said with its name; a day as an end is meant whole. */
must_check int page_time(const struct ask *k, const char *name, const char *text, bool end, msec_t *ret);
/* `problem` as a number; 0 when nothing was said. */
must_check int page_problem(const struct ask *k, int64_t *ret);
/* Are all words of the filter `kind` (none: fine) among these? */
must_check int page_kinds(const struct ask *k, const char *const *known);
/* The words of `state` (comma separated), each one of `known`; array ends with NULL. */
must_check int page_states(const struct ask *k, const char *const *known, const char ***ret);
/* Appends " AND COLUMN IN (...)" when words were given. */
void page_in(struct query *q, const char *column, const char **words);
/* What people type, as a query of FTS5: every word must begin some word. */
char *page_match(struct arena *a, const char *text);
/* The key of the last row seen: a number, and with it a text (NULL: the number alone). */
must_check int page_after(const struct ask *k, bool with_text, int64_t *ret_n, const char **ret_text);
char *page_token(struct arena *a, int64_t n, const char *text);
/* Reads one row more than the limit; decorate(k, item) may be NULL. The columns _n and (with_text) _t
 * must be the last ones. */
must_check int page_read(const struct ask *k, struct query *q, bool with_text,
                         int (*decorate)(const struct ask *k, json_t *item), json_t **ret);

/* ---- record.c ---- */
must_check int record_list(const struct ask *k, json_t **ret);
/* The record as in a list; REPORT_NOT_FOUND. */
must_check int record_read(const struct ask *k, const char *ref, json_t **ret);
must_check int record_show(const struct ask *k, const char *ref, json_t **ret);

/* ---- problem.c ---- */
must_check int problem_list(const struct ask *k, json_t **ret);
must_check int problem_read(const struct ask *k, int64_t id, json_t **ret);
must_check int problem_show(const struct ask *k, int64_t id, json_t **ret);
/* {"total","open","closed_unresolved","solved"} of the incidents confirmed for a problem, or (problem 0) for a defect.
 */
must_check int problem_counts(const struct ask *k, int64_t problem, const char *defect, json_t **ret);

/* ---- lists.c: the plain ones ---- */
must_check int effect_list(const struct ask *k, json_t **ret);
must_check int effect_show(const struct ask *k, int64_t n, json_t **ret);
must_check int link_list(const struct ask *k, json_t **ret);
must_check int attention_list(const struct ask *k, json_t **ret);
must_check int journal_list(const struct ask *k, json_t **ret);
/* Rows of one record or problem for its own page, newest first. */
must_check int effects_of(const struct ask *k, const char *ref, int64_t problem, int limit, json_t **ret);
must_check int journal_of(const struct ask *k, const char *ref, int64_t problem, int limit, json_t **ret);
/* Kinds only, each once. */
must_check int attention_kinds(const struct ask *k, const char *subject, json_t **ret);
must_check int attention_of(const struct ask *k, const char *subject, json_t **ret);
/* Links of a record with the problem and the evidence they stand on. */
must_check int links_of(const struct ask *k, const char *ref, json_t **ret);
must_check int evidence_of(const struct ask *k, const char *ref, int64_t problem, json_t **ret);
must_check int rejections_of(const struct ask *k, const char *ref, json_t **ret);

/* ---- status.c, explain.c ---- */
must_check int status_read(const struct ask *k, json_t **ret);
must_check int tracker_list(const struct ask *k, json_t **ret);
must_check int explain_read(const struct ask *k, json_t **ret);

/* ---- figures.c ---- */
must_check int figures_read(const struct ask *k, json_t **ret);

/* Puts what a sub-question gave under a key, and takes it over; gives its result. By address, because the
 * sub-question stands beside it in the call and sets it only then. */
must_check int ask_put(json_t *object, const char *key, int result, json_t **value);

#endif
