/* link: evidence, rejections, the links that follow, and what is counted over them. */
#include "db.h"

#include <stdlib.h>
#include <string.h>

#define EVIDENCE_COLUMNS "n, incident, defect, problem, origin, source, place, actor, at, suggested, quote"
/* A rejection of (record, target) stands against all evidence of the pair that
 * was there when it was made, and against older acts that are found later. */
#define REJECTED                                                                                                       \
    "EXISTS (SELECT 1 FROM rejection r WHERE (e.n <= r.after_n OR e.at + 1000 <= r.at) AND "                           \
    "((r.a = e.incident AND e.incident <> '' AND (r.b = e.defect OR r.b = 'P-' || e.problem)) OR "                     \
    "(r.a = e.defect AND e.incident = '' AND r.b = 'P-' || e.problem)) AND r.b NOT IN ('', 'P-0'))"

void store_evidence_add(struct store *s, const struct evidence *e, msec_t seen) {
    db_run(s,
           "INSERT INTO evidence (incident, defect, problem, origin, source, place, actor, at, suggested, quote, seen) "
           "VALUES (?, ?, ?, "
           "?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
           "SSiSSSsiisi", e->incident, e->defect, e->problem, e->origin, e->source, e->place, e->actor, e->at,
           (int64_t)e->suggested, e->quote, seen);
}

void store_evidence_drop(struct store *s, int64_t n) {
    db_run(s, "DELETE FROM evidence WHERE n = ?", "i", n);
}

void store_evidence_confirm(struct store *s, int64_t n) {
    db_run(s, "UPDATE evidence SET suggested = 0 WHERE n = ?", "i", n);
}

static void evidence_read(struct arena *a, sqlite3_stmt *q, struct evidence *ret) {
    *ret = (struct evidence){.n = col_int(q, 0),
                             .incident = col_text(a, q, 1),
                             .defect = col_text(a, q, 2),
                             .problem = col_int(q, 3),
                             .origin = col_text(a, q, 4),
                             .source = col_text(a, q, 5),
                             .place = col_text(a, q, 6),
                             .actor = col_text(a, q, 7),
                             .at = col_int(q, 8),
                             .suggested = col_int(q, 9) != 0,
                             .quote = col_text(a, q, 10),
                             .rejected = col_int(q, 11) != 0};
}

static void evidence_all(struct store *s, struct arena *a, sqlite3_stmt *q, struct evidences *ret) {
    *ret = (struct evidences){0};
    while (db_next(s, q))
        evidence_read(a, q, arena_push(a, &ret->items, &ret->count));
}

bool store_evidence(struct store *s, struct arena *a, int64_t n, struct evidence *ret) {
    sqlite3_stmt *q = db_query(s, "SELECT " EVIDENCE_COLUMNS ", " REJECTED " FROM evidence e WHERE n = ?", "i", n);
    if (!db_next(s, q))
        return false;
    evidence_read(a, q, ret);
    db_end(q);
    return true;
}

void store_evidence_of_origin(struct store *s, struct arena *a, const char *origin, struct evidences *ret) {
    evidence_all(s, a,
                 db_query(s, "SELECT " EVIDENCE_COLUMNS ", " REJECTED " FROM evidence e WHERE origin = ? ORDER BY n",
                          "s", origin),
                 ret);
}

void store_evidence_of_incident(struct store *s, struct arena *a, const char *ref, struct evidences *ret) {
    evidence_all(s, a,
                 db_query(s,
                          "SELECT " EVIDENCE_COLUMNS ", " REJECTED " FROM evidence e WHERE incident = ? ORDER BY at, n",
                          "s", ref),
                 ret);
}

void store_evidence_of_defect(struct store *s, struct arena *a, const char *ref, struct evidences *ret) {
    evidence_all(s, a,
                 db_query(s,
                          "SELECT " EVIDENCE_COLUMNS ", " REJECTED " FROM evidence e WHERE defect = ? ORDER BY at, n",
                          "s", ref),
                 ret);
}

