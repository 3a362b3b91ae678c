/* reference: finds what people wrote that names a record or a problem.
 *
 * Owns the compiled expressions. A reference stands alone: no letter, digit, _
 * or - directly before it, no letter or digit directly after (domain.md 2). */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "bascule/policy.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#define REFERENCES_MAX 100
#define MATCH_LIMIT 100000

struct rule {
    char *tracker;
    pcre2_code *code;
};
struct reference_rules {
    struct rule *rules;
    size_t count;
    pcre2_match_context *context;
};

struct reference_rules *reference_rules_free(struct reference_rules *r) {
    if (!r)
        return NULL;
    for (size_t i = 0; i < r->count; i++) {
        free(r->rules[i].tracker);
        pcre2_code_free(r->rules[i].code);
    }
    pcre2_match_context_free(r->context);
    free(r->rules);
    free(r);
    return NULL;
}

static int rule_add(struct reference_rules *r, const char *tracker, const char *inner, struct fault *fault) {
    struct buf b = {0};
    int number;
    PCRE2_SIZE at;
    buf_printf(&b, "(?<![\\p{L}\\p{N}_-])(?:%s)(?![\\p{L}\\p{N}])", inner);
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)buf_text(&b), b.len, PCRE2_UTF | PCRE2_UCP, &number, &at, NULL);
    buf_deinit(&b);
    if (!code) {
        char words[160];
        pcre2_get_error_message(number, (PCRE2_UCHAR *)words, sizeof(words));
        return fault_set(fault, -EINVAL, "pattern '%s': %s", inner, words);
    }
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    r->rules[r->count++] = (struct rule){.tracker = strdup(tracker), .code = code};
    return 0;
}

/* The prefix literally, without case (hosts have none), then the id in group 1. */
static int form_add(struct reference_rules *r, const struct reference_form *f, struct fault *fault) {
    struct buf b = {0};
    buf_str(&b, "(?i:");
    for (const char *c = f->prefix; *c; c++) {
        if (strchr("\\^$.[]|()?*+{}#", *c))
            buf_char(&b, '\\');
        buf_char(&b, *c);
    }
    buf_printf(&b, ")(%s)", f->id_pattern);
    int rc = rule_add(r, f->tracker, buf_text(&b), fault);
    buf_deinit(&b);
    return rc;
}

int reference_rules_new(const struct reference_form *forms, size_t n_forms, const struct reference_pattern *patterns,
                        size_t n_patterns, struct reference_rules **ret, struct fault *fault) {
    struct reference_rules *r = calloc(1, sizeof(*r));
    int rc = 0;
    if (!r)
        return fault_set(fault, -ENOMEM, "out of memory");
    r->rules = calloc(n_forms + n_patterns + 1, sizeof(*r->rules));
    r->context = pcre2_match_context_create(NULL);
    if (!r->rules || !r->context)
        rc = fault_set(fault, -ENOMEM, "out of memory");
    else
        pcre2_set_match_limit(r->context, MATCH_LIMIT);
    for (size_t i = 0; rc == 0 && i < n_forms; i++)
        rc = form_add(r, &forms[i], fault);
    for (size_t i = 0; rc == 0 && i < n_patterns; i++)
        rc = rule_add(r, patterns[i].tracker, patterns[i].pattern, fault);
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

/* All matches of one rule. */
static void scan_rule(const struct reference_rules *r, const struct rule *rule, struct arena *a, const char *text,
                      size_t len, struct references *ret) {
    pcre2_match_data *m = pcre2_match_data_create_from_pattern(rule->code, NULL);
    PCRE2_SIZE at = 0;
    while (m && at <= len && ret->count < REFERENCES_MAX) {
        int n = pcre2_match(rule->code, (PCRE2_SPTR)text, len, at, PCRE2_NO_UTF_CHECK, m, r->context);
        if (n < 0)
            break;
        const PCRE2_SIZE *v = pcre2_get_ovector_pointer(m);
        if (n >= 2 && v[2] != PCRE2_UNSET && v[3] > v[2])
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

/* One word of a field: P-12, 56, #56, or what the rules know. */
static void field_word(const struct reference_rules *r, struct arena *a, const char *word, const char *home,
                       struct references *ret) {
    int64_t n;
    const char *bare = word[0] == '#' ? word + 1 : word;
    struct references found;
    if (problem_ref_parse(word, &n)) {
        add(a, ret, (struct reference){.problem = n, .quote = word});
    } else if (home && str_int64(bare, &n) && n > 0) {
        add(a, ret, (struct reference){.tracker = home, .id = arena_printf(a, "%lld", (long long)n), .quote = word});
    } else {
        reference_scan(r, a, word, &found);
        for (size_t i = 0; i < found.count; i++)
            add(a, ret, found.items[i]);
    }
}

void reference_field(const struct reference_rules *r, struct arena *a, const char *text, const char *home,
                     struct references *ret) {
    *ret = (struct references){0};
    char *copy = arena_strdup(a, text ? text : ""), *state = NULL;
    for (char *w = strtok_r(copy, ",; \t\r\n", &state); w; w = strtok_r(NULL, ",; \t\r\n", &state))
        field_word(r, a, w, home, ret);
}
