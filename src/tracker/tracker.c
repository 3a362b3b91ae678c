/* tracker: a recipe joined with its settings.
 *
 * Owns recipe, joined tables and the cache of names. Made and freed by the engine
 * and by `bascule check`; the operations read it. After tracker_new nothing in it
 * changes but the cache. */
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

static int settings_fault(const struct tracker *t, struct fault *f, const char *what, const char *key,
                          const char *why) {
    return fault_set(f, -EINVAL, "%s: %s.%s %s", t->set.name, what, key, why);
}

static bool has_control(const char *s) {
    for (; s && *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return true;
    return false;
}

/* Keys that the recipe doesn't know are faults, those it needs must be there. */
static int keys_check(const struct tracker *t, const char *what, const json_t *known, const json_t *given,
                      struct fault *f) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)given, key, value)
        if (!json_object_get(known, key)) {
            cleanup_buf struct buf b = {.limit = 200};
            const char *k;
            json_t *v;
            json_object_foreach((json_t *)known, k, v)
                buf_printf(&b, "%s%s", b.len ? ", " : "", k);
            return fault_set(f, -EINVAL, "%s: %s.%s: connector %s knows only: %s", t->set.name, what, key,
                             t->set.connector, buf_text(&b));
        }
    json_object_foreach((json_t *)known, key, value) {
        const json_t *one = json_object_get(given, key);
        if (str_is(json_string_value(value), "required") && (!one || json_is_null(one)))
            return settings_fault(t, f, what, key, "is missing");
        if (json_is_string(one) && has_control(json_string_value(one)))
            return settings_fault(t, f, what, key, "holds a control character");
    }
    return 0;
}

/* Scalars become text, and lists of one where the recipe wants a list. */
static json_t *scope_value(struct arena *a, const json_t *given, bool list) {
    size_t i;
    json_t *one;
    if (!given || json_is_null(given))
        return NULL;
    if (!list)
        return json_string(json_as_text(a, given));
    json_t *array = json_array();
    if (!json_is_array(given))
        json_array_append_new(array, json_string(json_as_text(a, given)));
    json_array_foreach(given, i, one)
        json_array_append_new(array, json_string(json_as_text(a, one)));
    return array;
}

static int scope_build(struct tracker *t, json_t *scope, struct fault *f) {
    const json_t *known = json_object_get(t->recipe, "scope"), *any = json_object_get(t->recipe, "scope_any");
    const char *key;
    json_t *kind, *one;
    size_t i;
    bool found = json_array_size(any) == 0;
    json_object_foreach((json_t *)known, key, kind) {
        json_t *value =
            scope_value(t->arena, json_object_get(t->set.scope, key), str_is(json_string_value(kind), "list"));
        if (value && (!json_is_array(value) || json_array_size(value)))
            json_object_set(scope, key, value);
        json_decref(value);
    }
    json_array_foreach(any, i, one)
        found = found || json_object_get(scope, json_string_value(one));
    if (found)
        return 0;
    return settings_fault(t, f, "scope", json_string_value(json_array_get(any, 0)),
                          "is missing: what should be polled?");
}

/* Without the slashes at the end. */
static char *url_trimmed(struct arena *a, const char *url) {
    char *s = arena_strdup(a, url ? url : "");
    for (size_t n = strlen(s); n && s[n - 1] == '/';)
        s[--n] = 0;
    return s;
}

static int vars_build(struct tracker *t, struct fault *f) {
    const char *url = url_trimmed(t->arena, t->set.url);
    if ((!str_starts(url, "http://") && !str_starts(url, "https://")) || has_control(url) || strpbrk(url, " ?#"))
        return settings_fault(t, f, "url", url, "is no http:// or https:// address");
    cleanup_json json_t *scope = json_object();
    int rc = scope_build(t, scope, f);
    if (rc < 0)
        return rc;
    t->base_vars = json_pack("{s:s, s:O, s:s, s:s, s:s}", "url", url, "scope", scope, "instance",
                             t->set.instance ? t->set.instance : "", "comments",
                             t->set.import_comments ? "true" : "false", "role", tracker_role_word(t));
    if (!t->base_vars)
        return fault_set(f, -EINVAL, "%s: the settings are no valid UTF-8", t->set.name);
    json_object_set_new(t->base_vars, "auth", t->set.auth ? json_copy((json_t *)t->set.auth) : json_object());
    struct context c = {.arena = t->arena, .tracker = t, .vars = t->base_vars};
    const char *root = say_text(&c, json_text(t->recipe, "root"), SAY_PATH);
    if (!root)
        return fault_set(f, -EINVAL, "%s: the recipe's root needs {%s}", t->set.name, c.absent ? c.absent : "?");
    json_object_set_new(t->base_vars, "root", json_string(root));
    return 0;
}

/* ---- addresses ---- */

static void form_add(struct tracker *t, const char *base, const char *path, const char *id) {
    char *prefix = arena_printf(t->arena, "%s%s", url_trimmed(t->arena, base), path);
    for (size_t i = 0; i < t->n_forms; i++)
        if (str_is(t->forms[i].prefix, prefix))
            return;
    *arena_push(t->arena, &t->forms, &t->n_forms) = (struct tracker_url_form){prefix, id};
}

