/* record: an element of a reply as a record.
 *
 * Called by the list, by readings and by what reads back. The same mapping makes
 * a record out of a page's element and out of a full read, so that both have the
 * same hash while nothing changed. Everything that grows is bounded. */
#include "runtime.h"

#include <stdio.h>
#include <string.h>

#define VALUE_MAX 8192

static const json_t *spec_of(const struct context *c, const char *key) {
    return json_object_get(json_object_get(c->tracker->recipe, "record"), key);
}

/* ---- native fields ---- */

struct native_args {
    struct context *c;
    const json_t *rule;
    json_t *native;
};

static bool native_add(void *arg, json_t *element) {
    struct native_args *n = arg;
    struct context c = *n->c;
    c.item = element;
    const char *name = pick_text(&c, json_object_get(n->rule, "name"));
    const char *value = name ? pick_text(&c, json_object_get(n->rule, "value")) : NULL;
    if (name && json_object_size(n->native) < RECORD_FIELDS_MAX && !json_object_get(n->native, name))
        json_object_set_new(n->native, name, value ? json_string(str_cut(c.arena, value, VALUE_MAX)) : json_null());
    return true;
}

/* Where custom fields are plain members: those that are configured. */
static void native_members(struct context *c, const json_t *rule, json_t *native) {
    const json_t *object = pick_value(c, json_text(rule, "members"));
    const char *canonical;
    json_t *name;
    if (str_is(json_text(rule, "members"), "/"))
        object = c->item;
    json_object_foreach((json_t *)c->tracker->set.fields, canonical, name) {
        const char *key = json_string_value(name), *table = json_text(rule, "names"), *value;
        const json_t *id = key && table ? table_get(c, table, key) : NULL;
        if (!key)
            continue;
        value = pick_as_text(c->arena, json_object_get(object, id ? pick_as_text(c->arena, id) : key));
        json_object_set_new(native, key, value ? json_string(str_cut(c->arena, value, VALUE_MAX)) : json_null());
    }
}

static json_t *native_make(struct context *c) {
    const json_t *rule = spec_of(c, "native");
    json_t *native = json_object();
    struct native_args args = {c, rule, native};
    if (json_text(rule, "each"))
        pick_each(c->item, json_text(rule, "each"), native_add, &args);
    if (json_text(rule, "members"))
        native_members(c, rule, native);
    return native;
}

static json_t *native_at(const json_t *native, const char *name) {
    json_t *value = json_object_get(native, name), *one;
    const char *key;
    if (value)
        return value;
    json_object_foreach((json_t *)native, key, one)
        if (str_is_nocase(key, name))
            return one;
    return NULL;
}

/* Canonical names for those fields that are configured. */
static json_t *fields_make(const struct tracker *t, const json_t *native) {
    json_t *fields = json_object();
    for (int f = 0; f < FIELD_COUNT; f++) {
        const char *name = tracker_field_native(t, (enum field)f);
        json_t *value = name ? native_at(native, name) : NULL;
        if (name)
            json_object_set_new(fields, field_name((enum field)f), value ? json_incref(value) : json_null());
    }
    return fields;
}

/* ---- the record ---- */

static void record_states(struct context *c, struct record *r) {
    r->native_state = text_clean(c->arena, pick_text(c, spec_of(c, "state")), 200);
    const char *resolution = pick_text(c, spec_of(c, "resolution"));
    r->native_resolution = resolution ? text_clean(c->arena, resolution, 200) : NULL;
    r->state = tracker_map_record(c->tracker, r->native_state, r->native_resolution, r->fields, &r->outcome);
}

static void record_people(struct context *c, struct record *r) {
    const char *reporter = pick_text(c, spec_of(c, "reporter")), *assignee = pick_text(c, spec_of(c, "assignee"));
    const char *version = pick_text(c, spec_of(c, "version"));
    r->reporter = reporter ? text_clean(c->arena, reporter, 300) : NULL;
    r->assignee = assignee ? text_clean(c->arena, assignee, 300) : NULL;
    r->version = version ? text_clean(c->arena, version, 300) : NULL;
    r->version_closed =
        version && json_is_true(json_object_get(json_object_get(c->tracker->cache->tables, "$versions"), r->version));
    r->service = json_text(r->fields, field_name(FIELD_SERVICE));
    const char *priority = json_text(r->fields, field_name(FIELD_PRIORITY));
    if (!priority && !tracker_has_field(c->tracker, FIELD_PRIORITY))
        priority = pick_text(c, spec_of(c, "priority"));
    r->priority = tracker_map_priority(c->tracker, priority);
}

