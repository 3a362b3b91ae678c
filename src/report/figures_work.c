/* figures_work: open-defects, closed-unresolved and known-errors: what there is, and what hangs on it.
 *
 * Called by figures.c; owns nothing. What must hold: incidents are counted as in the counters that stand on the
 * defects themselves (tally, counted), so that the two never differ. */
#include "figures.h"

static const char *now_sql(const struct run *r) {
    return arena_printf(r->k->arena, "%lld", (long long)r->k->q->now);
}

/* ---- open-defects ---- */

static const struct figure defect_columns[] = {
    {"ref", "Defect", "text",
     "The defect, open or not known to be finished: neither released nor closed with an outcome."},
    {"state", "State", "text",
     "Its canonical state: open, working, fixed (in the code, not yet released), or closed (nobody said how)."},
    {"incidents", "Incidents", "count",
     "Incidents confirmed for its problems, each once, but those that count nowhere (invalid, withdrawn, duplicate, "
     "moved, deleted)."},
    {"closed_unresolved", "Unresolved", "count", "Those of its incidents that are closed unresolved now."},
    {"open", "Open", "count", "Those of its incidents that are open or waiting now."},
    {"age", "Age", "days", "Whole days since the defect was created."},
    {"idle", "Idle", "days", "Whole days since the defect was last updated in its tracker."},
    {"priority", "Priority", "text", "The defect's priority in its tracker."},
    {"version", "Version", "text", "The version for which its fix is planned."},
    {"owner", "Owner", "text", "To whom the defect is assigned in its tracker."},
    {"service", "Service", "text", "The defect's service."},
    {"problems", "Problems", "text", "The problems that it is confirmed for."},
    {"title", "Title", "text", "The defect's title."},
    {0},
};
static const struct figure defect_grouped[] = {
    {"defects", "Defects", "count", "Open defects of the group."},
    {"working", "Working", "count", "Those of them that somebody works on or has fixed in the code."},
    {"incidents", "Incidents", "count", "The incidents of each of them, added up."},
    {"closed_unresolved", "Unresolved", "count", "The closed-unresolved incidents of each of them, added up."},
    {"open", "Open", "count", "The open and waiting incidents of each of them, added up."},
    {"age", "Mean age", "days", "Their mean age in whole days."},
    {"oldest", "Oldest", "days", "The age of the oldest in whole days."},
    {"idle", "Longest idle", "days", "The longest time since one of them was updated in its tracker, in whole days."},
    {0},
};
const struct figures figures_open_defects = {
    .name = "open-defects",
    .title = "Open defects",
    .about = "Defects that are not finished, those on which most closed-unresolved incidents hang first.",
    .none = "no open defects: every defect that is known is released or closed with an outcome",
    .columns = defect_columns,
    .grouped = defect_grouped,
    .charts =
        (const struct chart[]){{"Incidents that hang on each", "bars", "ref", {"closed_unresolved", "open"}, NULL},
                               {0}},
    .grouped_charts = (const struct chart[]){{"Open defects", "bars", "group", {"defects"}, NULL}, {0}},
    .bys = {"service", "tracker", "priority", "owner"},
    .of_since = "created",
    .of_tracker = "the defect's",
    .of_service = "the defect's",
};

/* A defect with one problem is told by its tally; with several, an incident must not count twice. */
#define HUNG_SQL                                                                                                       \
    "WITH one (ref, n, problem) AS MATERIALIZED (SELECT l.ref, count(*), max(l.problem) FROM link l INDEXED BY "       \
    "link_defects WHERE l.kind = 'defect' AND l.status = 'confirmed' GROUP BY l.ref), hung (ref, incidents, open, "    \
    "closed_unresolved) AS MATERIALIZED (SELECT one.ref, t.total, t.open + t.waiting, t.closed_unresolved FROM one "   \
    "CROSS JOIN tally t ON t.problem = one.problem WHERE one.n = 1 UNION ALL SELECT x.ref, count(*), sum((x.class & "  \
    "6) <> 0), sum(x.class >> 3 & 1) FROM (SELECT DISTINCT l.ref, c.ref AS incident, c.class FROM one CROSS JOIN "     \
    "link l ON l.ref = one.ref AND l.status = 'confirmed' CROSS JOIN counted c ON c.problem = l.problem WHERE one.n "  \
    "> 1 AND c.class <> 0) x GROUP BY x.ref) "

