/* reference: finds what people wrote that names a record or a problem.
 *
 * Owns the compiled expressions. A reference stands alone: no letter, digit, _
 * or - directly before it, no letter or digit directly after (domain.md 2). */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "bascule/policy.h"

#include <pcre2.h>
#include <string.h>

#define REFERENCES_MAX 100
#define ID_MAX         200
#define MATCH_LIMIT    100000

struct rule {
    const char *tracker;
    pcre2_code *code; /* group 1 is the id */
    pcre2_code *bare; /* of a form: the id alone; else NULL */
};
struct reference_rules {
    struct arena *arena;
    struct rule *rules;
    size_t count;
    pcre2_match_context *context;
};

struct reference_rules *reference_rules_free(struct reference_rules *r) {
    if (!r)
        return NULL;
    for (size_t i = 0; i < r->count; i++) {
        pcre2_code_free(r->rules[i].code);
        pcre2_code_free(r->rules[i].bare);
    }
    pcre2_match_context_free(r->context);
    arena_free(r->arena);
    return NULL;
}

/* Without PCRE2_UCP \d means 0-9, as people who write patterns expect of an id.
 * NULL and a fault that shows `shown` when it is no expression. */
static pcre2_code *compile(const char *expression, uint32_t options, const char *shown, struct fault *fault) {
    int number;
    PCRE2_SIZE at;
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED, PCRE2_UTF | options, &number, &at, NULL);
    if (!code) {
        char words[160];
        pcre2_get_error_message(number, (PCRE2_UCHAR *)words, sizeof(words));
        fault_set(fault, -EINVAL, "pattern '%s': %s", shown, words);
        return NULL;
    }
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    return code;
}

/* `inner` where it stands alone. */
static int rule_add(struct reference_rules *r, const char *tracker, const char *inner, const char *shown,
                    const char *bare, struct fault *fault) {
    const char *alone = arena_printf(r->arena, "(?<![\\p{L}\\p{N}_-])(?:%s)(?![\\p{L}\\p{N}])", inner);
    struct rule *rule = &r->rules[r->count];
    uint32_t groups = 0;
    rule->tracker = arena_strdup(r->arena, tracker);
    rule->code = compile(alone, 0, shown, fault);
    if (!rule->code)
        return -EINVAL;
    r->count++;
    pcre2_pattern_info(rule->code, PCRE2_INFO_CAPTURECOUNT, &groups);
    if (groups == 0)
        return fault_set(fault, -EINVAL, "pattern '%s' has no group: put the id in parentheses, as in BUG-(\\d+)",
                         shown);
    if (bare && !(rule->bare = compile(bare, PCRE2_ANCHORED | PCRE2_ENDANCHORED, shown, fault)))
        return -EINVAL;
    return 0;
}

/* The prefix literally, without case (hosts have none), then the id in group 1. */
static int form_add(struct reference_rules *r, const struct reference_form *f, struct fault *fault) {
    const char *id = f->id_pattern ? f->id_pattern : "[0-9]+";
    struct buf b = {0};
    buf_str(&b, "(?i:");
    for (const char *c = f->prefix; *c; c++) {
        if (strchr("\\^$.[]|()?*+{}#", *c))
            buf_char(&b, '\\');
        buf_char(&b, *c);
    }
    buf_printf(&b, ")(%s)", id);
    int rc = rule_add(r, f->tracker, buf_text(&b), id, id, fault);
    buf_deinit(&b);
    return rc;
}

int reference_rules_new(const struct reference_form *forms, size_t n_forms, const struct reference_pattern *patterns,
                        size_t n_patterns, struct reference_rules **ret, struct fault *fault) {
    struct arena *a = arena_new();
    struct reference_rules *r = arena_make(a, struct reference_rules);
    int rc = 0;
    *r = (struct reference_rules){.arena = a, .rules = arena_alloc(a, (n_forms + n_patterns) * sizeof(*r->rules))};
    r->context = pcre2_match_context_create(NULL);
    if (!r->context)
        rc = fault_set(fault, -ENOMEM, "out of memory");
    else
        pcre2_set_match_limit(r->context, MATCH_LIMIT);
    for (size_t i = 0; rc == 0 && i < n_forms; i++)
        rc = form_add(r, &forms[i], fault);
    for (size_t i = 0; rc == 0 && i < n_patterns; i++)
        rc = rule_add(r, patterns[i].tracker, patterns[i].pattern, patterns[i].pattern, NULL, fault);
    if (rc < 0) {
        reference_rules_free(r);
        return rc;
    }
    *ret = r;
    return 0;
}

static bool reference_same(const struct reference *x, const struct reference *y) {
    return x->problem == y->problem && str_same(x->tracker, y->tracker) && str_same(x->id, y->id);
}

bool references_have(const struct references *set, const struct reference *one) {
    for (size_t i = 0; i < set->count; i++)
        if (reference_same(&set->items[i], one))
            return true;
    return false;
}

bool references_same(const struct references *x, const struct references *y) {
    for (size_t i = 0; i < x->count; i++)
        if (!references_have(y, &x->items[i]))
            return false;
    return x->count == y->count;
}

