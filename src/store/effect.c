/* effect: the outbox. What may follow what stands in schema.sql as triggers. */
#include "db.h"

#include <string.h>

#define COLUMNS                                                                                                        \
    "n, ref, key, reason, error, echo, marker, kind, state, want, from_states, problem, turn, batch, decision, "       \
    "attempts, created, "                                                                                              \
    "not_before, sent, settled, adopted, looks, alive, batch <> 0 AND batch NOT IN (SELECT id FROM batch WHERE state " \
    "= 'released')"

static void effect_read(struct store *s, struct arena *a, sqlite3_stmt *q, struct effect_row *ret) {
    struct effect *e = &ret->e;
    *ret = (struct effect_row){0};
    e->n = col_int(q, 0);
    const char **texts[] = {&e->ref, &e->key, &e->reason, &e->error, &e->echo, &ret->marker};
    for (size_t i = 0; i < array_size(texts); i++)
        *texts[i] = col_text(a, q, 1 + (int)i);
    effect_kind_parse((const char *)sqlite3_column_text(q, 7), &e->kind);
    effect_state_parse((const char *)sqlite3_column_text(q, 8), &e->state);
    e->want = col_json(s, q, 9);
    e->from = col_json(s, q, 10);
    e->problem = col_int(q, 11);
    e->turn = (int)col_int(q, 12);
    e->batch = col_int(q, 13);
    e->decision = col_int(q, 14);
    e->attempts = (int)col_int(q, 15);
    e->created = col_int(q, 16);
    e->not_before = col_int(q, 17);
    e->sent = col_int(q, 18);
    e->settled = col_int(q, 19);
    ret->adopted = col_int(q, 20) != 0;
    ret->looks = (int)col_int(q, 21);
    ret->alive = col_int(q, 22);
    ret->held = col_int(q, 23) != 0;
}

int64_t store_effect_add(struct store *s, const struct effect_row *row, bool superseded) {
    const struct effect *e = &row->e;
    struct arena *a = arena_new();
    int64_t before = sqlite3_total_changes64(s->db);
    db_run(s,
           "INSERT INTO effect (ref, kind, key, want, from_states, state, reason, problem, turn, batch, decision, "
           "adopted, marker, created, "
           "not_before, settled) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
           "sssssssiiiiisiii", e->ref, effect_kind_name(e->kind), e->key, json_print(a, e->want),
           e->from ? json_print(a, e->from) : NULL, superseded ? "superseded" : "pending", e->reason ? e->reason : "",
           e->problem, (int64_t)e->turn, e->batch, e->decision, (int64_t)row->adopted, row->marker, e->created,
           e->not_before, superseded ? e->created : (int64_t)0);
    arena_free(a);
    return !s->failed && sqlite3_total_changes64(s->db) > before ? sqlite3_last_insert_rowid(s->db) : 0;
}

static bool effect_one(struct store *s, struct arena *a, sqlite3_stmt *q, struct effect_row *ret) {
    if (!db_next(s, q))
        return false;
    effect_read(s, a, q, ret);
    db_end(q);
    return true;
}

bool store_effect(struct store *s, struct arena *a, int64_t n, struct effect_row *ret) {
    return effect_one(s, a, db_query(s, "SELECT " COLUMNS " FROM effect WHERE n = ?", "i", n), ret);
}

bool store_effect_by_marker(struct store *s, struct arena *a, const char *marker, struct effect_row *ret) {
    return effect_one(
        s, a, db_query(s, "SELECT " COLUMNS " FROM effect WHERE marker = ? ORDER BY n LIMIT 1", "s", marker), ret);
}

bool store_effect_by_key(struct store *s, struct arena *a, const char *key, struct effect_row *ret) {
    return effect_one(s, a, db_query(s, "SELECT " COLUMNS " FROM effect WHERE key = ?", "s", key), ret);
}

