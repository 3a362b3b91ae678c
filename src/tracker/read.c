/* read: one record with all that belongs to it, and what it means that it isn't there.
 *
 * A reading runs the requests of the recipe's `read` one after the other, page
 * by page; op_read, op_write and op_create make records of what they gave. 404
 * and 403 mean little by themselves: only if the probes (account, project) are
 * answered is a record gone or forbidden; if not, it is the tracker that fails. */
#include "runtime.h"

#include <string.h>

#define TORN_MOST 2 /* a field of several values may never show what its history says */

/* ---- a reading ---- */

static void step_ask(struct op *op);

static const json_t *steps_of(const struct op *op) {
    return json_object_get(op->tracker->recipe, "read");
}
static const json_t *step_at(const struct op *op, const struct reading *r) {
    return json_array_get(steps_of(op), r->step);
}

static bool list_has(const json_t *list, const char *word) {
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one)
        if (str_is(json_string_value(one), word))
            return true;
    return false;
}

/* Under which name the reply is known to texts, changes and relations. */
static const char *step_key(const json_t *step) {
    const char *as = json_text(step, "as");
    return as ? as : json_text(step, "name");
}

static struct reading *reading_of(struct op *op) {
    return *(struct reading **)op->mine;
}

static void reading_end(struct op *op, const struct answer *a) {
    struct reading *r = reading_of(op);
    r->class = a ? a->class : CLASS_OK;
    r->words = a && a->words ? arena_strdup(op->arena, a->words) : NULL;
    r->status = op->result.status;
    r->then(op, r);
}

/* Items of a page go behind those of earlier pages. */
static size_t items_take(struct reading *r, const json_t *step, const struct answer *a) {
    const char *name = step_key(step);
    const json_t *items = pick_first(a->json, json_text(step, "items"));
    json_t *all = json_object_get(r->replies, name);
    if (!all) {
        all = json_array();
        json_object_set_new(r->replies, name, all);
    }
    if (json_is_array(items))
        json_array_extend(all, (json_t *)items);
    return json_array_size(items);
}

static void step_done(struct op *op, const struct answer *a) {
    struct reading *r = reading_of(op);
    const json_t *step = step_at(op, r);
    bool pages = json_text(step, "items") != NULL;
    if (a->class != CLASS_OK || !a->json) {
        reading_end(op, a);
        return;
    }
    if (!pages) {
        json_object_set(r->replies, step_key(step), a->json);
    } else if (!pick_first(a->json, json_text(step, "items"))) {
        struct answer nonsense = *a;
        nonsense.class = CLASS_NONSENSE;
        nonsense.words = op_words(op, "%s answered without %s", op->path, json_text(step, "items"));
        reading_end(op, &nonsense);
        return;
    } else {
        size_t count = items_take(r, step, a), size = (size_t)json_int(step, "size", 100);
        if (count >= size && !json_is_true(json_object_get(step, "one_page")) && ++r->page <= PAGES_MAX) {
            step_ask(op);
            return;
        }
    }
    r->page = 1;
    r->step++;
    step_ask(op);
}

/* Asks for the next step that is wanted, or ends. */
static void step_ask(struct op *op) {
    struct reading *r = reading_of(op);
    for (; r->step < json_array_size(steps_of(op)); r->step++) {
        const json_t *step = step_at(op, r);
        bool wanted =
            r->only ? list_has(r->only, json_text(step, "name")) : !json_is_true(json_object_get(step, "aside"));
        if (!wanted || !when_holds(&op->c, json_object_get(step, "when")))
            continue;
        op_set(op, "page", json_integer(r->page));
        op_set(op, "offset", json_integer((r->page - 1) * json_int(step, "size", 100)));
        op_ask(op, step, step_done);
        return;
    }
    reading_end(op, NULL);
}

