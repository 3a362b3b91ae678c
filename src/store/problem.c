/* problem: the bridge's own records. */
#include "db.h"

#define TEXTS                                                                                                          \
    "title, symptom, error_code, service, items, product, version, priority, owner, grp, cause, workaround, "          \
    "customer_text, published_text, solution, fixed_in, resolution, reason, accepted_by, change_request, delivery, "   \
    "status, decision"
#define NUMBERS                                                                                                        \
    "known_error, impact, urgency, proactive, cause_at, workaround_at, revision, confirmed_at, review, duplicate_of, " \
    "analysis_target, created, known, closed, resolved_at, reopened, serial, delivered_at, automatic, "                \
    "declined_acked, fingerprint, held_acked, recurred"

bool store_problem(struct store *s, struct arena *a, int64_t id, struct problem_row *ret) {
    sqlite3_stmt *q = db_query(s, "SELECT " TEXTS ", " NUMBERS " FROM problem WHERE id = ?", "i", id);
    if (!db_next(s, q))
        return false;
    *ret = (struct problem_row){.p.id = id};
    struct problem *p = &ret->p;
    const char *resolution, *delivery, *status;
    const char **texts[] = {&p->title,    &p->symptom,    &p->error_code,    &p->service,        &p->items,
                            &p->product,  &p->version,    &p->priority,      &p->owner,          &p->group,
                            &p->cause,    &p->workaround, &p->customer_text, &p->published_text, &p->solution,
                            &p->fixed_in, &resolution,    &p->reason,        &p->accepted_by,    &p->change_request,
                            &delivery,    &status,        &ret->decision};
    for (size_t i = 0; i < array_size(texts); i++)
        *texts[i] = col_text(a, q, (int)i);
    int at = (int)array_size(texts);
    resolution_parse(resolution, &p->resolution);
    delivery_parse(delivery, &p->delivery);
    for (int i = 0; i < KE_COUNT; i++)
        if (str_is(ke_status_name((enum ke_status)i), status))
            ret->status = (enum ke_status)i;
    p->known_error = col_int(q, at++) != 0;
    p->impact = (int)col_int(q, at++);
    p->urgency = (int)col_int(q, at++);
    p->proactive = col_int(q, at++) != 0;
    p->cause_at = col_int(q, at++);
    p->workaround_at = col_int(q, at++);
    p->revision = (int)col_int(q, at++);
    p->confirmed_at = col_int(q, at++);
    p->review = col_int(q, at++);
    p->duplicate_of = col_int(q, at++);
    p->analysis_target = col_int(q, at++);
    p->created = col_int(q, at++);
    p->known = col_int(q, at++);
    p->closed = col_int(q, at++);
    p->resolved_at = col_int(q, at++);
    p->reopened = col_int(q, at++) != 0;
    p->serial = (int)col_int(q, at++);
    ret->delivered_at = col_int(q, at++);
    ret->automatic = col_int(q, at++) != 0;
    ret->declined_acked = (int)col_int(q, at++);
    ret->fingerprint = (uint64_t)col_int(q, at++);
    ret->held_acked = (int)col_int(q, at++);
    ret->recurred = (int)col_int(q, at++);
    db_end(q);
    return true;
}

int64_t store_problem_new(struct store *s, const struct problem_row *p) {
    db_run(s, "INSERT INTO problem (title, created) VALUES (?, ?)", "Si", p->p.title, p->p.created);
    struct problem_row row = *p;
    row.p.id = s->failed ? 0 : sqlite3_last_insert_rowid(s->db);
    store_problem_put(s, &row);
    return row.p.id;
}

static void index_text(struct store *s, const struct problem *p, struct arena *a) {
    const char *ref = arena_printf(a, "P-%lld", (long long)p->id);
    int64_t n = -p->id; /* records have positive rows */
    db_run(s, "DELETE FROM search WHERE rowid = ?", "i", n);
    db_run(s, "INSERT INTO search (rowid, ref, title, body) VALUES (?, ?, ?, ?)", "isSS", n, ref, p->title,
           arena_printf(a, "%s %s %s %s %s", p->symptom ? p->symptom : "", p->error_code ? p->error_code : "",
                        p->service ? p->service : "", p->cause ? p->cause : "", p->workaround ? p->workaround : ""));
}

void store_problem_put(struct store *s, const struct problem_row *row) {
    const struct problem *p = &row->p;
    struct arena *a = arena_new();
    db_run(s,
           "UPDATE problem SET (" TEXTS ", " NUMBERS
           ") = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
           "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?",
           "SsssssssssssssssSssssssiiiiiiiiiiiiiiiiiiiiiiii", p->title, p->symptom, p->error_code, p->service, p->items,
           p->product, p->version, p->priority, p->owner, p->group, p->cause, p->workaround, p->customer_text,
           p->published_text, p->solution, p->fixed_in, resolution_name(p->resolution), p->reason, p->accepted_by,
           p->change_request, delivery_name(p->delivery), ke_status_name(row->status), row->decision,
           (int64_t)p->known_error, (int64_t)p->impact, (int64_t)p->urgency, (int64_t)p->proactive, p->cause_at,
           p->workaround_at, (int64_t)p->revision, p->confirmed_at, p->review, p->duplicate_of, p->analysis_target,
           p->created, p->known, p->closed, p->resolved_at, (int64_t)p->reopened, (int64_t)p->serial, row->delivered_at,
           (int64_t)row->automatic, (int64_t)row->declined_acked, (int64_t)row->fingerprint, (int64_t)row->held_acked,
           (int64_t)row->recurred, p->id);
    index_text(s, p, a);
    arena_free(a);
}

void store_problem_text(struct store *s, int64_t id, int revision, const char *text, msec_t at, const char *by) {
    db_run(s, "INSERT INTO problem_text VALUES (?, ?, ?, ?, ?)", "iisis", id, (int64_t)revision, text, at, by);
}

size_t store_problems_duplicating(struct store *s, struct arena *a, int64_t id, int64_t **ret) {
    sqlite3_stmt *q =
        db_query(s, "SELECT id FROM problem WHERE duplicate_of = ? AND duplicate_of <> 0 ORDER BY id", "i", id);
    size_t n = 0;
    *ret = NULL;
    while (db_next(s, q))
        *arena_push(a, ret, &n) = col_int(q, 0);
    return n;
}