static void add(struct arena *a, struct references *set, struct reference one) {
    if (set->count < REFERENCES_MAX && !references_have(set, &one))
        *arena_push(a, &set->items, &set->count) = one;
}

/* All matches of one rule. A match that PCRE2 gives up on ends the rule. */
static void scan_rule(const struct reference_rules *r, const struct rule *rule, struct arena *a, const char *text,
                      size_t len, struct references *ret) {
    pcre2_match_data *m = pcre2_match_data_create_from_pattern(rule->code, NULL);
    PCRE2_SIZE at = 0;
    while (m && at <= len && ret->count < REFERENCES_MAX) {
        if (pcre2_match(rule->code, (PCRE2_SPTR)text, len, at, PCRE2_NO_UTF_CHECK, m, r->context) < 0)
            break;
        const PCRE2_SIZE *v = pcre2_get_ovector_pointer(m);
        if (v[3] > v[2] && v[3] - v[2] <= ID_MAX)
            add(a, ret,
                (struct reference){.tracker = arena_strdup(a, rule->tracker),
                                   .id = arena_strndup(a, text + v[2], v[3] - v[2]),
                                   .quote = arena_strndup(a, text + v[0], v[1] - v[0])});
        at = v[1] > at ? v[1] : at + 1;
        while (at < len && ((unsigned char)text[at] & 0xc0) == 0x80)
            at++;
    }
    pcre2_match_data_free(m);
}

void reference_scan(const struct reference_rules *r, struct arena *a, const char *text, struct references *ret) {
    *ret = (struct references){0};
    if (str_empty(text))
        return;
    const char *clean = str_cut(a, text, SIZE_MAX);
    for (size_t i = 0; i < r->count; i++)
        scan_rule(r, &r->rules[i], a, clean, strlen(clean), ret);
}

/* True if the word is an id as a form of that tracker has it. */
static bool is_bare_id(const struct reference_rules *r, const char *home, const char *word) {
    bool found = false;
    for (size_t i = 0; i < r->count && !found; i++) {
        const struct rule *rule = &r->rules[i];
        if (!rule->bare || !str_is(rule->tracker, home))
            continue;
        pcre2_match_data *m = pcre2_match_data_create_from_pattern(rule->bare, NULL);
        found = m && pcre2_match(rule->bare, (PCRE2_SPTR)word, strlen(word), 0, PCRE2_NO_UTF_CHECK, m, r->context) > 0;
        pcre2_match_data_free(m);
    }
    return found;
}

/* One word of a field: P-12, 56, #56, or what the rules know. */
static void field_word(const struct reference_rules *r, struct arena *a, const char *word, const char *home,
                       struct references *ret) {
    int64_t n;
    const char *bare = word[0] == '#' ? word + 1 : word;
    struct references found;
    if (problem_ref_parse(word, &n)) {
        add(a, ret, (struct reference){.problem = n, .quote = word});
    } else if (home && str_int64(bare, &n)) {
        if (n > 0)
            add(a, ret,
                (struct reference){.tracker = home, .id = arena_printf(a, "%lld", (long long)n), .quote = word});
    } else if (home && strlen(bare) <= ID_MAX && is_bare_id(r, home, bare)) {
        add(a, ret, (struct reference){.tracker = home, .id = bare, .quote = word});
    } else {
        reference_scan(r, a, word, &found);
        for (size_t i = 0; i < found.count; i++)
            add(a, ret, found.items[i]);
    }
}

/* The words between white space; a comma or semicolon ends one too, but not in the
 * query or fragment of a URL ("?sort=3,4"), where only another URL begins a word. */
static void field_chunk(const struct reference_rules *r, struct arena *a, char *chunk, const char *home,
                        struct references *ret) {
    bool in_query = false;
    char *state = NULL;
    for (char *w = strtok_r(chunk, ",;", &state); w; w = strtok_r(NULL, ",;", &state)) {
        const char *scheme = strstr(w, "://");
        if (in_query && !scheme)
            continue;
        in_query = scheme && strpbrk(scheme, "?#");
        field_word(r, a, w, home, ret);
    }
}

/* "and 3 more: URL" is what mirror.c writes when there are too many, and names nothing. */
static bool is_more(char *const *words, size_t left) {
    int64_t n;
    return left >= 3 && str_is(words[0], "and") && str_int64(words[1], &n) && str_starts(words[2], "more");
}

void reference_field(const struct reference_rules *r, struct arena *a, const char *text, const char *home,
                     struct references *ret) {
    *ret = (struct references){0};
    char *copy = str_cut(a, text ? text : "", SIZE_MAX), *state = NULL, **words = NULL;
    size_t n = 0;
    for (char *w = strtok_r(copy, " \t\r\n", &state); w; w = strtok_r(NULL, " \t\r\n", &state))
        *arena_push(a, &words, &n) = w;
    for (size_t i = 0; i < n; i++)
        if (is_more(words + i, n - i))
            i += 2;
        else
            field_chunk(r, a, words[i], home, ret);
}
