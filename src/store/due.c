/* due: what has to be decided, when again, what has to be looked up; attention,
 * journal and quarantine. */
#include "db.h"

#include <stdio.h>
#include <string.h>

void store_due(struct store *s, enum kind kind, const char *id, int64_t batch, bool adopt, const char *cause) {
    db_run(s,
           "INSERT INTO due VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET batch = max(batch, excluded.batch), adopt "
           "= adopt AND "
           "excluded.adopt",
           "ssiis", kind_name(kind), id, batch, (int64_t)adopt, cause);
}

void store_due_problem(struct store *s, int64_t id, bool adopt, const char *cause) {
    struct arena *a = arena_new();
    store_due(s, KIND_PROBLEM, arena_printf(a, "%lld", (long long)id), 0, adopt, cause);
    arena_free(a);
}

void store_due_incidents_of(struct store *s, int64_t problem, int64_t batch, bool adopt, const char *cause) {
    db_run(s,
           "INSERT INTO due SELECT 'incident', ref, ?2, ?3, ?4 FROM link WHERE problem = ?1 AND kind = 'incident' AND "
           "status = 'confirmed' ON "
           "CONFLICT DO UPDATE SET batch = max(batch, excluded.batch)", /* adoption is the incident's own */
           "iiis", problem, batch, (int64_t)adopt, cause);
}

static sqlite3_stmt *page_query(struct store *s, enum kind kind, const char *after, size_t limit) {
    int64_t id = 0, n = (int64_t)limit;
    switch (kind) {
    case KIND_PROBLEM:
        str_int64(after, &id);
        return db_query(s, "SELECT id FROM problem WHERE id > ? ORDER BY id LIMIT ?", "ii", id, n);
    case KIND_INCIDENT:
        return db_query(s, "SELECT ref FROM incident WHERE ref > ? ORDER BY ref LIMIT ?", "si", after, n);
    case KIND_DEFECT:
    default:
        return db_query(s, "SELECT DISTINCT ref FROM link WHERE kind = 'defect' AND ref > ? ORDER BY ref LIMIT ?", "si",
                        after, n);
    }
}

bool store_due_page(struct store *s, enum kind kind, char *after, size_t size, size_t limit, int64_t batch, bool adopt,
                    const char *cause) {
    struct arena *a = arena_new();
    const char **ids;
    size_t n = db_texts(s, a, page_query(s, kind, after, limit), &ids);
    for (size_t i = 0; i < n; i++)
        store_due(s, kind, ids[i], batch, adopt, cause);
    if (n)
        snprintf(after, size, "%s", ids[n - 1]);
    arena_free(a);
    return n > 0;
}

bool store_due_adopted(struct store *s) {
    return db_number(s, 0,
                     "SELECT EXISTS (SELECT 1 FROM due WHERE adopt = 1) OR EXISTS (SELECT 1 FROM relink WHERE adopt = "
                     "1)",
                     "") != 0;
}

bool store_due_next(struct store *s, struct arena *a, const char *blocked, struct due_row *ret) {
    static const enum kind kinds[] = {KIND_PROBLEM, KIND_INCIDENT, KIND_DEFECT};
    for (size_t i = 0; i < array_size(kinds); i++)
        if (store_due_of(s, a, blocked, kinds[i], NULL, ret))
            return true;
    return false;
}

/* Not of a tracker in that JSON array of names, nor linked by a problem with something of one. */
#define NOT_BLOCKED                                                                                                    \
    "NOT EXISTS (SELECT 1 FROM json_each(?1) b WHERE (due.kind <> 'problem' AND due.id > b.value || ':' AND due.id < " \
    "b.value || ';') OR EXISTS (SELECT 1 FROM link l WHERE l.status = 'confirmed' AND l.ref > b.value || ':' AND "     \
    "l.ref < b.value || ';' AND ((due.kind = 'problem' AND l.problem = CAST(due.id AS INTEGER)) OR (due.kind <> "      \
    "'problem' AND l.problem IN (SELECT problem FROM link m WHERE m.ref = due.id AND m.status = 'confirmed')))))"

