/* recipe_check: is this recipe one that the runtime can follow?
 *
 * Pure: the checks of single values, templates, conditions and bodies; which key has
 * which stands in recipe_format.c. Says the file, the line, what is wrong and what
 * would be right, so that a tracker can be added without a compiler and without
 * reading C. */
#include "recipe_check.h"
#include "pick.h"
#include "say.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <string.h>

int checker_wrong(struct checker *k, const char *format, ...) {
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return fault_set(k->fault, -EINVAL, "%s:%lld: %s: %s", k->file, (long long)json_int(k->lines, k->path, 1),
                     k->path[0] ? k->path + 1 : "the recipe", text);
}

static size_t down(struct checker *k, const char *name) {
    size_t was = strlen(k->path);
    snprintf(k->path + was, sizeof(k->path) - was, "/%s", name);
    return was;
}

/* ---- placeholders ---- */

static bool among(const char *words, const char *word) {
    size_t n = strlen(word);
    for (const char *w = words; w && *w; w += strcspn(w, "|") + (w[strcspn(w, "|")] == '|'))
        if (strcspn(w, "|") == n && strncmp(w, word, n) == 0)
            return true;
    return false;
}

#define VARIABLES                                                                                                      \
    "url|root|instance|comments|role|id|since|until|after|next_id|token|cursor|page|offset|key|item|all|state|"        \
    "resolution|label|fields|note|link|title|body|priority|marker|marker_word|words|before"
#define FORMS "path|lower|base64|int"

/* Names that a step of `check`, or the first request of a write, keeps for later ones. */
static bool is_kept(const json_t *recipe, const char *name) {
    const json_t *step;
    size_t i;
    json_array_foreach(json_object_get(recipe, "check"), i, step)
        if (json_object_get(json_object_get(step, "keep"), name))
            return true;
    return json_object_get(json_object_get(json_object_get(json_object_get(recipe, "write"), "first"), "keep"), name);
}

static bool name_known(const struct checker *k, const char *name) {
    char first[64], second[64];
    const json_t *each;
    if (strchr("/@^", name[0]))
        return true;
    snprintf(first, sizeof(first), "%.*s", (int)strcspn(name, "."), name);
    each = str_is(first, "auth") || str_is(first, "scope") ? json_object_get(k->recipe, first) : NULL;
    if (each && strchr(name, '.')) {
        const char *rest = strchr(name, '.') + 1;
        snprintf(second, sizeof(second), "%.*s", (int)strcspn(rest, "."), rest);
        return json_object_get(each, second) != NULL;
    }
    return among(VARIABLES, first) || json_object_get(json_object_get(k->recipe, "parts"), name) ||
           is_kept(k->recipe, first);
}

static int name_check(void *arg, const char *name, const char *form) {
    static const char *const kinds[] = {"times", "quotes", "cuts", "tables"};
    struct checker *k = arg;
    bool known = !form || among(FORMS, form);
    for (size_t i = 0; i < array_size(kinds); i++)
        known = known || json_object_get(json_object_get(k->recipe, kinds[i]), form);
    if (!name_known(k, name))
        return checker_wrong(k, "{%s} is no placeholder that is known", name);
    return known ? 0 : checker_wrong(k, "{%s:%s}: no time, quote, cut or table is called \"%s\"", name, form, form);
}

static int template_check(struct checker *k, const char *s) {
    int rc = say_names(s, name_check, k);
    return rc == -EINVAL && !k->fault->text[0]
               ? checker_wrong(k, "a brace opens that is no {placeholder}; \"{{\" is a brace")
               : rc;
}

/* ---- scalars ---- */

int format_text(struct checker *k, const json_t *v, const struct key *key) {
    (void)key;
    return json_is_string(v) ? 0 : checker_wrong(k, "must be text");
}

int format_template(struct checker *k, const json_t *v, const struct key *key) {
    int rc = format_text(k, v, key);
    return rc ? rc : template_check(k, json_string_value(v));
}

int format_pointer(struct checker *k, const json_t *v, const struct key *key) {
    const char *s = json_string_value(v);
    (void)key;
    if (!s || !(s[0] == 0 || s[0] == '/') || !pick_path_ok(s))
        return checker_wrong(k, "must be a path such as /a/b, /a[key=value]/b or /a/*/b");
    return 0;
}

int format_word(struct checker *k, const json_t *v, const struct key *key) {
    const char *s = json_string_value(v);
    return s && among(key->words, s) ? 0 : checker_wrong(k, "must be one of %s", key->words);
}

