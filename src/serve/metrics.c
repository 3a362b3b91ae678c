/* metrics: GET /metrics, the status as Prometheus reads it (text format 0.0.4:
 * https://prometheus.io/docs/instrumenting/exposition_formats/).
 *
 * metrics_render is pure, out of the answer to "status"; called by serve.c. What
 * must hold: a name keeps its meaning for ever, as dashboards are built on it; a
 * label has few values (states, kinds, trackers), never a record or a person. */
#include "serve.h"

static void head(struct buf *b, const char *name, const char *type, const char *help) {
    buf_printf(b, "# HELP bascule_%s %s\n# TYPE bascule_%s %s\n", name, help, name, type);
}

/* A label's value: backslash, quote and line feed are escaped. */
static void label(struct buf *b, const char *name, const char *value) {
    buf_printf(b, "%s=\"", name);
    for (const char *p = value; p && *p; p++)
        if (*p == '\n')
            buf_str(b, "\\n");
        else
            buf_printf(b, "%s%c", *p == '"' || *p == '\\' ? "\\" : "", *p);
    buf_str(b, "\"");
}

static double number(const json_t *v) {
    return json_is_boolean(v) ? json_is_true(v) : json_is_number(v) ? json_number_value(v) : 0;
}

static void single(struct buf *b, const char *name, const char *type, const char *help, double value) {
    head(b, name, type, help);
    buf_printf(b, "bascule_%s %.15g\n", name, value);
}

/* {"open": 5, "resolved": 4}: one line each. Words and flags beside the counts are passed over. */
static void counts(struct buf *b, const char *name, const char *by, const json_t *from, const char *help) {
    const char *key;
    json_t *n;
    head(b, name, "gauge", help);
    json_object_foreach((json_t *)(uintptr_t)from, key, n) {
        if (!json_is_integer(n))
            continue;
        buf_printf(b, "bascule_%s{", name);
        label(b, by, key);
        buf_printf(b, "} %lld\n", (long long)json_integer_value(n));
    }
}

/* ---- trackers ---- */

static double tracker_up(const json_t *t) {
    return str_is(json_text(t, "state"), "ok") || str_is(json_text(t, "state"), "importing");
}
static double tracker_failures(const json_t *t) {
    return number(json_object_get(t, "failures"));
}
static double tracker_lag(const json_t *t) {
    return number(json_object_get(t, "lag"));
}
static double tracker_backlog(const json_t *t) {
    return number(json_object_get(t, "backlog"));
}
static double tracker_records(const json_t *t) {
    return number(json_object_get(t, "records"));
}
static double tracker_quarantined(const json_t *t) {
    return number(json_object_get(t, "quarantined"));
}
static double tracker_requests(const json_t *t) {
    return number(json_object_get(t, "requests"));
}
static double tracker_writes(const json_t *t) {
    return number(json_object_get(t, "writes"));
}
static double tracker_clock(const json_t *t) {
    return number(json_object_get(t, "clock_offset")) / SEC_MS;
}

static void trackers(struct buf *b, const json_t *list) {
    static const struct {
        const char *name, *type, *help;
        double (*value)(const json_t *t);
        bool only_known; /* not before it was reached once */
    } all[] = {
        {"tracker_up", "gauge", "1 if the last poll was answered and nothing stops this tracker.", tracker_up, false},
        {"tracker_failures", "gauge", "Failed polls in a row.", tracker_failures, false},
        {"tracker_lag_seconds", "gauge", "Seconds since the tracker was last read to the end.", tracker_lag, true},
        {"tracker_backlog", "gauge", "Effects that are not settled.", tracker_backlog, false},
        {"tracker_records", "gauge", "Records known.", tracker_records, false},
        {"tracker_quarantined", "gauge", "Records that cannot be read.", tracker_quarantined, false},
        {"tracker_requests_total", "counter", "Requests since the service began.", tracker_requests, false},
        {"tracker_writes_total", "counter", "Requests that change something, since the service began.", tracker_writes,
         false},
        {"tracker_clock_offset_seconds", "gauge", "The tracker's clock minus ours.", tracker_clock, true},
    };
    for (size_t k = 0; k < array_size(all); k++) {
        size_t i;
        json_t *t;
        head(b, all[k].name, all[k].type, all[k].help);
        json_array_foreach((json_t *)(uintptr_t)list, i, t) {
            if (all[k].only_known && !json_is_integer(json_object_get(t, "lag")))
                continue;
            buf_printf(b, "bascule_%s{", all[k].name);
            label(b, "tracker", json_text(t, "name"));
            buf_str(b, ",");
            label(b, "role", json_text(t, "role"));
            buf_printf(b, "} %.15g\n", all[k].value(t));
        }
    }
}