#define DUE "SELECT id, batch, adopt, cause FROM due WHERE "

static sqlite3_stmt *due_query(struct store *s, const char *blocked, enum kind kind, const char *id) {
    const char *k = kind_name(kind);
    if (blocked)
        return id ? db_query(s, DUE NOT_BLOCKED " AND kind = ?2 AND id = ?3", "sss", blocked, k, id)
                  : db_query(s, DUE NOT_BLOCKED " AND kind = ?2 LIMIT 1", "ss", blocked, k);
    return id ? db_query(s, DUE "kind = ? AND id = ?", "ss", k, id) : db_query(s, DUE "kind = ? LIMIT 1", "s", k);
}

bool store_due_of(struct store *s, struct arena *a, const char *blocked, enum kind kind, const char *id,
                  struct due_row *ret) {
    sqlite3_stmt *q = due_query(s, blocked, kind, id);
    if (!db_next(s, q))
        return false;
    *ret = (struct due_row){.kind = kind,
                            .id = col_text(a, q, 0),
                            .batch = col_int(q, 1),
                            .adopt = col_int(q, 2) != 0,
                            .cause = col_text(a, q, 3)};
    db_end(q);
    db_run(s, "DELETE FROM due WHERE kind = ? AND id = ?", "ss", kind_name(kind), ret->id);
    return true;
}

bool store_due_waits(struct store *s, enum kind kind, const char *id) {
    return db_number(s, 0, "SELECT count(*) FROM due WHERE kind = ? AND id = ?", "ss", kind_name(kind), id) == 1;
}

void store_relink_of_defect(struct store *s, const char *ref, bool adopt) {
    db_run(s,
           "INSERT INTO relink SELECT DISTINCT incident, ?2 FROM evidence e WHERE defect = ?1 AND incident <> '' AND "
           "EXISTS (SELECT 1 FROM record WHERE record.ref = e.incident) ON CONFLICT DO UPDATE SET adopt = adopt AND "
           "excluded.adopt",
           "si", ref, (int64_t)adopt);
}

bool store_relink_next(struct store *s, struct arena *a, const char *ref, const char **ret, bool *ret_adopt) {
    sqlite3_stmt *q = ref ? db_query(s, "SELECT ref, adopt FROM relink WHERE ref = ?", "s", ref)
                          : db_query(s, "SELECT ref, adopt FROM relink LIMIT 1", "");
    if (!db_next(s, q))
        return false;
    *ret = col_text(a, q, 0);
    *ret_adopt = col_int(q, 1) != 0;
    db_end(q);
    db_run(s, "DELETE FROM relink WHERE ref = ?", "s", *ret);
    return true;
}

bool store_due_any(struct store *s, const char *blocked) {
    if (blocked)
        return db_number(s, 0,
                         "SELECT EXISTS (SELECT 1 FROM due WHERE " NOT_BLOCKED ") OR EXISTS (SELECT 1 FROM relink)",
                         "s", blocked) != 0;
    return db_number(s, 0, "SELECT EXISTS (SELECT 1 FROM due) OR EXISTS (SELECT 1 FROM relink)", "") != 0;
}

void store_again(struct store *s, enum kind kind, const char *id, msec_t at) {
    if (at)
        db_run(s, "INSERT INTO again VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET at = excluded.at", "ssi",
               kind_name(kind), id, at);
    else
        db_run(s, "DELETE FROM again WHERE kind = ? AND id = ?", "ss", kind_name(kind), id);
}

/* Never later than it was asked for before. */
void store_again_by(struct store *s, enum kind kind, const char *id, msec_t at) {
    db_run(s, "INSERT INTO again VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET at = min(at, excluded.at)", "ssi",
           kind_name(kind), id, at);
}

bool store_again_waits(struct store *s, enum kind kind, const char *id) {
    return db_number(s, 0, "SELECT count(*) FROM again WHERE kind = ? AND id = ?", "ss", kind_name(kind), id) == 1;
}

