/* pick: where a value stands in a reply (see pick.h).
 *
 * Pure; owns nothing. Called for every element of every page, so paths are
 * walked as they stand, without compiling them. */
#include "pick.h"
#include "runtime.h"
#include "say.h"

#include <string.h>

#define TEXT_MAX (256u << 10)

/* ---- paths ---- */

struct segment {
    char name[128];
    char key[64], value[128]; /* of the filter; key "" when there is none */
};

/* Copies up to one of the ends, unescaping ~0 and ~1; NULL when it doesn't fit. */
static const char *copy_until(const char *p, const char *ends, char *out, size_t size) {
    size_t n = 0;
    for (; *p && !strchr(ends, *p); p++) {
        char c = *p;
        if (c == '~' && (p[1] == '0' || p[1] == '1'))
            c = *++p == '0' ? '~' : '/';
        if (n + 1 >= size)
            return NULL;
        out[n++] = c;
    }
    out[n] = 0;
    return p;
}

/* Reads one segment at "/..."; gives what follows it, NULL when it is malformed. */
static const char *segment_read(const char *p, struct segment *s) {
    *s = (struct segment){0};
    if (*p != '/' || !(p = copy_until(p + 1, "/[", s->name, sizeof(s->name))))
        return NULL;
    if (*p != '[')
        return p;
    if (!(p = copy_until(p + 1, "=]", s->key, sizeof(s->key))) || *p != '=' || !s->key[0])
        return NULL;
    if (!(p = copy_until(p + 1, "]", s->value, sizeof(s->value))) || *p != ']')
        return NULL;
    return p[1] == 0 || p[1] == '/' ? p + 1 : NULL;
}

bool pick_path_ok(const char *path) {
    struct segment s;
    while (path && *path)
        path = segment_read(path, &s);
    return path != NULL;
}

static bool key_is(const json_t *object, const char *key, const char *value) {
    const json_t *v = json_object_get(object, key);
    char number[32];
    if (json_is_string(v))
        return str_is(json_string_value(v), value);
    if (json_is_integer(v)) {
        snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(v));
        return str_is(number, value);
    }
    return json_is_boolean(v) && str_is(json_is_true(v) ? "true" : "false", value);
}

static bool each_member(const json_t *at, const struct segment *s, const char *rest, pick_visit *visit, void *arg) {
    size_t i;
    json_t *one;
    const char *name;
    if (json_is_array(at)) {
        json_array_foreach(at, i, one)
            if ((!s->key[0] || key_is(one, s->key, s->value)) && !pick_each(one, rest, visit, arg))
                return false;
        return true;
    }
    json_object_foreach((json_t *)at, name, one)
        if (!pick_each(one, rest, visit, arg))
            return false;
    return true;
}

bool pick_each(const json_t *root, const char *path, pick_visit *visit, void *arg) {
    struct segment s;
    int64_t index;
    if (!root)
        return true;
    if (!*path)
        return visit(arg, (json_t *)root);
    const char *rest = segment_read(path, &s);
    if (!rest)
        return true;
    if (str_is(s.name, "*"))
        return each_member(root, &s, rest, visit, arg);
    const json_t *next = json_is_array(root) ? (str_int64(s.name, &index) ? json_array_get(root, (size_t)index) : NULL)
                                             : json_object_get(root, s.name);
    if (s.key[0])
        return json_is_array(next) ? each_member(next, &s, rest, visit, arg) : true;
    return pick_each(next, rest, visit, arg);
}

static bool take_first(void *arg, json_t *value) {
    *(json_t **)arg = value;
    return false;
}

json_t *pick_first(const json_t *root, const char *path) {
    json_t *found = NULL;
    pick_each(root, path, take_first, &found);
    return found;
}

/* ---- values ---- */

static json_t *var_at(const json_t *vars, const char *name) {
    char part[64];
    int64_t index;
    while (vars) {
        size_t n = strcspn(name, ".");
        if (n >= sizeof(part))
            return NULL;
        memcpy(part, name, n);
        part[n] = 0;
        if (json_is_array(vars))
            vars = str_int64(part, &index) ? json_array_get(vars, (size_t)index) : NULL;
        else
            vars = json_object_get(vars, part);
        if (!name[n])
            break;
        name += n + 1;
    }
    return (json_t *)vars;
}

json_t *pick_value(const struct context *c, const char *name) {
    if (name[0] == '/')
        return pick_first(c->item, name);
    if (name[0] == '@')
        return pick_first(c->joined, name + 1);
    if (name[0] == '^')
        return pick_first(c->root, name + 1);
    return var_at(c->vars, name);
}

/* 3.0 is how some trackers say 3. */
static const char *real_text(struct arena *a, const json_t *value) {
    double v = json_real_value(value);
    bool whole = v > -9e15 && v < 9e15 && v == (double)(long long)v;
    return whole ? arena_printf(a, "%lld", (long long)v) : json_as_text(a, value);
}

static const char *scalar_text(struct arena *a, const json_t *value) {
    if (json_is_object(value) || json_is_array(value))
        return NULL;
    return json_is_real(value) ? real_text(a, value) : json_as_text(a, value);
}

const char *pick_as_text(struct arena *a, const json_t *value) {
    cleanup_buf struct buf b = {.limit = TEXT_MAX};
    size_t i;
    json_t *one;
    if (!json_is_array(value)) {
        const char *text = scalar_text(a, value);
        return str_empty(text) ? NULL : str_cut(a, text, TEXT_MAX);
    }
    json_array_foreach(value, i, one) {
        const char *text = scalar_text(a, one);
        if (!str_empty(text))
            buf_printf(&b, "%s%s", b.len ? ", " : "", text);
    }
    return b.len ? arena_strdup(a, buf_text(&b)) : NULL;
}

