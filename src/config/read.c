/* read: the readers of single values, and the walk over a section's keys.
 *
 * Owns nothing. Called by the files of the sections (top.c, trackers.c, ...).
 * What must hold: after a fault the target is untouched; a text that reaches a
 * target is copied into the settings' arena. */
#include "read.h"

#include <stdio.h>
#include <string.h>

static const char *type_name(const struct yaml *y) {
    if (y->type == YAML_LIST)
        return "a list";
    if (y->type == YAML_MAP)
        return "a section";
    return yaml_is_null(y) ? "nothing" : "a single value";
}

bool is_map(struct reader *r, const char *what, const struct yaml *y, const char *wanted) {
    if (y->type == YAML_MAP)
        return true;
    faults_error(r->faults, y->place, "%s: %s is wanted here, not %s", what, wanted, type_name(y));
    return false;
}

static void key_unknown(struct reader *r, const struct yaml *name, const char *what, const struct key *keys, size_t n) {
    struct nearest near = {0};
    cleanup_buf struct buf all = {.limit = 500};
    for (size_t i = 0; i < n; i++) {
        nearest_try(&near, name->text, keys[i].name);
        buf_printf(&all, "%s%s", i ? ", " : "", keys[i].name);
    }
    const char *shown = text_shown(r->faults->arena, name->text);
    const char *in = str_empty(what) ? "" : arena_printf(r->faults->arena, " in %s", what);
    if (near.word)
        faults_error(r->faults, name->place, "unknown key %s%s; did you mean \"%s\"?", shown, in, near.word);
    else
        faults_error(r->faults, name->place, "unknown key %s%s; known here: %s", shown, in, buf_text(&all));
}

static const struct key *key_find(const struct key *keys, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++)
        if (str_is(keys[i].name, name))
            return &keys[i];
    return NULL;
}

static void keys_missing(struct reader *r, const struct yaml *map, struct place at, const char *what,
                         const struct key *keys, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const struct yaml *there = map->type == YAML_MAP ? yaml_at(map, keys[i].name, NULL) : NULL;
        if (keys[i].required && (!there || yaml_is_null(there)))
            faults_error(r->faults, there ? there->place : at, "%s%s\"%s\" is missing; it has no default", what,
                         str_empty(what) ? "" : ": ", keys[i].name);
    }
}

void section_read(struct reader *r, const struct yaml *map, struct place at, const char *what, const struct key *keys,
                  size_t n_keys, void *base) {
    if (yaml_is_null(map)) { /* "policy:" with nothing under it */
        keys_missing(r, map, at, what, keys, n_keys);
        return;
    }
    if (!is_map(r, str_empty(what) ? "the file" : what, map, "a section of \"key: value\" lines"))
        return;
    for (size_t i = 0; i < map->count; i++) {
        const struct yaml *name = map->items[i].key, *value = map->items[i].value;
        const struct key *key = key_find(keys, n_keys, name->text);
        if (!key) {
            key_unknown(r, name, what, keys, n_keys);
        } else if (!yaml_is_null(value)) {
            r->set |= key->bit;
            key->read(r, key, value, (char *)base + key->offset);
        }
    }
    keys_missing(r, map, at, what, keys, n_keys);
}

/* ---- single values ---- */

const char *scalar_text(struct reader *r, const char *what, const struct yaml *y, const char *wanted) {
    if (y->type == YAML_SCALAR && !yaml_is_null(y))
        return y->text;
    faults_error(r->faults, y->place, "%s: %s is wanted here, not %s", what, wanted, type_name(y));
    return NULL;
}

void read_text(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    const char *text = scalar_text(r, key->name, value, "a text");
    if (text && !*text)
        faults_error(r->faults, value->place, "%s: the text is empty; leave the key out for its default", key->name);
    else if (text)
        *(const char **)target = arena_strdup(r->arena, text);
}

const char *path_beside(struct reader *r, const char *path) {
    return arena_printf(r->arena, "%s%s", path[0] == '/' ? "" : r->folder, path);
}

void read_path(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    const char *path = NULL;
    read_text(r, key, value, &path);
    if (path)
        *(const char **)target = path_beside(r, path);
}

void read_bool(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    static const char *const words[][2] = {{"false", "true"}, {"False", "True"}, {"FALSE", "TRUE"}};
    const char *text = scalar_text(r, key->name, value, "true or false");
    for (size_t i = 0; text && value->plain && i < array_size(words); i++)
        for (int yes = 0; yes < 2; yes++)
            if (str_is(text, words[i][yes])) {
                *(bool *)target = yes;
                return;
            }
    if (text)
        faults_error(r->faults, value->place, "%s: %s is neither true nor false; write one of them, without quotes",
                     key->name, text_shown(r->faults->arena, text));
}