msec_t store_again_ripe(struct store *s, msec_t now) {
    msec_t first = db_number(s, 0, "SELECT min(at) FROM again", "");
    if (first && first <= now) {
        db_run(s,
               "INSERT INTO due SELECT kind, id, 0, 0, 'its time has come' FROM again WHERE at <= ? ON CONFLICT DO "
               "NOTHING",
               "i", now);
        db_run(s, "DELETE FROM again WHERE at <= ?", "i", now);
        first = db_number(s, 0, "SELECT min(at) FROM again", "");
    }
    return first;
}

msec_t store_again_next(struct store *s) {
    return db_number(s, 0, "SELECT min(at) FROM again", "");
}

void store_lookup_add(struct store *s, const struct lookup_row *l, msec_t next) {
    db_run(s,
           "INSERT INTO lookup (ref, next, hash, adopt) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET next = min(next, "
           "excluded.next), hash = "
           "excluded.hash, adopt = adopt AND excluded.adopt WHERE excluded.hash <> 0",
           "siii", l->ref, next, (int64_t)l->hash, (int64_t)l->adopt);
}

void store_lookup_done(struct store *s, const char *ref, uint64_t hash) {
    db_run(s, "DELETE FROM lookup WHERE ref = ? AND hash = ?", "si", ref, (int64_t)hash);
}

void store_lookup_later(struct store *s, const char *ref, msec_t next, const char *why) {
    db_run(s, "UPDATE lookup SET next = ?, tries = tries + 1, why = ? WHERE ref = ?", "iss", next, why, ref);
}

/* As in the index lookup_next. */
#define OF_TRACKER "substr(lookup.ref, 1, instr(lookup.ref, ':')) = ?1 || ':'"

size_t store_lookups(struct store *s, struct arena *a, const char *tracker, msec_t now, size_t limit,
                     struct lookup_row **ret) {
    sqlite3_stmt *q = db_query(
        s,
        "SELECT ref, hash, adopt, tries FROM lookup WHERE " OF_TRACKER " AND next <= ?2 AND (NOT "
        "EXISTS (SELECT 1 FROM effect WHERE effect.ref = lookup.ref AND effect.state IN ('in-flight', 'unsure')) OR "
        "EXISTS (SELECT 1 FROM tracker WHERE name = ?1 AND import <> 'done')) ORDER BY next, ref LIMIT ?3",
        "sii", tracker, now, (int64_t)limit);
    size_t n = 0;
    *ret = NULL;
    while (db_next(s, q))
        *arena_push(a, ret, &n) = (struct lookup_row){.ref = col_text(a, q, 0),
                                                      .hash = (uint64_t)col_int(q, 1),
                                                      .adopt = col_int(q, 2) != 0,
                                                      .tries = (int)col_int(q, 3)};
    return n;
}

void store_waits_shift(struct store *s, msec_t step) {
    db_run(s, "UPDATE lookup SET next = next + ? WHERE next > 0", "i", step);
    db_run(s,
           "UPDATE effect SET not_before = CASE WHEN not_before > 0 THEN not_before + ?1 ELSE 0 END, alive = CASE WHEN "
           "alive > 0 THEN alive + ?1 ELSE 0 END WHERE state IN ('pending', 'in-flight', 'unsure', 'parked')",
           "i", step);
}

msec_t store_lookup_next(struct store *s, const char *tracker) {
    return db_number(s, 0, "SELECT min(next) FROM lookup WHERE " OF_TRACKER, "s", tracker);
}

bool store_lookup_waits(struct store *s, const char *ref, uint64_t hash) {
    return db_number(s, 0, "SELECT count(*) FROM lookup WHERE ref = ? AND hash = ?", "si", ref, (int64_t)hash) == 1;
}

