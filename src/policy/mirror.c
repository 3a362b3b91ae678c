/* mirror: the text that the bridge wants in a field it was given (law 1). */
#include "bascule/policy.h"

#include <string.h>

#define INCIDENTS_SHOWN 20
#define LINE_MAX_BYTES  240 /* what a custom field of one line surely takes */
#define LIST_MAX_BYTES  2000

static const char *taken(struct arena *a, struct buf *b) {
    const char *text = arena_strdup(a, buf_text(b));
    buf_deinit(b);
    return text;
}

/* Adds a whole item or none: half a number would name another record. */
static bool item_add(struct buf *b, const char *between, const char *item, size_t max) {
    if (b->len + strlen(between) + strlen(item) > max)
        return false;
    buf_printf(b, "%s%s", b->len ? between : "", item);
    return true;
}

static const char *defects_text(const struct mirror_facts *f, struct arena *a) {
    struct buf b = {0};
    for (size_t i = 0; i < f->n_defects; i++) {
        const struct reference *d = &f->defects[i];
        const char *url = f->defect_urls ? f->defect_urls[i] : NULL;
        bool bare = str_is(d->tracker, f->defect_tracker);
        if (!item_add(&b, ", ", bare ? d->id : url ? url : ref_make(a, d->tracker, d->id), LIST_MAX_BYTES))
            break;
    }
    return taken(a, &b);
}

static const char *problems_text(const struct mirror_facts *f, struct arena *a) {
    struct buf b = {0};
    for (size_t i = 0; i < f->n_problems; i++)
        if (!item_add(&b, ", ", arena_printf(a, "P-%lld", (long long)f->problems[i]->id), LINE_MAX_BYTES))
            break;
    return taken(a, &b);
}

/* "P-12 its title"; a title may be cut. */
static const char *known_errors_text(const struct mirror_facts *f, struct arena *a) {
    struct buf b = {0};
    for (size_t i = 0; i < f->n_problems; i++) {
        const struct problem *p = f->problems[i];
        if (p->known_error &&
            !item_add(&b, ", ",
                      arena_printf(a, "P-%lld %s", (long long)p->id, str_cut(a, p->title ? p->title : "", 150)),
                      LINE_MAX_BYTES))
            break;
    }
    return taken(a, &b);
}

static const char *incidents_text(const struct mirror_facts *f, struct arena *a) {
    struct buf b = {0};
    int shown = 0;
    for (size_t i = 0; i < f->n_incidents && shown < INCIDENTS_SHOWN; i++, shown++)
        buf_printf(&b, "%s%s", i ? "\n" : "", f->incidents[i].url ? f->incidents[i].url : f->incidents[i].ref);
    if (f->incident_count > shown)
        buf_printf(&b, "%sand %d more: %s", shown ? "\n" : "", f->incident_count - shown,
                   f->more_url ? f->more_url : "");
    return taken(a, &b);
}

static const char *count_text(int n, const struct mirror_facts *f, struct arena *a) {
    return f->n_problems ? arena_printf(a, "%d", n) : "";
}

const char *mirror_value(enum field field, enum kind kind, const struct mirror_facts *f, struct arena *a) {
    bool incident = kind == KIND_INCIDENT;
    switch (field) {
    case FIELD_DEFECT: return incident ? defects_text(f, a) : NULL;
    case FIELD_PROBLEM: return problems_text(f, a);
    case FIELD_KNOWN_ERROR: return known_errors_text(f, a);
    case FIELD_OUTCOME: return incident && (f->outcome || !f->keeps_outcome) ? outcome_name(f->outcome) : NULL;
    case FIELD_INCIDENTS: return incident ? NULL : incidents_text(f, a);
    case FIELD_INCIDENT_COUNT: return incident ? NULL : count_text(f->incident_count, f, a);
    case FIELD_CLOSED_UNRESOLVED_COUNT: return incident ? NULL : count_text(f->closed_unresolved_count, f, a);
    case FIELD_SERVICE:
    case FIELD_PRIORITY:
    case FIELD_COUNT:
    default: return NULL;
    }
}
