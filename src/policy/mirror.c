/* mirror: the text that the bridge wants in a field it was given (law 1). */
#include "bascule/policy.h"

#define INCIDENTS_SHOWN 20

static const char *defects_text(const struct mirror_facts *f, struct arena *a) {
    struct buf b = {0};
    for (size_t i = 0; i < f->n_defects; i++) {
        bool bare = f->defect_tracker && str_is(f->defects[i].tracker, f->defect_tracker);
        buf_printf(&b, "%s%s", i ? ", " : "", bare ? f->defects[i].id : f->defect_urls[i]);
    }
    const char *text = arena_strdup(a, buf_text(&b));
    buf_deinit(&b);
    return text;
}

static const char *problems_text(const struct mirror_facts *f, bool titles, struct arena *a) {
    struct buf b = {0};
    for (size_t i = 0; i < f->n_problems; i++) {
        const struct problem *p = f->problems[i];
        if (titles && !p->known_error)
            continue;
        buf_printf(&b, "%sP-%lld", b.len ? ", " : "", (long long)p->id);
        if (titles)
            buf_printf(&b, " %s", str_cut(a, p->title, 150));
    }
    const char *text = str_cut(a, buf_text(&b), 240);
    buf_deinit(&b);
    return text;
}

static const char *incidents_text(const struct mirror_facts *f, struct arena *a) {
    struct buf b = {0};
    for (size_t i = 0; i < f->n_incidents && i < INCIDENTS_SHOWN; i++)
        buf_printf(&b, "%s%s", i ? "\n" : "", f->incidents[i].url ? f->incidents[i].url : f->incidents[i].ref);
    if (f->incident_count > INCIDENTS_SHOWN)
        buf_printf(&b, "\nand %d more: %s", f->incident_count - INCIDENTS_SHOWN, f->more_url ? f->more_url : "");
    const char *text = arena_strdup(a, buf_text(&b));
    buf_deinit(&b);
    return text;
}

static const char *count_text(int n, const struct mirror_facts *f, struct arena *a) {
    return f->n_problems ? arena_printf(a, "%d", n) : "";
}

const char *mirror_value(enum field field, enum kind kind, const struct mirror_facts *f, struct arena *a) {
    bool incident = kind == KIND_INCIDENT;
    switch (field) {
    case FIELD_DEFECT:
        return incident ? defects_text(f, a) : NULL;
    case FIELD_PROBLEM:
        return problems_text(f, false, a);
    case FIELD_KNOWN_ERROR:
        return problems_text(f, true, a);
    case FIELD_OUTCOME:
        return incident && f->n_problems ? outcome_name(f->outcome) : incident ? "" : NULL;
    case FIELD_INCIDENTS:
        return incident ? NULL : incidents_text(f, a);
    case FIELD_INCIDENT_COUNT:
        return incident ? NULL : count_text(f->incident_count, f, a);
    case FIELD_CLOSED_UNRESOLVED_COUNT:
        return incident ? NULL : count_text(f->closed_unresolved_count, f, a);
    case FIELD_SERVICE:
    case FIELD_PRIORITY:
    case FIELD_COUNT:
    default:
        return NULL;
    }
}