static void open_defects_from(struct run *r) {
    query_sql(&r->q, " FROM record r LEFT JOIN hung h ON h.ref = r.ref WHERE r.kind = 'defect' AND " DEFECT_OPEN_SQL);
    run_where_record(r, "r");
    run_where_time(r, "r.created");
}

static void open_defects_grouped(struct run *r, const char *now) {
    buf_printf(&r->q.sql,
               HUNG_SQL "SELECT %s AS \"group\", count(*) AS defects, sum(r.state IN ('working', 'fixed')) AS working,"
                        " sum(coalesce(h.incidents, 0)) AS incidents, sum(coalesce(h.closed_unresolved, 0)) AS"
                        " closed_unresolved, sum(coalesce(h.open, 0)) AS open,"
                        " CAST(avg(" DAYS_SQL("r.created",
                                              "%s") ") AS INTEGER) AS age,"
                                                    " max(" DAYS_SQL("r.created", "%s") ") AS oldest, max(" DAYS_SQL(
                                                        "r.updated", "%s") ") AS idle,"
                                                                           " count(*) OVER () AS _total",
               run_group(r, "r"), now, now, now);
    open_defects_from(r);
    query_sql(&r->q, " GROUP BY 1 ORDER BY 5 DESC, 2 DESC, 1");
}

void open_defects_ask(struct run *r) {
    const char *now = now_sql(r);
    if (r->grouped) {
        open_defects_grouped(r, now);
        return;
    }
    buf_printf(
        &r->q.sql,
        HUNG_SQL
        "SELECT r.ref, r.state, coalesce(h.incidents, 0) AS incidents, coalesce(h.closed_unresolved, 0)"
        " AS closed_unresolved, coalesce(h.open, 0) AS open, " DAYS_SQL(
            "r.created",
            "%s") " AS age,"
                  " " DAYS_SQL("r.updated",
                               "%s") " AS idle, r.priority AS \"priority:word\", r.version AS"
                                     " \"version:word\", r.assignee AS \"owner:word\", r.service AS \"service:word\","
                                     " (SELECT group_concat('P-' || l.problem, ', ') FROM link l WHERE l.ref = r.ref "
                                     "AND l.status ="
                                     " 'confirmed') AS \"problems:word\", r.title, r.url AS \"url:word\", count(*) "
                                     "OVER () AS _total",
        now, now);
    open_defects_from(r);
    query_sql(&r->q, " ORDER BY 4 DESC, 3 DESC, r.created, r.ref");
}

/* ---- closed-unresolved ---- */

static const struct figure unresolved_columns[] = {
    {"by", "By", "text",
     "What the incidents are told apart by: outcome, age, work or service; each incident stands once under each."},
    {"what", "What", "text",
     "The outcome, the age since the incident was closed unresolved, whether anybody works on it, or the service."},
    {"incidents", "Incidents", "count",
     "Incidents that are closed unresolved now: in that state, or closed with outcome workaround, wont-fix, "
     "risk-accepted, not-reproducible or incomplete."},
    {"share", "Share", "share", "Their share of all closed-unresolved incidents of this report."},
    {"working", "Worked on", "count", "Those with a defect that somebody works on or has fixed in the code."},
    {"open", "Only open", "count", "Those with an open defect, but none that somebody works on."},
    {"finished", "Finished", "count", "Those whose defects are all finished: no fix is to be expected."},
    {"nobody", "No defect", "count", "Those without any defect behind them."},
    {"age", "Mean age", "days", "Mean of the whole days since they were closed unresolved."},
    {"oldest", "Oldest", "days", "Whole days since the first of them was closed unresolved."},
    {0},
};
const struct figures figures_closed_unresolved = {
    .name = "closed-unresolved",
    .title = "Closed unresolved",
    .about = "Incidents that are closed for the queue while their cause is not fixed.",
    .none = "no incidents are closed unresolved",
    .columns = unresolved_columns,
    .grouped = unresolved_columns + 2,
    .charts =
        (const struct chart[]){{"By outcome", "bars", "what", {"working", "open", "finished", "nobody"}, "by=outcome"},
                               {"By age", "bars", "what", {"working", "open", "finished", "nobody"}, "by=age"},
                               {"By what is done", "bars", "what", {"incidents"}, "by=work"},
                               {"By service", "bars", "what", {"working", "open", "finished", "nobody"}, "by=service"},
                               {0}},
    .grouped_charts =
        (const struct chart[]){{"Incidents", "bars", "group", {"working", "open", "finished", "nobody"}, NULL}, {0}},
    .bys = {"service", "tracker", "priority", "owner"},
    .of_since = "closed unresolved",
    .of_tracker = "the incident's",
    .of_service = "the incident's",
};

