/* figures_time: ageing and flow: how old what is open is, and what comes and goes.
 *
 * Called by figures.c; owns nothing. */
#include "figures.h"

/* ---- ageing ---- */

static const struct figure ageing_columns[] = {
    {"what", "What", "text",
     "Incidents that are open, waiting or closed unresolved; open defects; known errors that are not closed."},
    {"total", "Total", "count", "How many there are now."},
    {"open_7", "Over 7 d", "count", "Those that were created more than 7 days ago and are not finished yet."},
    {"open_30", "Over 30 d", "count", "Those that were created more than 30 days ago and are not finished yet."},
    {"open_90", "Over 90 d", "count", "Those that were created more than 90 days ago and are not finished yet."},
    {"open_180", "Over 180 d", "count", "Those that were created more than 180 days ago and are not finished yet."},
    {"idle_7", "Idle 7 d", "count",
     "Those that have not been updated for more than 7 days; of a known error, those of which the journal says nothing "
     "since."},
    {"idle_30", "Idle 30 d", "count", "Those that have not been updated for more than 30 days."},
    {"idle_90", "Idle 90 d", "count", "Those that have not been updated for more than 90 days."},
    {"idle_180", "Idle 180 d", "count", "Those that have not been updated for more than 180 days."},
    {0},
};
const struct figures figures_ageing = {
    .name = "ageing",
    .title = "Ageing",
    .about = "What is not finished: since when it is there, and since when nothing has happened.",
    .none = "nothing is unfinished",
    .columns = ageing_columns,
    .charts = (const struct chart[]){{"There for longer than 7, 30, 90 and 180 days",
                                      "steps",
                                      "what",
                                      {"open_7", "open_30", "open_90", "open_180"},
                                      NULL},
                                     {"Not updated for longer than 7, 30, 90 and 180 days",
                                      "steps",
                                      "what",
                                      {"idle_7", "idle_30", "idle_90", "idle_180"},
                                      NULL},
                                     {0}},
    .bys = {"service", "tracker", "priority", "owner"},
    .of_tracker = "the record's",
    .of_service = "the record's or problem's",
};

static void ageing_records(struct run *r, size_t place, const char *what, const char *where) {
    buf_printf(&r->q.sql,
               "SELECT %zu AS place, '%s' AS what, %s AS grp, r.created AS came, r.updated AS moved FROM record r"
               " INDEXED BY record_reported WHERE " RECORD_LISTED_SQL " AND %s",
               place, what, run_group(r, "r"), where);
    run_where_record(r, "r");
    query_sql(&r->q, " UNION ALL ");
}

/* A problem has no tracker. */
static void ageing_problems(struct run *r) {
    bool by_tracker = str_is(r->k->q->by, "tracker");
    buf_printf(&r->q.sql,
               "SELECT 5, 'known errors', %s, p.created, max(p.created, coalesce((SELECT j.at FROM journal j WHERE"
               " j.problem = p.id AND j.problem <> 0 ORDER BY j.n DESC LIMIT 1), 0)) FROM problem p WHERE p.known_error"
               " = 1 AND p.status <> 'closed'",
               by_tracker ? "'(none)'" : run_group(r, "p"));
    run_where_problem(r, "p");
}

static void ageing_sums(struct run *r, const char *name, const char *column) {
    static const int days[] = {7, 30, 90, 180};
    for (size_t i = 0; i < array_size(days); i++)
        buf_printf(&r->q.sql, ", sum(%s < %lld) AS %s_%d", column, (long long)(r->k->q->now - (msec_t)days[i] * DAY_MS),
                   name, days[i]);
}

void ageing_ask(struct run *r) {
    buf_printf(&r->q.sql, "SELECT %swhat, count(*) AS total", r->grouped ? "grp AS \"group\", " : "");
    ageing_sums(r, "open", "came");
    ageing_sums(r, "idle", "moved");
    query_sql(&r->q, ", count(*) OVER () AS _total FROM (");
    ageing_records(r, 1, "open incidents", "r.kind = 'incident' AND r.state IN ('open', 'none')");
    ageing_records(r, 2, "waiting incidents", "r.kind = 'incident' AND r.state = 'waiting'");
    ageing_records(r, 3, "closed-unresolved incidents",
                   "r.kind = 'incident' AND r.state IN ('closed-unresolved', 'closed') AND " INCIDENT_UNRESOLVED_SQL);
    ageing_records(r, 4, "open defects", "r.kind = 'defect' AND " DEFECT_OPEN_SQL);
    ageing_problems(r);
    query_sql(&r->q, ") GROUP BY grp, place ORDER BY grp, place");
}

/* ---- flow ---- */

static const struct figure flow_columns[] = {
    {"week", "Week of", "day", "The Monday (UTC) on which the week begins; the last week is not over."},
    {"opened", "Opened", "count", "Incidents created in the week, but those that count nowhere."},
    {"closed", "Closed", "count",
     "Incidents that left the queue in the week and have not come back: closed-unresolved, resolved or closed; what is "
     "closed unresolved first and resolved later left once, when it was closed."},
    {"backlog", "Backlog", "count",
     "Incidents in the queue (open or waiting) when the week ended: those of today, less what was opened since, and "
     "what was closed since added."},
    {"rate", "Queue rate", "share", "Closed in per cent of opened: under 100 the queue grows."},
    {"defects_opened", "Defects opened", "count", "Defects created in the week, but those that count nowhere."},
    {"defects_closed", "Defects closed", "count",
     "Defects that were released, or closed with an outcome, in the week and have not been reopened."},
    {"defects_backlog", "Defects backlog", "count",
     "Unfinished defects when the week ended, reckoned as the incidents'."},
    {"defects_rate", "Defects rate", "share", "Defects closed in per cent of defects opened."},
    {0},
};
const struct figures figures_flow = {
    .name = "flow",
    .title = "Flow",
    .about = "What came in and what left, by week, and what stayed.",
    .none = "no incidents and no defects yet",
    .columns = flow_columns,
    .charts =
        (const struct chart[]){
            {"Incidents", "weeks", "week", {"opened", "closed", "backlog"}, NULL},
            {"Defects", "weeks", "week", {"defects_opened", "defects_closed", "defects_backlog"}, NULL},
            {0}},
    .bys = {"service", "tracker", "priority", "owner"},
    .days = "84d",
    .of_since = "the weeks",
    .of_tracker = "the record's",
    .of_service = "the record's",
};

