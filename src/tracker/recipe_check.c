/* recipe_check: is this recipe one that the runtime can follow?
 *
 * Pure. Called by recipe_load and by the tests. Says the file, the line, what is
 * wrong and what would be right, so that a tracker can be added without a compiler
 * and without reading C. A recipe that passes never makes the runtime stumble. */
#include "pick.h"
#include "recipe.h"
#include "say.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <string.h>

struct checker {
    const char *file;
    const json_t *recipe, *lines;
    struct fault *fault;
    char path[400];
};

struct key;
typedef int check_fn(struct checker *k, const json_t *value, const struct key *key);
struct key {
    const char *name; /* "*": any other */
    check_fn *check;
    const struct key *sub; /* members of a map, or of each element of a list */
    const char *words;     /* "a|b|c" */
    bool needed;
};

static int wrong(struct checker *k, const char *format, ...) printf_like(2, 3);
static int wrong(struct checker *k, const char *format, ...) {
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
        return wrong(k, "{%s} is no placeholder that is known", name);
    return known ? 0 : wrong(k, "{%s:%s}: no time, quote, cut or table is called \"%s\"", name, form, form);
}

static int template_check(struct checker *k, const char *s) {
    int rc = say_names(s, name_check, k);
    return rc == -EINVAL && !k->fault->text[0] ? wrong(k, "a brace opens that is no {placeholder}; \"{{\" is a brace") : rc;
}

/* ---- scalars ---- */

static int c_text(struct checker *k, const json_t *v, const struct key *key) {
    (void)key;
    return json_is_string(v) ? 0 : wrong(k, "must be text");
}

static int c_template(struct checker *k, const json_t *v, const struct key *key) {
    int rc = c_text(k, v, key);
    return rc ? rc : template_check(k, json_string_value(v));
}

static int c_pointer(struct checker *k, const json_t *v, const struct key *key) {
    const char *s = json_string_value(v);
    (void)key;
    if (!s || !(s[0] == 0 || s[0] == '/') || !pick_path_ok(s))
        return wrong(k, "must be a path such as /a/b, /a[key=value]/b or /a/*/b");
    return 0;
}

static int c_word(struct checker *k, const json_t *v, const struct key *key) {
    const char *s = json_string_value(v);
    return s && among(key->words, s) ? 0 : wrong(k, "must be one of %s", key->words);
}

static int c_words(struct checker *k, const json_t *v, const struct key *key) {
    size_t i;
    json_t *one;
    if (!json_is_array(v))
        return wrong(k, "must be a list of %s", key->words);
    json_array_foreach(v, i, one)
        if (!json_is_string(one) || !among(key->words, json_string_value(one)))
            return wrong(k, "must be a list of %s", key->words);
    return 0;
}

static int c_int(struct checker *k, const json_t *v, const struct key *key) {
    (void)key;
    return json_is_integer(v) && json_integer_value(v) > 0 ? 0 : wrong(k, "must be a number above 0");
}

static int c_bool(struct checker *k, const json_t *v, const struct key *key) {
    (void)key;
    return json_is_boolean(v) ? 0 : wrong(k, "must be true or false");
}

static int c_span(struct checker *k, const json_t *v, const struct key *key) {
    msec_t span;
    (void)key;
    return json_is_string(v) && duration_parse(json_string_value(v), &span) ? 0 : wrong(k, "must be a span such as 3s or 10m");
}

static int c_pattern(struct checker *k, const json_t *v, const struct key *key) {
    int error;
    size_t at;
    (void)key;
    pcre2_code *code = json_is_string(v) ? pcre2_compile((PCRE2_SPTR)json_string_value(v), PCRE2_ZERO_TERMINATED,
                                                         PCRE2_UTF, &error, &at, NULL) : NULL;
    if (!code)
        return wrong(k, "is no PCRE2 pattern");
    pcre2_code_free(code);
    return 0;
}

static int c_version(struct checker *k, const json_t *v, const struct key *key) {
    (void)key;
    return json_is_integer(v) && json_integer_value(v) == RECIPE_VERSION
               ? 0 : wrong(k, "this runtime reads format version %d", RECIPE_VERSION);
}

static int c_any(struct checker *k, const json_t *v, const struct key *key) {
    (void)k, (void)v, (void)key;
    return 0;
}

static int c_table_name(struct checker *k, const json_t *v, const struct key *key) {
    (void)key;
    return json_is_string(v) && json_object_get(json_object_get(k->recipe, "tables"), json_string_value(v))
               ? 0 : wrong(k, "names no entry of `tables`");
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
    return wrong(k, "unknown key \"%s\"; known are %s", name, buf_text(&b));
}

