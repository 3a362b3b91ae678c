/* marker: what the trackers' own records tell of what was written before - the
 * markers of notes found there, whoever's database knows them - and what a
 * database that lost its past takes from it. Called by sync's identity.c,
 * foreign.c and memory.c. */
#include "db.h"

bool store_marker_add(struct store *s, const char *ref, const char *instance, const char *word, msec_t at) {
    int64_t before = sqlite3_total_changes64(s->db);
    db_run(s, "INSERT INTO marker VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", "sssi", ref, instance, word, at);
    return !s->failed && sqlite3_total_changes64(s->db) > before;
}

bool store_marker(struct store *s, const char *ref, const char *instance, const char *word, msec_t *ret_at) {
    *ret_at = db_number(s, -1, "SELECT at FROM marker WHERE ref = ? AND instance = ? AND word = ?", "sss", ref,
                        instance, word);
    return *ret_at >= 0;
}

const char *store_marker_ref(struct store *s, struct arena *a, const char *instance, const char *word,
                             const char *tracker) {
    sqlite3_stmt *q = db_query(s,
                               "SELECT ref FROM marker WHERE word = ?1 AND instance = ?2 AND (?3 IS NULL OR (ref >= ?3 "
                               "|| ':' AND ref < ?3 || ';')) LIMIT 1",
                               "sss", word, instance, tracker);
    const char *ref = NULL;
    if (db_next(s, q)) {
        ref = col_text(a, q, 0);
        db_end(q);
    }
    return ref;
}

/* ---- a lost past ---- */

int64_t store_problem_top(struct store *s) {
    return db_number(s, 0, "SELECT seq FROM sqlite_sequence WHERE name = 'problem'", "");
}

void store_problem_floor(struct store *s, int64_t n) {
    if (n <= store_problem_top(s))
        return;
    db_run(s, "DELETE FROM sqlite_sequence WHERE name = 'problem'", "");
    db_run(s, "INSERT INTO sqlite_sequence VALUES ('problem', ?)", "i", n);
}

void store_evidence_forget_problem(struct store *s, int64_t problem) {
    db_run(s, "DELETE FROM evidence WHERE problem = ? AND origin <> ''", "i", problem);
}

int store_creations_unsure(struct store *s) {
    int64_t before = sqlite3_total_changes64(s->db);
    db_run(s,
           "UPDATE effect SET state = 'in-flight', sent = created, alive = created WHERE kind = 'create' AND state = "
           "'pending'",
           "");
    int n = s->failed ? 0 : (int)(sqlite3_total_changes64(s->db) - before);
    db_run(s, "UPDATE effect SET state = 'unsure', looks = 0 WHERE kind = 'create' AND state = 'in-flight'", "");
    return n;
}

/* ---- a tracker that lost its past ---- */

size_t store_records_newest(struct store *s, struct arena *a, const char *tracker, size_t limit, const char ***ret) {
    return db_texts(s, a,
                    db_query(s,
                             "SELECT ref FROM record WHERE tracker = ? AND presence = 'present' AND updated <> 0 ORDER "
                             "BY updated DESC, ref LIMIT ?",
                             "si", tracker, (int64_t)limit),
                    ret);
}

void store_tracker_again(struct store *s, const char *tracker) {
    db_run(s, "UPDATE record SET hash = 0 WHERE tracker = ?", "s", tracker);
    /* what stands there now was not written by us, whatever it is; what we would write is written again */
    db_run(s, "UPDATE value SET written = NULL, computed = char(1) WHERE ref >= ?1 || ':' AND ref < ?1 || ';'", "s",
           tracker);
}

void store_record_unknown(struct store *s, const char *ref) {
    db_run(s, "UPDATE record SET created = 0, updated = 0, native_state = NULL WHERE ref = ?", "s", ref);
}

size_t store_records_unseen(struct store *s, struct arena *a, const char *tracker, msec_t since, const char ***ret) {
    return db_texts(
        s, a,
        db_query(s, "SELECT ref FROM record WHERE tracker = ? AND presence = 'present' AND last_seen < ? ORDER BY ref",
                 "si", tracker, since),
        ret);
}
