/* op: the chain of requests and replies that every operation is.
 *
 * Owns the operation's memory. Called by the engine (op_next, op_reply) and by
 * the operations of this room (op_ask, op_finish). No request is given twice, no
 * reply is taken that wasn't waited for, and the number of requests is bounded. */
#include "runtime.h"

#include <stdio.h>
#include <string.h>

#define WORDS_MAX 500

struct op *op_new(const struct tracker *t) {
    struct arena *a = arena_new();
    struct op *op = arena_make(a, struct op);
    op->arena = a;
    op->tracker = t;
    op->c = (struct context){.arena = a, .tracker = t, .vars = json_copy(t->base_vars)};
    op->fetched = json_object();
    op->kept = json_array();
    return op;
}

struct op *op_free(struct op *op) {
    if (!op)
        return NULL;
    for (size_t i = 0; i < op->result.n_records; i++)
        record_drop(&op->result.records[i]);
    if (op->result.after)
        record_drop(op->result.after);
    json_decref(op->result.versions);
    json_decref(op->c.vars);
    json_decref(op->fetched);
    json_decref(op->kept);
    arena_free(op->arena);
    return NULL;
}

const struct op_result *op_result(const struct op *op) {
    return &op->result;
}

void op_set(struct op *op, const char *var, json_t *value) {
    if (value)
        json_object_set_new(op->c.vars, var, value);
    else
        json_object_del(op->c.vars, var);
}

void op_set_text(struct op *op, const char *var, const char *value) {
    op_set(op, var, value ? json_string(value) : NULL);
}

json_t *op_keep(struct op *op, json_t *j) {
    if (j)
        json_array_append(op->kept, j);
    return j;
}

const char *op_words(struct op *op, const char *format, ...) {
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return str_cut(op->arena, text, WORDS_MAX);
}

void op_finish(struct op *op, enum reply_class class, const char *words) {
    op->result.class = class;
    op->result.words = words;
    op->phase = OP_DONE;
}

void op_finish_as(struct op *op, const struct answer *a) {
    op_finish(op, a->class, a->words ? arena_strdup(op->arena, a->words) : NULL);
}

/* ---- requests ---- */

static const char *const methods[][2] = {
    {"get", "GET"}, {"post", "POST"}, {"put", "PUT"}, {"patch", "PATCH"}, {"delete", "DELETE"}};

static const char *method_of(const json_t *spec, const char **ret_path) {
    for (size_t i = 0; i < array_size(methods); i++)
        if ((*ret_path = json_text(spec, methods[i][0])))
            return methods[i][1];
    return NULL;
}

static void query_add(struct context *c, struct buf *url, const char *key, const json_t *template) {
    const char *absent = c->absent;
    const char *text = json_is_string(template) ? say_text(c, json_string_value(template), SAY_PLAIN)
                                                : json_as_text(c->arena, template);
    const char *s = json_string_value(template);
    bool alone = s && s[0] == '{' && strchr(s, '}') == s + strlen(s) - 1;
    if (alone && !text)
        c->absent = absent; /* {name} that isn't there leaves its parameter out */
    if (!text)
        return;
    buf_char(url, strchr(buf_text(url), '?') ? '&' : '?');
    say_encoded(url, key);
    buf_char(url, '=');
    say_encoded(url, text);
}

/* {when, each, say}: if it holds, and with `each` once for every value of a list. */
static void query_rule(struct context *c, struct buf *url, const char *key, const json_t *rule) {
    const json_t *each = json_object_get(rule, "each");
    size_t i;
    json_t *one;
    if (!when_holds(c, json_object_get(rule, "when")))
        return;
    if (!each)
        query_add(c, url, key, json_object_get(rule, "say"));
    if (json_is_string(each))
        each = pick_value(c, json_string_value(each));
    json_array_foreach(each, i, one) {
        json_object_set(c->vars, "item", one);
        query_add(c, url, key, json_object_get(rule, "say"));
    }
    json_object_del(c->vars, "item");
}

static void query_value(struct context *c, struct buf *url, const char *key, const json_t *value) {
    if (json_is_object(value))
        query_rule(c, url, key, value);
    else
        query_add(c, url, key, value);
}

static void url_build(struct context *c, struct buf *url, const char *path, const json_t *query) {
    const char *key, *root = json_text(c->vars, "root"), *said = say_text(c, path, SAY_PATH);
    json_t *one, *value;
    size_t i;
    if (!said)
        return;
    bool whole = str_starts(said, "http://") || str_starts(said, "https://");
    buf_printf(url, "%s%s", whole ? "" : root, said);
    json_object_foreach((json_t *)query, key, one) {
        if (!json_is_array(one))
            query_value(c, url, key, one);
        json_array_foreach(one, i, value)
            query_value(c, url, key, value);
    }
}