static int c_map(struct checker *k, const json_t *v, const struct key *key) {
    const char *name;
    json_t *one;
    if (!json_is_object(v))
        return wrong(k, "must be a section with keys of its own");
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
            return wrong(k, "\"%s\" is missing", sub->name);
    return 0;
}

static int c_list(struct checker *k, const json_t *v, const struct key *key) {
    size_t i;
    json_t *one;
    if (!json_is_array(v))
        return wrong(k, "must be a list");
    json_array_foreach(v, i, one) {
        char name[24];
        snprintf(name, sizeof(name), "%zu", i);
        size_t was = down(k, name);
        int rc = key->sub->check(k, one, key->sub);
        k->path[was] = 0;
        if (rc)
            return rc;
    }
    return 0;
}

/* A list whose elements are sections, even of one key. */
static int c_sections(struct checker *k, const json_t *v, const struct key *key) {
    size_t i;
    json_t *one;
    if (!json_is_array(v))
        return wrong(k, "must be a list");
    json_array_foreach(v, i, one) {
        char name[24];
        snprintf(name, sizeof(name), "%zu", i);
        size_t was = down(k, name);
        int rc = c_map(k, one, key);
        k->path[was] = 0;
        if (rc)
            return rc;
    }
    return 0;
}

/* ---- value specs, conditions, bodies ---- */

static int spec_string(struct checker *k, const char *s) {
    bool path = s[0] == '/' || ((s[0] == '@' || s[0] == '^') && s[1] == '/');
    if (!path)
        return template_check(k, s);
    return pick_path_ok(s[0] == '/' ? s : s + 1) ? 0 : wrong(k, "is no path");
}

static int c_spec(struct checker *k, const json_t *v, const struct key *key);
static const struct key text_items[] = {{"*", c_text}, {0}};
static const struct key spec_keys[] = {{"at", c_spec, .needed = true}, {"none", c_list, text_items},
                                       {"map", c_map, text_items}, {"names", c_table_name}, {0}};
static const struct key spec_map = {"", c_map, spec_keys};

static int c_spec(struct checker *k, const json_t *v, const struct key *key) {
    (void)key;
    if (json_is_object(v))
        return c_map(k, v, &spec_map);
    return json_is_string(v) ? spec_string(k, json_string_value(v)) : wrong(k, "must be a path, a template or {at: ...}");
}

/* true, false, or where a yes stands */
static int c_flag(struct checker *k, const json_t *v, const struct key *key) {
    return json_is_boolean(v) ? 0 : c_spec(k, v, key);
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
    return json_is_object(v) ? wrong(k, "a condition compares with a value or a list of values") : 0;
}

static int c_when(struct checker *k, const json_t *v, const struct key *key) {
    const char *name;
    json_t *one;
    (void)key;
    if (!json_is_object(v))
        return wrong(k, "must be a section of conditions");
    json_object_foreach((json_t *)v, name, one) {
        size_t was = down(k, name);
        const char *path = name[0] == '@' || name[0] == '^' ? name + 1 : name;
        int rc = name[0] == '/' || path != name ? (pick_path_ok(path) ? 0 : wrong(k, "is no path"))
                                                : (name_known(k, name) ? 0 : wrong(k, "is no variable that is known"));
        rc = rc ? rc : when_value(k, one);
        k->path[was] = 0;
        if (rc)
            return rc;
    }
    return 0;
}

static int c_body(struct checker *k, const json_t *v, const struct key *key) {
    const char *name;
    json_t *one;
    size_t i;
    int rc = 0;
    if (json_is_string(v))
        return template_check(k, json_string_value(v));
    json_array_foreach(v, i, one)
        if ((rc = c_body(k, one, key)))
            return rc;
    json_object_foreach((json_t *)v, name, one) {
        size_t was = down(k, name);
        if (str_is(name, "$when"))
            rc = c_when(k, one, key);
        else if (str_is(name, "$each"))
            rc = json_is_string(one) && name_known(k, json_string_value(one)) ? 0 : wrong(k, "names no list");
        else if (name[0] == '$' && !among("$key|$value|$item|$as|$raw", name))
            rc = wrong(k, "rules of a body are $when, $each, $key, $value, $item, $raw");
        else
            rc = among("$as|$raw", name) ? 0 : c_body(k, one, key);
        k->path[was] = 0;
        if (rc)
            return rc;
    }
    return 0;
}

static const struct key each_keys[] = {{"each", c_text, .needed = true}, {"when", c_when},
                                       {"say", c_template, .needed = true}, {0}};