void reading_start(struct op *op, struct reading *r, const json_t *only, void (*then)(struct op *, struct reading *)) {
    *(struct reading **)op->mine = r;
    *r = (struct reading){.replies = json_object(), .only = only, .page = 1, .then = then};
    json_array_append_new(op->kept, r->replies);
    step_ask(op);
}

static const json_t *record_element(const struct op *op, const struct reading *r) {
    size_t i;
    json_t *step;
    json_array_foreach(steps_of(op), i, step) {
        const char *path = json_text(step, "record");
        if (path)
            return pick_first(json_object_get(r->replies, step_key(step)), path);
    }
    return NULL;
}

bool reading_record(struct op *op, struct reading *r, bool detail, struct record *ret, const char **why) {
    const json_t *element = record_element(op, r);
    struct context *c = &op->c;
    c->want_table = c->want_key = NULL;
    c->root = element;
    if (!element) {
        *why = "the reply holds no record";
        return false;
    }
    if (!record_make(c, element, ret, why))
        return false;
    c->item = element;
    record_detail(c, ret, r->replies);
    ret->detailed = detail;
    ret->hash = record_hash(op->arena, ret, record_is_young(op->tracker, ret, op->seen_at));
    return true;
}

/* ---- op_read ---- */

struct read_op {
    struct reading *current; /* first: see reading_start */
    struct reading reading;
    const char *id;
    int torn; /* times it was read again */
    size_t probe, probe_item;
    enum presence presence; /* that the probes shall prove */
    enum reply_class class;
    const char *words;
};

static void read_assemble(struct op *op);

/* True when the record lies in the scope that is polled, as far as that can be told. */
static bool in_scope(struct op *op, const json_t *element) {
    const json_t *within = json_object_get(json_object_get(op->tracker->recipe, "presence"), "within"), *one;
    struct context *c = &op->c;
    size_t i;
    if (!within)
        return true;
    c->item = element;
    const json_t *list = pick_value(c, json_text(within, "of"));
    const char *has = pick_text(c, json_object_get(within, "at"));
    bool told = false;
    json_array_foreach(list, i, one) {
        const char *table = json_text(within, "table");
        const json_t *value = table ? table_get(c, table, json_string_value(one)) : one;
        const char *wanted = pick_as_text(op->arena, value);
        if (wanted && has && str_is_nocase(wanted, has))
            return true;
        told = told || wanted;
    }
    return !told || !has;
}

static void read_finish(struct op *op, struct record *r) {
    struct read_op *o = op->mine;
    struct op_result *result = &op->result;
    result->presence = r->presence;
    if (!str_is(r->id, o->id)) {
        result->presence = MERGED;
        result->merged_into = r->id;
    }
    if (result->presence == PRESENT || result->presence == OUT_OF_SCOPE) {
        *arena_push(op->arena, &result->records, &result->n_records) = *r;
    } else {
        record_drop(r);
    }
    op_finish(op, CLASS_OK, NULL);
}

/* ---- torn readings ---- */

/* The value of what that change changed, as the record itself says it. */
static const char *value_now(const struct tracker *t, const struct record *r, const char *field) {
    if (str_is(field, "state"))
        return r->native_state;
    for (int f = 0; f < FIELD_COUNT; f++)
        if (str_is_nocase(tracker_field_native(t, (enum field)f), field))
            return json_text(r->fields, field_name((enum field)f));
    return NULL;
}

/* The last word that the history has on a field. */
static bool is_last(const struct record *r, size_t i) {
    for (size_t k = i + 1; k < r->n_changes; k++)
        if (str_is_nocase(r->changes[k].field, r->changes[i].field))
            return false;
    return true;
}

/* A record and its history come by one request each, and something happened between the two: the history knows of a
 * change, made no earlier than the record was last changed, that the record does not show. Believed, it would look as
 * if somebody had undone that change. */