static void headers_add(struct op *op, struct http_header *headers, size_t *count, size_t max, const json_t *from) {
    const char *name;
    json_t *one;
    json_object_foreach((json_t *)from, name, one) {
        const char *value = say_text(&op->c, json_string_value(one), SAY_PLAIN);
        if (value && *count < max)
            headers[(*count)++] = (struct http_header){arena_strdup(op->arena, name), value};
    }
}

/* The first table of `needs` that isn't loaded. */
static const char *needs_missing(const struct op *op, const json_t *spec) {
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(spec, "needs"), i, one)
        if (!json_object_get(op->tracker->cache->tables, json_string_value(one)) &&
            !json_object_get(op->fetched, json_string_value(one)))
            return json_string_value(one);
    return NULL;
}

/* False when something is missing; the context tells what. */
static bool request_build(struct op *op, const json_t *spec) {
    enum { HEADERS_MAX = 16 };
    const char *path;
    cleanup_buf struct buf url = {.limit = 32u << 10};
    struct http_request *q = &op->request;
    struct http_header *headers = arena_alloc(op->arena, HEADERS_MAX * sizeof(*headers));
    op->c.want_key = op->c.absent = NULL;
    op->c.want_table = needs_missing(op, spec);
    *q = (struct http_request){.method = method_of(spec, &path),
                               .timeout = op->tracker->set.timeout,
                               .ca = op->tracker->set.ca,
                               .headers = headers};
    url_build(&op->c, &url, path, json_object_get(spec, "query"));
    headers_add(op, headers, &q->n_headers, HEADERS_MAX, json_object_get(op->tracker->recipe, "headers"));
    headers_add(op, headers, &q->n_headers, HEADERS_MAX, json_object_get(spec, "headers"));
    const json_t *template = json_object_get(spec, "body");
    if (template) {
        cleanup_json json_t *body = say_json(&op->c, template);
        q->body = json_print(op->arena, body);
        q->body_len = strlen(q->body);
        if (!json_object_get(json_object_get(spec, "headers"), "Content-Type") && q->n_headers < HEADERS_MAX)
            headers[q->n_headers++] = (struct http_header){"Content-Type", "application/json"};
    }
    q->url = arena_strdup(op->arena, buf_text(&url));
    op->path = arena_strndup(op->arena, q->url, strcspn(q->url, "?"));
    op->writing = json_is_true(json_object_get(spec, "writes")) ||
                  (!str_is(q->method, "GET") && !json_is_false(json_object_get(spec, "writes")));
    op->raw = json_is_true(json_object_get(spec, "raw"));
    return !op->c.want_table && !op->c.absent && !url.over;
}

static void request_send(struct op *op, answer_fn *then) {
    if (op->result.requests >= OP_REQUESTS_MAX) {
        op_finish(op, CLASS_NONSENSE, op_words(op, "more than %d requests for one operation", OP_REQUESTS_MAX));
        return;
    }
    op->then = then;
    op->phase = OP_READY;
}

/* ---- tables ---- */

static const json_t *table_of(const struct op *op, const char *name) {
    return json_object_get(json_object_get(op->tracker->recipe, "tables"), name);
}

struct row_args {
    struct op *op;
    const json_t *table;
    json_t *rows;
    const char *key;
};

static bool row_add(void *arg, json_t *value) {
    struct row_args *r = arg;
    struct context c = r->op->c;
    c.item = value;
    const char *name = r->key ? r->key : pick_text(&c, json_object_get(r->table, "name"));
    json_t *id = pick_value(&c, json_text(r->table, "value"));
    if (name && id && json_object_size(r->rows) < TABLE_ROWS_MAX && !json_object_get(r->rows, name))
        json_object_set(r->rows, name, id);
    return true;
}

/* Tables that hold for one record, now: Jira's transitions. */
static json_t *fresh_tables(struct op *op) {
    json_t *tables = json_object_get(op->c.vars, "$tables");
    if (!tables) {
        tables = json_object();
        op_set(op, "$tables", tables);
    }
    return tables;
}

/* Rows of a keyed table add up; any other reply replaces what was known, but never
 * what was learnt from records (a page of issues shows only some fields). */
static void table_take(struct op *op, const struct answer *a) {
    const json_t *table = table_of(op, op->fetching);
    bool adds = json_object_get(table, "one") || json_object_get(table, "learn");
    json_t *tables = json_is_true(json_object_get(table, "fresh")) ? fresh_tables(op) : op->tracker->cache->tables,
           *rows = adds ? json_object_get(tables, op->fetching) : NULL;
    rows = rows ? json_incref(rows) : json_object();
    const char *each = json_text(table, "each");
    struct row_args args = {op, table, rows, op->fetching_key};
    if (a->class == CLASS_OK && a->json)
        pick_each(a->json, each ? each : "", row_add, &args);
    if (a->class == CLASS_OK || !json_object_get(tables, op->fetching))
        json_object_set(tables, op->fetching, rows);
    json_decref(rows);
}

