/* read: GET /api/v1/..., from a path and its parameters to a question for src/report.
 *
 * Called by serve.c and page.c; owns nothing. What must hold: a parameter that
 * is not known is refused, so that a misspelt filter never looks like an answer. */
#include "serve.h"

static int read_limit(struct report_query *q, const char *value) {
    int64_t n;
    if (!str_int64(value, &n) || n < 1 || n > REPORT_LIMIT_MAX)
        return -1;
    q->limit = (int)n;
    return 0;
}

/* NULL, or what is wrong. */
static const char *read_params(struct http_call *call, struct report_query *q) {
    struct uri_param params[URI_PARAMS_MAX];
    size_t count;
    if (!uri_params(call->arena, call->query, params, &count))
        return "the query of the address cannot be read";
    for (size_t i = 0; i < count; i++) {
        const struct {
            const char *name, **value;
        } known[] = {
            {"state", &q->state}, {"tracker", &q->tracker}, {"problem", &q->problem}, {"search", &q->search},
            {"kind", &q->kind},   {"since", &q->since},     {"after", &q->after},     {"ref", &q->ref},
        };
        size_t at = 0;
        while (at < array_size(known) && !str_is(known[at].name, params[i].name))
            at++;
        if (at < array_size(known))
            *known[at].value = params[i].value;
        else if (!str_is(params[i].name, "limit"))
            return arena_printf(call->arena,
                                "there is no parameter '%s'; there are state, tracker, problem, kind, "
                                "search, since, ref, after, limit",
                                params[i].name);
        else if (read_limit(q, params[i].value) < 0)
            return arena_printf(call->arena, "limit must be between 1 and %d", REPORT_LIMIT_MAX);
    }
    return NULL;
}

int read_try(struct asking *x, struct report_query *q, json_t **ret, struct fault *fault) {
    q->now = clock_now(x->s->o.clock);
    int r = report_read(x->db, q, ret, fault);
    switch (r) {
    case 0: return 200;
    case REPORT_NOT_FOUND: return 404;
    case REPORT_BAD_QUERY: return 400;
    case -ETIMEDOUT:
    case -EBUSY: return 503;
    default: return 500;
    }
}

json_t *read_ask(struct asking *x, struct report_query *q) {
    struct fault f = {0};
    json_t *answer = NULL;
    int status = read_try(x, q, &answer, &f);
    if (status != 200)
        answer_problem(x->call, status, f.text);
    return answer;
}

/* One thing, named by the second segment. */
static bool read_one(struct report_query *q, const char *ref) {
    switch (q->what) {
    case REPORT_INCIDENTS: q->kind = "incident"; break;
    case REPORT_DEFECTS: q->kind = "defect"; break;
    case REPORT_PROBLEMS: q->kind = "problem"; break;
    case REPORT_EFFECTS: q->kind = "effect"; break;
    case REPORT_SHOW:
    case REPORT_EXPLAIN: q->ref = ref; return true;
    case REPORT_STATUS:
    case REPORT_TRACKERS:
    case REPORT_LINKS:
    case REPORT_ATTENTION:
    case REPORT_JOURNAL:
    case REPORT_COUNT: return false;
    }
    q->what = REPORT_SHOW;
    q->ref = ref;
    return true;
}

static bool is_live(enum report_what what) {
    return what == REPORT_STATUS || what == REPORT_TRACKERS;
}

static void read_work(struct asking *x) {
    cleanup_json json_t *answer = read_ask(x, &x->q);
    if (!answer)
        return;
    if (is_live(x->q.what))
        live_merge(x, answer);
    answer_json(x->call, 200, answer);
}

void read_handle(struct serve *s, struct http_call *call, const char **segments, size_t count) {
    struct report_query q = {0};
    bool known = count >= 1 && count <= 2 && report_parse(segments[0], &q.what);
    if (known && count == 2)
        known = read_one(&q, segments[1]);
    else if (known && (q.what == REPORT_EXPLAIN || q.what == REPORT_SHOW))
        known = false;
    if (!known) {
        answer_problem(call, 404, "there is no such address; GET /api/v1 names those that there are");
        return;
    }
    struct report_query params = {0};
    const char *wrong = read_params(call, &params);
    if (!wrong && count == 2 && *call->query)
        wrong = "one thing takes no parameters";
    if (wrong) {
        answer_problem(call, 400, wrong);
        return;
    }
    if (count == 1) {
        params.what = q.what;
        q = params;
    }
    ask_begin(s, call, &q, is_live(q.what), read_work);
}