/* What is done about each problem: 3 somebody works, 2 a defect is open, 1 all are finished; none: 0. */
#define WORK_SQL                                                                                                       \
    "work (problem, work) AS MATERIALIZED (SELECT l.problem, max(CASE WHEN r.state IN ('working', 'fixed') THEN 3 "    \
    "WHEN " DEFECT_OPEN_SQL " THEN 2 ELSE 1 END) FROM link l INDEXED BY link_defects CROSS JOIN record r ON r.ref = "  \
    "l.ref WHERE l.kind = 'defect' "                                                                                   \
    "AND l.status = 'confirmed' AND r.excluded = 0 GROUP BY l.problem)"
#define CELL_FIGURES_SQL                                                                                               \
    " sum(n) AS incidents, round(100.0 * sum(n) / (SELECT sum(n) FROM cell), 1) AS share, sum(n * (work = 3)) AS "     \
    "working, sum(n * (work = 2)) AS open, sum(n * (work = 1)) AS finished, sum(n * (work = 0)) AS nobody, "           \
    "CAST(sum(days) / sum(n) AS INTEGER) AS age, max(oldest) AS oldest, count(*) OVER () AS _total FROM cell"

static void unresolved_cells(struct run *r) {
    buf_printf(
        &r->q.sql,
        "WITH " WORK_SQL ", one AS (SELECT " OUTCOME_SQL " AS outcome, coalesce(nullif(r.service, ''), '(none)') AS"
        " service, %s AS grp, max(coalesce(w.work, 0)) AS work, max(0, %s - CASE WHEN r.state_at > 0 THEN r.state_at"
        " ELSE r.updated END) / 86400000 AS days FROM record r INDEXED BY record_reported LEFT JOIN incident i INDEXED "
        "BY incident_said  ON"
        " i.ref = r.ref LEFT JOIN link l ON l.ref = r.ref AND l.status = 'confirmed' LEFT JOIN work w ON w.problem"
        " = l.problem WHERE r.kind = 'incident' AND r.state IN ('closed-unresolved', 'closed') AND"
        " " RECORD_LISTED_SQL " AND " INCIDENT_UNRESOLVED_SQL,
        run_group(r, "r"), now_sql(r));
    run_where_record(r, "r");
    run_where_time(r, "CASE WHEN r.state_at > 0 THEN r.state_at ELSE r.updated END");
    query_sql(&r->q,
              " GROUP BY r.ref), cell AS MATERIALIZED (SELECT outcome, service, grp, work, CASE WHEN days < 7 THEN 0"
              " WHEN days < 30 THEN 1 WHEN days < 90 THEN 2 WHEN days < 180 THEN 3 ELSE 4 END AS band, count(*) AS"
              " n, sum(days) AS days, max(days) AS oldest FROM one GROUP BY 1, 2, 3, 4, 5) ");
}

