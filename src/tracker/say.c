/* say: templates to text and JSON (see say.h).
 *
 * Owns nothing. Called for every request. A template was checked when the recipe
 * was loaded, so braces balance here. */
#include "say.h"
#include "runtime.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <sodium.h>
#include <string.h>
#include <time.h>

#define NAME_MAX_BYTES 160

/* ---- placeholders ---- */

struct placeholder {
    char name[NAME_MAX_BYTES];
    char form[48]; /* "" for none */
};

/* Reads "{name:form}" at p; gives what follows, NULL when malformed. */
static const char *placeholder_read(const char *p, struct placeholder *h) {
    const char *end = strchr(p, '}');
    *h = (struct placeholder){0};
    if (*p != '{' || !end || end == p + 1 || (size_t)(end - p) >= sizeof(h->name))
        return NULL;
    memcpy(h->name, p + 1, (size_t)(end - p - 1));
    char *colon = strrchr(h->name, ':');
    if (colon) {
        *colon = 0;
        if (strlen(colon + 1) >= sizeof(h->form) || !colon[1])
            return NULL;
        memcpy(h->form, colon + 1, strlen(colon + 1) + 1);
    }
    return h->name[0] ? end + 1 : NULL;
}

int say_names(const char *template, int (*visit)(void *arg, const char *name, const char *form), void *arg) {
    struct placeholder h;
    for (const char *p = template; *p;) {
        if (p[0] == '{' && p[1] == '{') {
            p += 2;
        } else if (*p == '{') {
            if (!(p = placeholder_read(p, &h)))
                return -EINVAL;
            int rc = visit(arg, h.name, h.form[0] ? h.form : NULL);
            if (rc)
                return rc;
        } else {
            p++;
        }
    }
    return 0;
}

void say_encoded(struct buf *b, const char *text) {
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        bool plain =
            (*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || strchr("-._~", *p);
        if (plain)
            buf_char(b, (char)*p);
        else
            buf_printf(b, "%%%02X", *p);
    }
}

/* ---- times ---- */

static int time_field(const struct tm *tm, char letter) {
    switch (letter) {
    case 'Y': return tm->tm_year + 1900;
    case 'm': return tm->tm_mon + 1;
    case 'd': return tm->tm_mday;
    case 'H': return tm->tm_hour;
    case 'M': return tm->tm_min;
    case 'S': return tm->tm_sec;
    default: return -1;
    }
}

char *time_say(struct arena *a, const char *form, msec_t t) {
    cleanup_buf struct buf b = {.limit = 100};
    time_t seconds = (time_t)(t / SEC_MS);
    struct tm tm;
    if (str_is(form, "epoch"))
        return arena_printf(a, "%lld", (long long)seconds);
    if (str_is(form, "epoch-ms"))
        return arena_printf(a, "%lld", (long long)t);
    gmtime_r(&seconds, &tm);
    for (const char *p = str_is(form, "iso") ? "%Y-%m-%dT%H:%M:%SZ" : form; *p; p++) {
        int v = *p == '%' && p[1] ? time_field(&tm, p[1]) : -1;
        if (v >= 0)
            buf_printf(&b, *++p == 'Y' ? "%04d" : "%02d", v);
        else
            buf_char(&b, *p);
    }
    return arena_strdup(a, buf_text(&b));
}

bool time_read(const struct tracker *t, const char *text, msec_t *ret) {
    const char *form = json_text(json_object_get(t->recipe, "times"), "read");
    int64_t number;
    struct tm tm = {0};
    if (!form || str_is(form, "iso"))
        return time_parse(text, ret);
    if (str_is(form, "epoch") || str_is(form, "epoch-ms")) {
        if (!str_int64(text, &number) || number > INT64_MAX / SEC_MS)
            return false;
        *ret = str_is(form, "epoch") ? number * SEC_MS : number;
        return true;
    }
    const char *end = strptime(text, form, &tm);
    if (!end || *end)
        return false;
    *ret = (msec_t)timegm(&tm) * SEC_MS;
    return true;
}

/* ---- forms ---- */

static char *quoted(struct context *c, const json_t *quotes, const char *text) {
    cleanup_buf struct buf b = {0};
    for (const char *p = text; *p; p++) {
        const char one[2] = {*p, 0};
        const char *instead = json_text(quotes, one);
        buf_str(&b, instead ? instead : one);
    }
    return arena_strdup(c->arena, buf_text(&b));
}

/* The first group of a pattern; NULL when it doesn't match. */
static char *cut_out(struct context *c, const char *pattern, const char *text) {
    int error;
    size_t at;
    char *found = NULL;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF, &error, &at, NULL);
    if (!code)
        return NULL;
    pcre2_match_data *m = pcre2_match_data_create_from_pattern(code, NULL);
    if (m && pcre2_match(code, (PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, 0, 0, m, NULL) > 1) {
        const PCRE2_SIZE *o = pcre2_get_ovector_pointer(m);
        found = arena_strndup(c->arena, text + o[2], o[3] - o[2]);
    }
    pcre2_match_data_free(m);
    pcre2_code_free(code);
    return found;
}