void store_effect_move(struct store *s, int64_t n, enum effect_state to, const char *error, const char *echo,
                       msec_t now) {
    bool ends = to == EFFECT_DONE || to == EFFECT_SUPERSEDED;
    db_run(s,
           "UPDATE effect SET state = ?2, error = CASE WHEN ?2 = 'done' THEN NULL ELSE coalesce(?3, error) END, echo = "
           "coalesce(?4, echo), "
           "sent = CASE WHEN ?2 = 'in-flight' THEN ?5 ELSE sent END, attempts = attempts + (?2 = 'in-flight'), "
           "looks = CASE WHEN ?2 = 'unsure' THEN 0 ELSE looks END, "
           "alive = CASE WHEN ?2 = 'in-flight' THEN ?5 ELSE alive END, settled = CASE WHEN ?6 THEN ?5 ELSE settled END "
           "WHERE n = ?1",
           "isssii", n, effect_state_name(to), error, echo, now, (int64_t)ends);
    if (ends)
        db_run(s,
               "UPDATE effect SET want = json_remove(want, '$.text') WHERE n = ? AND kind = 'note' AND ref IN (SELECT "
               "ref FROM record WHERE record.ref = effect.ref AND forgotten = 1)",
               "i", n);
}

void store_effect_later(struct store *s, int64_t n, msec_t not_before, const char *error) {
    db_run(s, "UPDATE effect SET not_before = ?, error = coalesce(?, error) WHERE n = ?", "isi", not_before, error, n);
}

void store_effect_looked(struct store *s, int64_t n, int looks) {
    db_run(s, "UPDATE effect SET looks = ? WHERE n = ?", "ii", (int64_t)looks, n);
}

void store_effect_alive(struct store *s, int64_t n, msec_t alive) {
    db_run(s, "UPDATE effect SET alive = ? WHERE n = ?", "ii", alive, n);
}

void store_effect_want(struct store *s, int64_t n, const json_t *want) {
    struct arena *a = arena_new();
    db_run(s, "UPDATE effect SET want = ? WHERE n = ?", "si", json_print(a, want), n);
    arena_free(a);
}

size_t store_effects_open(struct store *s, struct arena *a, const char *ref, struct effect_row **ret) {
    sqlite3_stmt *q = db_query(s,
                               "SELECT " COLUMNS
                               " FROM effect WHERE ref = ? AND state IN ('pending', 'in-flight', 'unsure', 'parked') "
                               "ORDER BY n LIMIT 500",
                               "s", ref);
    size_t n = 0;
    *ret = NULL;
    while (db_next(s, q))
        effect_read(s, a, q, arena_push(a, ret, &n));
    return n;
}

size_t store_notes_done(struct store *s, struct arena *a, const char *ref, struct effect_row **ret) {
    sqlite3_stmt *q = db_query(s,
                               "SELECT " COLUMNS
                               " FROM effect WHERE ref = ? AND kind = 'note' AND state = 'done' AND marker IS NOT NULL "
                               "ORDER BY n DESC LIMIT 500",
                               "s", ref);
    size_t n = 0;
    *ret = NULL;
    while (db_next(s, q))
        effect_read(s, a, q, arena_push(a, ret, &n));
    return n;
}

/* The columns and condition of the index effect_ready. */
#define OF_TRACKER "substr(ref, 1, instr(ref, ':')) = ?1 || ':'"
#define READY      "state IN ('pending', 'in-flight', 'unsure')"
#define RIPE                                                                                                           \
    "SELECT ref FROM effect WHERE " OF_TRACKER " AND batch = ?2 AND not_before <= ?3 AND " READY                       \
    " AND (state <> 'pending' OR NOT EXISTS (SELECT 1 FROM effect u WHERE u.ref = effect.ref AND u.state = 'unsure' "  \
    "AND u.not_before > ?3)) ORDER BY "

struct refs {
    struct arena *a;
    const char **items;
    size_t count, limit;
};

/* Ends the walk early: what is ready is a queue, its head is enough. */
static void refs_take(struct store *s, sqlite3_stmt *q, struct refs *r, size_t most) {
    size_t from = r->count;
    while (r->count < r->limit && r->count - from < most && db_next(s, q)) {
        const char *ref = (const char *)sqlite3_column_text(q, 0);
        bool have = false;
        for (size_t i = 0; i < r->count && !have; i++)
            have = str_is(r->items[i], ref);
        if (!have)
            *arena_push(r->a, &r->items, &r->count) = arena_strdup(r->a, ref);
    }
    db_end(q);
}