static const struct key each_map = {"", c_map, each_keys};

/* A parameter: a template, a number, a list of them, or {each, say}. */
static int c_parameter(struct checker *k, const json_t *v, const struct key *key) {
    size_t i;
    json_t *one;
    int rc = 0;
    json_array_foreach(v, i, one)
        if ((rc = c_parameter(k, one, key)))
            return rc;
    if (json_is_string(v))
        return template_check(k, json_string_value(v));
    return json_is_object(v) ? c_map(k, v, &each_map) : 0;
}

static int c_status(struct checker *k, const json_t *v, const struct key *key) {
    (void)key;
    return json_is_integer(v) || json_is_array(v) ? 0 : wrong(k, "must be an HTTP status or a list of them");
}

/* ---- the format ---- */

static const struct key any_template[] = {{"*", c_template}, {0}};
static const struct key any_text[] = {{"*", c_text}, {0}};
static const struct key any_any[] = {{"*", c_any}, {0}};
static const struct key any_parameter[] = {{"*", c_parameter}, {0}};
static const struct key table_names[] = {{"*", c_table_name}, {0}};
static const struct key any_pattern[] = {{"*", c_pattern}, {0}};

#define REQUEST_KEYS                                                                                                   \
    {"get", c_template}, {"post", c_template}, {"put", c_template}, {"patch", c_template}, {"delete", c_template},     \
        {"query", c_map, any_parameter}, {"body", c_body}, {"headers", c_map, any_template}, {"writes", c_bool},       \
        {"raw", c_bool}, {"needs", c_list, table_names}

static const struct key request_keys[] = {REQUEST_KEYS, {"each", c_text}, {0}};

static const struct key auth_keys[] = {{"*", c_word, .words = "required|optional"}, {0}};
static const struct key scope_keys[] = {{"*", c_word, .words = "list|text"}, {0}};
static const struct key web_keys[] = {{"record", c_template, .needed = true}, {"forms", c_list, any_text, .needed = true},
                                      {"id", c_pattern}, {0}};
static const struct key quotes_keys[] = {{"*", c_map, any_text}, {0}};
static const struct key part_keys[] = {{"when", c_when}, {"each", c_text}, {"say", c_template, .needed = true},
                                       {"join", c_text}, {"around", c_template}, {0}};
static const struct key parts_keys[] = {{"*", c_sections, part_keys}, {0}};
static const struct key learn_keys[] = {{"each", c_pointer, .needed = true}, {"name", c_spec, .needed = true},
                                        {"value", c_pointer, .needed = true}, {0}};
static const struct key table_keys[] = {REQUEST_KEYS, {"one", c_map, request_keys}, {"learn", c_map, learn_keys},
                                        {"fresh", c_bool}, {"each", c_pointer}, {"name", c_spec}, {"value", c_pointer}, {0}};
static const struct key tables_keys[] = {{"*", c_map, table_keys}, {0}};
static const struct key more_keys[] = {{"header", c_text, .needed = true}, {"has", c_text, .needed = true}, {0}};
static const struct key dense_keys[] = {REQUEST_KEYS, {0}};
static const struct key list_keys[] = {REQUEST_KEYS, {"by", c_word, .words = "keyset|window|opaque|newest", .needed = true},
                                       {"items", c_pointer, .needed = true}, {"total", c_pointer}, {"size", c_int},
                                       {"overlap", c_span}, {"settle", c_span}, {"first_id", c_text},
                                       {"next", c_pointer}, {"end", c_when}, {"skip", c_when},
                                       {"more", c_map, more_keys},
                                       {"dense", c_map, dense_keys}, {0}};
static const struct key native_keys[] = {{"each", c_pointer}, {"members", c_text}, {"names", c_table_name},
                                         {"name", c_spec}, {"value", c_spec}, {0}};
static const struct key record_keys[] = {{"id", c_spec, .needed = true}, {"title", c_spec, .needed = true},
                                         {"state", c_spec, .needed = true}, {"resolution", c_spec},
                                         {"created", c_spec}, {"updated", c_spec}, {"reporter", c_spec},
                                         {"creator", c_spec}, {"assignee", c_spec}, {"version", c_spec},
                                         {"priority", c_spec}, {"description", c_spec}, {"requesters", c_pointer},
                                         {"allowed", c_spec}, {"native", c_map, native_keys}, {0}};
static const struct key read_keys[] = {REQUEST_KEYS, {"name", c_text, .needed = true}, {"as", c_text}, {"record", c_pointer},
                                       {"items", c_pointer}, {"size", c_int}, {"one_page", c_bool}, {"aside", c_bool},
                                       {"when", c_when}, {0}};