static char *as_base64(struct context *c, const char *text) {
    size_t len = strlen(text), size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
    char *out = arena_alloc(c->arena, size);
    return sodium_bin2base64(out, size, (const unsigned char *)text, len, sodium_base64_VARIANT_ORIGINAL);
}

static char *lowered(struct context *c, const char *text) {
    char *out = arena_strdup(c->arena, text);
    for (char *p = out; *p; p++)
        *p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
    return out;
}

static bool is_zoned(const struct tracker *t, const char *form) {
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(t->recipe, "zoned"), i, one)
        if (!form || str_is(json_string_value(one), form))
            return true;
    return false;
}

/* Forms that the tracker reads in its account's zone are said in it. */
static msec_t in_zone(const struct tracker *t, const char *form, msec_t at) {
    bool exact;
    return is_zoned(t, form) ? zone_figures(t->cache->zone, at, &exact) : at;
}

bool tracker_says(const struct tracker *t, msec_t at) {
    bool exact = true;
    if (is_zoned(t, NULL))
        (void)zone_figures(t->cache->zone, at, &exact);
    return exact;
}

static json_t *text_json(const char *text) {
    return text ? json_string(text) : NULL;
}

/* A value in a form; new reference or NULL. */
static json_t *in_form(struct context *c, json_t *value, const char *form) {
    const json_t *recipe = c->tracker->recipe;
    const char *time_form = json_text(json_object_get(recipe, "times"), form);
    const json_t *quotes = json_object_get(json_object_get(recipe, "quotes"), form);
    if (time_form && json_is_integer(value)) /* a time and a quote may share a name: {since:sql}, {item:sql} */
        return text_json(time_say(c->arena, time_form, in_zone(c->tracker, form, json_integer_value(value))));
    const char *text = pick_as_text(c->arena, value);
    if (!text || (time_form && !quotes))
        return NULL;
    const char *pattern = json_text(json_object_get(recipe, "cuts"), form);
    cleanup_buf struct buf b = {0};
    if (quotes)
        return text_json(quoted(c, quotes, text));
    if (pattern)
        return text_json(cut_out(c, pattern, text));
    if (json_object_get(json_object_get(recipe, "tables"), form))
        return json_incref(table_get(c, form, text));
    if (str_is(form, "base64"))
        return text_json(as_base64(c, text));
    if (str_is(form, "lower"))
        return text_json(lowered(c, text));
    if (str_is(form, "int"))
        return json_loads(text, JSON_DECODE_ANY, NULL);
    say_encoded(&b, text); /* path */
    return text_json(buf_text(&b));
}

/* ---- parts ---- */

static char *say_each(struct context *c, const json_t *part, const json_t *list) {
    cleanup_buf struct buf b = {.limit = 64u << 10};
    const char *join = json_text(part, "join");
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one) {
        json_object_set(c->vars, "item", one);
        const char *text = say_text(c, json_text(part, "say"), SAY_PLAIN);
        if (text)
            buf_printf(&b, "%s%s", b.len ? (join ? join : "") : "", text);
    }
    json_object_del(c->vars, "item");
    if (!b.len)
        return NULL;
    const char *around = json_text(part, "around");
    if (!around)
        return arena_strdup(c->arena, buf_text(&b));
    json_object_set_new(c->vars, "all", json_string(buf_text(&b)));
    char *text = say_text(c, around, SAY_PLAIN);
    json_object_del(c->vars, "all");
    return text;
}

/* The first alternative that holds and says something. */
static char *part_text(struct context *c, const json_t *alternatives) {
    size_t i;
    json_t *part;
    json_array_foreach(alternatives, i, part) {
        const char *each = json_text(part, "each");
        if (!when_holds(c, json_object_get(part, "when")))
            continue;
        char *text = each ? say_each(c, part, pick_value(c, each)) : say_text(c, json_text(part, "say"), SAY_PLAIN);
        if (text)
            return text;
    }
    return NULL;
}

/* The value of a placeholder; new reference or NULL. */
static json_t *placeholder_value(struct context *c, const struct placeholder *h) {
    const json_t *part = json_object_get(json_object_get(c->tracker->recipe, "parts"), h->name);
    const char *absent = c->absent;
    cleanup_json json_t *value = part ? text_json(part_text(c, part)) : json_incref(pick_value(c, h->name));
    if (part && value)
        c->absent = absent; /* an alternative that had nothing is no lack */
    json_t *said = value && !json_is_null(value) && h->form[0] ? in_form(c, value, h->form) : json_incref(value);
    if ((!said || json_is_null(said)) && !c->absent)
        c->absent = arena_strdup(c->arena, h->name);
    return said;
}