/* The next batch with something of that tracker open, of those that were released; 0 none. */
static int64_t next_batch(struct store *s, const char *tracker, int64_t after) {
    int64_t batch = after;
    do {
        batch = db_number(s, 0, "SELECT min(batch) FROM effect WHERE " OF_TRACKER " AND batch > ?2 AND " READY, "si",
                          tracker, batch);
    } while (batch && !db_number(s, 0, "SELECT count(*) FROM batch WHERE id = ? AND state = 'released'", "i", batch));
    return batch;
}

/* From both ends, and from the batches: a long queue of one kind does not keep the others waiting. */
size_t store_refs_sendable(struct store *s, struct arena *a, const char *tracker, msec_t now, size_t limit,
                           const char ***ret) {
    struct refs ends[3] = {{a, NULL, 0, limit}, {a, NULL, 0, limit}, {a, NULL, 0, limit}}, all = {a, NULL, 0, limit};
    refs_take(s, db_query(s, RIPE "not_before, n", "sii", tracker, (int64_t)0, now), &ends[0], limit);
    for (int64_t b = 0; ends[1].count < limit && (b = next_batch(s, tracker, b)) != 0;)
        refs_take(s, db_query(s, RIPE "not_before, n", "sii", tracker, b, now), &ends[1], limit);
    if (ends[0].count == limit)
        refs_take(s, db_query(s, RIPE "not_before DESC, n DESC", "sii", tracker, (int64_t)0, now), &ends[2], limit);
    for (size_t i = 0; i < limit; i++)
        for (size_t k = 0; k < array_size(ends) && all.count < limit; k++) {
            bool have = i >= ends[k].count;
            for (size_t j = 0; j < all.count && !have; j++)
                have = str_is(all.items[j], ends[k].items[i]);
            if (!have)
                *arena_push(a, &all.items, &all.count) = ends[k].items[i];
        }
    *ret = all.items;
    return all.count;
}

size_t store_refs_asking(struct store *s, struct arena *a, const char *tracker, msec_t now, size_t limit,
                         const char ***ret) {
    return db_texts(s, a,
                    db_query(s,
                             "SELECT DISTINCT ref FROM effect WHERE state IN ('in-flight', 'unsure') AND ref >= ?1 || "
                             "':' AND ref < ?1 || ';' AND not_before <= ?2 LIMIT ?3",
                             "sii", tracker, now, (int64_t)limit),
                    ret);
}

const char *store_state_left(struct store *s, struct arena *a, const char *ref) {
    const char **found;
    size_t n = db_texts(s, a,
                        db_query(s,
                                 "SELECT json_extract(want, '$.state') FROM effect WHERE ref = ?1 AND kind = 'state' "
                                 "AND state = 'done' AND NOT EXISTS (SELECT 1 FROM effect u WHERE u.ref = ?1 AND "
                                 "u.kind = 'state' AND u.state IN ('in-flight', 'unsure')) ORDER BY settled DESC, n "
                                 "DESC LIMIT 1",
                                 "s", ref),
                        &found);
    return n ? found[0] : NULL;
}

msec_t store_next_sendable(struct store *s, const char *tracker, msec_t now) {
    msec_t first = 0;
    int64_t batch = 0;
    do {
        msec_t at = db_number(s, 0,
                              "SELECT not_before FROM effect WHERE " OF_TRACKER " AND batch = ?2 AND not_before > ?3 "
                              "AND " READY " ORDER BY not_before LIMIT 1",
                              "sii", tracker, batch, now);
        if (at && (!first || at < first))
            first = at;
    } while ((batch = next_batch(s, tracker, batch)) != 0);
    return first;
}

msec_t store_field_leaves(struct store *s, const char *ref) {
    return db_number(s, 0, "SELECT min(not_before) FROM effect WHERE ref = ? AND kind = 'field' AND state = 'pending'",
                     "s", ref);
}

msec_t store_field_entered(struct store *s, const char *ref) {
    return db_number(s, 0, "SELECT max(created) FROM effect WHERE ref = ? AND kind = 'field' AND state = 'pending'",
                     "s", ref);
}

int store_effects_leaving(struct store *s, int64_t problem, size_t most) {
    return (int)db_number(s, 0,
                          "SELECT count(*) FROM (SELECT 1 FROM effect WHERE problem = ? AND problem <> 0 AND state IN "
                          "('pending', 'in-flight', 'unsure') AND batch NOT IN (SELECT id FROM batch WHERE state = "
                          "'braked') LIMIT ?)",
                          "ii", problem, (int64_t)most);
}