static enum presence record_presence(struct context *c) {
    const json_t *rules = json_object_get(json_object_get(c->tracker->recipe, "presence"), "gone"), *rule;
    size_t i;
    json_array_foreach(rules, i, rule)
        if (when_holds(c, rule))
            return GONE;
    return PRESENT;
}

/* What a record can't be without. */
static bool record_whole(struct context *c, const struct record *r, const char **why) {
    if (str_empty(r->id) || strlen(r->id) > 100)
        *why = "it has no id";
    else if (str_empty(r->native_state))
        *why = "it has no state";
    else if (!r->updated && spec_of(c, "updated"))
        *why = "its time of change can't be read";
    else
        return true;
    return false;
}

bool record_make(struct context *c, const json_t *element, struct record *ret, const char **why) {
    struct record r = {.tracker = c->tracker->set.name,
                       .kind = c->tracker->set.role == ROLE_TICKETING ? KIND_INCIDENT : KIND_DEFECT};
    if (!json_is_object(element)) {
        *why = "it is no object";
        return false;
    }
    c->item = element;
    const char *id = pick_text(c, spec_of(c, "id"));
    r.id = id ? arena_strdup(c->arena, id) : NULL;
    r.title = text_clean(c->arena, pick_text(c, spec_of(c, "title")), TITLE_BYTES_MAX);
    r.created = pick_time(c, spec_of(c, "created"));
    r.updated = pick_time(c, spec_of(c, "updated"));
    r.native = native_make(c);
    r.fields = fields_make(c->tracker, r.native);
    record_states(c, &r);
    record_people(c, &r);
    r.presence = record_presence(c);
    if (!record_whole(c, &r, why)) {
        record_drop(&r);
        return false;
    }
    r.url = tracker_record_url(c->tracker, c->arena, r.id);
    record_learn(c, element);
    *ret = r;
    return true;
}

void record_drop(struct record *r) {
    json_decref(r->fields);
    json_decref(r->native);
    r->fields = r->native = NULL;
}

/* ---- learning ---- */

struct learn_args {
    struct context *c;
    const json_t *rule;
    json_t *rows;
};

static bool learn_row(void *arg, json_t *element) {
    struct learn_args *l = arg;
    struct context c = *l->c;
    c.item = element;
    const char *name = pick_text(&c, json_object_get(l->rule, "name"));
    json_t *value = pick_value(&c, json_text(l->rule, "value"));
    if (name && value && json_object_size(l->rows) < TABLE_ROWS_MAX)
        json_object_set(l->rows, name, value);
    return true;
}

void record_learn(struct context *c, const json_t *element) {
    const char *name;
    json_t *table, *tables = c->tracker->cache->tables;
    json_object_foreach(json_object_get(c->tracker->recipe, "tables"), name, table) {
        const json_t *rule = json_object_get(table, "learn");
        if (!rule)
            continue;
        if (!json_object_get(tables, name))
            json_object_set_new(tables, name, json_object());
        struct learn_args args = {c, rule, json_object_get(tables, name)};
        pick_each(element, json_text(rule, "each"), learn_row, &args);
    }
}

/* ---- hash ---- */

static void hash_add(struct buf *b, const char *s) {
    buf_str(b, s ? s : "\x01");
    buf_char(b, '\0');
}

uint64_t record_hash(struct arena *a, const struct record *r, bool young) {
    cleanup_buf struct buf b = {0};
    hash_add(&b, r->id);
    hash_add(&b, r->title);
    hash_add(&b, r->native_state);
    hash_add(&b, r->native_resolution);
    hash_add(&b, r->reporter);
    hash_add(&b, r->assignee);
    hash_add(&b, r->version);
    hash_add(&b, r->priority);
    buf_printf(&b, "%lld %lld %d", (long long)r->created, (long long)r->updated, young);
    hash_add(&b, json_print(a, r->native));
    uint64_t h = hash_bytes(buf_text(&b), b.len);
    return h ? h : 1;
}

/* Trackers tell time in seconds, and a change may show late: what was seen while
 * its second was fresh is worth a second look, so its hash is another one. */
bool record_is_young(const struct tracker *t, const struct record *r, msec_t date) {
    msec_t overlap = 0;
    const char *text = json_text(json_object_get(t->recipe, "list"), "overlap");
    if (!text || !duration_parse(text, &overlap))
        overlap = 2 * SEC_MS;
    return !date || !r->updated || r->updated + SEC_MS + overlap >= date; /* `updated` lost its fraction */
}