/* ---- text ---- */

/* One placeholder into b; false when it has nothing. */
static bool say_one(struct context *c, struct buf *b, const struct placeholder *h, enum say_mode mode) {
    cleanup_json json_t *value = placeholder_value(c, h);
    const char *text = pick_as_text(c->arena, value);
    if (!text)
        return false;
    if (mode == SAY_PATH && !str_is(h->name, "url") && !str_is(h->name, "root"))
        say_encoded(b, text);
    else
        buf_str(b, text);
    return true;
}

char *say_text(struct context *c, const char *template, enum say_mode mode) {
    cleanup_buf struct buf b = {0};
    struct placeholder h;
    for (const char *p = template; *p;) {
        if (p[0] == '{' && p[1] == '{') {
            buf_char(&b, '{');
            p += 2;
        } else if (*p == '{') {
            p = placeholder_read(p, &h);
            if (!p || !say_one(c, &b, &h, mode))
                return NULL;
        } else {
            buf_char(&b, *p++);
        }
    }
    return arena_strdup(c->arena, buf_text(&b));
}

/* ---- JSON ---- */

static json_t *say_string(struct context *c, const char *s) {
    struct placeholder h;
    const char *rest = s[0] == '{' && s[1] != '{' ? placeholder_read(s, &h) : NULL;
    const char *absent = c->absent;
    json_t *value = rest && !*rest ? placeholder_value(c, &h) : text_json(say_text(c, s, SAY_PLAIN));
    c->absent = absent; /* what has nothing is left out of a body */
    return value;
}

/* Members of `template` that are no rule of ours, into map. */
static void say_members(struct context *c, json_t *map, const json_t *template) {
    const char *name;
    json_t *one;
    json_object_foreach((json_t *)template, name, one) {
        if (name[0] == '$')
            continue;
        json_t *value = say_json(c, one);
        if (value)
            json_object_set_new(map, name, value);
    }
}

/* {$each: list, $item: template}: as many values as the list has, onto the array. */
static void say_items(struct context *c, json_t *array, const json_t *rule) {
    const char *var = json_text(rule, "$as");
    size_t i;
    json_t *one;
    json_array_foreach(pick_value(c, json_text(rule, "$each")), i, one) {
        json_object_set(c->vars, var ? var : "item", one);
        json_t *value = say_json(c, json_object_get(rule, "$item"));
        if (value)
            json_array_append_new(array, value);
    }
    json_object_del(c->vars, var ? var : "item");
}

/* {$each: list, $key: template, $value: template}: members, into map. */
static void say_pairs(struct context *c, json_t *map, const json_t *rule) {
    size_t i;
    json_t *one;
    json_array_foreach(pick_value(c, json_text(rule, "$each")), i, one) {
        json_object_set(c->vars, "item", one);
        const char *key = say_text(c, json_text(rule, "$key"), SAY_PLAIN);
        json_t *value = key ? say_json(c, json_object_get(rule, "$value")) : NULL;
        if (value)
            json_object_set_new(map, key, value);
    }
    json_object_del(c->vars, "item");
}

static json_t *say_object(struct context *c, const json_t *template) {
    if (json_object_get(template, "$raw")) /* as it stands: GraphQL is full of braces */
        return json_incref(json_object_get(template, "$raw"));
    if (!when_holds(c, json_object_get(template, "$when")))
        return NULL;
    if (json_object_get(template, "$item")) { /* a list of its own */
        json_t *array = json_array();
        say_items(c, array, template);
        if (json_array_size(array))
            return array;
        json_decref(array);
        return NULL;
    }
    json_t *map = json_object();
    say_members(c, map, template);
    if (json_object_get(template, "$each"))
        say_pairs(c, map, template);
    if (json_object_size(map) || !json_object_size(template))
        return map;
    json_decref(map);
    return NULL;
}

static json_t *say_array(struct context *c, const json_t *template) {
    json_t *array = json_array();
    size_t i;
    json_t *one;
    json_array_foreach(template, i, one) {
        if (json_is_object(one) && json_object_get(one, "$item")) {
            say_items(c, array, one);
            continue;
        }
        json_t *value = say_json(c, one);
        if (value)
            json_array_append_new(array, value);
    }
    if (json_array_size(array) || !json_array_size(template))
        return array;
    json_decref(array);
    return NULL;
}

json_t *say_json(struct context *c, const json_t *template) {
    if (json_is_string(template))
        return say_string(c, json_string_value(template));
    if (json_is_object(template))
        return say_object(c, template);
    if (json_is_array(template))
        return say_array(c, template);
    return json_deep_copy(template);
}