void store_field_sooner(struct store *s, const char *ref, msec_t leaves) {
    db_run(s,
           "UPDATE effect SET not_before = ?2 WHERE ref = ?1 AND kind = 'field' AND state = 'pending' AND attempts = 0 "
           "AND not_before > ?2",
           "si", ref, leaves);
}

/* What is parked no longer waits for a person no longer. */
static void unattend_parked(struct store *s) {
    db_run(
        s,
        "DELETE FROM attention WHERE kind = 'parked' AND subject NOT IN (SELECT 'effect:' || n FROM effect WHERE state "
        "= 'parked')",
        "");
}

static int changed(struct store *s, int64_t before) {
    return s->failed ? 0 : (int)(sqlite3_total_changes64(s->db) - before);
}

int store_supersede_turn(struct store *s, const char *ref, int turn, const char *why, msec_t now) {
    int64_t before = sqlite3_total_changes64(s->db);
    db_run(s,
           "UPDATE effect SET state = 'superseded', settled = ?4, error = ?3 WHERE ref = ?1 AND kind IN ('state', "
           "'note') AND turn < ?2 AND state IN ('pending', 'parked')",
           "sisi", ref, (int64_t)turn, why, now);
    int n = changed(s, before);
    if (n)
        unattend_parked(s);
    return n;
}

int store_supersede_field(struct store *s, const char *ref, const char *field, msec_t now) {
    int64_t before = sqlite3_total_changes64(s->db);
    db_run(s,
           "UPDATE effect SET state = 'superseded', settled = ?3, error = 'a newer value' WHERE ref = ?1 AND kind = "
           "'field' AND "
           "json_extract(want, '$.field') = ?2 AND state IN ('pending', 'parked')",
           "ssi", ref, field, now);
    int n = changed(s, before);
    if (n)
        unattend_parked(s);
    return n;
}

int store_in_flight_unsure(struct store *s, msec_t now) {
    int64_t before = sqlite3_total_changes64(s->db);
    db_run(s, "UPDATE effect SET state = 'unsure', looks = 0, alive = ?1 WHERE state = 'in-flight'", "i", now);
    int n = changed(s, before);
    db_run(s, "UPDATE effect SET alive = ?1, looks = 0 WHERE state = 'unsure'", "i", now);
    return n;
}

int store_told_revision(struct store *s, const char *ref, int64_t problem) {
    return (int)db_number(
        s, 0,
        "SELECT max(json_extract(want, '$.revision')) FROM effect WHERE ref = ? AND kind = 'note' AND problem = ?",
        "si", ref, problem);
}

int64_t store_next_decision(struct store *s) {
    return db_number(s, 0, "SELECT coalesce(max(n), 0) + 1 FROM effect", "");
}

int store_adopted_release(struct store *s, int64_t batch) {
    int64_t before = sqlite3_total_changes64(s->db);
    db_run(s,
           "UPDATE effect SET state = 'pending', settled = 0, error = NULL, batch = ?1 WHERE state = 'superseded' AND "
           "adopted = 1 "
           "AND ref NOT IN (SELECT ref FROM incident WHERE ignored = 1) AND (turn = 0 OR turn = (SELECT turn FROM "
           "incident "
           "WHERE incident.ref = effect.ref))",
           "i", batch);
    int n = changed(s, before);
    db_run(
        s,
        "UPDATE batch SET tells = (SELECT count(DISTINCT ref) FROM effect WHERE batch = ?1 AND kind = 'note' AND state "
        "= 'pending' AND json_extract(want, '$.visibility') = 'public'), moves = (SELECT count(*) FROM effect WHERE "
        "batch = ?1 AND kind = 'state' AND state = 'pending') WHERE id = ?1",
        "i", batch); /* what grows a batch by itself sees new effects alone */
    db_run(s, "UPDATE incident SET adopted_turn = -1, adopted_open = 0 WHERE adopted_turn >= 0", "");
    return n;
}

