/* read: GET /api/v1/..., from a path and its parameters to a question for src/report.
 *
 * Called by serve.c and page.c; owns nothing. What must hold: a parameter that
 * is not known is refused, so that a misspelt filter never looks like an answer. */
#include "serve.h"

#define REPORT_PAGE_MAX (16 * 1024 * 1024)

static int limit_most(const struct report_query *q) {
    return q->what == REPORT_FIGURES ? REPORT_ROWS_MAX : REPORT_LIMIT_MAX;
}

static int read_limit(struct report_query *q, const char *value) {
    int64_t n;
    if (!str_int64(value, &n) || n < 1 || n > limit_most(q))
        return -1;
    q->limit = (int)n;
    return 0;
}

/* json, csv or html, of a report; else NULL. */
static const char *const formats[] = {"json", "csv", "html"};
static const char *read_format(const struct report_query *q, const char *value) {
    for (size_t i = 0; q->what == REPORT_FIGURES && i < array_size(formats); i++)
        if (str_is(formats[i], value))
            return formats[i];
    return NULL;
}

/* NULL, or what is wrong. */
static const char *read_params(struct http_call *call, struct report_query *q, const char **ret_format) {
    bool figures = q->what == REPORT_FIGURES;
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
            {"until", &q->until}, {"by", &q->by},           {"service", &q->service},
        };
        if (figures && str_is(params[i].name, "format")) {
            if (!(*ret_format = read_format(q, params[i].value)))
                return "format must be json, csv or html";
            continue;
        }
        if (figures && str_is(params[i].name, "ref"))
            return "the report's name stands in the address";
        size_t at = 0;
        while (at < array_size(known) && !str_is(known[at].name, params[i].name))
            at++;
        if (at < array_size(known))
            *known[at].value = params[i].value;
        else if (!str_is(params[i].name, "limit"))
            return arena_printf(call->arena, "there is no parameter '%s'; there are %s", params[i].name,
                                figures ? "since, until, by, service, tracker, limit, format"
                                        : "state, tracker, problem, kind, search, since, ref, after, limit");
        else if (read_limit(q, params[i].value) < 0)
            return arena_printf(call->arena, "limit must be between 1 and %d", limit_most(q));
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
    case REPORT_FIGURES:
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

static void read_csv_work(struct asking *x) {
    cleanup_json json_t *answer = read_ask(x, &x->q);
    cleanup_buf struct buf b = {.limit = REPORT_PAGE_MAX};
    if (!answer)
        return;
    report_csv(&b, answer);
    struct http_header name = {"Content-Disposition",
                               arena_printf(x->call->arena, "attachment; filename=\"%s.csv\"", x->q.ref)};
    http_call_answer(x->call, &(struct http_answer){.status = 200,
                                                    .type = "text/csv; charset=utf-8; header=present",
                                                    .body = buf_text(&b),
                                                    .len = b.len,
                                                    .headers = &name,
                                                    .n_headers = 1});
}

static void read_html_work(struct asking *x) {
    cleanup_json json_t *answer = read_ask(x, &x->q);
    cleanup_buf struct buf b = {.limit = REPORT_PAGE_MAX};
    if (!answer)
        return;
    report_html(&b, answer, "/report.css");
    page_answer(x->call, 200, &b);
}

/* What each segment names, into q; false where nothing is. */
static bool read_address(struct report_query *q, const char **segments, size_t count) {
    if (count < 1 || count > 2 || !report_parse(segments[0], &q->what))
        return false;
    if (count == 2)
        return read_one(q, segments[1]);
    return q->what != REPORT_EXPLAIN && q->what != REPORT_SHOW;
}

void read_handle(struct serve *s, struct http_call *call, const char **segments, size_t count) {
    struct report_query q = {0};
    const char *format = "json";
    if (!read_address(&q, segments, count)) {
        answer_problem(call, 404, "there is no such address; GET /api/v1 names those that there are");
        return;
    }
    bool one = count == 2 && q.what != REPORT_FIGURES;
    struct report_query params = {.what = q.what};
    const char *wrong = read_params(call, &params, &format);
    if (!wrong && one && *call->query)
        wrong = "one thing takes no parameters";
    if (wrong) {
        answer_problem(call, 400, wrong);
        return;
    }
    if (!one) {
        params.ref = q.what == REPORT_FIGURES ? q.ref : params.ref;
        q = params;
    }
    ask_begin(s, call, &q, is_live(q.what),
              str_is(format, "csv")    ? read_csv_work
              : str_is(format, "html") ? read_html_work
                                       : read_work);
}