static const struct key with_keys[] = {{"from", c_text, .needed = true}, {"mine", c_pointer, .needed = true},
                                       {"theirs", c_pointer, .needed = true}, {0}};
static const struct key texts_keys[] = {{"from", c_text, .needed = true}, {"each", c_pointer}, {"when", c_when}, {"with", c_map, with_keys},
                                        {"place", c_spec, .needed = true}, {"id", c_spec}, {"author", c_spec},
                                        {"at", c_spec}, {"body", c_spec, .needed = true}, {"internal", c_flag},
                                        {"html", c_flag}, {0}};
static const struct key changes_keys[] = {{"from", c_text, .needed = true}, {"each", c_pointer}, {"when", c_when}, {"with", c_map, with_keys},
                                          {"field", c_spec, .needed = true}, {"id", c_spec}, {"old", c_spec},
                                          {"new", c_spec}, {"by", c_spec}, {"at", c_spec}, {0}};
static const struct key dated_keys[] = {{"from", c_text, .needed = true}, {"when", c_when}, {"same", c_spec, .needed = true},
                                        {"at", c_spec}, {"by", c_spec}, {0}};
static const struct key relations_keys[] = {{"from", c_text, .needed = true}, {"each", c_pointer}, {"when", c_when}, {"url", c_spec},
                                            {"duplicate_of", c_spec}, {"dated", c_map, dated_keys}, {0}};
static const struct key within_keys[] = {{"at", c_spec, .needed = true}, {"of", c_text, .needed = true},
                                         {"table", c_table_name}, {0}};
static const struct key when_items[] = {{"*", c_when}, {0}};
static const struct key presence_keys[] = {{"gone", c_list, when_items}, {"within", c_map, within_keys},
                                           {"probes", c_sections, request_keys}, {0}};
static const struct key echo_keys[] = {{"header", c_text}, {"at", c_pointer}, {0}};
static const struct key step_keys[] = {REQUEST_KEYS, {"takes", c_words, .words = "state|fields|note|link", .needed = true},
                                       {"when", c_when}, {"echo", c_map, echo_keys}, {"says", c_pointer}, {0}};
static const struct key first_keep[] = {{"*", c_pointer}, {0}};
static const struct key first_keys[] = {REQUEST_KEYS, {"keep", c_map, first_keep, .needed = true}, {0}};
static const struct key write_keys[] = {{"first", c_map, first_keys}, {"steps", c_sections, step_keys, .needed = true},
                                        {"notes", c_words, .words = "public|internal"}, {"clear", c_any},
                                        {"keeps_state", c_bool}, {"shows_notes", c_bool},
                                        {"verify", c_list, any_text, .needed = true}, {"verify_whole", c_bool}, {0}};
static const struct key create_keys[] = {REQUEST_KEYS, {"id", c_pointer, .needed = true}, {"title_bytes", c_int},
                                         {"title_chars", c_int}, {0}};
static const struct key note_keys[] = {REQUEST_KEYS, {"items", c_pointer, .needed = true}, {"size", c_int},
                                       {"text", c_spec, .needed = true}, {"echo", c_spec}, {0}};
static const struct key created_keys[] = {REQUEST_KEYS, {"items", c_pointer, .needed = true}, {"size", c_int},
                                          {"id", c_spec, .needed = true}, {"text", c_spec}, {"each", c_map, note_keys}, {0}};
static const struct key look_keys[] = {{"note", c_map, note_keys}, {"created", c_map, created_keys}, {0}};
static const struct key versions_keys[] = {REQUEST_KEYS, {"each", c_text, .needed = true}, {"items", c_pointer, .needed = true},
                                           {"name", c_spec, .needed = true}, {"closed", c_when, .needed = true}, {0}};
static const struct key reply_keys[] = {{"status", c_status}, {"writing", c_bool}, {"when", c_when},
                                        {"class", c_word, .needed = true,
                                         .words = "ok|not-modified|retry-safe|unsure|conflict|gone|denied|rejected|limited|nonsense"},
                                        {0}};
static const struct key limits_keys[] = {{"left", c_text, .needed = true}, {"reset", c_text, .needed = true},
                                         {"form", c_word, .words = "epoch|seconds|iso"}, {0}};

/* "OK: ..." or a list of {when, say} */
static int c_says(struct checker *k, const json_t *v, const struct key *key) {
    static const struct key says[] = {{"when", c_when}, {"say", c_template, .needed = true}, {0}};
    static const struct key list = {"", c_sections, says};
    return json_is_array(v) ? c_sections(k, v, &list) : c_template(k, v, key);
}