struct texts_of {
    struct arena *arena;
    struct buf *buf;
};

static bool add_text(void *arg, json_t *value) {
    struct texts_of *t = arg;
    const char *text = pick_as_text(t->arena, value);
    if (text)
        buf_printf(t->buf, "%s%s", t->buf->len ? ", " : "", text);
    return true;
}

/* A path with "*" may mean several values; they are joined as an array's are. */
static const char *path_text(struct context *c, const char *path) {
    if (!strstr(path, "/*") || (path[0] != '/' && path[1] != '/'))
        return pick_as_text(c->arena, pick_value(c, path));
    cleanup_buf struct buf b = {.limit = TEXT_MAX};
    struct texts_of t = {c->arena, &b};
    const json_t *root = path[0] == '@' ? c->joined : path[0] == '^' ? c->root : c->item;
    pick_each(root, path[0] == '/' ? path : path + 1, add_text, &t);
    return b.len ? arena_strdup(c->arena, buf_text(&b)) : NULL;
}

static bool is_path(const char *s) {
    return s[0] == '/' || ((s[0] == '@' || s[0] == '^') && (!s[1] || s[1] == '/'));
}

static bool list_has(const json_t *list, const char *text) {
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one)
        if (str_is_nocase(json_string_value(one), text))
            return true;
    return false;
}

static const char *spec_text(struct context *c, const json_t *spec) {
    const char *text = pick_text(c, json_object_get(spec, "at"));
    if (!text || list_has(json_object_get(spec, "none"), text))
        return NULL;
    const json_t *map = json_object_get(spec, "map");
    if (map) {
        const char *mapped = json_text(map, text);
        return mapped ? mapped : json_text(map, "*");
    }
    const char *table = json_text(spec, "names");
    const char *name = table ? table_name_of(c, table, text) : NULL;
    return name ? name : text;
}

const char *pick_text(struct context *c, const json_t *spec) {
    if (json_is_object(spec))
        return spec_text(c, spec);
    const char *s = json_string_value(spec);
    if (!s)
        return NULL;
    return is_path(s) ? path_text(c, s) : say_text(c, s, SAY_PLAIN);
}

msec_t pick_time(struct context *c, const json_t *spec) {
    const char *text = pick_text(c, spec);
    msec_t t;
    return text && time_read(c->tracker, text, &t) ? t : 0;
}

/* ---- when ---- */

/* "{name}" of a list: any of it is meant. */
static const json_t *var_list(struct context *c, const char *template) {
    char name[64];
    size_t n = template ? strlen(template) : 0;
    if (n < 3 || n >= sizeof(name) || template[0] != '{' || strchr(template, '}') != template + n - 1)
        return NULL;
    memcpy(name, template + 1, n - 2);
    name[n - 2] = 0;
    const json_t *value = is_path(name) ? NULL : pick_value(c, name);
    return json_is_array(value) ? value : NULL;
}

static bool is_wanted(struct context *c, const char *actual, const json_t *wanted) {
    size_t i;
    json_t *one;
    if (json_is_array(wanted)) {
        json_array_foreach(wanted, i, one)
            if (is_wanted(c, actual, one))
                return true;
        return false;
    }
    const json_t *any = var_list(c, json_string_value(wanted));
    json_array_foreach(any, i, one)
        if (str_is_nocase(actual, pick_as_text(c->arena, one)))
            return true;
    if (any)
        return false;
    if (json_is_null(wanted) || str_is(json_string_value(wanted), ""))
        return str_empty(actual);
    if (str_is(json_string_value(wanted), "*"))
        return !str_empty(actual);
    const char *text =
        json_is_string(wanted) ? say_text(c, json_string_value(wanted), SAY_PLAIN) : json_as_text(c->arena, wanted);
    return !str_empty(actual) && str_is_nocase(actual, text);
}

bool when_holds(struct context *c, const json_t *when) {
    const char *name;
    json_t *wanted;
    json_object_foreach((json_t *)when, name, wanted) {
        const json_t *value = pick_value(c, name);
        const char *actual = is_path(name) ? path_text(c, name) : pick_as_text(c->arena, value);
        if (json_is_object(value) && json_object_size(value))
            actual = "*";
        if (!is_wanted(c, actual, wanted))
            return false;
    }
    return true;
}

int id_order(const char *a, const char *b) {
    int64_t x, y;
    if (a && b && str_int64(a, &x) && str_int64(b, &y))
        return (x > y) - (x < y);
    return strcmp(a ? a : "", b ? b : "");
}

/* ---- tables ---- */

/* A fresh table belongs to one operation, the others to the tracker. */
static json_t *table_rows(const struct context *c, const char *table) {
    json_t *own = json_object_get(json_object_get(c->vars, "$tables"), table);
    return own ? own : json_object_get(c->tracker->cache->tables, table);
}

json_t *table_get(struct context *c, const char *table, const char *name) {
    const json_t *rows = table_rows(c, table);
    json_t *value = json_object_get(rows, name);
    const char *key;
    json_t *one;
    if (value)
        return value;
    json_object_foreach((json_t *)rows, key, one)
        if (str_is_nocase(key, name))
            return one;
    if (!c->want_table) {
        c->want_table = arena_strdup(c->arena, table);
        c->want_key = arena_strdup(c->arena, name);
    }
    return NULL;
}

const char *table_name_of(struct context *c, const char *table, const char *value) {
    const char *key;
    json_t *one;
    json_object_foreach(table_rows(c, table), key, one)
        if (str_is(pick_as_text(c->arena, one), value))
            return arena_strdup(c->arena, key);
    if (!c->want_table) {
        c->want_table = arena_strdup(c->arena, table);
        c->want_key = arena_strdup(c->arena, value);
    }
    return NULL;
}
