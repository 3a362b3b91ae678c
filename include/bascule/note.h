/* note: what a note says. Kind, visibility and facts go in, Markdown comes out.
 *
 * Pure. Templates are read once, at start and on reload; the engine renders a
 * note once and freezes the text in its effect. The marker is not part of it:
 * the connector adds that.
 *
 * What is internal can't reach a requester: the facts are two structs, and a
 * public template is given only the first; one that names an internal
 * placeholder is refused when it is loaded.
 *
 * Texts that people or other systems wrote (title, workaround, reason, ...) are
 * made harmless on their way in: control characters out, bounded, and nothing in
 * them is a mention, a reference, a command, HTML or a marker for any tracker.
 * Addresses (http, https, www.) in them stay as they are.
 *
 * The template language is a small part of mustache; src/note/README.md. */
#ifndef BASCULE_NOTE_H
#define BASCULE_NOTE_H

#include "bascule/model.h"

/* ---- facts; whatever is NULL, 0 or NONE is absent ---- */

/* What a requester may read. */
struct note_public {
    int64_t problem;        /* {{problem}}: P-12 */
    const char *title;      /* of the problem; one line of at most 200 bytes */
    const char *defect;     /* "product:56"; several separated by ", " */
    const char *workaround; /* the published text for customers, Markdown, at most 64 KB */
    const char *version;    /* that has the fix */
    msec_t date;            /* of the fix or decision: {{date}} is its day */
    const char *reason;     /* why no fix is planned, why the risk was accepted; Markdown, at most 2 KB */
    enum outcome outcome;   /* {{outcome}}: "wont-fix" */
    int64_t count;          /* of what the kind counts: incidents, returns; {{#several}} if above 1 */
    const char *url;        /* page of the problem */
    const char *service;
    enum verdict verdict; /* {{#pending}} {{#declined}} {{#delivered}} */
    enum state state; /* to which this decision moves the record: {{#closed}} {{#waiting}} {{#resolved}} {{#opened}} */
};

/* What only agents and developers may read. */
struct note_internal {
    const char *cause;                   /* {{cause}}; Markdown, at most 4 KB */
    const char *workaround;              /* {{internal_workaround}}; Markdown, at most 8 KB */
    const char *defect_url;              /* several separated by ", " */
    const char *incident, *incident_url; /* the incident a note on a defect speaks of */
    const char *by;                      /* who accepted or did it */
    msec_t review;                       /* {{review}}: the day on which it is looked at again */
    const char *why;                     /* the rule's own words, one line */
    int64_t closed_unresolved;           /* of the counted incidents */
};

struct note_facts {
    struct note_public shown;
    struct note_internal inside;
};

/* ---- templates ---- */

/* Where a user's own templates come from. read gives the text of the file `name`
 * ("de/fixed.public.md") in `a`; NULL when there is none, with a fault when there
 * is one that can't be read. */
struct note_source {
    char *(*read)(void *arg, struct arena *a, const char *name, struct fault *fault);
    void *arg;
};

struct note_fault {
    const char *file;
    int line;         /* 1-based; 0: the whole file */
    const char *text; /* what is wrong, and what would be right */
};
struct note_faults {
    struct note_fault *items;
    size_t count; /* at most 50 */
};

struct note_templates;

/* For each kind and visibility the first that exists of: the user's LANGUAGE/NAME
 * and, for "pt-BR", pt/NAME; the user's NAME; the built-in of the language; the
 * built-in English one. NAME is KIND.public.md or KIND.internal.md. source may be
 * NULL: built-in ones only. All that it gives lives in `a`. 0, or -EINVAL and at
 * least one fault. */
must_check int note_templates_load(const struct note_source *source, const char *language, struct arena *a,
                                   const struct note_templates **ret, struct note_faults *ret_faults);

/* The text, at most 96 KB, without white space at its ends; in the arena. NULL for
 * VISIBILITY_OFF, and for a public recurrence or agent note: there are none. */
char *note_render(const struct note_templates *t, enum note_kind kind, enum visibility visibility,
                  const struct note_facts *facts, struct arena *a);

/* Where the template came from: "built-in en/fixed.public.md", "de/fixed.public.md";
 * NULL where there is none. */
const char *note_origin(const struct note_templates *t, enum note_kind kind, enum visibility visibility);

/* Facts with everything filled in, for `check` and for trying a template out. */
struct note_facts note_sample(enum note_kind kind);

/* A line of foreign text made harmless, as titles in notes are; for fields and
 * links that carry one. At most max bytes; in the arena, "" for NULL. */
char *note_foreign_line(struct arena *a, const char *text, size_t max);

#endif