static bool is_torn(const struct op *op, const struct reading *reading, const struct record *r) {
    for (size_t i = 0; i < r->n_changes && json_object_size(reading->replies) > 1; i++) {
        const struct change *c = &r->changes[i];
        const char *now = value_now(op->tracker, r, c->field);
        if (c->at >= r->updated && is_last(r, i) && !str_is_nocase(now ? now : "", c->to ? c->to : ""))
            return true;
    }
    return false;
}

static void read_done(struct op *op, struct reading *r);

static void read_assemble(struct op *op) {
    struct read_op *o = op->mine;
    struct record r;
    const char *why;
    if (!reading_record(op, &o->reading, true, &r, &why)) {
        *arena_push(op->arena, &op->result.quarantined, &op->result.n_quarantined) =
            (struct quarantined){o->id, why, 0};
        op_finish(op, CLASS_OK, op_words(op, "%s %s can't be read: %s", op->tracker->set.name, o->id, why));
        return;
    }
    if (r.presence == PRESENT && !in_scope(op, op->c.root))
        r.presence = OUT_OF_SCOPE;
    if (op_fetch_wanted(op, read_assemble)) {
        record_drop(&r);
        return;
    }
    if (o->torn < TORN_MOST && is_torn(op, &o->reading, &r)) {
        o->torn++;
        record_drop(&r);
        reading_start(op, &o->reading, NULL, read_done);
        return;
    }
    read_finish(op, &r);
}

/* ---- probes ---- */

static void probe_ask(struct op *op);

static void probes_passed(struct op *op) {
    struct read_op *o = op->mine;
    op->result.presence = o->presence;
    op_finish(op, o->class, o->words);
}

static void probe_done(struct op *op, const struct answer *a) {
    struct read_op *o = op->mine;
    if (a->class == CLASS_OK) {
        o->probe_item++;
        probe_ask(op);
        return;
    }
    bool account = op->result.status == 401;
    bool hidden = !account && (a->class == CLASS_DENIED || a->class == CLASS_GONE);
    if (!hidden) {
        op_finish_as(op, a);
        return;
    }
    op->result.presence = FORBIDDEN; /* its queue or project can't be seen either: nothing is known of it */
    op_finish(op, CLASS_DENIED, a->words ? arena_strdup(op->arena, a->words) : NULL);
}

/* The next probe; one with `each` is asked for every value of that list. */
static void probe_ask(struct op *op) {
    struct read_op *o = op->mine;
    const json_t *probes = json_object_get(json_object_get(op->tracker->recipe, "presence"), "probes");
    for (; o->probe < json_array_size(probes); o->probe++, o->probe_item = 0) {
        const json_t *probe = json_array_get(probes, o->probe);
        const char *each = json_text(probe, "each");
        const json_t *list = each ? pick_value(&op->c, each) : NULL;
        if (o->probe_item >= (each ? json_array_size(list) : 1))
            continue;
        if (each)
            op_set(op, "item", json_incref(json_array_get(list, o->probe_item)));
        op_ask(op, probe, probe_done);
        return;
    }
    probes_passed(op);
}

static void read_done(struct op *op, struct reading *r) {
    struct read_op *o = op->mine;
    if (r->class == CLASS_OK) {
        read_assemble(op);
        return;
    }
    bool first = json_object_size(r->replies) == 0;
    bool missing = r->class == CLASS_GONE || (r->class == CLASS_DENIED && r->status != 401);
    if (!first || !missing) {
        op_finish(op, r->class == CLASS_GONE ? CLASS_RETRY_SAFE : r->class, r->words);
        return;
    }
    o->presence = r->class == CLASS_GONE ? GONE : FORBIDDEN;
    o->class = r->class;
    o->words = r->words;
    probe_ask(op);
}

struct op *op_read(const struct tracker *t, const char *id) {
    struct op *op = op_new(t);
    struct read_op *o = arena_make(op->arena, struct read_op);
    op->mine = o;
    o->id = arena_strdup(op->arena, id);
    op_set_text(op, "id", id);
    reading_start(op, &o->reading, NULL, read_done);
    return op;
}
