/* report: named read-only queries over the database, as JSON.
 *
 * One question in, one JSON value out, in the shapes of interface.md section 3.
 * The service (src/serve) and the command line without a service (src/cli) ask
 * the same questions and get the same answers. Nothing here writes, and nothing
 * waits: each question reads a bounded number of rows. */
#ifndef BASCULE_REPORT_H
#define BASCULE_REPORT_H

#include "bascule/model.h"

enum report_what {
    REPORT_STATUS,   /* service at a glance: trackers, outbox by state, attention by kind */
    REPORT_TRACKERS, /* {"items":[...]} */
    REPORT_INCIDENTS,
    REPORT_DEFECTS,
    REPORT_PROBLEMS,
    REPORT_EFFECTS,
    REPORT_LINKS,
    REPORT_ATTENTION,
    REPORT_JOURNAL,
    REPORT_SHOW,    /* one incident, defect, problem (P-12) or effect (31), whole; `ref` */
    REPORT_EXPLAIN, /* why a record is as it is (domain.md 6.11); `ref` */
    REPORT_FIGURES, /* "reports": open-defects, ...; `ref` is which */
    REPORT_COUNT
};
/* "status", "incidents", ...: as in the path of the API and in `bascule list`. */
const char *report_name(enum report_what what);
bool report_parse(const char *name, enum report_what *ret);

#define REPORT_LIMIT     100   /* rows when nothing is said */
#define REPORT_LIMIT_MAX 500   /* rows at most in one answer */
#define REPORT_ROWS_MAX  10000 /* ... of a report, which comes whole */

/* Whatever is NULL or 0 does not filter. What a list cannot filter by is a fault. */
struct report_query {
    enum report_what what;
    const char *ref; /* SHOW, EXPLAIN: which; ATTENTION, EFFECTS, LINKS, JOURNAL: of this record only */
    const char *state, *tracker, *problem, *search;
    const char *kind;                 /* ATTENTION, EFFECTS, JOURNAL, LINKS: one or several, with commas */
    const char *since;                /* time (RFC 3339 or day), or a span before `now` ("7d") */
    const char *until, *by, *service; /* FIGURES only; a day as `until` is meant whole */
    const char *after;                /* opaque, from the answer before */
    int limit;                        /* 0: REPORT_LIMIT */
    msec_t now;                       /* for spans and ages */
};

enum { REPORT_NOT_FOUND = 1, REPORT_BAD_QUERY = 2 }; /* outcomes; the fault says which and why */

struct sqlite3;
/* A read-only connection of one's own; the file must be there. */
must_check int report_open(const char *database, struct sqlite3 **ret, struct fault *fault);
/* NULL is fine; gives NULL. */
struct sqlite3 *report_close(struct sqlite3 *db);
/* Lists give {"items":[...],"after":"..."|null}. *ret is the caller's. */
must_check int report_read(struct sqlite3 *db, const struct report_query *q, json_t **ret, struct fault *fault);

/* ---- reports: REPORT_FIGURES ----
 *
 * {"report","title","about","as_of","since","until","by","service","tracker","none","more",
 *  "columns":[{"key","title","form","means"}],"charts":[{"title","kind","label","values"}],"items":[...]}
 * form: text, count, days, hours, seconds, share (percent), day. none: what to say where there are no items. more: how
 * many rows were left off. What follows makes it into something else, and is pure. */

/* The names there are, NULL at the end, and what `by` may be. */
extern const char *const report_figures[];
extern const char *const report_bys[];
/* RFC 4180, a line a row; no spreadsheet takes a text for a formula. */
void report_csv(struct buf *b, const json_t *answer);
/* One field; text: what somebody else wrote. */
void report_csv_field(struct buf *b, const char *value, bool text);
/* A printable page, without a script. style: address of its style sheet; NULL: it stands in the page. */
void report_html(struct buf *b, const json_t *answer, const char *style);
const char *report_style(void);

/* Integrity and the laws, a finding a line: [{"result":"OK|WARN|FAIL","what":...,"text":...}]. *ret is the caller's.
 * Not bounded: reads the whole database, for the command line only.
 * backup: it is no service's, so nothing has to stand beside it. */
must_check int report_doctor(const char *database, bool backup, json_t **ret, struct fault *fault);

#endif