#define CHANGED                                                                                                        \
    " FROM lookup WHERE hash <> 0 AND " OF_TRACKER " AND NOT EXISTS (SELECT 1 FROM quarantine WHERE tracker = ?1 AND " \
    "id = substr(lookup.ref, instr(lookup.ref, ':') + 1))"

int64_t store_lookups_changed(struct store *s, const char *tracker) {
    return db_number(s, 0, "SELECT count(*)" CHANGED, "s", tracker);
}

bool store_lookups_changed_any(struct store *s, const char *tracker) {
    return db_number(s, 0, "SELECT EXISTS (SELECT 1" CHANGED ")", "s", tracker) != 0;
}

void store_attention_set(struct store *s, const struct attention_item *item, msec_t now) {
    db_run(s,
           "INSERT INTO attention (kind, subject, text, who, clear, since) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO "
           "UPDATE SET text = "
           "excluded.text, who = excluded.who, clear = excluded.clear WHERE text <> excluded.text",
           "ssSSSi", item->kind, item->subject, item->text, item->who, item->clear, now);
}

void store_attention_clear(struct store *s, const char *kind, const char *subject) {
    db_run(s, "DELETE FROM attention WHERE kind = ? AND subject = ?", "ss", kind, subject);
}

static bool listed(const char *kinds, const char *kind) {
    size_t n = strlen(kind);
    for (const char *at = kinds; (at = strstr(at, kind)) != NULL; at += n)
        if ((at == kinds || at[-1] == ' ') && (at[n] == 0 || at[n] == ' '))
            return true;
    return false;
}

bool store_attention_has(struct store *s, const char *kinds, const char *subject) {
    return db_number(s, 0,
                     "SELECT count(*) FROM attention WHERE subject = ? AND instr(' ' || ? || ' ', ' ' || kind || ' ')",
                     "ss", subject, kinds) > 0;
}

const char *store_attention_way(struct store *s, struct arena *a, const char *subject) {
    const char **ways;
    sqlite3_stmt *q = db_query(s, "SELECT clear FROM attention WHERE subject = ? ORDER BY n LIMIT 1", "s", subject);
    return db_texts(s, a, q, &ways) && !str_empty(ways[0]) ? ways[0] : NULL;
}

void store_attention_sync(struct store *s, const char *subject, const char *kinds, const struct attention_item *items,
                          size_t n, msec_t now) {
    struct arena *a = arena_new();
    const char **have;
    size_t n_have = db_texts(s, a, db_query(s, "SELECT kind FROM attention WHERE subject = ?", "s", subject), &have);
    for (size_t i = 0; i < n_have; i++) {
        bool stays = !listed(kinds, have[i]);
        for (size_t k = 0; k < n; k++)
            stays |= str_is(items[k].kind, have[i]) && str_is(items[k].subject, subject);
        if (!stays)
            store_attention_clear(s, have[i], subject);
    }
    for (size_t k = 0; k < n; k++)
        store_attention_set(s, &items[k], now);
    arena_free(a);
}

void store_journal(struct store *s, msec_t at, const struct journal_entry *e) {
    struct arena *a = arena_new();
    db_run(s, "INSERT INTO journal (at, actor, what, ref, problem, effect, text, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
           "iSSSiiSs", at, e->actor, e->what, e->ref, e->problem, e->effect, e->text,
           e->data ? json_print(a, e->data) : NULL);
    arena_free(a);
}

void store_quarantine(struct store *s, const char *tracker, const char *id, const char *why, msec_t now) {
    if (why)
        db_run(s, "INSERT INTO quarantine VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET why = excluded.why", "sssi",
               tracker, id, why, now);
    else
        db_run(s, "DELETE FROM quarantine WHERE tracker = ? AND id = ?", "ss", tracker, id);
}

bool store_quarantined(struct store *s, const char *ref) {
    return db_number(s, 0,
                     "SELECT EXISTS (SELECT 1 FROM quarantine WHERE tracker = substr(?1, 1, instr(?1, ':') - 1) AND id "
                     "= substr(?1, instr(?1, ':') + 1))",
                     "s", ref) != 0;
}
