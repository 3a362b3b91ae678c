/* figures_care: service and sync: how quickly people are helped, and how well the two sides keep up.
 *
 * Called by figures.c; owns nothing. */
#include "figures.h"

/* ---- service ---- */

static const struct figure service_columns[] = {
    {"figure", "Figure", "text", "What is measured."},
    {"value", "Value", "text", "How much, in the unit beside it; empty where there is no case."},
    {"unit", "Unit", "text", "hours, per cent or incidents."},
    {"cases", "Cases", "count", "How many problems or incidents the figure is made from."},
    {0},
};
const struct figures figures_service = {
    .name = "service",
    .title = "Service",
    .about = "How quickly causes and workarounds are found and customers told, and whether it holds.",
    .none = "nothing to measure in that time",
    .columns = service_columns,
    .bys = {"service", "priority", "owner"},
    .days = "365d",
    .of_since = "when it happened",
    .of_tracker = "the incident's; of problems, of a record confirmed for it",
    .of_service = "the problem's or incident's",
};

/* Mean time from a problem's creation to one of its times. */
static void service_problem(struct run *r, size_t place, const char *name, const char *column) {
    buf_printf(&r->q.sql,
               "SELECT %s AS grp, %zu AS place, '%s' AS figure, round(avg(max(0, p.%s - p.created)) / 3600000.0, 1) AS"
               " value, 'hours' AS unit, count(*) AS cases FROM problem p WHERE p.%s > 0",
               run_group(r, "p"), place, name, column, column);
    run_where_problem(r, "p");
    run_where_time(r, arena_printf(r->k->arena, "p.%s", column));
    query_sql(&r->q, " GROUP BY 1 UNION ALL ");
}

static void service_told(struct run *r) {
    bool looks = r->grouped || r->k->q->service || r->k->q->tracker;
    buf_printf(
        &r->q.sql,
        "SELECT %s, 3, 'fix to customer told', round(avg(max(0, e.settled - i.delivered_at)) / 3600000.0, 1),"
        " 'hours', count(*) FROM effect e INDEXED BY effect_told CROSS JOIN incident i ON i.ref = e.ref AND i.turn ="
        " e.turn %s WHERE e.kind = 'note' AND e.state = 'done' AND e.adopted = 0 AND"
        " json_extract(want, '$.note') = 'fixed' AND json_extract(want, '$.visibility') = 'public' AND"
        " i.delivered_at > 0",
        looks ? run_group(r, "r") : "'all'", looks ? "JOIN record r ON r.ref = e.ref" : "");
    run_where_record(r, "r");
    run_where_time(r, "e.settled");
    query_sql(&r->q, " GROUP BY 1 UNION ALL ");
}

/* counted.class: 32 the fix did not hold, 64 linked after the delivery or a recurrence as staff say. */
static void service_recurred(struct run *r) {
    buf_printf(&r->q.sql,
               "SELECT %s, 4, 'recurrences after fixed', count(*), 'incidents', count(*) FROM (SELECT DISTINCT ref FROM"
               " counted WHERE class & 96) c JOIN record r ON r.ref = c.ref JOIN incident i ON i.ref = c.ref WHERE 1",
               run_group(r, "r"));
    run_where_record(r, "r");
    run_where_time(r, "max(i.turn_at, i.linked_at)");
    query_sql(&r->q, " GROUP BY 1 UNION ALL ");
}

static void service_solved(struct run *r) {
    bool looks = r->grouped || r->k->q->service || r->k->q->tracker;
    buf_printf(&r->q.sql,
               "SELECT %s, 5, 'closed-unresolved later solved', round(100.0 * sum(s.solved_at > 0) / count(*), 1), 'per"
               " cent', count(*) FROM stay s%s WHERE s.kind = 'incident' AND s.unresolved_at <> 0",
               looks ? run_group(r, "r") : "'all'", looks ? " JOIN record r ON r.ref = s.ref" : "");
    run_where_record(r, "r");
    run_where_time(r, "s.unresolved_at");
    query_sql(&r->q, " GROUP BY 1");
}

/* Told of all together, a figure stands there also where there is no case. */
void service_ask(struct run *r) {
    query_sql(&r->q, r->grouped
                         ? "SELECT grp AS \"group\", figure, value, unit, cases, count(*) OVER () AS _total FROM ("
                         : "SELECT f.figure, CASE WHEN f.place = 4 THEN coalesce(m.value, 0) ELSE m.value END AS"
                           " value, f.unit, coalesce(m.cases, 0) AS cases, 5 AS _total FROM (SELECT 1 AS place,"
                           " 'time to root cause' AS figure, 'hours' AS unit UNION ALL SELECT 2, 'time to"
                           " workaround', 'hours' UNION ALL SELECT 3, 'fix to customer told', 'hours' UNION ALL"
                           " SELECT 4, 'recurrences after fixed', 'incidents' UNION ALL SELECT 5,"
                           " 'closed-unresolved later solved', 'per cent') f LEFT JOIN (");
    service_problem(r, 1, "time to root cause", "cause_at");
    service_problem(r, 2, "time to workaround", "workaround_at");
    service_told(r);
    service_recurred(r);
    service_solved(r);
    query_sql(&r->q, r->grouped ? ") ORDER BY grp, place" : ") m ON m.place = f.place ORDER BY f.place");
}

