/* facts: which placeholders there are, who may read them, what they give.
 *
 * Pure. Called by template.c. What must hold: a value is harmless and bounded
 * whatever the fact was, and nothing internal is reachable without `inside`. */
#include "facts.h"
#include "foreign.h"

#define TITLE_MAX      200
#define LINE_MAX_BYTES 200
#define ADDRESS_MAX    1500
#define REASON_MAX     2048
#define CAUSE_MAX      4096
#define WORKAROUND_MAX 8192
#define PUBLISHED_MAX  (64u << 10) /* what a person published is not cut unseen */

/* One function a placeholder. A public one is not given the internal facts, an
 * internal one not the public facts: the types say which is which. */
typedef const char *value_public(const struct note_public *f, struct arena *a);
typedef const char *value_internal(const struct note_internal *f, struct arena *a);

static const char *number(struct arena *a, int64_t n) {
    return n > 0 ? arena_printf(a, "%lld", (long long)n) : "";
}
static const char *flag(bool yes) {
    return yes ? "yes" : "";
}

static const char *shown_problem(const struct note_public *f, struct arena *a) {
    return f->problem > 0 ? arena_printf(a, "P-%lld", (long long)f->problem) : "";
}
static const char *shown_title(const struct note_public *f, struct arena *a) {
    return note_foreign_line(a, f->title, TITLE_MAX);
}
static const char *shown_defect(const struct note_public *f, struct arena *a) {
    return foreign_plain(a, f->defect, LINE_MAX_BYTES);
}
static const char *shown_workaround(const struct note_public *f, struct arena *a) {
    return foreign_block(a, f->workaround, PUBLISHED_MAX);
}
static const char *shown_version(const struct note_public *f, struct arena *a) {
    return note_foreign_line(a, f->version, LINE_MAX_BYTES);
}
static const char *shown_date(const struct note_public *f, struct arena *a) {
    return time_day(a, f->date);
}
static const char *shown_reason(const struct note_public *f, struct arena *a) {
    return foreign_block(a, f->reason, REASON_MAX);
}
static const char *shown_outcome(const struct note_public *f, struct arena *a) {
    return outcome_name(f->outcome);
}
static const char *shown_count(const struct note_public *f, struct arena *a) {
    return number(a, f->count);
}
static const char *shown_url(const struct note_public *f, struct arena *a) {
    return foreign_plain(a, f->url, ADDRESS_MAX);
}
static const char *shown_service(const struct note_public *f, struct arena *a) {
    return note_foreign_line(a, f->service, LINE_MAX_BYTES);
}
static const char *shown_several(const struct note_public *f, struct arena *a) {
    return flag(f->count > 1);
}
static const char *shown_pending(const struct note_public *f, struct arena *a) {
    return flag(f->verdict == VERDICT_PENDING);
}
static const char *shown_declined(const struct note_public *f, struct arena *a) {
    return flag(f->verdict == VERDICT_DECLINED);
}
static const char *shown_delivered(const struct note_public *f, struct arena *a) {
    return flag(f->verdict == VERDICT_DELIVERED);
}
static const char *shown_closed(const struct note_public *f, struct arena *a) {
    return flag(f->state == STATE_CLOSED_UNRESOLVED || f->state == STATE_CLOSED);
}
static const char *shown_waiting(const struct note_public *f, struct arena *a) {
    return flag(f->state == STATE_WAITING);
}
static const char *shown_resolved(const struct note_public *f, struct arena *a) {
    return flag(f->state == STATE_RESOLVED);
}
static const char *shown_opened(const struct note_public *f, struct arena *a) {
    return flag(f->state == STATE_OPEN);
}

static const char *inside_cause(const struct note_internal *f, struct arena *a) {
    return foreign_block(a, f->cause, CAUSE_MAX);
}
static const char *inside_workaround(const struct note_internal *f, struct arena *a) {
    return foreign_block(a, f->workaround, WORKAROUND_MAX);
}
static const char *inside_defect_url(const struct note_internal *f, struct arena *a) {
    return foreign_plain(a, f->defect_url, ADDRESS_MAX);
}
static const char *inside_incident(const struct note_internal *f, struct arena *a) {
    return foreign_plain(a, f->incident, LINE_MAX_BYTES);
}
static const char *inside_incident_url(const struct note_internal *f, struct arena *a) {
    return foreign_plain(a, f->incident_url, ADDRESS_MAX);
}
static const char *inside_by(const struct note_internal *f, struct arena *a) {
    return note_foreign_line(a, f->by, LINE_MAX_BYTES);
}
static const char *inside_review(const struct note_internal *f, struct arena *a) {
    return time_day(a, f->review);
}
static const char *inside_why(const struct note_internal *f, struct arena *a) {
    return note_foreign_line(a, f->why, 2 * LINE_MAX_BYTES);
}
static const char *inside_closed_unresolved(const struct note_internal *f, struct arena *a) {
    return number(a, f->closed_unresolved);
}

static const struct entry {
    struct placeholder placeholder; /* first: a placeholder is its entry */
    value_public *shown;
    value_internal *inside;
} entries[] = {
    {{"problem"}, shown_problem, NULL},
    {{"title"}, shown_title, NULL},
    {{"defect"}, shown_defect, NULL},
    {{"workaround"}, shown_workaround, NULL},
    {{"version"}, shown_version, NULL},
    {{"date"}, shown_date, NULL},
    {{"reason"}, shown_reason, NULL},
    {{"outcome"}, shown_outcome, NULL},
    {{"count"}, shown_count, NULL},
    {{"url"}, shown_url, NULL},
    {{"service"}, shown_service, NULL},
    {{"several", .flag = true}, shown_several, NULL},
    {{"pending", .flag = true}, shown_pending, NULL},
    {{"declined", .flag = true}, shown_declined, NULL},
    {{"delivered", .flag = true}, shown_delivered, NULL},
    {{"closed", .flag = true}, shown_closed, NULL},
    {{"waiting", .flag = true}, shown_waiting, NULL},
    {{"resolved", .flag = true}, shown_resolved, NULL},
    {{"opened", .flag = true}, shown_opened, NULL},
    {{"cause", .internal = true}, NULL, inside_cause},
    {{"internal_workaround", .internal = true}, NULL, inside_workaround},
    {{"defect_url", .internal = true}, NULL, inside_defect_url},
    {{"incident", .internal = true}, NULL, inside_incident},
    {{"incident_url", .internal = true}, NULL, inside_incident_url},
    {{"by", .internal = true}, NULL, inside_by},
    {{"review", .internal = true}, NULL, inside_review},
    {{"why", .internal = true}, NULL, inside_why},
    {{"closed_unresolved", .internal = true}, NULL, inside_closed_unresolved},
};

const struct placeholder *placeholder_find(const char *name) {
    for (size_t i = 0; i < array_size(entries); i++)
        if (str_is(entries[i].placeholder.name, name))
            return &entries[i].placeholder;
    return NULL;
}

const char *placeholders_listed(struct arena *a, bool internal) {
    cleanup_buf struct buf b = {.limit = 600};
    for (size_t i = 0; i < array_size(entries); i++)
        if (internal || !entries[i].placeholder.internal)
            buf_printf(&b, "%s%s", b.len ? ", " : "", entries[i].placeholder.name);
    return arena_strdup(a, buf_text(&b));
}

const char *placeholder_value(const struct placeholder *p, const struct note_public *shown,
                              const struct note_internal *inside, struct arena *a) {
    const struct entry *e = (const struct entry *)p;
    if (e->shown)
        return e->shown(shown, a);
    return inside ? e->inside(inside, a) : "";
}
