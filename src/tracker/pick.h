/* pick: where a value stands in a reply.
 *
 * A path is a JSON pointer with two additions: a segment may filter an array
 * ("/CustomFields[name=Defect]/values") and "*" stands for every element. In a
 * recipe "/..." begins at the element at hand, "@/..." at the element joined to
 * it, "^/..." at the whole reply. Nothing here fails: what isn't there is NULL. */
#ifndef TRACKER_PICK_H
#define TRACKER_PICK_H

#include "bascule/tracker.h"

/* What templates and picks look at. One for each operation, copied for each element. */
struct context {
    struct arena *arena;
    const struct tracker *tracker;
    json_t *vars;           /* object: {id}, {since}, {note.text}, ... */
    const json_t *item;     /* "/" */
    const json_t *joined;   /* "@/" */
    const json_t *root;     /* "^/" */
    const char *want_table; /* first table that lacked a name, and the name */
    const char *want_key;
    const char *absent; /* first placeholder that had nothing to say */
};

typedef bool pick_visit(void *arg, json_t *value); /* true: go on */
/* Every value at the path, in order; false when visit stopped it. */
bool pick_each(const json_t *root, const char *path, pick_visit *visit, void *arg);
json_t *pick_first(const json_t *root, const char *path);
bool pick_path_ok(const char *path);

/* The value a path or placeholder name means ("/a", "@/a", "^/a", "note.text"). Borrowed. */
json_t *pick_value(const struct context *c, const char *name);

/* Scalars as text, arrays of them joined by ", " without nulls; "" counts as nothing. */
const char *pick_as_text(struct arena *a, const json_t *value);

/* The text a value spec means: a path, a template, or {at, none, map, names}. */
const char *pick_text(struct context *c, const json_t *spec);
/* The same as a time in the recipe's form. */
msec_t pick_time(struct context *c, const json_t *spec);

/* Every key equals its value (or one of a list); null: nothing there; "*": something. */
bool when_holds(struct context *c, const json_t *when);

/* Ids in order: numbers by value, words by bytes. */
int id_order(const char *a, const char *b);

/* Name to value in a tracker's table; case folded when nothing fits exactly. NULL
 * and want_table set when it isn't known. */
json_t *table_get(struct context *c, const char *table, const char *name);
/* The name that has this value. */
const char *table_name_of(struct context *c, const char *table, const char *value);

#endif
