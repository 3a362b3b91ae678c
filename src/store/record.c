/* record: trackers, and the mirror of their records. */
#include "db.h"

#include <string.h>

void store_tracker_ensure(struct store *s, const char *name, const char *connector, const char *role, const char *url) {
    db_run(s,
           "INSERT INTO tracker (name, connector, role, url) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET connector = "
           "excluded.connector, role = excluded.role, url = excluded.url",
           "ssss", name, connector, role, url);
}

bool store_tracker(struct store *s, struct arena *a, const char *name, struct tracker_row *ret) {
    sqlite3_stmt *q = db_query(
        s,
        "SELECT name, connector, role, url, cursor, import, error, stopped, sweep_at, versions, import_began, "
        "clock_offset, "
        "last_poll, last_ok, last_change, error_since, sweep_began, imported, paused FROM tracker WHERE name = ?",
        "s", name);
    if (!db_next(s, q))
        return false;
    const char **texts[] = {&ret->name,   &ret->connector, &ret->role,    &ret->url,      &ret->cursor,
                            &ret->import, &ret->error,     &ret->stopped, &ret->sweep_at, &ret->versions};
    for (size_t i = 0; i < array_size(texts); i++)
        *texts[i] = col_text(a, q, (int)i);
    msec_t *times[] = {&ret->import_began, &ret->clock_offset, &ret->last_poll,   &ret->last_ok,
                       &ret->last_change,  &ret->error_since,  &ret->sweep_began, &ret->imported};
    for (size_t i = 0; i < array_size(times); i++)
        *times[i] = col_int(q, (int)(array_size(texts) + i));
    ret->paused = col_int(q, 18) != 0;
    db_end(q);
    return true;
}

void store_tracker_put(struct store *s, const struct tracker_row *t) {
    db_run(s,
           "UPDATE tracker SET cursor = ?, import = ?, error = ?, stopped = ?, sweep_at = ?, versions = ?, "
           "import_began = ?, "
           "clock_offset = ?, last_poll = ?, last_ok = ?, last_change = ?, error_since = ?, sweep_began = ?, imported "
           "= ?, paused = ? "
           "WHERE name = ?",
           "ssssssiiiiiiiiis", t->cursor, t->import, t->error, t->stopped, t->sweep_at, t->versions, t->import_began,
           t->clock_offset, t->last_poll, t->last_ok, t->last_change, t->error_since, t->sweep_began, t->imported,
           (int64_t)t->paused, t->name);
}

bool store_imports_done(struct store *s) {
    return db_number(s, 1, "SELECT count(*) FROM tracker WHERE import <> 'done'", "") == 0;
}

#define RECORD_COLUMNS                                                                                                 \
    "ref, tracker, id, title, url, native_state, native_resolution, merged_into, service, priority, reporter, "        \
    "assignee, "                                                                                                       \
    "version, allowed, duplicate_of, kind, state, outcome, presence, version_closed, created, updated, hash, fields, " \
    "native, state_at, first_seen, last_seen, detailed_at, missing_looks, excluded, version_at, outcome_set, fresh, "  \
    "forgotten"

static void record_read(struct store *s, struct arena *a, sqlite3_stmt *q, struct record_row *ret) {
    struct record *r = &ret->r;
    const char **texts[] = {&ret->ref,        &r->tracker,           &r->id,          &r->title,   &r->url,
                            &r->native_state, &r->native_resolution, &r->merged_into, &r->service, &r->priority,
                            &r->reporter,     &r->assignee,          &r->version,     &r->allowed, &ret->duplicate_of};
    *ret = (struct record_row){0};
    for (size_t i = 0; i < array_size(texts); i++)
        *texts[i] = col_text(a, q, (int)i);
    kind_parse((const char *)sqlite3_column_text(q, 15), &r->kind);
    state_parse((const char *)sqlite3_column_text(q, 16), &r->state);
    outcome_parse((const char *)sqlite3_column_text(q, 17), &r->outcome);
    presence_parse((const char *)sqlite3_column_text(q, 18), &r->presence);
    r->version_closed = col_int(q, 19) != 0;
    r->created = col_int(q, 20);
    r->updated = col_int(q, 21);
    r->hash = (uint64_t)col_int(q, 22);
    r->fields = col_json(s, q, 23);
    r->native = col_json(s, q, 24);
    ret->state_at = col_int(q, 25);
    ret->first_seen = col_int(q, 26);
    ret->last_seen = col_int(q, 27);
    ret->detailed_at = col_int(q, 28);
    ret->missing_looks = (int)col_int(q, 29);
    ret->excluded = col_int(q, 30) != 0;
    ret->version_at = col_int(q, 31);
    ret->outcome_set = col_text(a, q, 32);
    ret->fresh = col_int(q, 33) != 0;
    ret->forgotten = col_int(q, 34) != 0;
}

bool store_record(struct store *s, struct arena *a, const char *ref, struct record_row *ret) {
    sqlite3_stmt *q = db_query(s, "SELECT " RECORD_COLUMNS " FROM record WHERE ref = ?", "s", ref);
    if (!db_next(s, q))
        return false;
    record_read(s, a, q, ret);
    db_end(q);
    return true;
}

