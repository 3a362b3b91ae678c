/* page: filters, limits and the opaque `after` of every list.
 *
 * Owns nothing. Called by the files that read lists. What must hold: a filter
 * that a list does not know is refused, never silently ignored, and a page
 * never holds more than REPORT_LIMIT_MAX rows. */
#include "report.h"
#include <string.h>

#define STATES_MAX      16
#define MATCH_WORDS_MAX 12

/* A tracker that was never configured has nothing, which looks like an answer. */
static int page_tracker(const struct ask *k) {
    cleanup_query struct query q = {0};
    if (!k->q->tracker)
        return 0;
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q, "SELECT count(*) FILTER (WHERE name = ?), group_concat(name, ', ') FROM tracker");
    query_text(&q, k->q->tracker);
    int r = query_step(&q);
    if (r <= 0 || query_cell_int(&q, 0))
        return r < 0 ? r : 0;
    return fault_set(k->fault, REPORT_BAD_QUERY, "tracker: there is no '%s'; known: %s", k->q->tracker,
                     *query_cell(&q, 1) ? query_cell(&q, 1) : "none yet");
}

int page_check(const struct ask *k, unsigned filters) {
    const struct {
        unsigned bit;
        const char *name, *value;
    } all[] = {
        {FILTER_STATE, "state", k->q->state},
        {FILTER_TRACKER, "tracker", k->q->tracker},
        {FILTER_PROBLEM, "problem", k->q->problem},
        {FILTER_SEARCH, "search", k->q->search},
        {FILTER_KIND, "kind", k->q->kind},
        {FILTER_SINCE, "since", k->q->since},
        {FILTER_REF, "ref", k->q->ref},
        {FILTER_FIGURES, "until", k->q->until},
        {FILTER_FIGURES, "by", k->q->by},
        {FILTER_FIGURES, "service", k->q->service},
    };
    for (size_t i = 0; i < array_size(all); i++)
        if (all[i].value && !(filters & all[i].bit))
            return fault_set(k->fault, REPORT_BAD_QUERY, "%s cannot be filtered by %s", report_name(k->q->what),
                             all[i].name);
    if (k->q->limit < 0 || k->q->limit > REPORT_LIMIT_MAX)
        return fault_set(k->fault, REPORT_BAD_QUERY, "limit must be between 1 and %d", REPORT_LIMIT_MAX);
    return page_tracker(k);
}

int page_limit(const struct ask *k) {
    return k->q->limit ? k->q->limit : REPORT_LIMIT;
}

int page_time(const struct ask *k, const char *name, const char *text, bool end, msec_t *ret) {
    msec_t span = 0, at = 0;
    *ret = 0;
    if (text && duration_parse(text, &span))
        at = k->q->now - span;
    else if (text && !time_parse(text, &at)) {
        if (!time_parse(arena_printf(k->arena, "%sT00:00:00Z", text), &at))
            return fault_set(k->fault, REPORT_BAD_QUERY,
                             "%s: '%s' is neither a day (2026-01-31), a time (2026-01-31T08:00:00Z) nor a span (7d)",
                             name, text);
        at += end ? DAY_MS : 0;
    }
    *ret = at;
    return 0;
}

int page_since(const struct ask *k, msec_t *ret) {
    return page_time(k, "since", k->q->since, false, ret);
}

int page_problem(const struct ask *k, int64_t *ret) {
    if (k->q->problem && !problem_ref_parse(k->q->problem, ret))
        return fault_set(k->fault, REPORT_BAD_QUERY, "problem: '%s' is no problem; one looks like P-12", k->q->problem);
    if (!k->q->problem) {
        *ret = 0;
        return 0;
    }
    cleanup_query struct query q = {0};
    query_init(&q, k->db, k->arena, k->fault);
    query_sql(&q, "SELECT count(*) FILTER (WHERE id = ?), count(*), min(id), max(id) FROM problem");
    query_int(&q, *ret);
    int r = query_step(&q);
    if (r <= 0 || query_cell_int(&q, 0))
        return r < 0 ? r : 0;
    if (!query_cell_int(&q, 1))
        return fault_set(k->fault, REPORT_BAD_QUERY, "problem: there is no %s; there are none yet", k->q->problem);
    return fault_set(k->fault, REPORT_BAD_QUERY, "problem: there is no %s; they go from P-%lld to P-%lld",
                     k->q->problem, (long long)query_cell_int(&q, 2), (long long)query_cell_int(&q, 3));
}