int format_words(struct checker *k, const json_t *v, const struct key *key) {
    size_t i;
    json_t *one;
    if (!json_is_array(v))
        return checker_wrong(k, "must be a list of %s", key->words);
    json_array_foreach(v, i, one)
        if (!json_is_string(one) || !among(key->words, json_string_value(one)))
            return checker_wrong(k, "must be a list of %s", key->words);
    return 0;
}

int format_int(struct checker *k, const json_t *v, const struct key *key) {
    (void)key;
    return json_is_integer(v) && json_integer_value(v) > 0 ? 0 : checker_wrong(k, "must be a number above 0");
}

int format_bool(struct checker *k, const json_t *v, const struct key *key) {
    (void)key;
    return json_is_boolean(v) ? 0 : checker_wrong(k, "must be true or false");
}

int format_span(struct checker *k, const json_t *v, const struct key *key) {
    msec_t span;
    (void)key;
    return json_is_string(v) && duration_parse(json_string_value(v), &span)
               ? 0
               : checker_wrong(k, "must be a span such as 3s or 10m");
}

int format_pattern(struct checker *k, const json_t *v, const struct key *key) {
    int error;
    size_t at;
    (void)key;
    pcre2_code *code = json_is_string(v) ? pcre2_compile((PCRE2_SPTR)json_string_value(v), PCRE2_ZERO_TERMINATED,
                                                         PCRE2_UTF, &error, &at, NULL)
                                         : NULL;
    if (!code)
        return checker_wrong(k, "is no PCRE2 pattern");
    pcre2_code_free(code);
    return 0;
}

int format_version(struct checker *k, const json_t *v, const struct key *key) {
    (void)key;
    return json_is_integer(v) && json_integer_value(v) == RECIPE_VERSION
               ? 0
               : checker_wrong(k, "this runtime reads format version %d", RECIPE_VERSION);
}

int format_any(struct checker *k, const json_t *v, const struct key *key) {
    (void)k, (void)v, (void)key;
    return 0;
}

int format_table_name(struct checker *k, const json_t *v, const struct key *key) {
    (void)key;
    return json_is_string(v) && json_object_get(json_object_get(k->recipe, "tables"), json_string_value(v))
               ? 0
               : checker_wrong(k, "names no entry of `tables`");
}

/* ---- maps and lists ---- */

static const struct key *key_of(const struct key *keys, const char *name) {
    for (; keys->name; keys++)
        if (str_is(keys->name, name) || str_is(keys->name, "*"))
            return keys;
    return NULL;
}

static int unknown(struct checker *k, const struct key *keys, const char *name) {
    cleanup_buf struct buf b = {.limit = 250};
    for (; keys->name; keys++)
        buf_printf(&b, "%s%s", b.len ? ", " : "", keys->name);
    return checker_wrong(k, "unknown key \"%s\"; known are %s", name, buf_text(&b));
}

int format_map(struct checker *k, const json_t *v, const struct key *key) {
    const char *name;
    json_t *one;
    if (!json_is_object(v))
        return checker_wrong(k, "must be a section with keys of its own");
    json_object_foreach((json_t *)v, name, one) {
        const struct key *sub = key_of(key->sub, name);
        size_t was = down(k, name);
        int rc = sub ? sub->check(k, one, sub) : 0;
        if (!sub)
            rc = unknown(k, key->sub, name);
        k->path[was] = 0;
        if (rc)
            return rc;
    }
    for (const struct key *sub = key->sub; sub->name; sub++)
        if (sub->needed && !json_object_get(v, sub->name))
            return checker_wrong(k, "\"%s\" is missing", sub->name);
    return 0;
}

/* Each element of a list, named by its number. */
static int list_each(struct checker *k, const json_t *v, const struct key *key,
                     int (*one_check)(struct checker *k, const json_t *one, const struct key *key)) {
    size_t i;
    json_t *one;
    if (!json_is_array(v))
        return checker_wrong(k, "must be a list");
    json_array_foreach(v, i, one) {
        char name[24];
        snprintf(name, sizeof(name), "%zu", i);
        size_t was = down(k, name);
        int rc = one_check(k, one, key);
        k->path[was] = 0;
        if (rc)
            return rc;
    }
    return 0;
}

int format_list(struct checker *k, const json_t *v, const struct key *key) {
    return list_each(k, v, key->sub, key->sub->check);
}

/* A list whose elements are sections, even of one key. */
int format_sections(struct checker *k, const json_t *v, const struct key *key) {
    return list_each(k, v, key, format_map);
}

/* ---- value specs, conditions, bodies ---- */

