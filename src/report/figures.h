/* figures.h: what the reports' files share. Private to src/report. */
#ifndef BASCULE_REPORT_FIGURES_H
#define BASCULE_REPORT_FIGURES_H

#include "report.h"

/* One column of a report: what it is called, how it is written, and what it means, in one sentence. The sentences are
 * those of config/reports.md; a test compares them. */
struct figure {
    const char *key, *title, *form, *means;
};
struct chart {
    const char *title,
        *kind; /* "bars": side by side in one bar a row; "weeks": columns by time, the last value a line */
    const char *label;
    const char *values[5]; /* keys; ends with NULL */
    const char *only;      /* "by=outcome": rows where this is so */
};
struct figures {
    const char *name, *title, *about, *none;
    const struct figure *columns, *grouped; /* grouped: where `by` was given; NULL: `columns` with a group before */
    const struct chart *charts;             /* ends without a title */
    const struct chart *grouped_charts;
    const char *bys[5];                  /* what `by` may be; ends with NULL */
    const char *days;                    /* `since`, when nothing is said; NULL: from the beginning */
    const char *of_since;                /* what `since` and `until` speak of; NULL: neither can be asked */
    const char *of_tracker, *of_service; /* NULL: it cannot be asked for one */
};

/* One report under way. */
struct run {
    const struct ask *k;
    const struct figures *f;
    msec_t since, until; /* until: now at most */
    struct query q;
    bool grouped;
};

/* SQL of the group: COLUMN of the alias, "(none)" when it is empty; "'all'" where none was asked for. */
const char *run_group(const struct run *r, const char *alias);
/* Appends what service and tracker ask for, of a record. */
void run_where_record(struct run *r, const char *alias);
void run_where_problem(struct run *r, const char *alias);
/* Appends " AND EXPRESSION >= since AND EXPRESSION < until". */
void run_where_time(struct run *r, const char *expression);

/* Counts in queues, and how old: SQL over `record r`. */
#define DAYS_SQL(at, now) "CASE WHEN " at " > 0 THEN max(0, (" now " - " at ") / 86400000) END"
#define COUNTS_SQL                                                                                                     \
    "(" RECORD_LISTED_SQL " AND NOT (r.state = 'closed' AND r.outcome IN ('invalid', 'withdrawn', 'duplicate', "       \
    "'moved')))"
/* Unfinished, whatever the policy calls delivered. */
#define DEFECT_OPEN_SQL                                                                                                \
    "(" RECORD_LISTED_SQL " AND (r.state IN ('none', 'open', 'working', 'fixed') OR (r.state = "                       \
    "'closed' AND r.outcome IN ('', 'unknown'))))"

/* closed-unresolved as in CLOSED_UNRESOLVED_SQL, of an incident; looks at what the bridge remembers of it only where
 * the tracker says nothing. (What a person said of a closed record stands in its outcome.) */
#define INCIDENT_UNRESOLVED_SQL                                                                                        \
    "(r.state = 'closed-unresolved' OR (r.state = 'closed' AND (r.outcome IN ('workaround', 'wont-fix', "              \
    "'risk-accepted', 'not-reproducible', 'incomplete') OR (r.outcome IN ('', 'unknown') AND EXISTS (SELECT 1 FROM "   \
    "incident i INDEXED BY incident_said WHERE i.ref = r.ref AND coalesce(nullif(i.outcome_set, ''), i.outcome) IN "   \
    "('workaround', "                                                                                                  \
    "'wont-fix', 'risk-accepted', 'not-reproducible', 'incomplete'))))))"

/* Each appends its SELECT; its last column is _total, how many rows there are. */
void open_defects_ask(struct run *r);
void closed_unresolved_ask(struct run *r);
void known_errors_ask(struct run *r);
void ageing_ask(struct run *r);
void flow_ask(struct run *r);
void service_ask(struct run *r);
void sync_ask(struct run *r);
extern const struct figures figures_open_defects, figures_closed_unresolved, figures_known_errors, figures_ageing,
    figures_flow, figures_service, figures_sync;

#endif