void closed_unresolved_ask(struct run *r) {
    static const struct {
        const char *by, *what, *order;
    } parts[] = {
        {"outcome", "outcome", "-sum(n)"},
        {"age",
         "CASE band WHEN 0 THEN 'under 7 days' WHEN 1 THEN '7 to 29 days' WHEN 2 THEN '30 to 89 days' WHEN 3 THEN '90 "
         "to"
         " 179 days' ELSE '180 days and more' END",
         "band"},
        {"work",
         "CASE work WHEN 3 THEN 'somebody works on it' WHEN 2 THEN 'a defect is open' WHEN 1 THEN 'its defects are"
         " finished' ELSE 'no defect' END",
         "-work"},
        {"service", "service", "-sum(n)"},
    };
    unresolved_cells(r);
    if (r->grouped) {
        query_sql(&r->q, "SELECT grp AS \"group\"," CELL_FIGURES_SQL " GROUP BY grp ORDER BY 2 DESC, 1");
        return;
    }
    query_sql(&r->q,
              "SELECT by, what, incidents, share, working, open, finished, nobody, age, oldest, count(*) OVER () AS"
              " _total FROM (");
    for (size_t i = 0; i < array_size(parts); i++)
        buf_printf(&r->q.sql,
                   "%sSELECT %zu AS place, '%s' AS by, %s AS what, %s AS sorted," CELL_FIGURES_SQL " GROUP BY 3",
                   i ? " UNION ALL " : "", i, parts[i].by, parts[i].what, parts[i].order);
    query_sql(&r->q, ") ORDER BY place, sorted, what");
}

/* ---- known-errors ---- */

static const struct figure known_columns[] = {
    {"id", "Problem", "text", "A problem that is flagged as a known error and is not closed."},
    {"status", "Status", "text",
     "Its derived status: detected, informational, diagnosed (cause known) or resolved (cause and workaround known)."},
    {"workaround", "Workaround", "text",
     "Whether there is one: published (customers are told), internal (written down only) or none."},
    {"closed_unresolved", "Unresolved", "count", "Its incidents that are closed unresolved now."},
    {"open", "Open", "count", "Its incidents that are open or waiting now."},
    {"incidents", "Incidents", "count", "All incidents confirmed for it, but those that count nowhere."},
    {"since_known", "Since known", "count", "Those of them that were created after it became a known error."},
    {"cost", "Cost (days)", "days",
     "The whole days that its incidents have waited for a solution, added up: each from its creation until it was "
     "solved, or until now."},
    {"known", "Known", "days", "Whole days since it became a known error."},
    {"review", "Review", "day", "The day on which its accepted risk has to be looked at again."},
    {"past_review", "Past review", "text", "yes, where that day is over."},
    {"priority", "Priority", "text", "The problem's priority."},
    {"owner", "Owner", "text", "Who owns the problem."},
    {"service", "Service", "text", "The problem's service."},
    {"title", "Title", "text", "The problem's title."},
    {0},
};
static const struct figure known_grouped[] = {
    {"known_errors", "Known errors", "count", "Known errors of the group that are not closed."},
    {"with", "With workaround", "count", "Those of them with a workaround, published or internal."},
    {"without", "Without", "count", "Those of them without any workaround."},
    {"past_review", "Past review", "count", "Those of them whose review date is over."},
    {"closed_unresolved", "Unresolved", "count", "The closed-unresolved incidents of each of them, added up."},
    {"open", "Open", "count", "The open and waiting incidents of each of them, added up."},
    {"incidents", "Incidents", "count", "All incidents of each of them that count, added up."},
    {"since_known", "Since known", "count",
     "Their incidents that were created after they became known errors, added up."},
    {"cost", "Cost (days)", "days", "The whole days that their incidents have waited for a solution, added up."},
    {0},
};
const struct figures figures_known_errors = {
    .name = "known-errors",
    .title = "Known errors",
    .about = "Known errors that are not closed, those with most closed-unresolved incidents first.",
    .none = "no known errors yet: `bascule link INCIDENT DEFECT`, or a defect's number in a ticket, makes one",
    .columns = known_columns,
    .grouped = known_grouped,
    .charts = (const struct chart[]){{"Incidents of each", "bars", "id", {"closed_unresolved", "open"}, NULL},
                                     {"Days that incidents waited", "bars", "id", {"cost"}, NULL},
                                     {0}},
    .grouped_charts = (const struct chart[]){{"Known errors", "bars", "group", {"with", "without"}, NULL},
                                             {"Days that incidents waited", "bars", "group", {"cost"}, NULL},
                                             {0}},
    .bys = {"service", "priority", "owner"},
    .of_since = "known",
    .of_tracker = "of a record confirmed for it",
    .of_service = "the problem's",
};

