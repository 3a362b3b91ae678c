/* detail: what only a full read has: texts, changes, relations, allowed moves.
 *
 * Called by read.c once all replies of a record are there. Rules of the recipe
 * run over the elements of one reply each; an element may be joined to one of
 * another reply by a shared id (RT's attachments to its transactions). */
#include "runtime.h"

#include <string.h>

#define TEXTS_TOTAL_MAX (4u << 20)

struct detail {
    struct context *c;
    struct record *record;
    const json_t *replies, *rule;
    const json_t *index; /* of the joined reply: shared id -> element */
    size_t bytes;        /* of all texts */
};

/* ---- walking a rule ---- */

struct index_args {
    struct context *c;
    json_t *index;
    const char *path;
};

static bool index_add(void *arg, json_t *element) {
    struct index_args *x = arg;
    const char *key = pick_as_text(x->c->arena, pick_first(element, x->path));
    if (key)
        json_object_set(x->index, key, element);
    return true;
}

static json_t *index_make(struct detail *d) {
    const json_t *with = json_object_get(d->rule, "with");
    if (!with)
        return NULL;
    json_t *index = json_object();
    struct index_args args = {d->c, index, json_text(with, "theirs")};
    pick_each(json_object_get(d->replies, json_text(with, "from")), "/*", index_add, &args);
    return index;
}

struct each_args {
    struct detail *d;
    void (*take)(struct detail *d, struct context *c);
};

static bool element_take(struct each_args *e, json_t *element, const json_t *joined) {
    struct detail *d = e->d;
    struct context c = *d->c;
    c.item = element;
    c.joined = joined;
    const char *mine = json_text(json_object_get(d->rule, "with"), "mine");
    if (mine) {
        const char *key = pick_as_text(c.arena, pick_first(element, mine));
        c.joined = key ? json_object_get(d->index, key) : NULL;
        if (!c.joined)
            return true;
    }
    if (when_holds(&c, json_object_get(d->rule, "when")))
        e->take(d, &c);
    if (c.want_table && !d->c->want_table) {
        d->c->want_table = c.want_table;
        d->c->want_key = c.want_key;
    }
    return true;
}

struct inner_args {
    struct each_args *each;
    const json_t *outer;
};

static bool inner_take(void *arg, json_t *element) {
    struct inner_args *i = arg;
    return element_take(i->each, element, i->outer);
}

/* With `each`, what counts are the elements inside; "@/" is then the one around them. */
static bool each_take(void *arg, json_t *element) {
    struct each_args *e = arg;
    const char *inner = json_text(e->d->rule, "each");
    struct inner_args args = {e, element};
    return inner ? pick_each(element, inner, inner_take, &args) : element_take(e, element, NULL);
}

/* "reply" or "reply/path": every element of one reply. */
static void each_rule(struct detail *d, const char *list, void (*take)(struct detail *, struct context *)) {
    const json_t *rules = json_object_get(d->c->tracker->recipe, list);
    size_t i;
    json_array_foreach(rules, i, d->rule) {
        const char *from = json_text(d->rule, "from"), *path = strchr(from, '/');
        const char *name = path ? arena_strndup(d->c->arena, from, (size_t)(path - from)) : from;
        json_t *index = index_make(d);
        struct each_args args = {d, take};
        d->index = index;
        pick_each(json_object_get(d->replies, name), path ? path : "/*", each_take, &args);
        json_decref(index);
        d->index = NULL;
    }
}

static const char *rule_text(struct detail *d, struct context *c, const char *key) {
    return pick_text(c, json_object_get(d->rule, key));
}

static bool rule_flag(struct detail *d, struct context *c, const char *key) {
    const json_t *v = json_object_get(d->rule, key);
    return json_is_boolean(v) ? json_is_true(v) : str_is(pick_text(c, v), "true");
}

/* ---- texts ---- */

static struct text *text_known(struct record *r, const char *place, const char *id) {
    for (size_t i = r->n_texts; id && i > 0; i--)
        if (str_is(r->texts[i - 1].id, id) && str_is(r->texts[i - 1].place, place))
            return &r->texts[i - 1];
    return NULL;
}

static bool is_requester(struct detail *d, const char *author) {
    const json_t *list = json_object_get(d->replies, "$requesters"), *one;
    size_t i;
    json_array_foreach(list, i, one)
        if (str_is_nocase(json_string_value(one), author))
            return true;
    return false;
}

static void text_take(struct detail *d, struct context *c) {
    struct record *r = d->record;
    const char *body = rule_text(d, c, "body"), *place = rule_text(d, c, "place"), *id = rule_text(d, c, "id");
    bool html = rule_flag(d, c, "html");
    if (str_empty(body) || d->bytes >= TEXTS_TOTAL_MAX || r->n_texts >= RECORD_TEXTS_MAX)
        return;
    body = html ? html_text(c->arena, body) : text_clean(c->arena, body, TEXT_BYTES_MAX);
    struct text *known = text_known(r, place, id);
    if (known) { /* a second plain part of one message goes on; HTML only says the same again */
        if (!html)
            known->body = text_clean(c->arena, arena_printf(c->arena, "%s\n%s", known->body, body), TEXT_BYTES_MAX);
        return;
    }
    const char *author = rule_text(d, c, "author");
    d->bytes += strlen(body);
    *arena_push(c->arena, &r->texts, &r->n_texts) = (struct text){.place = place,
                                                                  .id = id,
                                                                  .author = author,
                                                                  .requester = is_requester(d, author),
                                                                  .internal = rule_flag(d, c, "internal"),
                                                                  .at = pick_time(c, json_object_get(d->rule, "at")),
                                                                  .body = body};
}