/* The full-text row of a ref: found by number, never by a scan. */
int64_t search_row(const char *ref) {
    return (int64_t)(hash_str(ref) >> 2);
}

static void index_record(struct store *s, const struct record_row *row) {
    int64_t n = search_row(row->ref);
    if (db_number(s, 0, "SELECT count(*) FROM search WHERE rowid = ? AND title = ?", "iS", n, row->r.title))
        return;
    db_run(s, "DELETE FROM search WHERE rowid = ?", "i", n);
    db_run(s, "INSERT INTO search (rowid, ref, title, body) VALUES (?, ?, ?, '')", "isS", n, row->ref, row->r.title);
}

void store_record_put(struct store *s, const struct record_row *row) {
    struct record_row kept = *row;
    struct record *r = &kept.r;
    struct arena *a = arena_new();
    if (row->forgotten) {
        r->title = "";
        r->reporter = r->assignee = NULL;
        r->native = NULL;
        r->fields = forget_fields(s, a, row->ref, r->fields);
    }
    db_run(s,
           "INSERT OR REPLACE INTO record (" RECORD_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
           "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
           "sssSsssssssssssssssiiiissiiiiiiisii", row->ref, r->tracker, r->id, r->title, r->url, r->native_state,
           r->native_resolution, r->merged_into, r->service, r->priority, r->reporter, r->assignee, r->version,
           r->allowed, row->duplicate_of, kind_name(r->kind), state_name(r->state), outcome_name(r->outcome),
           presence_name(r->presence), (int64_t)r->version_closed, r->created, r->updated, (int64_t)r->hash,
           r->fields ? json_print(a, r->fields) : "{}", r->native ? json_print(a, r->native) : "{}", row->state_at,
           row->first_seen, row->last_seen, row->detailed_at, (int64_t)row->missing_looks, (int64_t)row->excluded,
           row->version_at, row->outcome_set, (int64_t)row->fresh, (int64_t)row->forgotten);
    index_record(s, &kept);
    if (row->forgotten)
        json_decref(r->fields);
    arena_free(a);
}

bool store_record_unchanged(struct store *s, const char *ref, uint64_t hash) {
    return db_number(s, 0, "SELECT count(*) FROM record WHERE ref = ? AND hash = ? AND presence = 'present'", "si", ref,
                     (int64_t)hash) == 1;
}

size_t store_refs(struct store *s, struct arena *a, const char *tracker, const char *after, size_t limit,
                  const char ***ret) {
    return db_texts(
        s, a,
        db_query(s, "SELECT ref FROM record WHERE ref > max(?2, ?1 || ':') AND ref < ?1 || ';' ORDER BY ref LIMIT ?3",
                 "ssi", tracker, after, (int64_t)limit),
        ret);
}

size_t store_sweep_refs(struct store *s, struct arena *a, const char *tracker, const char *after, size_t limit,
                        const char ***ret) {
    return db_texts(
        s, a,
        db_query(
            s,
            "SELECT ref FROM record WHERE tracker = ? AND ref > ? AND (presence <> 'present' OR EXISTS (SELECT 1 FROM "
            "link WHERE link.ref = record.ref AND status = 'confirmed') OR duplicate_of IS NOT NULL OR EXISTS (SELECT "
            "1 FROM record d "
            "WHERE d.duplicate_of = record.ref)) ORDER BY ref LIMIT ?",
            "ssi", tracker, after, (int64_t)limit),
        ret);
}

size_t store_duplicates_of(struct store *s, struct arena *a, const char *ref, const char ***ret) {
    return db_texts(
        s, a,
        db_query(s,
                 "WITH RECURSIVE up (ref, depth) AS (SELECT ref, 1 FROM record WHERE duplicate_of = ?1 UNION SELECT "
                 "record.ref, depth + 1 FROM record JOIN up ON record.duplicate_of = up.ref WHERE depth < 16) SELECT "
                 "DISTINCT ref FROM up WHERE ref <> ?1 ORDER BY ref LIMIT 1000",
                 "s", ref),
        ret);
}

size_t store_versions_apply(struct store *s, struct arena *a, const char *tracker, const char *version, bool closed,
                            msec_t at, const char ***ret) {
    size_t n = db_texts(
        s, a,
        db_query(s, "SELECT ref FROM record WHERE tracker = ? AND version = ? AND version_closed <> ? ORDER BY ref",
                 "ssi", tracker, version, (int64_t)closed),
        ret);
    if (n)
        db_run(s,
               "UPDATE record SET version_closed = ?3, version_at = CASE WHEN ?3 THEN ?4 ELSE 0 END WHERE tracker = ?1 "
               "AND version = ?2 AND version_closed <> ?3",
               "ssii", tracker, version, (int64_t)closed, at);
    return n;
}

