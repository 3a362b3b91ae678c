/* yaml: from text to a tree of nodes; the only file here that knows libfyaml.
 *
 * Owns the parser for the time of one call. Called by parse.c. The library's
 * events are used, not its documents: positions come with them, duplicate keys
 * can be told with both places, and depth and size are bounded by us. */
#include "yaml.h"

#include <libfyaml.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX    (1u << 20)
#define NODES_MAX   20000
#define DEPTH_MAX   24
#define ANCHORS_MAX 100

struct anchor {
    const char *name;
    struct yaml *node;
};

struct builder {
    struct fy_parser *parser;
    struct arena *arena;
    struct faults *faults;
    struct place last; /* of the newest event that had one */
    size_t nodes;
    struct anchor *anchors;
    size_t n_anchors;
    bool broken; /* the tree can't be used; not so for a duplicate key */
};

/* ---- text that can't be YAML, or not ours ---- */

/* Bytes of the UTF-8 sequence at s, 0 when it is none. */
static size_t utf8_step(const char *s, size_t left) {
    unsigned char c = (unsigned char)*s;
    size_t n = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (n == 1)
        return 1;
    if (n > left || c < 0xc2 || c > 0xf4)
        return 0;
    for (size_t i = 1; i < n; i++)
        if (((unsigned char)s[i] & 0xc0) != 0x80)
            return 0;
    unsigned char d = (unsigned char)s[1];
    bool bad = (c == 0xe0 && d < 0xa0) || (c == 0xed && d > 0x9f) || (c == 0xf0 && d < 0x90) || (c == 0xf4 && d > 0x8f);
    return bad ? 0 : n;
}

/* The library guesses UTF-16 and drops control characters silently; neither is
 * what somebody who wrote a configuration wants. */
static bool text_is_sound(const char *text, size_t len, struct faults *faults) {
    struct place at = {1, 1};
    if (len > TEXT_MAX) {
        faults_error(faults, (struct place){0}, "the file is larger than 1 MiB; that can't be a configuration");
        return false;
    }
    for (size_t i = 0; i < len;) {
        size_t n = utf8_step(text + i, len - i);
        unsigned char c = (unsigned char)text[i];
        if (n == 0) {
            faults_error(faults, at, "this byte (0x%02x) is no UTF-8; save the file as UTF-8", c);
            return false;
        }
        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) {
            faults_error(faults, at, "a control character (0x%02x) has no place here; take it out", c);
            return false;
        }
        at = c == '\n' ? (struct place){at.line + 1, 1} : (struct place){at.line, at.column + 1};
        i += n;
    }
    return true;
}

/* ---- events to nodes ---- */

/* The library marks quoted text behind its quote; people count from the quote. */
static int quote_width(const struct fy_event *e) {
    if (e->type != FYET_SCALAR || !e->scalar.value)
        return 0;
    enum fy_scalar_style style = fy_token_scalar_style(e->scalar.value);
    return style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
}

static struct place event_place(struct builder *b, struct fy_event *e) {
    const struct fy_mark *mark = fy_event_start_mark(e);
    if (mark)
        b->last = (struct place){mark->line + 1, mark->column + 1 - quote_width(e)};
    return b->last;
}

static void broken_at(struct builder *b, struct place at, const char *format, ...) printf_like(3, 4);
static void broken_at(struct builder *b, struct place at, const char *format, ...) {
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    faults_error(b->faults, at, "%s", text);
    b->broken = true;
}

static const char *token_text(struct builder *b, struct fy_token *token) {
    size_t len = 0;
    const char *text = token ? fy_token_get_text(token, &len) : NULL;
    if (!text)
        return "";
    bool sound = !memchr(text, 0, len);
    for (size_t i = 0, n; sound && i < len; i += n)
        sound = (n = utf8_step(text + i, len - i)) > 0;
    if (!sound) {
        broken_at(b, b->last, "this escape is no character that can be stored; write the character itself");
        return "";
    }
    return arena_strndup(b->arena, text, len);
}

static struct yaml *node_new(struct builder *b, enum yaml_type type, struct fy_event *e) {
    struct yaml *y = arena_make(b->arena, struct yaml);
    const struct fy_mark *mark = fy_event_start_mark(e);
    y->type = type;
    y->place = event_place(b, e);
    y->offset = mark ? mark->input_pos - (size_t)quote_width(e) : 0;
    return y;
}