static void table_done(struct op *op, const struct answer *a) {
    bool down = a->class == CLASS_RETRY_SAFE || a->class == CLASS_UNSURE || a->class == CLASS_LIMITED ||
                a->class == CLASS_NONSENSE;
    if (op->fetching_key && op->detour_spec && (a->class == CLASS_DENIED || a->class == CLASS_GONE)) {
        op_finish(op, CLASS_DENIED,
                  op_words(op, "\"%s\" is not among the %s this account can see: %s", op->fetching_key, op->fetching,
                           a->words));
        return;
    }
    if (down || (a->class == CLASS_DENIED && (op->detour_spec || a->reply->status == 401))) {
        op_finish(op, a->class == CLASS_UNSURE ? CLASS_RETRY_SAFE : a->class,
                  a->words ? arena_strdup(op->arena, a->words) : NULL);
        return;
    }
    table_take(op, a);
    op->fetching = op->fetching_key = NULL;
    if (op->detour_spec)
        op_ask(op, op->detour_spec, op->detour_then);
    else
        op->assemble(op);
}

/* Asks for the table the context wants; false when that was tried already. */
static bool table_fetch(struct op *op) {
    const char *name = op->c.want_table, *key = op->c.want_key;
    const json_t *table = table_of(op, name), *one = json_object_get(table, "one");
    const char *mark = one ? arena_printf(op->arena, "%s/%s", name, key) : name, *path;
    const json_t *spec = one ? one : table;
    if (!method_of(spec, &path) || json_object_get(op->fetched, mark))
        return false;
    json_object_set_new(op->fetched, mark, json_true());
    op->fetching = name;
    op->fetching_key = one ? key : NULL;
    op_set_text(op, "key", key);
    op->c.want_table = NULL;
    if (!request_build(op, spec))
        return false;
    request_send(op, table_done);
    return true;
}

bool op_fetch_wanted(struct op *op, void (*assemble)(struct op *op)) {
    if (!op->c.want_table)
        return false;
    op->detour_spec = NULL;
    op->assemble = assemble;
    bool fetching = table_fetch(op);
    op->c.want_table = op->c.want_key = NULL;
    return fetching;
}

void op_ask(struct op *op, const json_t *spec, answer_fn *then) {
    if (request_build(op, spec)) {
        request_send(op, then);
        return;
    }
    if (op->c.want_table) {
        const char *table = op->c.want_table, *key = op->c.want_key;
        op->detour_spec = spec;
        op->detour_then = then;
        if (!table_fetch(op))
            op_finish(op, CLASS_REJECTED,
                      op_words(op, "\"%s\" is not among the %s of %s", key, table, op->tracker->set.name));
        return;
    }
    op_finish(op, CLASS_REJECTED, op_words(op, "nothing to put for {%s}", op->c.absent ? op->c.absent : "?"));
}

/* ---- the engine's side ---- */

bool op_next(struct op *op, struct http_request *ret) {
    if (op->phase != OP_READY)
        return false;
    op->phase = OP_WAITING;
    op->result.requests++;
    *ret = op->request;
    return true;
}

static json_t *body_read(const struct http_reply *r) {
    if (!r->body_len)
        return NULL;
    json_t *json = json_read(r->body, r->body_len, NULL);
    if (json)
        return json;
    cleanup_buf struct buf mended = {0};
    raw_mend(&mended, r->body, r->body_len);
    return json_read(buf_text(&mended), mended.len, NULL);
}

void op_reply(struct op *op, const struct http_reply *reply) {
    if (op->phase != OP_WAITING)
        return;
    cleanup_json json_t *json = reply->result == HTTP_ANSWERED ? body_read(reply) : NULL;
    msec_t after = 0;
    op->phase = OP_IDLE;
    op->result.status = reply->result == HTTP_ANSWERED ? reply->status : 0;
    op->result.date = reply->date ? reply->date : op->result.date;
    op->clock = reply->date ? reply->date : reply->ended > SKEW_MAX ? reply->ended - SKEW_MAX : 0;
    op->seen_at = reply->date ? reply->date : reply->ended;
    op->result.last_alive = reply->ended;
    struct answer a = {.class = reply_classify(op, reply, json, &after),
                       .json = json,
                       .text = reply->body ? reply->body : "",
                       .len = reply->body_len,
                       .reply = reply};
    if (after > op->result.retry_after)
        op->result.retry_after = after;
    if (a.class != CLASS_OK)
        a.words = reply_words(op, reply, json);
    op->then(op, &a);
    if (op->phase == OP_IDLE) /* an operation that neither asked nor finished is ours to mend */
        op_finish(op, CLASS_NONSENSE, "the operation lost its thread");
}