bool store_incident(struct store *s, struct arena *a, const char *ref, struct incident_row *ret) {
    sqlite3_stmt *q =
        db_query(s,
                 "SELECT ref, policy, outcome_set, outcome_reason, came_back_by, decision, verdict, was, asserted, "
                 "outcome, turn, "
                 "adopted_turn, asserted_turn, turn_at, linked_at, delivered_at, asserted_at, came_back_at, "
                 "was_linked, adopted_open, "
                 "ignored, overridden, own_reopen, came_back_acked, quiet_turn, recurred_turn, late_acked_turn FROM "
                 "incident WHERE ref = ?",
                 "s", ref);
    if (!db_next(s, q))
        return false;
    *ret = (struct incident_row){0};
    const char **texts[] = {&ret->ref,          &ret->policy,  &ret->outcome_set, &ret->outcome_reason,
                            &ret->came_back_by, &ret->decision};
    for (size_t i = 0; i < array_size(texts); i++)
        *texts[i] = col_text(a, q, (int)i);
    verdict_parse((const char *)sqlite3_column_text(q, 6), &ret->verdict);
    verdict_parse((const char *)sqlite3_column_text(q, 7), &ret->was);
    state_parse((const char *)sqlite3_column_text(q, 8), &ret->asserted);
    outcome_parse((const char *)sqlite3_column_text(q, 9), &ret->outcome);
    ret->turn = (int)col_int(q, 10);
    ret->adopted_turn = (int)col_int(q, 11);
    ret->asserted_turn = (int)col_int(q, 12);
    msec_t *times[] = {&ret->turn_at, &ret->linked_at, &ret->delivered_at, &ret->asserted_at, &ret->came_back_at};
    for (size_t i = 0; i < array_size(times); i++)
        *times[i] = col_int(q, 13 + (int)i);
    bool *flags[] = {&ret->was_linked, &ret->adopted_open, &ret->ignored,
                     &ret->overridden, &ret->own_reopen,   &ret->came_back_acked};
    for (size_t i = 0; i < array_size(flags); i++)
        *flags[i] = col_int(q, 18 + (int)i) != 0;
    ret->quiet_turn = (int)col_int(q, 24);
    ret->recurred_turn = (int)col_int(q, 25);
    ret->late_acked_turn = (int)col_int(q, 26);
    db_end(q);
    return true;
}

void store_incident_put(struct store *s, const struct incident_row *i) {
    db_run(
        s,
        "INSERT INTO incident (ref, policy, outcome_set, outcome_reason, came_back_by, decision, verdict, was, "
        "asserted, outcome, "
        "turn, adopted_turn, asserted_turn, turn_at, linked_at, delivered_at, asserted_at, came_back_at, "
        "was_linked, adopted_open, "
        "ignored, overridden, own_reopen, came_back_acked, quiet_turn, recurred_turn, late_acked_turn) VALUES (?, ?, "
        "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET policy = "
        "excluded.policy, outcome_set = "
        "excluded.outcome_set, outcome_reason = "
        "excluded.outcome_reason, came_back_by = excluded.came_back_by, decision = excluded.decision, verdict = "
        "excluded.verdict, "
        "was = excluded.was, asserted = excluded.asserted, outcome = excluded.outcome, turn = excluded.turn, "
        "adopted_turn = "
        "excluded.adopted_turn, asserted_turn = excluded.asserted_turn, turn_at = excluded.turn_at, linked_at = "
        "excluded.linked_at, "
        "delivered_at = excluded.delivered_at, asserted_at = excluded.asserted_at, came_back_at = "
        "excluded.came_back_at, was_linked "
        "= excluded.was_linked, adopted_open = excluded.adopted_open, ignored = excluded.ignored, overridden = "
        "excluded.overridden, "
        "own_reopen = excluded.own_reopen, came_back_acked = excluded.came_back_acked, quiet_turn = "
        "excluded.quiet_turn, recurred_turn = excluded.recurred_turn, late_acked_turn = excluded.late_acked_turn",
        "ssssssssssiiiiiiiiiiiiiiiii", i->ref, i->policy, i->outcome_set, i->outcome_reason, i->came_back_by,
        i->decision, verdict_name(i->verdict), verdict_name(i->was), i->asserted ? state_name(i->asserted) : NULL,
        outcome_name(i->outcome), (int64_t)i->turn, (int64_t)i->adopted_turn, (int64_t)i->asserted_turn, i->turn_at,
        i->linked_at, i->delivered_at, i->asserted_at, i->came_back_at, (int64_t)i->was_linked,
        (int64_t)i->adopted_open, (int64_t)i->ignored, (int64_t)i->overridden, (int64_t)i->own_reopen,
        (int64_t)i->came_back_acked, (int64_t)i->quiet_turn, (int64_t)i->recurred_turn, (int64_t)i->late_acked_turn);
}

size_t store_incidents_linked(struct store *s, struct arena *a, const char *after, size_t limit, const char ***ret) {
    return db_texts(s, a,
                    db_query(s, "SELECT ref FROM incident WHERE verdict <> 'unlinked' AND ref > ? ORDER BY ref LIMIT ?",
                             "si", after, (int64_t)limit),
                    ret);
}