static int spec_string(struct checker *k, const char *s) {
    bool path = s[0] == '/' || ((s[0] == '@' || s[0] == '^') && s[1] == '/');
    if (!path)
        return template_check(k, s);
    return pick_path_ok(s[0] == '/' ? s : s + 1) ? 0 : checker_wrong(k, "is no path");
}

static const struct key text_items[] = {{"*", format_text}, {0}};
static const struct key spec_keys[] = {{"at", format_spec, .needed = true},
                                       {"none", format_list, text_items},
                                       {"map", format_map, text_items},
                                       {"names", format_table_name},
                                       {0}};
static const struct key spec_map = {"", format_map, spec_keys};

int format_spec(struct checker *k, const json_t *v, const struct key *key) {
    (void)key;
    if (json_is_object(v))
        return format_map(k, v, &spec_map);
    return json_is_string(v) ? spec_string(k, json_string_value(v))
                             : checker_wrong(k, "must be a path, a template or {at: ...}");
}

/* true, false, or where a yes stands */
int format_flag(struct checker *k, const json_t *v, const struct key *key) {
    return json_is_boolean(v) ? 0 : format_spec(k, v, key);
}

static int when_value(struct checker *k, const json_t *v) {
    size_t i;
    json_t *one;
    json_array_foreach(v, i, one) {
        int rc = when_value(k, one);
        if (rc)
            return rc;
    }
    if (json_is_string(v))
        return template_check(k, json_string_value(v));
    return json_is_object(v) ? checker_wrong(k, "a condition compares with a value or a list of values") : 0;
}

int format_when(struct checker *k, const json_t *v, const struct key *key) {
    const char *name;
    json_t *one;
    (void)key;
    if (!json_is_object(v))
        return checker_wrong(k, "must be a section of conditions");
    json_object_foreach((json_t *)v, name, one) {
        size_t was = down(k, name);
        const char *path = name[0] == '@' || name[0] == '^' ? name + 1 : name;
        int rc = name[0] == '/' || path != name
                     ? (pick_path_ok(path) ? 0 : checker_wrong(k, "is no path"))
                     : (name_known(k, name) ? 0 : checker_wrong(k, "is no variable that is known"));
        rc = rc ? rc : when_value(k, one);
        k->path[was] = 0;
        if (rc)
            return rc;
    }
    return 0;
}

int format_body(struct checker *k, const json_t *v, const struct key *key) {
    const char *name;
    json_t *one;
    size_t i;
    int rc = 0;
    if (json_is_string(v))
        return template_check(k, json_string_value(v));
    json_array_foreach(v, i, one)
        if ((rc = format_body(k, one, key)))
            return rc;
    json_object_foreach((json_t *)v, name, one) {
        size_t was = down(k, name);
        if (str_is(name, "$when"))
            rc = format_when(k, one, key);
        else if (str_is(name, "$each"))
            rc = json_is_string(one) && name_known(k, json_string_value(one)) ? 0 : checker_wrong(k, "names no list");
        else if (name[0] == '$' && !among("$key|$value|$item|$as|$raw", name))
            rc = checker_wrong(k, "rules of a body are $when, $each, $key, $value, $item, $raw");
        else
            rc = among("$as|$raw", name) ? 0 : format_body(k, one, key);
        k->path[was] = 0;
        if (rc)
            return rc;
    }
    return 0;
}

/* The name of a list, or a list as it stands. */
static int format_list_of(struct checker *k, const json_t *v, const struct key *key) {
    static const struct key texts[] = {{"*", format_text}, {0}};
    static const struct key list = {"", format_list, texts};
    return json_is_array(v) ? format_list(k, v, &list) : format_text(k, v, key);
}

static const struct key each_keys[] = {
    {"each", format_list_of}, {"when", format_when}, {"say", format_template, .needed = true}, {0}};
static const struct key each_map = {"", format_map, each_keys};

/* A parameter: a template, a number, a list of them, or {when, each, say}. */
int format_parameter(struct checker *k, const json_t *v, const struct key *key) {
    size_t i;
    json_t *one;
    int rc = 0;
    json_array_foreach(v, i, one)
        if ((rc = format_parameter(k, one, key)))
            return rc;
    if (json_is_string(v))
        return template_check(k, json_string_value(v));
    return json_is_object(v) ? format_map(k, v, &each_map) : 0;
}

int format_status(struct checker *k, const json_t *v, const struct key *key) {
    (void)key;
    return json_is_integer(v) || json_is_array(v) ? 0 : checker_wrong(k, "must be an HTTP status or a list of them");
}
