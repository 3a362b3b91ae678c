/* due: what has to be decided, when again, what has to be looked up; attention,
 * journal and quarantine. */
#include "db.h"

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

#define DUE_ALL(select)                                                                                                \
    "INSERT INTO due " select                                                                                          \
    " ON CONFLICT DO UPDATE SET batch = max(batch, excluded.batch), adopt = adopt AND excluded.adopt"

void store_due_all(struct store *s, int64_t batch, bool adopt, const char *cause) {
    int64_t adopted = adopt;
    db_run(s, DUE_ALL("SELECT 'problem', CAST(id AS TEXT), 0, ?1, ?2 FROM problem WHERE true"), "is", adopted, cause);
    db_run(s, DUE_ALL("SELECT 'incident', ref, ?3, ?1, ?2 FROM incident WHERE true"), "isi", adopted, cause, batch);
    db_run(s, DUE_ALL("SELECT DISTINCT 'defect', ref, 0, ?1, ?2 FROM link WHERE kind = 'defect'"), "is", adopted,
           cause);
}

bool store_due_adopted(struct store *s) {
    return db_number(s, 0, "SELECT EXISTS (SELECT 1 FROM due WHERE adopt = 1)", "") != 0;
}

static size_t due_read(struct store *s, struct arena *a, sqlite3_stmt *q, struct due_row **ret) {
    size_t n = 0;
    while (db_next(s, q)) {
        struct due_row *d = arena_push(a, ret, &n);
        *d = (struct due_row){
            .id = col_text(a, q, 1), .batch = col_int(q, 2), .adopt = col_int(q, 3) != 0, .cause = col_text(a, q, 4)};
        kind_parse((const char *)sqlite3_column_text(q, 0), &d->kind);
    }
    for (size_t i = 0; i < n; i++)
        db_run(s, "DELETE FROM due WHERE kind = ? AND id = ?", "ss", kind_name((*ret)[i].kind), (*ret)[i].id);
    return n;
}

size_t store_due_take(struct store *s, struct arena *a, size_t limit, struct due_row **ret) {
    *ret = NULL;
    sqlite3_stmt *q = db_query(
        s,
        "SELECT kind, id, batch, adopt, cause FROM due ORDER BY CASE kind WHEN 'problem' THEN 0 WHEN 'incident' THEN 1 "
        "ELSE 2 END LIMIT ?",
        "i", (int64_t)limit);
    return due_read(s, a, q, ret);
}

/* Of a tracker in that JSON array of names, or linked by a problem with something of one. */
#define OF_BLOCKED                                                                                                     \
    "EXISTS (SELECT 1 FROM json_each(?1) b WHERE (due.kind <> 'problem' AND due.id > b.value || ':' AND due.id < "     \
    "b.value || ';') OR EXISTS (SELECT 1 FROM link l WHERE l.status = 'confirmed' AND l.ref > b.value || ':' AND "     \
    "l.ref < b.value || ';' AND ((due.kind = 'problem' AND l.problem = CAST(due.id AS INTEGER)) OR (due.kind <> "      \
    "'problem' AND l.problem IN (SELECT problem FROM link m WHERE m.ref = due.id AND m.status = 'confirmed')))))"

size_t store_due_take_but(struct store *s, struct arena *a, size_t limit, const char *blocked, struct due_row **ret) {
    *ret = NULL;
    return due_read(s, a,
                    db_query(s,
                             "SELECT kind, id, batch, adopt, cause FROM due WHERE NOT " OF_BLOCKED
                             " ORDER BY CASE kind WHEN 'problem' THEN 0 WHEN 'incident' THEN 1 ELSE 2 END LIMIT ?2",
                             "si", blocked, (int64_t)limit),
                    ret);
}

bool store_due_any_but(struct store *s, const char *blocked) {
    return db_number(s, 0, "SELECT EXISTS (SELECT 1 FROM due WHERE NOT " OF_BLOCKED ")", "s", blocked) != 0;
}

bool store_due_any(struct store *s) {
    return db_number(s, 0, "SELECT EXISTS (SELECT 1 FROM due)", "") != 0;
}

void store_again(struct store *s, enum kind kind, const char *id, msec_t at) {
    if (at)
        db_run(s, "INSERT INTO again VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET at = excluded.at", "ssi",
               kind_name(kind), id, at);
    else
        db_run(s, "DELETE FROM again WHERE kind = ? AND id = ?", "ss", kind_name(kind), id);
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

size_t store_lookups(struct store *s, struct arena *a, const char *tracker, msec_t now, size_t limit,
                     struct lookup_row **ret) {
    sqlite3_stmt *q = db_query(
        s,
        "SELECT ref, hash, adopt, tries FROM lookup WHERE next <= ?2 AND ref >= ?1 || ':' AND ref < ?1 || ';' AND NOT "
        "EXISTS (SELECT 1 FROM effect WHERE effect.ref = lookup.ref AND effect.state IN ('in-flight', 'unsure')) ORDER "
        "BY next, ref LIMIT ?3",
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
    return db_number(s, 0, "SELECT min(next) FROM lookup WHERE ref >= ?1 || ':' AND ref < ?1 || ';'", "s", tracker);
}

bool store_lookup_waits(struct store *s, const char *ref, uint64_t hash) {
    return db_number(s, 0, "SELECT count(*) FROM lookup WHERE ref = ? AND hash = ?", "si", ref, (int64_t)hash) == 1;
}

int64_t store_lookups_changed(struct store *s, const char *tracker) {
    return db_number(
        s, 0,
        "SELECT count(*) FROM lookup WHERE hash <> 0 AND ref >= ?1 || ':' AND ref < ?1 || ';' AND NOT EXISTS "
        "(SELECT 1 FROM quarantine WHERE tracker = ?1 AND ?1 || ':' || id = lookup.ref)",
        "s", tracker);
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