static void anchor_keep(struct builder *b, const char *name, struct yaml *node) {
    if (!name || !node)
        return;
    if (b->n_anchors >= ANCHORS_MAX) {
        broken_at(b, node->place, "more than %d anchors; write the values out", ANCHORS_MAX);
        return;
    }
    *arena_push(b->arena, &b->anchors, &b->n_anchors) = (struct anchor){name, node};
}

static struct yaml *alias_node(struct builder *b, struct fy_event *e) {
    struct place at = event_place(b, e);
    const char *name = token_text(b, e->alias.anchor);
    for (size_t i = b->n_anchors; i > 0; i--)
        if (str_is(b->anchors[i - 1].name, name))
            return b->anchors[i - 1].node;
    broken_at(b, at, "there is no anchor &%s before this *%s; text that begins with * needs quotes", name, name);
    return NULL;
}

static struct yaml *build(struct builder *b, struct fy_event *e, int depth);

/* The next node of a list or map; false at its end or when the parser gave up. */
static bool build_next(struct builder *b, enum fy_event_type end, int depth, struct yaml **ret) {
    struct fy_event *e = fy_parser_parse(b->parser);
    if (!e)
        return false;
    bool go_on = e->type != end;
    if (go_on)
        *ret = build(b, e, depth);
    fy_parser_event_free(b->parser, e);
    return go_on && !b->broken;
}

/* A duplicate key is told and left out; what else is wrong should be seen too. */
static void map_put(struct builder *b, struct yaml *map, struct yaml *key, struct yaml *value) {
    const struct yaml *first;
    if (yaml_at(map, key->text, &first))
        faults_error(b->faults, key->place, "duplicate key %s: it stands on line %d already; keep one of them",
                     text_shown(b->arena, key->text), first->place.line);
    else
        *arena_push(b->arena, &map->items, &map->count) = (struct yaml_item){key, value};
}

static struct yaml *build_list(struct builder *b, struct fy_event *e, int depth) {
    struct yaml *y = node_new(b, YAML_LIST, e), *value = NULL;
    const char *anchor = e->sequence_start.anchor ? token_text(b, e->sequence_start.anchor) : NULL;
    while (build_next(b, FYET_SEQUENCE_END, depth + 1, &value))
        *arena_push(b->arena, &y->items, &y->count) = (struct yaml_item){NULL, value};
    anchor_keep(b, anchor, y);
    return y;
}

static struct yaml *build_map(struct builder *b, struct fy_event *e, int depth) {
    struct yaml *y = node_new(b, YAML_MAP, e), *key = NULL, *value = NULL;
    const char *anchor = e->mapping_start.anchor ? token_text(b, e->mapping_start.anchor) : NULL;
    while (build_next(b, FYET_MAPPING_END, depth + 1, &key)) {
        if (key->type != YAML_SCALAR)
            broken_at(b, key->place, "a key must be a word, not a list or a section");
        if (b->broken || !build_next(b, FYET_NONE, depth + 1, &value))
            break;
        map_put(b, y, key, value);
    }
    anchor_keep(b, anchor, y);
    return y;
}

static struct yaml *build_scalar(struct builder *b, struct fy_event *e) {
    struct yaml *y = node_new(b, YAML_SCALAR, e);
    const char *anchor = e->scalar.anchor ? token_text(b, e->scalar.anchor) : NULL;
    y->text = token_text(b, e->scalar.value);
    y->plain = !e->scalar.tag && (!e->scalar.value || fy_token_scalar_style(e->scalar.value) == FYSS_PLAIN);
    anchor_keep(b, anchor, y);
    return y;
}

static struct yaml *build(struct builder *b, struct fy_event *e, int depth) {
    if (++b->nodes > NODES_MAX || depth > DEPTH_MAX) {
        broken_at(b, event_place(b, e), depth > DEPTH_MAX ? "nested deeper than %d levels" : "more than %d values",
                  depth > DEPTH_MAX ? DEPTH_MAX : NODES_MAX);
        return NULL;
    }
    if (e->type == FYET_SCALAR)
        return build_scalar(b, e);
    if (e->type == FYET_SEQUENCE_START)
        return build_list(b, e, depth);
    if (e->type == FYET_MAPPING_START)
        return build_map(b, e, depth);
    return e->type == FYET_ALIAS ? alias_node(b, e) : NULL;
}

/* ---- syntax faults ---- */