static bool word_known(const char *const *known, const char *word) {
    for (; *known; known++)
        if (str_is(*known, word))
            return true;
    return false;
}

static int word_unknown(const struct ask *k, const char *what, const char *const *known, const char *word) {
    cleanup_buf struct buf b = {.limit = 500};
    for (size_t i = 0; known[i]; i++)
        buf_printf(&b, "%s%s", i ? ", " : "", known[i]);
    return fault_set(k->fault, REPORT_BAD_QUERY, "%s: '%s' is none of %s", what, word, buf_text(&b));
}

int page_kinds(const struct ask *k, const char *const *known) {
    char *rest = arena_strdup(k->arena, k->q->kind);
    for (char *word; (word = strsep(&rest, ",")) != NULL;)
        if (!word_known(known, word))
            return word_unknown(k, "kind", known, word);
    return 0;
}

int page_states(const struct ask *k, const char *const *known, const char ***ret) {
    const char **words = arena_alloc(k->arena, (STATES_MAX + 1) * sizeof(*words));
    size_t n = 0;
    char *rest = arena_strdup(k->arena, k->q->state);
    for (char *word; (word = strsep(&rest, ",")) != NULL;) {
        if (!word_known(known, word))
            return word_unknown(k, "state", known, word);
        if (n == STATES_MAX)
            return fault_set(k->fault, REPORT_BAD_QUERY, "state: more than %d words", STATES_MAX);
        words[n++] = word;
    }
    *ret = words;
    return 0;
}

void page_in(struct query *q, const char *column, const char **words) {
    if (!words[0])
        return;
    buf_printf(&q->sql, " AND %s IN (", column);
    for (size_t i = 0; words[i]; i++) {
        query_sql(q, i ? ", ?" : "?");
        query_text(q, words[i]);
    }
    query_sql(q, ")");
}

char *page_match(struct arena *a, const char *text) {
    cleanup_buf struct buf b = {0};
    char *rest = arena_strdup(a, text);
    size_t n = 0;
    for (char *word; n < MATCH_WORDS_MAX && (word = strsep(&rest, " \t\n")) != NULL;) {
        if (!*word)
            continue;
        buf_str(&b, n++ ? " \"" : "\"");
        for (const char *p = word; *p; p++) {
            if (*p == '"')
                buf_char(&b, '"');
            buf_char(&b, *p);
        }
        buf_str(&b, "\"*");
    }
    return arena_strdup(a, n ? buf_text(&b) : "\"\"");
}

int page_after(const struct ask *k, bool with_text, int64_t *ret_n, const char **ret_text) {
    *ret_n = INT64_MAX;
    *ret_text = "";
    if (!k->q->after)
        return 0;
    char *number = arena_strdup(k->arena, k->q->after);
    char *dot = strchr(number, '.');
    if (dot)
        *dot = 0;
    if (!str_int64(number, ret_n) || with_text != (dot != NULL))
        return fault_set(k->fault, REPORT_BAD_QUERY, "after: take it as it stands in the answer before");
    *ret_text = dot ? dot + 1 : "";
    return 0;
}

char *page_token(struct arena *a, int64_t n, const char *text) {
    return text ? arena_printf(a, "%lld.%s", (long long)n, text) : arena_printf(a, "%lld", (long long)n);
}

int page_read(const struct ask *k, struct query *q, bool with_text, int (*decorate)(const struct ask *k, json_t *item),
              json_t **ret) {
    cleanup_json json_t *items = json_array();
    char *token = NULL;
    int r, limit = page_limit(k);
    query_sql(q, " LIMIT ?");
    query_int(q, limit + 1);
    while ((r = query_step(q)) > 0 && (int)json_array_size(items) < limit) {
        int last = sqlite3_column_count(q->stmt) - 1;
        json_t *item = query_row(q);
        json_array_append_new(items, item);
        token = page_token(k->arena, query_cell_int(q, with_text ? last - 1 : last),
                           with_text ? query_cell(q, last) : NULL);
        int d = decorate ? decorate(k, item) : 0;
        if (d)
            return d;
    }
    if (r < 0)
        return r;
    *ret = json_pack("{s:O, s:o}", "items", items, "after", r > 0 ? json_string(token) : json_null());
    return 0;
}