void read_span(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    const struct span_bounds *bounds = key->arg;
    struct arena *a = r->faults->arena;
    const char *text = scalar_text(r, key->name, value, "a span of time such as 30s");
    msec_t span;
    if (!text)
        return;
    if (!duration_parse(text, &span))
        faults_error(r->faults, value->place,
                     "%s: %s is no span of time; write a number with ms, s, m, h or d, such as 30s", key->name,
                     text_shown(a, text));
    else if (span < bounds->least || span > bounds->most)
        faults_error(r->faults, value->place, "%s: %s is out of bounds; write %s to %s", key->name, text_shown(a, text),
                     duration_text(a, bounds->least), duration_text(a, bounds->most));
    else
        *(msec_t *)target = span;
}

bool number_read(struct reader *r, const char *what, const struct yaml *y, const struct number_bounds *bounds,
                 int *ret) {
    const char *text = scalar_text(r, what, y, "a whole number");
    int64_t n;
    if (text && (!str_int64(text, &n) || n < bounds->least || n > bounds->most)) {
        faults_error(r->faults, y->place, "%s: %s will not do; write a whole number from %d to %d", what,
                     text_shown(r->faults->arena, text), bounds->least, bounds->most);
        return false;
    }
    if (text)
        *ret = (int)n;
    return text;
}

void read_number(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    number_read(r, key->name, value, key->arg, target);
}

int word_read(struct reader *r, const char *what, const struct yaml *y, const struct words *words) {
    struct arena *a = r->faults->arena;
    const char *text = scalar_text(r, what, y, words_listed(a, words));
    int i = text ? words_find(words, text) : -1;
    if (text && i < 0) {
        const char *near = words_nearest(words, text);
        faults_error(r->faults, y->place, "%s: %s is not known here; write %s%s", what, text_shown(a, text),
                     words_listed(a, words), near ? arena_printf(a, " (did you mean \"%s\"?)", near) : "");
    }
    return i;
}

void read_word(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    int i = word_read(r, key->name, value, key->arg);
    if (i >= 0)
        *(unsigned *)target = (unsigned)i; /* every enum of the vocabulary has this type */
}

void read_choice(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    const char *const *two = key->arg;
    const char *text = scalar_text(r, key->name, value, arena_printf(r->faults->arena, "%s or %s", two[0], two[1]));
    if (str_is(text, two[0]) || str_is(text, two[1]))
        *(bool *)target = str_is(text, two[1]);
    else if (text)
        faults_error(r->faults, value->place, "%s: %s is not known here; write %s or %s", key->name,
                     text_shown(r->faults->arena, text), two[0], two[1]);
}

void read_node(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    *(const struct yaml **)target = value;
}

/* ---- lists and JSON ---- */

static bool text_push(struct reader *r, const char *what, const struct yaml *y, const char ***items, size_t *n) {
    const char *text = scalar_text(r, what, y, "a text");
    if (text)
        *arena_push(r->arena, items, n) = arena_strdup(r->arena, text);
    return text;
}

bool texts_read(struct reader *r, const char *what, const struct yaml *y, size_t most, const char ***ret,
                size_t *ret_n) {
    const char **items = NULL;
    size_t n = 0;
    bool fine = true;
    if (y->type == YAML_LIST && y->count > most) {
        faults_error(r->faults, y->place, "%s: %zu entries are more than the %zu that may stand here", what, y->count,
                     most);
        return false;
    }
    if (y->type == YAML_SCALAR)
        fine = text_push(r, what, y, &items, &n);
    else if (y->type == YAML_LIST)
        for (size_t i = 0; i < y->count; i++)
            fine = text_push(r, what, y->items[i].value, &items, &n) && fine;
    else
        fine = scalar_text(r, what, y, "a text or a list of them");
    if (fine) {
        *ret = items;
        *ret_n = n;
    }
    return fine;
}

#define JSON_VALUES_MAX 2000 /* aliases may repeat a branch; this bounds it */

static json_t *json_of(struct reader *r, const struct yaml *y, size_t *left) {
    if (*left == 0)
        return json_null();
    --*left;
    if (y->type == YAML_SCALAR) {
        if (yaml_is_null(y))
            return json_null();
        if (y->plain && (str_is(y->text, "true") || str_is(y->text, "false")))
            return json_boolean(str_is(y->text, "true"));
        return json_string(y->text);
    }
    json_t *j = y->type == YAML_LIST ? json_array() : json_object();
    for (size_t i = 0; i < y->count; i++) {
        json_t *value = json_of(r, y->items[i].value, left);
        if (y->type == YAML_LIST)
            json_array_append_new(j, value);
        else
            json_object_set_new(j, y->items[i].key->text, value);
    }
    return j;
}

json_t *json_from(struct reader *r, const struct yaml *y) {
    size_t left = JSON_VALUES_MAX;
    json_t *j = json_of(r, y, &left);
    if (left == 0)
        faults_error(r->faults, y->place, "more than %d values under one key", JSON_VALUES_MAX);
    return j;
}