/* ---- the loop ---- */

static void loop(struct buf *b, const json_t *l) {
    static const char *const quantiles[][2] = {{"0.5", "p50"}, {"0.99", "p99"}, {"1", "max"}};
    if (!l)
        return;
    head(b, "loop_turn_seconds", "summary", "How long the turns of the service's loop took, since it began.");
    for (size_t i = 0; i < array_size(quantiles); i++)
        buf_printf(b, "bascule_loop_turn_seconds{quantile=\"%s\"} %.15g\n", quantiles[i][0],
                   number(json_object_get(l, quantiles[i][1])) / SEC_MS);
    buf_printf(b, "bascule_loop_turn_seconds_count %lld\n", (long long)json_int(l, "turns", 0));
    single(b, "loop_turns_over_50ms_total", "counter", "Turns that took more than 50 ms.",
           number(json_object_get(l, "over_50ms")));
}

void metrics_render(struct buf *b, const json_t *status) {
    const json_t *outbox = json_object_get(status, "outbox"), *problems = json_object_get(status, "problems");
    head(b, "build_info", "gauge", "Always 1; the version and this bridge's instance are its labels.");
    buf_str(b, "bascule_build_info{");
    label(b, "version", json_text(status, "version"));
    buf_str(b, ",");
    label(b, "instance", json_text(status, "instance"));
    buf_str(b, "} 1\n");
    counts(b, "incidents", "state", json_object_get(status, "incidents"), "Incidents by state.");
    single(b, "closed_unresolved_incidents", "gauge", "Incidents that are closed though their cause is not fixed.",
           number(json_object_get(json_object_get(status, "closed_unresolved"), "incidents")));
    counts(b, "defects", "state", json_object_get(status, "defects"), "Defects by state.");
    head(b, "problems", "gauge", "Problems by whether a permanent resolution is in place.");
    buf_printf(b, "bascule_problems{state=\"open\"} %lld\nbascule_problems{state=\"closed\"} %lld\n",
               (long long)json_int(problems, "open", 0), (long long)json_int(problems, "closed", 0));
    single(b, "known_errors_open", "gauge", "Open problems that are known errors.",
           number(json_object_get(problems, "known_errors")));
    counts(b, "effects", "state", outbox, "Changes of records by what became of them.");
    single(b, "outbox_open", "gauge", "1 if changes may leave.", number(json_object_get(outbox, "open")));
    single(b, "dry_run", "gauge", "1 if nothing is written at all.", number(json_object_get(status, "dry_run")));
    counts(b, "attention", "kind", json_object_get(json_object_get(status, "attention"), "kinds"),
           "What waits for a person.");
    counts(b, "undecided", "kind", json_object_get(status, "undecided"), "What has to be decided yet.");
    trackers(b, json_object_get(status, "trackers"));
    loop(b, json_object_get(status, "loop"));
}

static void metrics_work(struct asking *x) {
    cleanup_json json_t *status = read_ask(x, &x->q);
    cleanup_buf struct buf b = {.limit = PAGE_MAX};
    if (!status)
        return;
    live_merge(x, status);
    metrics_render(&b, status);
    answer_text(x->call, 200, "text/plain; version=0.0.4; charset=utf-8", buf_text(&b));
}

void metrics_handle(struct serve *s, struct http_call *call) {
    ask_begin(s, call, &(struct report_query){.what = REPORT_STATUS}, true, metrics_work);
}
