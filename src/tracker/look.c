/* look: is our note, is our created record there? And creating.
 *
 * Called by the engine for what is unsure, and before a creation is sent again. A
 * marker is looked for wherever it may stand, so that "not there" means something. */
#include "runtime.h"

#include <string.h>

#define CANDIDATES_MAX 100
#define CLOCK_SLACK    (15 * 60 * SEC_MS) /* more than the greatest skew that is let pass */

struct look_op {
    const json_t *spec;
    const char *marker;
    struct marker parsed;
    bool has_parsed;
    int page;
    json_t *candidates; /* ids that have to be opened */
    size_t candidate;
};

/* The same marker, however a tracker wrapped it. */
static bool text_has(struct op *op, const char *text) {
    struct look_op *o = op->mine;
    struct marker m;
    if (!text)
        return false;
    if (strstr(text, o->marker))
        return true;
    for (size_t at = 0; o->has_parsed && marker_find(op->arena, text + at, &m); at += m.at + 1)
        if (m.problem == o->parsed.problem && str_is(m.instance, o->parsed.instance) && str_is(m.word, o->parsed.word))
            return true;
    return false;
}

static bool element_has(struct op *op, const json_t *spec, const json_t *element) {
    op->c.item = element;
    const char *text = pick_text(&op->c, json_object_get(spec, "text"));
    return text && (text_has(op, text) || (strchr(text, '<') && text_has(op, html_text(op->arena, text))));
}

/* The items of a page; NULL and a finished operation when there is no list. */
static const json_t *items_of(struct op *op, const json_t *spec, const struct answer *a) {
    const json_t *items = a->class == CLASS_OK ? pick_first(a->json, json_text(spec, "items")) : NULL;
    if (a->class != CLASS_OK)
        op_finish_as(op, a);
    else if (!json_is_array(items))
        op_finish(op, CLASS_NONSENSE, op_words(op, "%s answered without %s", op->path, json_text(spec, "items")));
    else
        return items;
    return NULL;
}

static void page_set(struct op *op, const json_t *spec, int page) {
    op_set(op, "page", json_integer(page));
    op_set(op, "offset", json_integer((page - 1) * json_int(spec, "size", 100)));
}

/* True when another page has to be asked for: it has been, or there were too many of
 * them, and then "not there" would be a guess. */
static bool page_next(struct op *op, const json_t *items, answer_fn *then) {
    struct look_op *o = op->mine;
    if (!json_object_get(o->spec, "size") || json_array_size(items) < (size_t)json_int(o->spec, "size", 100))
        return false;
    if (o->page >= PAGES_MAX) {
        op_finish(op, CLASS_NONSENSE, op_words(op, "%s: more than %d pages", op->path, PAGES_MAX));
        return true;
    }
    page_set(op, o->spec, ++o->page);
    op_ask(op, o->spec, then);
    return true;
}

static struct op *look_new(const struct tracker *t, const char *which, const char *marker) {
    struct op *op = op_new(t);
    struct look_op *o = arena_make(op->arena, struct look_op);
    op->mine = o;
    o->spec = json_object_get(json_object_get(t->recipe, "look"), which);
    o->marker = arena_strdup(op->arena, marker);
    o->has_parsed = marker_find(op->arena, o->marker, &o->parsed);
    op_set_text(op, "marker", marker);
    op_set_text(op, "marker_word", o->has_parsed ? o->parsed.word : marker);
    o->page = 1;
    if (!o->spec)
        op_finish(op, CLASS_REJECTED, op_words(op, "%s offers no way to look for it", t->set.name));
    else
        page_set(op, o->spec, 1);
    return op;
}

/* ---- notes ---- */

static void note_done(struct op *op, const struct answer *a) {
    struct look_op *o = op->mine;
    const json_t *items = items_of(op, o->spec, a);
    size_t i;
    json_t *element;
    if (!items)
        return;
    json_array_foreach(items, i, element)
        if (element_has(op, o->spec, element)) {
            op->result.found = true;
            op->result.echo = pick_text(&op->c, json_object_get(o->spec, "echo"));
            op_finish(op, CLASS_OK, NULL);
            return;
        }
    if (!page_next(op, items, note_done))
        op_finish(op, CLASS_OK, NULL);
}

struct op *op_look_note(const struct tracker *t, const char *id, const char *marker) {
    struct op *op = look_new(t, "note", marker);
    struct look_op *o = op->mine;
    op_set_text(op, "id", id);
    if (op->phase == OP_IDLE)
        op_ask(op, o->spec, note_done);
    return op;
}

/* ---- created records ---- */

static void candidate_ask(struct op *op);

static void created_found(struct op *op, const char *id) {
    op->result.found = true;
    op->result.created_id = arena_strdup(op->arena, id);
    op_finish(op, CLASS_OK, NULL);
}

static void candidate_done(struct op *op, const struct answer *a) {
    struct look_op *o = op->mine;
    const json_t *each = json_object_get(o->spec, "each");
    const char *id = json_string_value(json_array_get(o->candidates, o->candidate));
    size_t i;
    json_t *element;
    if (a->class != CLASS_GONE) {
        const json_t *items = items_of(op, each, a);
        if (!items)
            return;
        json_array_foreach(items, i, element)
            if (element_has(op, each, element)) {
                created_found(op, id);
                return;
            }
    }
    o->candidate++;
    candidate_ask(op);
}

static void candidate_ask(struct op *op) {
    struct look_op *o = op->mine;
    if (o->candidate >= json_array_size(o->candidates)) {
        op_finish(op, CLASS_OK, NULL);
        return;
    }
    op_set(op, "item", json_incref(json_array_get(o->candidates, o->candidate)));
    op_ask(op, json_object_get(o->spec, "each"), candidate_done);
}

static void created_done(struct op *op, const struct answer *a) {
    struct look_op *o = op->mine;
    const json_t *items = items_of(op, o->spec, a), *each = json_object_get(o->spec, "each");
    size_t i;
    json_t *element;
    if (!items)
        return;
    json_array_foreach(items, i, element) {
        op->c.item = element;
        const char *id = pick_text(&op->c, json_object_get(o->spec, "id"));
        if (id && each)
            json_array_append_new(o->candidates, json_string(id));
        if (id && !each && element_has(op, o->spec, element)) {
            created_found(op, id);
            return;
        }
    }
    if (json_array_size(o->candidates) > CANDIDATES_MAX)
        op_finish(op, CLASS_NONSENSE, op_words(op, "more than %d records to open", CANDIDATES_MAX));
    else if (!page_next(op, items, created_done))
        candidate_ask(op);
}

struct op *op_look_created(const struct tracker *t, const char *marker, msec_t since) {
    struct op *op = look_new(t, "created", marker);
    struct look_op *o = op->mine;
    o->candidates = json_array();
    json_array_append_new(op->kept, o->candidates);
    op_set(op, "since", json_integer(since > CLOCK_SLACK ? since - CLOCK_SLACK : 0));
    if (op->phase == OP_IDLE)
        op_ask(op, o->spec, created_done);
    return op;
}