void store_evidence_move_problem(struct store *s, int64_t from, int64_t to) {
    struct arena *a = arena_new();
    const char *was = arena_printf(a, "P-%lld", (long long)from), *now = arena_printf(a, "P-%lld", (long long)to);
    /* a confirmed link to either is stronger than a rejection of the other */
    db_run(s,
           "DELETE FROM rejection WHERE (b = ?1 AND a IN (SELECT ref FROM link WHERE problem = ?4 AND status = "
           "'confirmed')) OR (b = ?2 AND a IN (SELECT ref FROM link WHERE problem = ?3 AND status = 'confirmed'))",
           "ssii", was, now, from, to);
    db_run(s, "UPDATE OR IGNORE rejection SET b = ? WHERE b = ?", "ss", now, was);
    db_run(s, "DELETE FROM rejection WHERE b = ?", "s", was);
    db_run(s, "UPDATE OR IGNORE evidence SET problem = ? WHERE problem = ?", "ii", to, from);
    db_run(s, "DELETE FROM evidence WHERE problem = ?", "i", from);
    arena_free(a);
}

/* What the survivor has on its own is not ended by a rejection of the merged one's:
 * that goes, with what it stood against. */
static void rejections_merge(struct store *s, const char *from, const char *to) {
    struct arena *a = arena_new();
    const char **against;
    size_t n =
        db_texts(s, a,
                 db_query(s,
                          "SELECT b FROM rejection WHERE a = ?1 AND (EXISTS (SELECT 1 FROM evidence e WHERE "
                          "e.incident = ?2 AND (e.defect = b OR 'P-' || e.problem = b) AND NOT " REJECTED
                          ") OR EXISTS (SELECT 1 FROM link WHERE ref = ?2 AND status = 'confirmed' AND 'P-' || problem "
                          "= b))",
                          "ss", from, to),
                 &against);
    for (size_t i = 0; i < n; i++) {
        db_run(s,
               "DELETE FROM evidence AS e WHERE incident = ?1 AND (defect = ?2 OR 'P-' || problem = ?2) AND " REJECTED,
               "ss", from, against[i]);
        store_reject_lift(s, from, against[i]);
    }
    db_run(s, "UPDATE OR IGNORE rejection SET a = ? WHERE a = ?", "ss", to, from);
    arena_free(a);
}

void store_incident_merge(struct store *s, const char *from, const char *to) {
    rejections_merge(s, from, to);
    /* the origin stays: what stands in the merged record is not to be looked for in the survivor */
    db_run(s, "UPDATE OR IGNORE evidence SET incident = ?2 WHERE incident = ?1", "ss", from, to);
    db_run(s, "DELETE FROM evidence WHERE incident = ?", "s", from);
}

size_t store_merged_into(struct store *s, struct arena *a, const char *tracker, const char *id, const char ***ret) {
    return db_texts(s, a,
                    db_query(s,
                             "SELECT ref FROM record WHERE tracker = ? AND presence = 'merged' AND merged_into = ? "
                             "ORDER BY ref",
                             "ss", tracker, id),
                    ret);
}

void store_reject(struct store *s, const char *a, const char *b, msec_t at, const char *actor) {
    db_run(s,
           "INSERT INTO rejection VALUES (?, ?, ?, (SELECT coalesce(max(n), 0) FROM evidence), ?) ON CONFLICT DO "
           "UPDATE SET at = "
           "excluded.at, after_n = excluded.after_n, actor = excluded.actor",
           "ssis", a, b, at, actor);
}

void store_reject_lift(struct store *s, const char *a, const char *b) {
    db_run(s, "DELETE FROM rejection WHERE a = ? AND b = ?", "ss", a, b);
}

bool store_rejected(struct store *s, const char *ref, int64_t problem, const struct evidence *e) {
    return db_number(s, 0,
                     "SELECT count(*) FROM rejection WHERE a = ? AND b = 'P-' || ? AND (? <= after_n OR ? + 1000 <= "
                     "at)",
                     "siii", ref, problem, e->n, e->at) != 0;
}