static int c_keep(struct checker *k, const json_t *v, const struct key *key) {
    static const struct key keeps[] = {{"time", c_pointer}, {"plus", c_span}, {"each", c_pointer}, {"when", c_when},
                                       {"at", c_pointer}, {0}};
    static const struct key map = {"", c_map, keeps};
    return json_is_object(v) ? c_map(k, v, &map) : c_pointer(k, v, key);
}

static const struct key keep_keys[] = {{"*", c_keep}, {0}};
static const struct key check_keys[] = {REQUEST_KEYS, {"what", c_word, .needed = true,
                                         .words = "reached|account|clock|zone|right|state|field|scope"},
                                        {"each", c_text}, {"when", c_when}, {"stop", c_bool}, {"expect", c_when},
                                        {"not", c_template}, {"ok", c_says}, {"unauthorised", c_template},
                                        {"denied", c_template}, {"gone", c_template}, {"fails", c_template},
                                        {"keep", c_map, keep_keys}, {"collect", c_pointer},
                                        {"checks", c_word, .words = "states|fields"}, {"complete", c_bool},
                                        {"need", c_map, any_template}, {0}};
static const struct key roles_keys[] = {{"ticketing", c_map, any_any}, {"defects", c_map, any_any}, {0}};

static const struct key recipe_keys[] = {
    {"recipe", c_version, .needed = true}, {"product", c_text, .needed = true}, {"proven", c_text, .needed = true},
    {"auth", c_map, auth_keys, .needed = true}, {"scope", c_map, scope_keys, .needed = true},
    {"scope_any", c_list, any_text}, {"root", c_template, .needed = true}, {"headers", c_map, any_template},
    {"text", c_word, .words = "plain|harmless|markdown", .needed = true}, {"web", c_map, web_keys, .needed = true},
    {"times", c_map, any_text}, {"quotes", c_map, quotes_keys}, {"cuts", c_map, any_pattern},
    {"parts", c_map, parts_keys}, {"tables", c_map, tables_keys}, {"list", c_map, list_keys, .needed = true},
    {"record", c_map, record_keys, .needed = true}, {"read", c_sections, read_keys, .needed = true},
    {"texts", c_sections, texts_keys}, {"changes", c_sections, changes_keys}, {"relations", c_sections, relations_keys},
    {"presence", c_map, presence_keys}, {"states", c_map, roles_keys, .needed = true}, {"say", c_map, roles_keys},
    {"outcomes", c_map, any_text}, {"priorities", c_map, any_any}, {"write", c_map, write_keys},
    {"create", c_map, create_keys}, {"look", c_map, look_keys}, {"versions", c_map, versions_keys},
    {"check", c_sections, check_keys}, {"replies", c_sections, reply_keys}, {"words", c_list, (const struct key[]){{"*", c_spec}, {0}}},
    {"limits", c_map, limits_keys}, {0}};

/* ---- what no single key can tell ---- */

/* One step of `read` must hold the record, and `write.verify` must read it. */
static int reading_check(struct checker *k) {
    const json_t *step, *verify = json_object_get(json_object_get(k->recipe, "write"), "verify"), *one;
    const char *record = NULL;
    size_t i;
    bool found = false;
    json_array_foreach(json_object_get(k->recipe, "read"), i, step)
        record = json_object_get(step, "record") ? json_text(step, "name") : record;
    snprintf(k->path, sizeof(k->path), "/read");
    if (!record)
        return wrong(k, "no step says with `record` where the record stands");
    json_array_foreach(verify, i, one)
        found = found || str_is(json_string_value(one), record);
    snprintf(k->path, sizeof(k->path), "/write/verify");
    if (verify && !found)
        return wrong(k, "must name the step \"%s\", which reads the record", record);
    return 0;
}

int recipe_check(const char *file, const json_t *recipe, const json_t *lines, struct fault *fault) {
    struct fault local = {0};
    struct checker k = {.file = file, .recipe = recipe, .lines = lines, .fault = &local};
    static const struct key root = {"", c_map, recipe_keys};
    int rc = json_object_get(recipe, "recipe") ? 0 : wrong(&k, "the first line must be \"recipe: %d\"", RECIPE_VERSION);
    rc = rc ? rc : c_map(&k, recipe, &root);
    rc = rc ? rc : reading_check(&k);
    return rc ? fault_set(fault, -EINVAL, "%s", local.text) : 0;
}