json_t *store_adopted_counts(struct store *s) {
    json_t *counts = json_object();
    sqlite3_stmt *q = db_query(
        s,
        "SELECT kind || CASE kind WHEN 'note' THEN ' ' || json_extract(want, '$.note') WHEN 'state' THEN ' ' || "
        "json_extract(want, '$.state') ELSE '' END, count(*) FROM effect WHERE state = 'superseded' AND adopted = 1 "
        "AND ref NOT IN (SELECT ref FROM incident WHERE ignored = 1) AND (turn = 0 OR turn = (SELECT turn FROM "
        "incident "
        "WHERE incident.ref = effect.ref))"
        " GROUP BY 1 ORDER BY 1",
        "");
    while (db_next(s, q))
        json_object_set_new(counts, (const char *)sqlite3_column_text(q, 0), json_integer(sqlite3_column_int64(q, 1)));
    return counts;
}

void store_effects_merge(struct store *s, const char *from_ref, const char *why, msec_t now) {
    db_run(s,
           "UPDATE effect SET state = 'superseded', settled = ?3, error = ?2 WHERE ref = ?1 AND state IN ('pending', "
           "'parked')",
           "ssi", from_ref, why, now);
    db_run(s,
           "DELETE FROM attention WHERE kind = 'parked' AND subject IN (SELECT 'effect:' || n FROM effect WHERE ref = "
           "? AND state = 'superseded')",
           "s", from_ref);
    unattend_parked(s);
}

void store_keys_merge(struct store *s, const char *from, const char *to, msec_t now) {
    db_run(s,
           "INSERT INTO effect (ref, kind, key, want, state, reason, problem, turn, created, settled) SELECT ?2, kind, "
           "kind || ':' || ?2 || substr(key, length(kind) + length(?1) + 2), want, 'superseded', 'told on what was "
           "merged into it', problem, turn, ?3, ?3 FROM effect WHERE ref = ?1 AND kind IN ('state', 'note') AND state "
           "<> 'pending' AND substr(key, 1, length(kind) + length(?1) + 2) = kind || ':' || ?1 || ':' ORDER BY n ON "
           "CONFLICT (key) DO NOTHING",
           "ssi", from, to, now);
}

void store_keys_raise(struct store *s, const char *ref, int from, int to, msec_t now) {
    db_run(s,
           "INSERT INTO effect (ref, kind, key, want, state, reason, problem, turn, adopted, created, settled) SELECT "
           "ref, kind, substr(key, 1, length(key) - length(?2)) || ?3, want, 'superseded', 'asserted in a turn before "
           "the merge', problem, ?3, adopted, ?4, ?4 FROM effect WHERE ref = ?1 AND turn = ?2 AND (kind = 'state' OR "
           "(kind = 'note' AND json_extract(want, '$.note') NOT IN ('known-error', 'workaround'))) AND key LIKE '%:' "
           "|| ?2 ORDER BY n ON CONFLICT (key) DO NOTHING",
           "siii", ref, (int64_t)from, (int64_t)to, now);
    db_run(s, "UPDATE effect SET turn = ?3 WHERE ref = ?1 AND turn = ?2 AND kind IN ('state', 'note')", "sii", ref,
           (int64_t)from, (int64_t)to);
}

int64_t store_batch_new(struct store *s, int64_t problem, const char *cause, msec_t now) {
    db_run(s, "INSERT INTO batch (problem, cause, created) VALUES (?, ?, ?)", "iSi", problem, cause, now);
    return s->failed ? 0 : sqlite3_last_insert_rowid(s->db);
}

size_t store_batches_close(struct store *s, struct arena *a, int brake, struct batch_row **ret_braked) {
    size_t n = 0;
    *ret_braked = NULL;
    if (db_number(s, 0, "SELECT count(*) FROM batch WHERE state = 'gathering'", "") == 0)
        return 0;
    sqlite3_stmt *q = db_query(s,
                               "SELECT id, problem, tells, moves, cause FROM batch WHERE state = 'gathering' AND "
                               "max(tells, moves) > ? AND NOT "
                               "EXISTS (SELECT 1 FROM due WHERE due.batch = batch.id AND due.batch <> 0)",
                               "i", (int64_t)brake);
    while (db_next(s, q))
        *arena_push(a, ret_braked, &n) = (struct batch_row){.id = col_int(q, 0),
                                                            .problem = col_int(q, 1),
                                                            .tells = (int)col_int(q, 2),
                                                            .moves = (int)col_int(q, 3),
                                                            .cause = col_text(a, q, 4)};
    db_run(s,
           "UPDATE batch SET state = CASE WHEN max(tells, moves) > ? THEN 'braked' ELSE 'released' END WHERE state = "
           "'gathering' AND NOT EXISTS "
           "(SELECT 1 FROM due WHERE due.batch = batch.id AND due.batch <> 0)",
           "i", (int64_t)brake);
    return n;
}

