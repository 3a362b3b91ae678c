/* references: the patterns by which people write a record down.
 *
 * Called by top.c through its table. Every pattern is compiled here once, in the
 * way the evidence reader will do it, so that what passes works there. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "read.h"

#include <pcre2.h>
#include <string.h>

#define PATTERNS_MAX       100
#define PATTERN_LENGTH_MAX 500

/* The place of byte `at` of a scalar, when what stands in the file is the text
 * itself; else the place where the scalar begins. */
static struct place place_in_scalar(const struct reader *r, const struct yaml *y, size_t at) {
    size_t quote = y->plain ? 0 : 1, from = y->offset + quote;
    struct place place = y->place;
    if (from + at > r->source_len || memcmp(r->source + from, y->text, at) != 0 || memchr(y->text, '\n', at))
        return place;
    place.column += (int)quote;
    for (size_t i = 0; i < at; i++)
        place.column += ((unsigned char)y->text[i] & 0xc0) != 0x80;
    return place;
}

static void compiled_check(struct reader *r, const struct yaml *y, const pcre2_code *code) {
    uint32_t groups = 0, empty = 0;
    pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
    pcre2_pattern_info(code, PCRE2_INFO_MATCHEMPTY, &empty);
    if (groups < 1)
        faults_error(r->faults, y->place,
                     "pattern: %s has no group 1; put the part that is the id in ( ), such as 'BUG-(\\d+)'",
                     text_shown(r->faults->arena, y->text));
    else if (empty)
        faults_error(r->faults, y->place, "pattern: %s matches the empty text; it must ask for at least one character",
                     text_shown(r->faults->arena, y->text));
}

void pattern_check(struct reader *r, const struct yaml *y) {
    int error = 0;
    PCRE2_SIZE at = 0;
    size_t len = strlen(y->text);
    if (len > PATTERN_LENGTH_MAX) {
        faults_error(r->faults, y->place, "pattern: longer than %d bytes", PATTERN_LENGTH_MAX);
        return;
    }
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)y->text, len, PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &error, &at, NULL);
    if (code) {
        compiled_check(r, y, code);
        pcre2_code_free(code);
        return;
    }
    PCRE2_UCHAR words[200];
    if (pcre2_get_error_message(error, words, array_size(words)) < 0)
        words[0] = 0;
    faults_error(r->faults, place_in_scalar(r, y, at < len ? at : len), "pattern: no valid PCRE2 at offset %zu: %s",
                 (size_t)at, (const char *)words);
}

static void read_pattern(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    const char *text = scalar_text(r, key->name, value, "a PCRE2 pattern in single quotes");
    if (text && !*text)
        faults_error(r->faults, value->place, "pattern: it is empty; write one such as 'BUG-(\\d+)'");
    if (str_empty(text))
        return;
    pattern_check(r, value);
    *(const char **)target = arena_strdup(r->arena, text);
}

/* What an entry gives, before it stands in both arrays. */
struct entry {
    const char *pattern;
    const struct yaml *tracker;
};

static void entry_read(struct reader *r, const struct yaml *y) {
    static const struct key keys[] = {
        {.name = "pattern", .read = read_pattern, .offset = offsetof(struct entry, pattern), .required = true},
        {.name = "tracker", .read = read_node, .offset = offsetof(struct entry, tracker), .required = true}};
    struct checked *c = r->checked;
    struct entry entry = {0};
    if (!is_map(r, "references", y, "{ pattern: '...', tracker: NAME }"))
        return;
    section_read(r, y, y->place, "references", keys, array_size(keys), &entry);
    const char *name = entry.tracker ? scalar_text(r, "tracker", entry.tracker, "a tracker's name") : NULL;
    if (!entry.pattern || !name)
        return;
    size_t index = c->draft->n_patterns;
    *arena_push(r->arena, &c->pattern_trackers, &index) = entry.tracker;
    *arena_push(r->arena, &c->draft->patterns, &c->draft->n_patterns) =
        (struct settings_pattern){entry.pattern, arena_strdup(r->arena, name), y->place.line};
}

static void read_patterns(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    if (value->type != YAML_LIST) {
        faults_error(r->faults, value->place, "%s: a list of { pattern: '...', tracker: NAME } is wanted here",
                     key->name);
        return;
    }
    if (value->count > PATTERNS_MAX)
        faults_error(r->faults, value->place, "%s: more than %d patterns", key->name, PATTERNS_MAX);
    for (size_t i = 0; i < value->count && i < PATTERNS_MAX; i++)
        entry_read(r, value->items[i].value);
}

void references_read(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    static const char *const requesters[2] = {"confirm", "suggest"};
    static const struct key keys[] = {{.name = "from_requesters",
                                       .read = read_choice,
                                       .offset = offsetof(struct settings, requesters_suggest),
                                       .arg = requesters},
                                      {.name = "patterns", .read = read_patterns}};
    if (value->type == YAML_LIST) /* the short form: patterns only */
        read_patterns(r, key, value, target);
    else
        section_read(r, value, value->place, key->name, keys, array_size(keys), r->checked->draft);
}
