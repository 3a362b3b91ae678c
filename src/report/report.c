/* report: the way in; which question is answered by which file.
 *
 * Called by src/serve and src/cli. What must hold: one answer sees one moment
 * (all its SELECTs stand in one read transaction), and no question keeps the
 * loop: after STEPS_MAX instructions of SQLite it is broken off. */
#include "report.h"
#include "bascule/store.h"

#define STEPS_PER_TICK 100000
#define TICKS_MAX      2000 /* some seconds of work */

static const char *const names[REPORT_COUNT] = {
    [REPORT_STATUS] = "status",   [REPORT_TRACKERS] = "trackers",   [REPORT_INCIDENTS] = "incidents",
    [REPORT_DEFECTS] = "defects", [REPORT_PROBLEMS] = "problems",   [REPORT_EFFECTS] = "effects",
    [REPORT_LINKS] = "links",     [REPORT_ATTENTION] = "attention", [REPORT_JOURNAL] = "journal",
    [REPORT_SHOW] = "show",       [REPORT_EXPLAIN] = "explain",     [REPORT_FIGURES] = "reports",
};

const char *report_name(enum report_what what) {
    return names[what];
}

bool report_parse(const char *name, enum report_what *ret) {
    for (size_t i = 0; i < REPORT_COUNT; i++)
        if (str_is(names[i], name)) {
            *ret = (enum report_what)i;
            return true;
        }
    return false;
}

int ask_put(json_t *object, const char *key, int result, json_t **value) {
    if (result == 0)
        json_object_set_new(object, key, *value);
    return result;
}

/* What `show` is asked for tells by its form: P-12, 31 or effect:31, else a record. */
static int show_read(const struct ask *k, json_t **ret) {
    const char *ref = k->q->ref ? k->q->ref : "";
    cleanup_json json_t *found = NULL;
    const char *kind = NULL;
    int64_t n;
    int r;
    if (problem_ref_parse(ref, &n)) {
        kind = "problem";
        r = problem_show(k, n, &found);
    } else if (str_int64(ref, &n) || (str_starts(ref, "effect:") && str_int64(ref + 7, &n))) {
        kind = "effect";
        r = effect_show(k, n, &found);
    } else {
        r = record_show(k, ref, &found);
        kind = r ? NULL : json_text(found, "kind");
    }
    if (r)
        return r;
    if (k->q->kind && !str_is(k->q->kind, kind))
        return fault_set(k->fault, REPORT_NOT_FOUND, "%s is no %s, but a %s", ref, k->q->kind, kind);
    *ret = json_incref(found);
    return 0;
}

static int ask_answer(const struct ask *k, json_t **ret) {
    switch (k->q->what) {
    case REPORT_STATUS: return status_read(k, ret);
    case REPORT_TRACKERS: return tracker_list(k, ret);
    case REPORT_INCIDENTS:
    case REPORT_DEFECTS: return record_list(k, ret);
    case REPORT_PROBLEMS: return problem_list(k, ret);
    case REPORT_EFFECTS: return effect_list(k, ret);
    case REPORT_LINKS: return link_list(k, ret);
    case REPORT_ATTENTION: return attention_list(k, ret);
    case REPORT_JOURNAL: return journal_list(k, ret);
    case REPORT_SHOW: return show_read(k, ret);
    case REPORT_EXPLAIN: return explain_read(k, ret);
    case REPORT_FIGURES: return figures_read(k, ret);
    case REPORT_COUNT: break;
    }
    return fault_set(k->fault, REPORT_BAD_QUERY, "no such question");
}

int report_open(const char *database, struct sqlite3 **ret, struct fault *fault) {
    return store_open_read(database, ret, fault);
}

struct sqlite3 *report_close(struct sqlite3 *db) {
    sqlite3_close_v2(db);
    return NULL;
}

static int tick(void *arg) {
    int *left = arg;
    return --*left < 0;
}

int report_read(struct sqlite3 *db, const struct report_query *q, json_t **ret, struct fault *fault) {
    cleanup_arena struct arena *a = arena_new();
    struct fault unheard = {0};
    struct ask k = {.db = db, .arena = a, .q = q, .fault = fault ? fault : &unheard};
    int left = TICKS_MAX;
    bool own = sqlite3_get_autocommit(db);
    if (own && sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
        return fault_set(fault, -EIO, "database: %s", sqlite3_errmsg(db));
    sqlite3_progress_handler(db, STEPS_PER_TICK, tick, &left);
    int r = ask_answer(&k, ret);
    sqlite3_progress_handler(db, 0, NULL, NULL);
    if (own)
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return r;
}
