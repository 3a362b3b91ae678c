/* recipe: from a file to a JSON tree with the line of every value.
 *
 * Owns the parser for the time of one call. Called by tracker.c. Plain scalars
 * get the types of YAML 1.2's core schema (null, booleans, integers); whatever
 * stands in quotes is text. Anchors and tags have no place in a recipe. */
#include "recipe.h"

#include <libfyaml.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX      16
#define PATH_MAX_BYTES 400

struct reader {
    struct fy_parser *parser;
    const char *file;
    json_t *lines;
    struct fault *fault;
    int line; /* of the newest event that had one */
    char path[PATH_MAX_BYTES];
};

static json_t *read_value(struct reader *r, struct fy_event *e, int depth);

static void read_line(struct reader *r, struct fy_event *e) {
    const struct fy_mark *mark = fy_event_start_mark(e);
    if (mark)
        r->line = mark->line + 1;
}

static json_t *bad(struct reader *r, const char *what) {
    fault_set(r->fault, -EINVAL, "%s:%d: %s", r->file, r->line, what);
    return NULL;
}

/* Steps down to a member; gives what to cut the path back to. */
static size_t path_down(struct reader *r, const char *name) {
    size_t was = strlen(r->path);
    snprintf(r->path + was, sizeof(r->path) - was, "/%s", name);
    return was;
}

static json_t *scalar(struct fy_token *token) {
    size_t len = 0;
    const char *text = token ? fy_token_get_text(token, &len) : "";
    char word[32];
    int64_t number;
    if (!text)
        text = "";
    if (token && fy_token_scalar_style(token) != FYSS_PLAIN)
        return json_stringn(text, len);
    snprintf(word, sizeof(word), "%.*s", (int)(len < sizeof(word) ? len : sizeof(word) - 1), text);
    if (len >= sizeof(word))
        return json_stringn(text, len);
    if (!len || str_is(word, "null") || str_is(word, "~"))
        return json_null();
    if (str_is(word, "true") || str_is(word, "false"))
        return json_boolean(word[0] == 't');
    if (str_int64(word, &number))
        return json_integer(number);
    return json_stringn(text, len);
}

static json_t *read_list(struct reader *r, int depth) {
    json_t *list = json_array();
    struct fy_event *e;
    while ((e = fy_parser_parse(r->parser)) && e->type != FYET_SEQUENCE_END) {
        char name[24];
        snprintf(name, sizeof(name), "%zu", json_array_size(list));
        size_t was = path_down(r, name);
        json_t *one = read_value(r, e, depth + 1);
        r->path[was] = 0;
        fy_parser_event_free(r->parser, e);
        if (!one) {
            json_decref(list);
            return NULL;
        }
        json_array_append_new(list, one);
    }
    if (e)
        fy_parser_event_free(r->parser, e);
    return list;
}

/* One member; -1: stop. */
static int read_member(struct reader *r, struct fy_event *e, json_t *map, int depth) {
    read_line(r, e);
    if (e->type != FYET_SCALAR || !e->scalar.value) {
        bad(r, "a key must be a word");
        return -1;
    }
    size_t len = 0;
    const char *text = fy_token_get_text(e->scalar.value, &len);
    char name[128];
    if (!text || len >= sizeof(name)) {
        bad(r, "a key is too long");
        return -1;
    }
    snprintf(name, sizeof(name), "%.*s", (int)len, text);
    if (json_object_get(map, name)) {
        fault_set(r->fault, -EINVAL, "%s:%d: \"%s\" stands here twice", r->file, r->line, name);
        return -1;
    }
    struct fy_event *v = fy_parser_parse(r->parser);
    if (!v)
        return -1;
    size_t was = path_down(r, name);
    json_t *value = read_value(r, v, depth + 1);
    r->path[was] = 0;
    fy_parser_event_free(r->parser, v);
    return value ? json_object_set_new(map, name, value) : -1;
}

static json_t *read_map(struct reader *r, int depth) {
    json_t *map = json_object();
    struct fy_event *e;
    while ((e = fy_parser_parse(r->parser)) && e->type != FYET_MAPPING_END) {
        int rc = read_member(r, e, map, depth);
        fy_parser_event_free(r->parser, e);
        if (rc < 0) {
            json_decref(map);
            return NULL;
        }
    }
    if (e)
        fy_parser_event_free(r->parser, e);
    return map;
}