#define WEEK_SQL(at) "(" at " / 86400000 + 3) / 7"

/* Without a group or a filter what left is told without a look at the records. */
static void flow_left(struct run *r, const char *from) {
    bool looks = r->grouped || r->k->q->service || r->k->q->tracker;
    buf_printf(&r->q.sql,
               " UNION ALL SELECT %s, " WEEK_SQL(
                   "s.left_at") ", s.kind, 0, count(*), 0 FROM stay s%s WHERE s.kind IN"
                                " ('incident', 'defect') AND s.left_at <> 0 AND s.left_at >= %s AND s.left_at <= %lld",
               looks ? run_group(r, "r") : "'all'", looks ? " JOIN record r ON r.ref = s.ref" : "", from,
               (long long)r->k->q->now);
    run_where_record(r, "r");
    query_sql(&r->q, " GROUP BY 1, 2, 3");
}

static void flow_moves(struct run *r, const char *from) {
    buf_printf(&r->q.sql,
               "move (grp, week, kind, came, went, here) AS MATERIALIZED (SELECT %s, " WEEK_SQL(
                   "r.created") ", r.kind,"
                                " count(*), 0, 0 FROM record r INDEXED BY record_reported WHERE " COUNTS_SQL
                                " AND r.created >= %s AND"
                                " r.created <= %lld AND r.kind IN ('incident', 'defect')",
               run_group(r, "r"), from, (long long)r->k->q->now);
    run_where_record(r, "r");
    query_sql(&r->q, " GROUP BY 1, 2, 3");
    flow_left(r, from);
    buf_printf(&r->q.sql,
               " UNION ALL SELECT %s, NULL, r.kind, 0, 0, count(*) FROM record r WHERE (r.kind = 'incident' AND r.state"
               " IN ('open', 'waiting', 'none') AND " RECORD_LISTED_SQL ") ",
               run_group(r, "r"));
    run_where_record(r, "r");
    buf_printf(&r->q.sql,
               " GROUP BY 1, 3 UNION ALL SELECT %s, NULL, r.kind, 0, 0, count(*) FROM record r WHERE r.kind = 'defect'"
               " AND " DEFECT_OPEN_SQL,
               run_group(r, "r"));
    run_where_record(r, "r");
    query_sql(&r->q, " GROUP BY 1, 3)");
}

/* The backlog is reckoned backwards from what is there now, which is known. */
void flow_ask(struct run *r) {
    struct arena *a = r->k->arena;
    long long first = (r->since / DAY_MS + 3) / 7, last = ((r->until - 1) / DAY_MS + 3) / 7;
    long long present = (r->k->q->now / DAY_MS + 3) / 7;
    const char *from = arena_printf(a, "%lld", (first * 7 - 3) * (long long)DAY_MS);
    buf_printf(&r->q.sql, "WITH RECURSIVE week (n) AS (SELECT %lld UNION ALL SELECT n + 1 FROM week WHERE n < %lld), ",
               first, present);
    flow_moves(r, from);
    query_sql(&r->q, ", grid AS (SELECT g.grp, w.n, ");
    static const char *const kinds[] = {"incident", "defect"};
    for (size_t i = 0; i < array_size(kinds); i++)
        buf_printf(&r->q.sql,
                   "%scoalesce(sum(m.came) FILTER (WHERE m.kind = '%s'), 0) AS came%zu, coalesce(sum(m.went) FILTER"
                   " (WHERE m.kind = '%s'), 0) AS went%zu, (SELECT coalesce(sum(x.here), 0) FROM move x WHERE x.grp ="
                   " g.grp AND x.kind = '%s') AS here%zu",
                   i ? ", " : "", kinds[i], i, kinds[i], i, kinds[i], i);
    query_sql(&r->q,
              " FROM (SELECT DISTINCT grp FROM move) g JOIN week w LEFT JOIN move m ON m.grp = g.grp AND m.week ="
              " w.n GROUP BY g.grp, w.n) SELECT * FROM (SELECT ");
    buf_printf(&r->q.sql, "%sdate((n * 7 - 3) * 86400, 'unixepoch') AS week", r->grouped ? "grp AS \"group\", " : "");
    for (size_t i = 0; i < array_size(kinds); i++)
        buf_printf(
            &r->q.sql,
            ", came%zu AS %sopened, went%zu AS %sclosed, here%zu - coalesce(sum(came%zu - went%zu) OVER later, 0)"
            " AS %sbacklog, round(100.0 * went%zu / nullif(came%zu, 0), 1) AS %srate",
            i, i ? "defects_" : "", i, i ? "defects_" : "", i, i, i, i ? "defects_" : "", i, i, i ? "defects_" : "");
    buf_printf(
        &r->q.sql,
        ", n AS _n, count(*) FILTER (WHERE n <= %lld) OVER () AS _total FROM grid WINDOW later AS (PARTITION BY grp"
        " ORDER BY n ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)) WHERE _n <= %lld ORDER BY %s_n",
        last, last, r->grouped ? "1, " : "");
}