int64_t store_batches_gathering(struct store *s) {
    return db_number(s, 0, "SELECT count(*) FROM batch WHERE state = 'gathering'", "");
}

void store_batches_part(struct store *s, struct arena *a, msec_t now) {
    struct batch_row *parts = NULL;
    size_t n = 0;
    sqlite3_stmt *q =
        db_query(s,
                 "SELECT id, problem, cause FROM batch b WHERE state = 'gathering' AND EXISTS (SELECT 1 FROM "
                 "due WHERE due.batch = b.id) AND EXISTS (SELECT 1 FROM effect WHERE effect.batch = b.id)",
                 "");
    while (db_next(s, q))
        *arena_push(a, &parts, &n) =
            (struct batch_row){.id = col_int(q, 0), .problem = col_int(q, 1), .cause = col_text(a, q, 2)};
    for (size_t i = 0; i < n; i++)
        db_run(s, "UPDATE due SET batch = ? WHERE batch = ?", "ii",
               store_batch_new(s, parts[i].problem, parts[i].cause, now), parts[i].id);
}

bool store_batch_release(struct store *s, int64_t id) {
    int64_t before = sqlite3_total_changes64(s->db);
    db_run(s, "UPDATE batch SET state = 'released' WHERE id = ? AND state = 'braked'", "i", id);
    return changed(s, before) == 1;
}

bool store_batch(struct store *s, struct arena *a, int64_t id, struct batch_row *ret) {
    sqlite3_stmt *q = db_query(s, "SELECT id, problem, tells, moves, cause FROM batch WHERE id = ?", "i", id);
    if (!db_next(s, q))
        return false;
    *ret = (struct batch_row){.id = col_int(q, 0),
                              .problem = col_int(q, 1),
                              .tells = (int)col_int(q, 2),
                              .moves = (int)col_int(q, 3),
                              .cause = col_text(a, q, 4)};
    db_end(q);
    return true;
}

void store_keys_copy(struct store *s, struct arena *a, int64_t from, int64_t to, const char *ref, msec_t now) {
    const char *old = arena_printf(a, ":P-%lld", (long long)from), *fresh = arena_printf(a, ":P-%lld", (long long)to);
    db_run(s,
           "INSERT INTO effect (ref, kind, key, want, state, reason, problem, turn, created, settled) SELECT ref, "
           "kind, replace(key, ?1, ?2), want, "
           "'superseded', 'told under its other problem', ?4, turn, ?5, ?5 FROM effect WHERE kind = 'note' AND problem "
           "= ?3 AND (?6 IS NULL OR ref = "
           "?6) AND (key LIKE '%' || ?1 OR key LIKE '%' || ?1 || ':%') ON CONFLICT (key) DO NOTHING",
           "ssiiis", old, fresh, from, to, now, ref);
}

json_t *store_effect_counts(struct store *s, int64_t n) {
    json_t *counts = json_object();
    sqlite3_stmt *q = db_query(s,
                               "SELECT kind || CASE kind WHEN 'note' THEN ' ' || json_extract(want, '$.visibility') || "
                               "' ' || json_extract(want, '$.note') "
                               "WHEN 'state' THEN ' ' || json_extract(want, '$.state') WHEN 'field' THEN ' ' || "
                               "json_extract(want, '$.field') ELSE '' END, "
                               "count(*) FROM effect WHERE n >= ? AND state = 'pending' GROUP BY 1 ORDER BY 1",
                               "i", n);
    while (db_next(s, q))
        json_object_set_new(counts, (const char *)sqlite3_column_text(q, 0), json_integer(sqlite3_column_int64(q, 1)));
    return counts;
}

void store_decision_now(struct store *s, int64_t decision) {
    if (decision)
        db_run(s, "UPDATE effect SET not_before = 0 WHERE decision = ? AND state = 'pending'", "i", decision);
}