static size_t links_read(struct store *s, struct arena *a, sqlite3_stmt *q, struct link_row **ret) {
    size_t n = 0;
    *ret = NULL;
    while (db_next(s, q))
        *arena_push(a, ret, &n) = (struct link_row){.problem = col_int(q, 0),
                                                    .ref = col_text(a, q, 1),
                                                    .kind = col_text(a, q, 2),
                                                    .status = col_text(a, q, 3),
                                                    .linked_at = col_int(q, 4),
                                                    .automatic = col_int(q, 5) != 0};
    return n;
}

size_t store_links_of(struct store *s, struct arena *a, const char *ref, const char *status, struct link_row **ret) {
    return links_read(
        s, a,
        db_query(s,
                 "SELECT problem, ref, kind, status, linked_at, automatic FROM link WHERE ref = ?1 AND (?2 IS NULL OR "
                 "status = ?2) ORDER BY problem",
                 "ss", ref, status),
        ret);
}

size_t store_links_of_problem(struct store *s, struct arena *a, int64_t problem, const char *kind, const char *status,
                              size_t limit, struct link_row **ret) {
    return links_read(
        s, a,
        db_query(
            s,
            "SELECT problem, ref, kind, status, linked_at, automatic FROM link WHERE problem = ?1 AND kind = ?2 AND "
            "(?3 IS NULL OR status = ?3) ORDER BY ref LIMIT ?4",
            "issi", problem, kind, status, (int64_t)limit),
        ret);
}

void store_link_put(struct store *s, const struct link_row *l) {
    db_run(s,
           "INSERT INTO link VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET status = excluded.status, linked_at = "
           "excluded.linked_at, automatic = excluded.automatic",
           "isssii", l->problem, l->ref, l->kind, l->status, l->linked_at, (int64_t)l->automatic);
}

#define RANK(status) "(CASE " status " WHEN 'confirmed' THEN 2 WHEN 'rejected' THEN 1 ELSE 0 END)"

void store_link_move(struct store *s, const struct link_row *l, int64_t to) {
    store_link_drop(s, l->problem, l->ref);
    db_run(s,
           "INSERT INTO link VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
           "automatic = CASE WHEN status = excluded.status THEN max(automatic, excluded.automatic) WHEN " RANK(
               "status") " < " RANK("excluded.status") " THEN excluded.automatic ELSE automatic END, "
                                                       "linked_at = CASE WHEN status = excluded.status THEN "
                                                       "min(linked_at, excluded.linked_at) "
                                                       "WHEN " RANK("status") " < " RANK(
                                                           "excluded.status") " THEN excluded.linked_at ELSE linked_at "
                                                                              "END, "
                                                                              "status = CASE WHEN " RANK(
                                                                                  "status") " < " RANK("excluded."
                                                                                                       "status") " THEN"
                                                                                                                 " excl"
                                                                                                                 "uded."
                                                                                                                 "statu"
                                                                                                                 "s "
                                                                                                                 "ELSE "
                                                                                                                 "statu"
                                                                                                                 "s "
                                                                                                                 "END",
           "isssii", to, l->ref, l->kind, l->status, l->linked_at, (int64_t)l->automatic);
}

void store_link_drop(struct store *s, int64_t problem, const char *ref) {
    db_run(s, "DELETE FROM link WHERE problem = ? AND ref = ?", "is", problem, ref);
}

/* As defect_hands_on() of sync: a defect closed as duplicate counts as the one it names. */
#define HANDS_ON                                                                                                       \
    "((r.duplicate_of IS NOT NULL AND r.state IN ('closed', 'released', 'closed-unresolved')) OR (r.state = 'closed' " \
    "AND r.outcome = 'duplicate'))"