/* ---- sync ---- */

static const struct figure sync_columns[] = {
    {"tracker", "Tracker", "text", "A tracker that is or was configured."},
    {"state", "Condition", "text",
     "stopped (nothing of it is believed), paused, down, new (never read), importing or ok: the worst that is true."},
    {"lag", "Lag", "seconds", "Seconds since it was last read with success."},
    {"waiting", "Waiting", "count", "Changes to its records that have not left yet."},
    {"unsure", "Unsure", "count",
     "Changes that have left, or were to, and of which nobody knows yet whether they arrived."},
    {"parked", "Parked", "count", "Changes that were refused and wait for a person."},
    {"oldest_parked", "Since", "days", "Whole days since the oldest parked change was decided."},
    {"quarantined", "Quarantined", "count", "Records that could not be read."},
    {"done", "Done", "count",
     "Changes made and seen to stand, within the time asked for (7 days, when nothing is said)."},
    {"retried", "Retried", "count", "Those of them that needed more than one attempt."},
    {"delay", "Mean delay", "seconds", "Mean time in seconds from the decision until the change was seen to stand."},
    {"error", "What is wrong", "text", "Why it was stopped, or what it said when it was last read."},
    {0},
};
const struct figures figures_sync = {
    .name = "sync",
    .title = "Sync",
    .about = "How far each tracker lags behind, and what did not arrive.",
    .none = "no tracker has been polled yet",
    .columns = sync_columns,
    .charts = (const struct chart[]){{"Changes not made yet", "bars", "tracker", {"waiting", "unsure", "parked"}, NULL},
                                     {"Changes made", "bars", "tracker", {"done"}, NULL},
                                     {0}},
    .bys = {NULL},
    .days = "7d",
    .of_since = "when a change was made",
    .of_tracker = "itself",
};

void sync_ask(struct run *r) {
    long long now = (long long)r->k->q->now;
    query_sql(&r->q,
              "WITH stuck AS (SELECT substr(e.ref, 1, instr(e.ref, ':') - 1) AS name, sum(e.state = 'pending') AS"
              " waiting, sum(e.state IN ('in-flight', 'unsure')) AS unsure, sum(e.state = 'parked') AS parked,"
              " min(CASE WHEN e.state = 'parked' THEN e.created END) AS oldest FROM effect e WHERE e.state IN"
              " ('pending', 'in-flight', 'unsure', 'parked') GROUP BY 1), went AS (SELECT substr(e.ref, 1,"
              " instr(e.ref, ':') - 1) AS name, count(*) AS n, sum(e.attempts > 1) AS retried, avg(max(0, e.settled -"
              " e.created)) AS delay FROM effect e WHERE e.state = 'done' AND e.adopted = 0");
    run_where_time(r, "e.settled");
    buf_printf(
        &r->q.sql,
        " GROUP BY 1) SELECT t.name AS tracker, CASE WHEN t.stopped <> '' THEN 'stopped' WHEN t.paused THEN"
        " 'paused' WHEN t.error <> '' THEN 'down' WHEN t.import = 'none' THEN 'new' WHEN t.import = 'running' THEN"
        " 'importing' ELSE 'ok' END AS state, CASE WHEN t.last_ok > 0 THEN max(0, %lld - t.last_ok) / 1000 END AS"
        " lag, coalesce(s.waiting, 0) AS waiting, coalesce(s.unsure, 0) AS unsure, coalesce(s.parked, 0) AS"
        " parked, " DAYS_SQL(
            "s.oldest",
            "%lld") " AS oldest_parked, (SELECT count(*) FROM quarantine z WHERE"
                    " z.tracker = t.name) AS quarantined, coalesce(w.n, 0) AS done, coalesce(w.retried, 0) AS retried,"
                    " round(w.delay / 1000.0, 1) AS delay, coalesce(nullif(t.stopped, ''), t.error) AS \"error:word\", "
                    "count(*)"
                    " OVER () AS _total FROM tracker t LEFT JOIN stuck s ON s.name = t.name LEFT JOIN went w ON w.name "
                    "= t.name"
                    " WHERE 1",
        now, now);
    if (r->k->q->tracker) {
        query_sql(&r->q, " AND t.name = ?");
        query_text(&r->q, r->k->q->tracker);
    }
    query_sql(&r->q, " ORDER BY t.role DESC, t.name");
}
