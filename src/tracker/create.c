/* create: a new record with our marker at its end, and the versions of a project.
 *
 * Called by the engine's delivery and poll. An answer that names no id is unsure:
 * the record may exist, and is looked for by its marker. */
#include "runtime.h"

#include <string.h>

struct create_op {
    struct reading *current; /* first: see reading_start */
    struct reading reading;
    const json_t *spec;
};

/* One line, within what the tracker keeps of it. */
static const char *title_for(struct op *op, const json_t *spec, const char *title) {
    int64_t bytes = json_int(spec, "title_bytes", TITLE_BYTES_MAX), chars = json_int(spec, "title_chars", 0);
    char *text = text_clean(op->arena, title ? title : "", (size_t)bytes);
    int64_t n = 0;
    for (char *p = text; *p; p++) {
        if (*p == '\n' || *p == '\t')
            *p = ' ';
        if (((unsigned char)*p & 0xc0) != 0x80 && chars && ++n > chars) {
            *p = 0;
            break;
        }
    }
    return text;
}

static void field_put(struct op *op, json_t *fields, enum field f, const char *value) {
    const char *name = tracker_field_native(op->tracker, f);
    if (name && !str_empty(value))
        json_array_append_new(
            fields, json_pack("{s:s, s:s}", "name", name, "value", text_clean(op->arena, value, TEXT_BYTES_MAX)));
}

static void create_vars(struct op *op, const struct create_request *c) {
    struct create_op *o = op->mine;
    const char *text = text_for(op->arena, json_text(op->tracker->recipe, "text"), c->body ? c->body : "");
    const char *native = tracker_native_priority(op->tracker, c->priority);
    json_t *fields = json_array();
    for (size_t i = 0; i < c->n_fields; i++)
        field_put(op, fields, c->fields[i].field, c->fields[i].value);
    field_put(op, fields, FIELD_SERVICE, c->service);
    if (tracker_has_field(op->tracker, FIELD_PRIORITY))
        field_put(op, fields, FIELD_PRIORITY, native ? native : c->priority);
    else
        op_set_text(op, "priority", native);
    if (json_array_size(fields))
        op_set(op, "fields", fields);
    else
        json_decref(fields);
    op_set_text(op, "title", title_for(op, o->spec, c->title));
    op_set_text(op, "body", arena_printf(op->arena, "%s%s%s", text, *text ? "\n\n" : "", c->marker ? c->marker : ""));
}

/* The record read back is a courtesy: without it the creation stands all the same. */
static void create_read(struct op *op, struct reading *r) {
    struct record after;
    const char *why;
    if (r->class == CLASS_OK && reading_record(op, r, false, &after, &why)) {
        op->result.after = arena_make(op->arena, struct record);
        *op->result.after = after;
    }
    op_finish(op, CLASS_OK, NULL);
}

static void create_done(struct op *op, const struct answer *a) {
    struct create_op *o = op->mine;
    if (a->class != CLASS_OK) {
        op_finish_as(op, a);
        return;
    }
    const char *id = pick_as_text(op->arena, pick_first(a->json, json_text(o->spec, "id")));
    if (!id) {
        op_finish(op, CLASS_UNSURE, op_words(op, "%s took the record, but named no id", op->tracker->set.name));
        return;
    }
    op->result.created_id = id;
    op_set_text(op, "id", id);
    reading_start(op, &o->reading, json_object_get(json_object_get(op->tracker->recipe, "write"), "verify"),
                  create_read);
}

struct op *op_create(const struct tracker *t, const struct create_request *c) {
    struct op *op = op_new(t);
    struct create_op *o = arena_make(op->arena, struct create_op);
    op->mine = o;
    o->spec = json_object_get(t->recipe, "create");
    if (!o->spec) {
        op_finish(op, CLASS_REJECTED, op_words(op, "the connector of %s can't create records", t->set.name));
        return op;
    }
    create_vars(op, c);
    op_ask(op, o->spec, create_done);
    return op;
}

/* ---- versions ---- */

struct versions_op {
    const json_t *spec;
    size_t item;
    struct op *op;
};

static void versions_ask(struct op *op);

static bool version_take(void *arg, json_t *element) {
    struct op *op = arg;
    struct versions_op *o = op->mine;
    op->c.item = element;
    const char *name = pick_text(&op->c, json_object_get(o->spec, "name"));
    bool closed = when_holds(&op->c, json_object_get(o->spec, "closed"));
    /* several projects may have a 1.0: records name only that, so it counts as closed when all of them are */
    closed = closed && json_bool(op->result.versions, name ? name : "", true);
    if (name && json_object_size(op->result.versions) < TABLE_ROWS_MAX)
        json_object_set_new(op->result.versions, name, json_boolean(closed));
    return true;
}

static void versions_done(struct op *op, const struct answer *a) {
    struct versions_op *o = op->mine;
    if (a->class != CLASS_OK) {
        op_finish_as(op, a);
        return;
    }
    pick_each(a->json, json_text(o->spec, "items"), version_take, op);
    o->item++;
    versions_ask(op);
}

static void versions_ask(struct op *op) {
    struct versions_op *o = op->mine;
    const json_t *list = pick_value(&op->c, json_text(o->spec, "each"));
    if (o->item < json_array_size(list)) {
        op_set(op, "item", json_incref(json_array_get(list, o->item)));
        op_ask(op, o->spec, versions_done);
        return;
    }
    json_object_set(op->tracker->cache->tables, "$versions", op->result.versions);
    op_finish(op, CLASS_OK, NULL);
}

struct op *op_versions(const struct tracker *t) {
    struct op *op = op_new(t);
    struct versions_op *o = arena_make(op->arena, struct versions_op);
    op->mine = o;
    o->spec = json_object_get(t->recipe, "versions");
    op->result.versions = json_object();
    if (o->spec)
        versions_ask(op);
    else
        op_finish(op, CLASS_OK, NULL);
    return op;
}