/* `end` and all that hand on to it. */
#define HANDED_ON_TO                                                                                                   \
    "SELECT r.ref, depth + 1 FROM record r JOIN up ON r.duplicate_of = up.ref WHERE " HANDS_ON " AND depth < 16"

int64_t store_shared_defect(struct store *s, int64_t problem) {
    return db_number(
        s, 0,
        "WITH RECURSIVE down (ref, depth) AS (SELECT ref, 0 FROM link WHERE problem = ?1 AND kind = "
        "'defect' AND status = 'confirmed' UNION SELECT r.duplicate_of, depth + 1 FROM record r JOIN down "
        "ON r.ref = down.ref WHERE " HANDS_ON " AND r.duplicate_of IS NOT NULL AND depth < 16), "
        "up (ref, depth) AS (SELECT ref, 0 FROM (SELECT DISTINCT ref FROM down WHERE NOT EXISTS (SELECT 1 "
        "FROM record r WHERE r.ref = down.ref AND " HANDS_ON ")) UNION " HANDED_ON_TO
        ") SELECT min(l.problem) FROM up CROSS JOIN link l ON l.ref = up.ref JOIN problem p ON p.id = l.problem "
        "WHERE l.problem <> ?1 AND l.status = 'confirmed' AND p.resolution NOT IN ('cancelled', "
        "'duplicate')",
        "i", problem);
}

/* ---- counters: sums that triggers keep (migrations/2-counted.sql) ---- */

static void counts_read(struct store *s, sqlite3_stmt *q, struct counts *ret) {
    *ret = (struct counts){0};
    if (!db_next(s, q))
        return;
    int *to[] = {&ret->total,  &ret->open,         &ret->waiting, &ret->closed_unresolved,
                 &ret->solved, &ret->did_not_hold, &ret->late};
    for (size_t i = 0; i < array_size(to); i++)
        *to[i] = (int)col_int(q, (int)i);
    db_end(q);
}

void store_counts_problem(struct store *s, int64_t problem, struct counts *ret) {
    counts_read(s,
                db_query(s,
                         "SELECT total, open, waiting, closed_unresolved, solved, did_not_hold, late FROM tally WHERE "
                         "problem = ?",
                         "i", problem),
                ret);
}

#define BEHIND                                                                                                         \
    "FROM link d JOIN problem p ON p.id = d.problem WHERE d.ref IN (WITH RECURSIVE up (ref, depth) AS (SELECT ?1, 0 "  \
    "UNION " HANDED_ON_TO ") SELECT ref FROM up) AND d.kind = 'defect' AND d.status = 'confirmed' AND p.resolution "   \
    "<> 'cancelled'"

/* Through several problems each incident counts once. */
void store_counts_defect(struct store *s, const char *ref, struct counts *ret) {
    if (db_number(s, 0, "SELECT count(DISTINCT d.problem) " BEHIND, "s", ref) < 2) {
        store_counts_problem(s, db_number(s, 0, "SELECT d.problem " BEHIND, "s", ref), ret);
        return;
    }
    counts_read(s,
                db_query(s,
                         "SELECT sum(class & 1), sum(class >> 1 & 1), sum(class >> 2 & 1), sum(class >> 3 & 1), "
                         "sum(class >> 4 & 1), sum(class >> 5 & 1), sum(class >> 6 & 1) FROM (SELECT DISTINCT ref, "
                         "class FROM counted WHERE problem IN (SELECT d.problem " BEHIND "))",
                         "s", ref),
                ret);
}

int store_came_back(struct store *s, int64_t problem, msec_t from, msec_t until) {
    return (int)db_number(
        s, 0,
        "SELECT count(*) FROM link l JOIN record r ON r.ref = l.ref JOIN incident i ON i.ref = l.ref WHERE l.problem = "
        "?1 AND l.kind = 'incident' AND l.status = 'confirmed' AND r.presence NOT IN ('gone', 'merged') AND "
        "i.came_back_at >= ?2 AND i.came_back_at < ?3",
        "iii", problem, from, until);
}