#define SINCE_KNOWN_SQL                                                                                                \
    "(SELECT count(*) FROM counted c WHERE c.problem = x.id AND c.class <> 0 AND c.created >= x.since)"
#define COST_SQL                                                                                                       \
    "(SELECT coalesce(sum(max(0, coalesce(nullif(s.solved_at, 0), %s) - c.created)), 0) FROM counted c LEFT JOIN "     \
    "stay s ON s.ref = c.ref WHERE c.problem = x.id AND c.class <> 0 AND c.created > 0)"

static void known_from(struct run *r) {
    buf_printf(
        &r->q.sql,
        " FROM (SELECT p.*, CASE WHEN p.known > 0 THEN p.known ELSE p.created END AS since, %s AS told_by, CASE WHEN"
        " coalesce(p.published_text, '') <> '' THEN 'published' WHEN coalesce(p.workaround, '') <> '' THEN"
        " 'internal' ELSE 'none' END AS around, coalesce(t.total, 0) AS total, coalesce(t.open + t.waiting, 0) AS"
        " open, coalesce(t.closed_unresolved, 0) AS unresolved FROM problem p LEFT JOIN tally t ON t.problem = p.id"
        " WHERE p.known_error = 1 AND p.status <> 'closed'",
        run_group(r, "p"));
    run_where_problem(r, "p");
    run_where_time(r, "CASE WHEN p.known > 0 THEN p.known ELSE p.created END");
}

static void known_grouped_ask(struct run *r, const char *now) {
    buf_printf(&r->q.sql,
               "SELECT told_by AS \"group\", count(*) AS known_errors, sum(around <> 'none') AS \"with\","
               " sum(around = 'none') AS without, sum(review > 0 AND review < %s) AS past_review, sum(unresolved) AS"
               " closed_unresolved, sum(open) AS open, sum(total) AS incidents, sum(" SINCE_KNOWN_SQL
               ") AS since_known,"
               " sum(" COST_SQL ") / 86400000 AS cost, count(*) OVER () AS _total",
               now, now);
    known_from(r);
    query_sql(&r->q, ") x GROUP BY told_by ORDER BY closed_unresolved DESC, 2 DESC, 1");
}

/* Cost is counted for the rows that are shown alone: it looks at each of their incidents. */
void known_errors_ask(struct run *r) {
    const char *now = now_sql(r);
    if (r->grouped) {
        known_grouped_ask(r, now);
        return;
    }
    buf_printf(&r->q.sql,
               "SELECT x.id AS \"id:pn\", x.status, x.around AS workaround, x.unresolved AS closed_unresolved, x.open,"
               " x.total AS incidents, " SINCE_KNOWN_SQL " AS since_known, " COST_SQL " / 86400000 AS cost,"
               " max(0, %s - x.since) / 86400000 AS known, CASE WHEN x.review > 0 THEN date(x.review / 1000,"
               " 'unixepoch') END AS review, CASE WHEN x.review > 0 AND x.review < %s THEN 'yes' END AS past_review,"
               " x.priority AS \"priority:word\", x.owner AS \"owner:word\", x.service AS \"service:word\", x.title,"
               " x.all_of_them AS _total FROM (SELECT y.*, count(*) OVER () AS all_of_them",
               now, now, now);
    known_from(r);
    query_sql(&r->q, ") y ORDER BY unresolved DESC, open DESC, total DESC, id LIMIT ?) x");
    query_int(&r->q, r->k->q->limit ? r->k->q->limit : REPORT_LIMIT);
    query_sql(&r->q, " ORDER BY x.unresolved DESC, x.open DESC, x.total DESC, x.id");
}