/* Who made the record; not always who asked for it. */
static const char *creator_of(struct context *c, const struct record *r) {
    const char *creator = pick_text(c, json_object_get(json_object_get(c->tracker->recipe, "record"), "creator"));
    return creator ? creator : r->reporter;
}

/* ---- changes ---- */

static bool change_wanted(const struct tracker *t, const char *field) {
    if (str_is(field, "state"))
        return true;
    for (int f = 0; f < FIELD_COUNT; f++)
        if (str_is_nocase(tracker_field_native(t, (enum field)f), field))
            return true;
    return false;
}

static void change_take(struct detail *d, struct context *c) {
    struct record *r = d->record;
    const char *field = rule_text(d, c, "field");
    if (!field || !change_wanted(c->tracker, field) || r->n_changes >= RECORD_CHANGES_MAX)
        return;
    *arena_push(c->arena, &r->changes, &r->n_changes) =
        (struct change){.id = rule_text(d, c, "id"),
                        .field = field,
                        .from = rule_text(d, c, "old"),
                        .to = rule_text(d, c, "new"),
                        .by = rule_text(d, c, "by"),
                        .at = pick_time(c, json_object_get(d->rule, "at"))};
}

/* ---- relations ---- */

/* When and by whom a relation was made, where the history tells: {from, when, same, at, by}. */
static void relation_date(struct detail *d, struct context *c, struct relation *rel) {
    const json_t *dated = json_object_get(d->rule, "dated"), *list;
    struct context h = *c;
    size_t i;
    json_t *one;
    if (!dated)
        return;
    list = json_object_get(d->replies, json_text(dated, "from"));
    json_array_foreach(list, i, one) {
        h.item = one;
        if (!when_holds(&h, json_object_get(dated, "when")) ||
            !str_is(pick_text(&h, json_object_get(dated, "same")), rel->target))
            continue;
        rel->at = pick_time(&h, json_object_get(dated, "at"));
        rel->by = pick_text(&h, json_object_get(dated, "by"));
    }
}

static void relation_take(struct detail *d, struct context *c) {
    struct record *r = d->record;
    const char *url = rule_text(d, c, "url"), *duplicate = rule_text(d, c, "duplicate_of"),
               *held = rule_text(d, c, "held_by"),
               *target = duplicate ? duplicate
                         : held    ? held
                                   : url;
    if (!target || r->n_relations >= RECORD_RELATIONS_MAX)
        return;
    struct relation rel = {.type = duplicate ? RELATION_DUPLICATE_OF
                                   : held    ? RELATION_HELD_BY
                                             : RELATION_URL,
                           .target = arena_strdup(c->arena, target)};
    relation_date(d, c, &rel);
    *arena_push(c->arena, &r->relations, &r->n_relations) = rel;
}

/* ---- the record ---- */

static bool name_add(void *arg, json_t *value) {
    if (json_is_string(value) || json_is_integer(value))
        json_array_append(arg, value);
    return true;
}

/* Account names of those who asked for the record. */
static json_t *requesters_of(struct context *c, const json_t *element) {
    const char *path = json_text(json_object_get(c->tracker->recipe, "record"), "requesters");
    json_t *names = json_array();
    if (path && c->tracker->set.role == ROLE_TICKETING) /* who writes a defect is staff */
        pick_each(element, path, name_add, names);
    return names;
}

static void own_text_add(struct context *c, struct record *r, const char *place, const char *body) {
    if (!str_empty(body))
        *arena_push(c->arena, &r->texts, &r->n_texts) =
            (struct text){.place = place, .author = creator_of(c, r), .at = r->created, .body = body};
}

void record_own_texts(struct context *c, struct record *r, const json_t *element) {
    const json_t *spec = json_object_get(json_object_get(c->tracker->recipe, "record"), "description");
    c->item = element;
    own_text_add(c, r, "subject", r->title);
    own_text_add(c, r, "description", spec ? text_clean(c->arena, pick_text(c, spec), TEXT_BYTES_MAX) : NULL);
}

/* By time, then by id: rules run one after the other, history didn't. */
static void changes_sort(struct record *r) {
    for (size_t i = 1; i < r->n_changes; i++) {
        struct change one = r->changes[i];
        size_t j = i;
        for (; j > 0; j--) {
            const struct change *b = &r->changes[j - 1];
            if (b->at < one.at || (b->at == one.at && id_order(b->id, one.id) <= 0))
                break;
            r->changes[j] = *b;
        }
        r->changes[j] = one;
    }
}

void record_detail(struct context *c, struct record *r, const json_t *replies) {
    struct detail d = {.c = c, .record = r};
    const json_t *element = c->item;
    const json_t *allowed = json_object_get(json_object_get(c->tracker->recipe, "record"), "allowed");
    json_t *all = json_copy((json_t *)replies);
    json_object_set_new(all, "$requesters", requesters_of(c, element));
    d.replies = all;
    record_own_texts(c, r, element);
    for (size_t i = 0; i < r->n_texts; i++)
        r->texts[i].requester = is_requester(&d, r->texts[i].author);
    each_rule(&d, "texts", text_take);
    each_rule(&d, "changes", change_take);
    each_rule(&d, "relations", relation_take);
    changes_sort(r);
    c->item = element;
    r->allowed = allowed ? pick_text(c, allowed) : NULL;
    r->detailed = true;
    json_decref(all);
}