struct newest {
    const char *ref, *id;
    msec_t created;
};

static int newer_first(const void *x, const void *y) {
    const struct newest *p = x, *q = y;
    size_t n = strlen(p->id), m = strlen(q->id);
    if (p->created != q->created)
        return p->created > q->created ? -1 : 1;
    if (n != m)
        return n > m ? -1 : 1;
    int c = strcmp(q->id, p->id);
    return c ? c : strcmp(p->ref, q->ref);
}

/* Each problem's newest, merged. */
size_t store_incidents_of_defect(struct store *s, struct arena *a, const char *ref, size_t limit,
                                 const char ***ret_refs, const char ***ret_urls) {
    struct newest *all = NULL;
    int64_t *problems = NULL;
    size_t n = 0, n_problems = 0, n_refs = 0, n_urls = 0;
    *ret_refs = *ret_urls = NULL;
    sqlite3_stmt *q = db_query(s, "SELECT DISTINCT d.problem " BEHIND, "s", ref);
    while (db_next(s, q))
        *arena_push(a, &problems, &n_problems) = col_int(q, 0);
    for (size_t i = 0; i < n_problems; i++) {
        q = db_query(s,
                     "SELECT ref, id, created FROM counted WHERE problem = ? AND class <> 0 ORDER BY created DESC, "
                     "length(id) DESC, id DESC LIMIT ?",
                     "ii", problems[i], (int64_t)limit);
        while (db_next(s, q))
            *arena_push(a, &all, &n) =
                (struct newest){.ref = col_text(a, q, 0), .id = col_text(a, q, 1), .created = col_int(q, 2)};
    }
    if (n)
        qsort(all, n, sizeof(*all), newer_first);
    for (size_t i = 0; i < n && n_refs < limit; i++) {
        if (i && str_is(all[i].ref, all[i - 1].ref))
            continue;
        q = db_query(s, "SELECT url FROM record WHERE ref = ?", "s", all[i].ref);
        bool known = db_next(s, q);
        *arena_push(a, ret_refs, &n_refs) = all[i].ref;
        *arena_push(a, ret_urls, &n_urls) = known ? col_text(a, q, 0) : NULL;
        db_end(q);
    }
    return n_refs;
}

bool store_value(struct store *s, struct arena *a, const char *ref, const char *field, struct value_row *ret) {
    sqlite3_stmt *q = db_query(
        s, "SELECT computed, revision, written, written_at FROM value WHERE ref = ? AND field = ?", "ss", ref, field);
    if (!db_next(s, q))
        return false;
    *ret = (struct value_row){.computed = col_text(a, q, 0),
                              .revision = (int)col_int(q, 1),
                              .written = col_text(a, q, 2),
                              .written_at = col_int(q, 3)};
    db_end(q);
    return true;
}

void store_value_put(struct store *s, const char *ref, const char *field, const struct value_row *v) {
    db_run(s,
           "INSERT INTO value VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET computed = excluded.computed, "
           "revision = "
           "excluded.revision, written = excluded.written, written_at = excluded.written_at",
           "ssSisi", ref, field, v->computed, (int64_t)v->revision, v->written, v->written_at);
}

#define CONFIRMED_OF "FROM link WHERE status = 'confirmed' AND ref >= ?1 || ':' AND ref < ?1 || ';'"

size_t store_refs_confirmed(struct store *s, struct arena *a, const char *tracker, const char *after, size_t limit,
                            const char ***ret) {
    return db_texts(s, a,
                    db_query(s, "SELECT DISTINCT ref " CONFIRMED_OF " AND ref > ?2 ORDER BY ref LIMIT ?3", "sSi",
                             tracker, after, (int64_t)limit),
                    ret);
}

int64_t store_confirmed_count(struct store *s, const char *tracker) {
    return db_number(s, 0, "SELECT count(DISTINCT ref) " CONFIRMED_OF, "s", tracker);
}