static void forms_build(struct tracker *t) {
    const json_t *web = json_object_get(t->recipe, "web"), *one;
    const char *id = json_text(web, "id");
    size_t i;
    json_array_foreach(json_object_get(web, "forms"), i, one) {
        for (size_t k = 0; k < t->set.n_web_urls; k++)
            form_add(t, t->set.web_urls[k], json_string_value(one), id ? id : "[0-9]+");
        form_add(t, t->set.url, json_string_value(one), id ? id : "[0-9]+");
    }
}

const struct tracker_url_form *tracker_url_forms(const struct tracker *t, size_t *ret_count) {
    *ret_count = t->n_forms;
    return t->forms;
}

char *tracker_record_url(const struct tracker *t, struct arena *a, const char *id) {
    const char *base = url_trimmed(a, t->set.n_web_urls ? t->set.web_urls[0] : t->set.url);
    cleanup_json json_t *vars = json_pack("{s:s, s:s}", "url", base, "id", id);
    struct context c = {.arena = a, .tracker = t, .vars = vars};
    char *url = say_text(&c, json_text(json_object_get(t->recipe, "web"), "record"), SAY_PATH);
    return url ? url : arena_strdup(a, base);
}

/* ---- abilities ---- */

static bool list_has(const json_t *list, const char *word) {
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one)
        if (str_is(json_string_value(one), word))
            return true;
    return false;
}

static struct tracker_abilities abilities_of(const json_t *recipe) {
    const json_t *write = json_object_get(recipe, "write"), *look = json_object_get(recipe, "look"), *step;
    const json_t *notes = json_object_get(write, "notes");
    struct tracker_abilities able = {
        .public_note = list_has(notes, "public"),
        .internal_note = list_has(notes, "internal"),
        .look_note = json_object_get(look, "note") != NULL,
        .look_create = json_object_get(look, "created") != NULL,
        .create = json_object_get(recipe, "create") != NULL,
        .relations = json_object_get(recipe, "relations") != NULL,
        .versions = json_object_get(recipe, "versions") != NULL,
        .lists_description = json_object_get(json_object_get(recipe, "record"), "description") != NULL,
        .public_note_keeps_closed = json_is_true(json_object_get(write, "keeps_state")),
    };
    size_t i;
    json_array_foreach(json_object_get(write, "steps"), i, step) {
        const json_t *takes = json_object_get(step, "takes");
        able.composite_write =
            able.composite_write || (list_has(takes, "state") && list_has(takes, "fields") && list_has(takes, "note"));
    }
    return able;
}

const char *tracker_proven(const struct tracker *t) {
    return json_text(t->recipe, "proven");
}

const struct tracker_abilities *tracker_abilities(const struct tracker *t) {
    return &t->abilities;
}
const char *tracker_name(const struct tracker *t) {
    return t->set.name;
}
enum role tracker_role(const struct tracker *t) {
    return t->set.role;
}

/* ---- life ---- */

static bool name_ok(const char *s) {
    return s && *s && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-_") == strlen(s);
}

static int tracker_join(struct tracker *t, const char *dir, struct fault *fault) {
    int rc;
    if (!name_ok(t->set.connector))
        return fault_set(fault, -EINVAL, "%s: \"%s\" is no connector's name", t->set.name,
                         t->set.connector ? t->set.connector : "");
    const char *file = arena_printf(t->arena, "%s/%s/recipe.yaml", dir, t->set.connector);
    if ((rc = recipe_load(file, &t->recipe, fault)) < 0)
        return rc;
    if ((rc = keys_check(t, "auth", json_object_get(t->recipe, "auth"), t->set.auth, fault)) < 0 ||
        (rc = keys_check(t, "scope", json_object_get(t->recipe, "scope"), t->set.scope, fault)) < 0 ||
        (rc = vars_build(t, fault)) < 0 || (rc = tracker_map_build(t, fault)) < 0)
        return rc;
    forms_build(t);
    t->abilities = abilities_of(t->recipe);
    return 0;
}

int tracker_new(const char *connectors_dir, const struct tracker_settings *settings, struct tracker **ret,
                struct fault *fault) {
    struct arena *a = arena_new();
    struct tracker *t = arena_make(a, struct tracker);
    t->arena = a;
    t->set = *settings;
    t->set.web_urls = arena_alloc(a, (settings->n_web_urls + 1) * sizeof(*t->set.web_urls));
    for (size_t i = 0; i < settings->n_web_urls; i++)
        t->set.web_urls[i] = settings->web_urls[i];
    t->cache = arena_make(a, struct tracker_cache);
    t->cache->tables = json_object();
    int rc = tracker_join(t, connectors_dir, fault);
    if (rc < 0) {
        tracker_free(t);
        return rc;
    }
    *ret = t;
    return 0;
}

struct tracker *tracker_free(struct tracker *t) {
    if (!t)
        return NULL;
    json_decref(t->recipe);
    json_decref(t->base_vars);
    json_decref(t->states);
    json_decref(t->writes);
    json_decref(t->cache->tables);
    zone_free(t->cache->zone);
    arena_free(t->arena);
    return NULL;
}
