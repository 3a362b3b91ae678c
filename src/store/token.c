/* token: API tokens, their roles, and until when they open. */
#include "db.h"

#define COLUMNS "id, name, role, hash, created, created_by, expires, used, revoked"

static void row(struct arena *a, sqlite3_stmt *q, struct token_row *ret) {
    *ret = (struct token_row){.id = col_text(a, q, 0),
                              .name = col_text(a, q, 1),
                              .hash = col_text(a, q, 3),
                              .created = col_int(q, 4),
                              .created_by = col_text(a, q, 5),
                              .expires = col_int(q, 6),
                              .used = col_int(q, 7),
                              .revoked = col_int(q, 8)};
    if (!user_role_parse(col_text(a, q, 2), &ret->role))
        ret->role = USER_NONE;
}

void store_token_add(struct store *s, const struct token_row *t) {
    db_run(s, "INSERT INTO token (id, name, role, hash, created, created_by, expires) VALUES (?, ?, ?, ?, ?, ?, ?)",
           "ssssisi", t->id, t->name, user_role_name(t->role), t->hash, t->created, t->created_by, t->expires);
}

bool store_token(struct store *s, struct arena *a, const char *id, struct token_row *ret) {
    sqlite3_stmt *q = db_query(s, "SELECT " COLUMNS " FROM token WHERE id = ?", "s", id);
    if (!db_next(s, q))
        return false;
    row(a, q, ret);
    db_end(q);
    return true;
}

bool store_token_named(struct store *s, struct arena *a, const char *name, struct token_row *ret) {
    sqlite3_stmt *q = db_query(s, "SELECT " COLUMNS " FROM token WHERE name = ? AND revoked = 0", "s", name);
    if (!db_next(s, q))
        return false;
    row(a, q, ret);
    db_end(q);
    return true;
}

size_t store_tokens(struct store *s, struct arena *a, struct token_row **ret) {
    sqlite3_stmt *q = db_query(s, "SELECT " COLUMNS " FROM token ORDER BY revoked <> 0, created DESC, id", "");
    size_t n = 0;
    *ret = NULL;
    while (db_next(s, q))
        row(a, q, arena_push(a, ret, &n));
    return n;
}

void store_token_used(struct store *s, const char *id, msec_t now) {
    db_run(s, "UPDATE token SET used = ? WHERE id = ?", "is", now, id);
}

void store_token_revoke(struct store *s, const char *id, const char *by, msec_t now) {
    db_run(s, "UPDATE token SET revoked = ?, revoked_by = ? WHERE id = ? AND revoked = 0", "iss", now, by, id);
}
