/* query: one SELECT, built piece by piece, its rows as JSON objects.
 *
 * Owns its statement. Called by every other file of this room; nobody else
 * here calls SQLite. What must hold: what a user gave is always bound, never
 * part of the SQL. */
#include "query.h"
#include <string.h>

void query_init(struct query *q, sqlite3 *db, struct arena *arena, struct fault *fault) {
    *q = (struct query){.db = db, .arena = arena, .fault = fault};
}

void query_deinit(struct query *q) {
    sqlite3_finalize(q->stmt);
    buf_deinit(&q->sql);
}

void query_sql(struct query *q, const char *sql) {
    buf_str(&q->sql, sql);
}

static struct query_value *value_next(struct query *q) {
    if (q->count == QUERY_VALUES_MAX)
        abort(); /* a fault of this room's code, no user can cause it */
    return &q->values[q->count++];
}

void query_text(struct query *q, const char *value) {
    value_next(q)->text = value;
}

void query_int(struct query *q, int64_t value) {
    struct query_value *v = value_next(q);
    v->number = true;
    v->n = value;
}

static int query_failed(struct query *q) {
    int code = sqlite3_errcode(q->db);
    if (code == SQLITE_INTERRUPT)
        return fault_set(q->fault, -ETIMEDOUT, "the question takes too long: narrow it down");
    return fault_set(q->fault, code == SQLITE_BUSY ? -EBUSY : -EIO, "database: %s", sqlite3_errmsg(q->db));
}

static int query_prepare(struct query *q) {
    if (sqlite3_prepare_v2(q->db, buf_text(&q->sql), (int)q->sql.len, &q->stmt, NULL) != SQLITE_OK)
        return query_failed(q);
    for (size_t i = 0; i < q->count; i++) {
        const struct query_value *v = &q->values[i];
        int r = v->number ? sqlite3_bind_int64(q->stmt, (int)i + 1, v->n)
                          : sqlite3_bind_text(q->stmt, (int)i + 1, v->text, -1, SQLITE_STATIC);
        if (r != SQLITE_OK)
            return query_failed(q);
    }
    return 0;
}

int query_step(struct query *q) {
    if (!q->stmt) {
        int r = query_prepare(q);
        if (r < 0)
            return r;
    }
    switch (sqlite3_step(q->stmt)) {
    case SQLITE_ROW: return 1;
    case SQLITE_DONE: return 0;
    default: return query_failed(q);
    }
}

const char *query_cell(struct query *q, int column) {
    const char *text = (const char *)sqlite3_column_text(q->stmt, column);
    return text ? text : "";
}

int64_t query_cell_int(struct query *q, int column) {
    return sqlite3_column_int64(q->stmt, column);
}

/* Text of the database as a JSON string; what is no UTF-8 (it should never get in) is not lost but marked. */
static json_t *text_json(const char *text) {
    json_t *j = json_string(text);
    return j ? j : json_string("\xef\xbf\xbd");
}

static json_t *cell_plain(struct query *q, int column) {
    switch (sqlite3_column_type(q->stmt, column)) {
    case SQLITE_NULL: return json_null();
    case SQLITE_INTEGER: return json_integer(query_cell_int(q, column));
    case SQLITE_FLOAT: return json_real(sqlite3_column_double(q->stmt, column));
    default: return text_json(query_cell(q, column));
    }
}

static json_t *cell_json(struct query *q, int column) {
    const char *text = query_cell(q, column);
    json_t *j = *text ? json_read(text, strlen(text), NULL) : NULL;
    return j ? j : json_null();
}

static json_t *cell_value(struct query *q, int column, const char *form) {
    int64_t n = query_cell_int(q, column);
    if (!form)
        return cell_plain(q, column);
    if (str_is(form, "time"))
        return n > 0 ? json_string(time_text(q->arena, n)) : json_null();
    if (str_is(form, "flag"))
        return json_boolean(n != 0);
    if (str_is(form, "pn"))
        return n > 0 ? json_sprintf("P-%lld", (long long)n) : json_null();
    if (str_is(form, "json"))
        return cell_json(q, column);
    return *query_cell(q, column) ? text_json(query_cell(q, column)) : json_null(); /* word */
}

json_t *query_row(struct query *q) {
    json_t *object = json_object();
    for (int i = 0; i < sqlite3_column_count(q->stmt); i++) {
        const char *name = sqlite3_column_name(q->stmt, i);
        if (*name == '_')
            continue;
        const char *colon = strchr(name, ':');
        const char *key = colon ? arena_strndup(q->arena, name, (size_t)(colon - name)) : name;
        json_object_set_new(object, key, cell_value(q, i, colon ? colon + 1 : NULL));
    }
    return object;
}

int query_all(struct query *q, json_t **ret) {
    json_t *items = json_array();
    int r;
    while ((r = query_step(q)) > 0)
        json_array_append_new(items, query_row(q));
    if (r < 0)
        json_decref(items);
    else
        *ret = items;
    return r;
}

int query_words(struct query *q, json_t **ret) {
    json_t *items = json_array();
    int r;
    while ((r = query_step(q)) > 0)
        json_array_append_new(items, text_json(query_cell(q, 0)));
    if (r < 0)
        json_decref(items);
    else
        *ret = items;
    return r;
}