static json_t *read_value(struct reader *r, struct fy_event *e, int depth) {
    read_line(r, e);
    json_object_set_new(r->lines, r->path, json_integer(r->line));
    if (depth > DEPTH_MAX)
        return bad(r, "nested too deep");
    json_t *value = NULL;
    if (e->type == FYET_SCALAR)
        value = e->scalar.tag ? bad(r, "tags have no place in a recipe") : scalar(e->scalar.value);
    else if (e->type == FYET_SEQUENCE_START)
        value = read_list(r, depth);
    else if (e->type == FYET_MAPPING_START)
        value = read_map(r, depth);
    else
        bad(r, "anchors and aliases have no place in a recipe");
    return value;
}

static json_t *read_document(struct reader *r) {
    json_t *root = NULL;
    struct fy_event *e;
    while ((e = fy_parser_parse(r->parser))) {
        bool content = e->type == FYET_SCALAR || e->type == FYET_SEQUENCE_START || e->type == FYET_MAPPING_START ||
                       e->type == FYET_ALIAS;
        if (content && root)
            bad(r, "one file, one document");
        else if (content)
            root = read_value(r, e, 0);
        fy_parser_event_free(r->parser, e);
        if (r->fault->text[0])
            break;
    }
    return root;
}

json_t *recipe_yaml(const char *file, const char *text, size_t len, json_t *lines, struct fault *fault) {
    struct fy_diag_cfg diag_cfg;
    struct fault local = {0};
    fy_diag_cfg_default(&diag_cfg);
    diag_cfg.fp = NULL;
    diag_cfg.colorize = false;
    struct fy_diag *diag = fy_diag_create(&diag_cfg);
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE,
                               .diag = diag};
    struct reader r = {.parser = fy_parser_create(&cfg), .file = file, .lines = lines, .fault = &local};
    json_t *root = NULL;
    if (r.parser && fy_parser_set_string(r.parser, text, len) == 0)
        root = read_document(&r);
    if (!local.text[0] && (!root || fy_parser_get_stream_error(r.parser))) {
        void *iterator = NULL;
        struct fy_diag_error *e = fy_diag_errors_iterate(diag, &iterator);
        fault_set(&local, -EINVAL, "%s:%d: no valid YAML: %s", file, e ? e->line : r.line,
                  e && e->msg ? e->msg : "it is empty or can't be read");
    }
    if (r.parser)
        fy_parser_destroy(r.parser);
    fy_diag_destroy(diag);
    if (local.text[0]) {
        json_decref(root);
        fault_set(fault, -EINVAL, "%s", local.text);
        return NULL;
    }
    return root;
}

/* ---- the file ---- */

static int file_text(const char *file, struct buf *b, struct fault *fault) {
    FILE *f = fopen(file, "re");
    char piece[4096];
    size_t n;
    if (!f)
        return fault_set(fault, -errno, "%s: %s", file, strerror(errno));
    b->limit = RECIPE_BYTES_MAX;
    while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
        buf_add(b, piece, n);
    bool failed = ferror(f);
    fclose(f);
    if (failed)
        return fault_set(fault, -EIO, "%s: can't be read", file);
    return b->over ? fault_set(fault, -EINVAL, "%s: larger than %u bytes", file, RECIPE_BYTES_MAX) : 0;
}

static int lines_of(const char *text) {
    int n = 0;
    for (const char *p = text; *p; p++)
        n += *p == '\n';
    return n;
}

int recipe_load(const char *file, json_t **ret, struct fault *fault) {
    cleanup_buf struct buf b = {0};
    int rc = file_text(file, &b, fault);
    if (rc < 0)
        return rc;
    if (lines_of(buf_text(&b)) > RECIPE_LINES_MAX)
        return fault_set(fault, -EINVAL, "%s:%d: a recipe has at most %d lines", file, RECIPE_LINES_MAX + 1,
                         RECIPE_LINES_MAX);
    cleanup_json json_t *lines = json_object();
    cleanup_json json_t *root = recipe_yaml(file, buf_text(&b), b.len, lines, fault);
    if (!root)
        return -EINVAL;
    rc = recipe_check(file, root, lines, fault);
    if (rc < 0)
        return rc;
    *ret = json_incref(root);
    return 0;
}
