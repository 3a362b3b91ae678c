/* json: bounded readers over jansson. */
#include "bascule/base.h"

#include <stdlib.h>
#include <string.h>

#define JSON_DEPTH_MAX 64

static size_t depth_of(const char *text, size_t len) {
    size_t depth = 0, most = 0;
    bool quoted = false;
    for (size_t i = 0; i < len; i++) {
        if (quoted) {
            if (text[i] == '\\')
                i++;
            else if (text[i] == '"')
                quoted = false;
        } else if (text[i] == '"') {
            quoted = true;
        } else if (text[i] == '{' || text[i] == '[') {
            if (++depth > most)
                most = depth;
        } else if ((text[i] == '}' || text[i] == ']') && depth) {
            depth--;
        }
    }
    return most;
}

json_t *json_read(const char *text, size_t len, struct fault *f) {
    json_error_t error;
    if (depth_of(text, len) > JSON_DEPTH_MAX) {
        fault_set(f, -EINVAL, "JSON nested deeper than %d levels", JSON_DEPTH_MAX);
        return NULL;
    }
    json_t *j = json_loadb(text, len, JSON_DECODE_ANY, &error);
    if (!j)
        fault_set(f, -EINVAL, "not JSON: line %d, column %d: %s", error.line, error.column, error.text);
    return j;
}

/* One token of RFC 6901, unescaped into out. */
static bool token(const char **p, char *out, size_t size) {
    size_t n = 0;
    (*p)++;
    for (; **p && **p != '/'; (*p)++) {
        char c = **p;
        if (c == '~') {
            (*p)++;
            if (**p != '0' && **p != '1')
                return false;
            c = **p == '0' ? '~' : '/';
        }
        if (n + 1 >= size)
            return false;
        out[n++] = c;
    }
    out[n] = 0;
    return true;
}

json_t *json_at(const json_t *root, const char *pointer) {
    const json_t *at = root;
    char name[256];
    while (at && *pointer) {
        int64_t index;
        if (*pointer != '/' || !token(&pointer, name, sizeof(name)))
            return NULL;
        if (json_is_array(at))
            at = str_int64(name, &index) ? json_array_get(at, (size_t)index) : NULL;
        else
            at = json_object_get(at, name);
    }
    return (json_t *)at;
}

const char *json_text(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

int64_t json_int(const json_t *object, const char *key, int64_t otherwise) {
    const json_t *v = json_object_get(object, key);
    return json_is_integer(v) ? (int64_t)json_integer_value(v) : otherwise;
}

bool json_bool(const json_t *object, const char *key, bool otherwise) {
    const json_t *v = json_object_get(object, key);
    return json_is_boolean(v) ? json_is_true(v) : otherwise;
}

char *json_print(struct arena *a, const json_t *j) {
    char *s = j ? json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) : NULL;
    char *copy = arena_strdup(a, s ? s : "null");
    free(s);
    return copy;
}

char *json_as_text(struct arena *a, const json_t *j) {
    if (!j || json_is_null(j))
        return NULL;
    if (json_is_string(j))
        return arena_strdup(a, json_string_value(j));
    if (json_is_real(j)) /* 33.3, where 17 digits would be 33.299999999999997 */
        return arena_printf(a, "%.15g", json_real_value(j));
    return json_print(a, j);
}
