/* case: one operation, or a few, with scripted replies, as a text file.
 *
 *   %case    what it proves
 *   %tracker {"connector":"rt","role":"ticketing","url":"http://rt.example","auth":{...},"scope":{...},...}
 *   %op      {"do":"list","cursor":null}
 *   %request GET http://rt.example/...         then the body, if there is one
 *   %reply   200 date: Mon, 23 Nov 2026 ...    then the body; "%reply not-sent", "%reply lost"
 *   %result                                    then what came out, as case_print writes it
 *
 * `connectors test` and the golden tests replay such files (replay.c); the live
 * tool makes them out of a real tracker's answers. A line that begins with "%"
 * begins a part. */
#ifndef TRACKER_CASE_H
#define TRACKER_CASE_H

#include "bascule/tracker.h"

struct part {
    const char *name; /* "request" */
    const char *head; /* the rest of its line */
    const char *body; /* without the last newline */
    int line;
};
struct script {
    struct arena *arena;
    struct part *parts;
    size_t n;
};

struct script *script_read(const char *text);
struct script *script_free(struct script *s);

/* A tracker out of %tracker's JSON; url and auth may be overridden. The JSON must outlive it. */
struct tracker *case_tracker(const char *connectors, json_t *j, struct fault *f);

/* What an operation out of %op's JSON borrows, until case_op_free. */
struct case_op {
    struct op *op;
    struct arena *arena;
    json_t *json;
};
/* before: the record an earlier operation of the case read; may be NULL. */
struct case_op case_op_new(const struct tracker *t, const char *json, const struct record *before);
void case_op_free(struct case_op *o);

void case_print(struct buf *b, const struct op_result *r);

#endif