/* The library says what it met; a person wants to know what to write. */
static const char *syntax_hint(const char *message) {
    static const char *const hints[][2] = {
        {"escape", "in double quotes write \\\\ for a backslash, or use single quotes"},
        {"tab character", "indent with spaces"},
        {"sequence without a closing bracket", "end the list with ]"},
        {"mapping without a closing", "end it with }"},
        {"missing comma", "put a comma between the entries, and a bracket at the end"},
        {"closing brac", "there is one bracket too many"},
        {"nested block mapping on the same line", "put text that holds \": \" in quotes"},
        {"multiline plain key", "keys of one section begin in the same column, each on its own line"},
        {"multi-line plain key", "keys of one section begin in the same column, each on its own line"},
        {"wrongly indented", "indent it further than its key, or close the quote"},
        {"plain scalar cannot start", "put the text in quotes"},
        {"quoted scalar", "is the closing quote missing?"},
        {"end of stream", "is a closing quote or bracket missing?"},
        {"indentation", "keys of one section begin in the same column"},
    };
    for (size_t i = 0; i < array_size(hints); i++)
        if (strcasestr(message, hints[i][0]))
            return hints[i][1];
    return "check indentation, quotes and brackets here";
}

/* At the end of a file without a last newline the library counts one line too many. */
static struct place place_inside(struct place at, const char *text, size_t len) {
    struct place end = {1, 1};
    for (size_t i = 0; i < len; i++)
        end = text[i] == '\n' ? (struct place){end.line + 1, 1} : (struct place){end.line, end.column + 1};
    return at.line > end.line ? end : at;
}

static void syntax_faults(struct fy_diag *diag, const char *text, size_t len, struct faults *faults) {
    void *iterator = NULL;
    struct fy_diag_error *e = fy_diag_errors_iterate(diag, &iterator);
    struct place at = e ? place_inside((struct place){e->line, e->column}, text, len) : (struct place){0};
    if (at.line < 1 || at.column < 1)
        at = (struct place){at.line > 0 ? at.line : 1, 1};
    const char *message = e && e->msg ? e->msg : "it can't be read";
    faults_error(faults, at, "no valid YAML: %s; %s", message, syntax_hint(message));
}

/* ---- the document ---- */

static bool event_is_content(const struct fy_event *e) {
    return e->type == FYET_SCALAR || e->type == FYET_SEQUENCE_START || e->type == FYET_MAPPING_START ||
           e->type == FYET_ALIAS;
}

static struct yaml *build_document(struct builder *b) {
    struct yaml *root = NULL;
    struct fy_event *e;
    int documents = 0;
    while (!b->broken && (e = fy_parser_parse(b->parser))) {
        if (e->type == FYET_DOCUMENT_START && ++documents > 1)
            broken_at(b, event_place(b, e), "a second document begins here (---); one file, one configuration");
        else if (event_is_content(e))
            root = build(b, e, 0);
        fy_parser_event_free(b->parser, e);
    }
    return root;
}

struct yaml *yaml_read(const char *text, size_t len, struct arena *a, struct faults *faults) {
    if (!text_is_sound(text, len, faults))
        return NULL;
    struct fy_diag_cfg diag_cfg;
    fy_diag_cfg_default(&diag_cfg);
    diag_cfg.fp = NULL;
    diag_cfg.colorize = false;
    struct fy_diag *diag = fy_diag_create(&diag_cfg);
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE,
                               .diag = diag};
    struct builder b = {.parser = fy_parser_create(&cfg), .arena = a, .faults = faults, .last = {1, 1}};
    struct yaml *root = NULL;
    if (b.parser && fy_parser_set_string(b.parser, text, len) == 0)
        root = build_document(&b);
    if (!b.broken && (!b.parser || fy_parser_get_stream_error(b.parser))) {
        syntax_faults(diag, text, len, faults);
        b.broken = true;
    }
    if (b.parser)
        fy_parser_destroy(b.parser);
    fy_diag_destroy(diag);
    return b.broken ? NULL : root;
}

bool yaml_is_null(const struct yaml *y) {
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    if (y->type != YAML_SCALAR || !y->plain)
        return false;
    for (size_t i = 0; i < array_size(nulls); i++)
        if (str_is(nulls[i], y->text))
            return true;
    return false;
}

const struct yaml *yaml_at(const struct yaml *map, const char *key, const struct yaml **ret_key) {
    for (size_t i = 0; map && map->type == YAML_MAP && i < map->count; i++)
        if (str_is(map->items[i].key->text, key)) {
            if (ret_key)
                *ret_key = map->items[i].key;
            return map->items[i].value;
        }
    return NULL;
}
