/* say: templates to text and JSON.
 *
 * "{name}" is replaced by a variable, a part of the recipe or a pick; "{name:form}"
 * says it in a form: one of the recipe's times, quotes, tables or cuts, or the
 * built-in `path`, `lower`, `base64`. "{{" is a brace. No expressions. */
#ifndef TRACKER_SAY_H
#define TRACKER_SAY_H

#include "pick.h"

enum say_mode {
    SAY_PLAIN, /* values as they are */
    SAY_PATH   /* values percent-encoded, but for {url} and {root} */
};

/* NULL when a placeholder has nothing (c->absent names it) or a table lacks the name. */
char *say_text(struct context *c, const char *template, enum say_mode mode);

/* A template of a body; new reference. A string that is one placeholder keeps the
 * value's type; what has nothing is left out: NULL when that is all of it. */
json_t *say_json(struct context *c, const json_t *template);

/* Percent-encodes all but unreserved characters. */
void say_encoded(struct buf *b, const char *text);

/* Every placeholder of a template: visit(name, form or NULL). -EINVAL: a brace is open. */
int say_names(const char *template, int (*visit)(void *arg, const char *name, const char *form), void *arg);

/* A time in a form ("%Y-%m-%d %H:%M:%S", "epoch", "epoch-ms", "iso"), UTC. */
char *time_say(struct arena *a, const char *form, msec_t t);
/* A time as this tracker's replies write it. */
bool time_read(const struct tracker *t, const char *text, msec_t *ret);

#endif
