/* engine: beginning, end and reload; transactions; who is told what changed.
 *
 * One struct engine owns the settings, the lanes (one a tracker), the compiled
 * reference rules and note templates. It borrows the store and the world. */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDLE_SOON (3 * SEC_MS)
#define IDLE_WAIT (10 * SEC_MS) /* in all: what is put off again and again is not waited for */

#define COMMIT_RETRY (2 * SEC_MS)

void engine_begin(struct engine *e) {
    store_begin(e->store);
}

static void checkpoint(struct engine *e, struct checkpoint *c) {
    const struct pool *pool = &e->world->pool;
    if (pool->run && pool->run(pool->arg, store_checkpoint_run, store_checkpoint_done, c) == 0)
        return;
    if (!pool->run)
        store_checkpoint_run(c);
    store_checkpoint_done(c, !pool->run);
}

bool engine_commit(struct engine *e) {
    struct fault fault = {0};
    if (store_commit(e->store, &fault) == 0) {
        e->commit_failures = 0;
        struct checkpoint *c = store_checkpoint(e->store);
        if (c)
            checkpoint(e, c);
        return true;
    }
    e->fault = fault;
    if (e->commit_failures++ % 30 == 0)
        log_error(e->world->log, "%s", fault.text);
    for (size_t i = 0; i < e->n_lanes; i++) /* nobody tries again at once */
        if (e->lanes[i].wait_until < now_of(e) + COMMIT_RETRY)
            e->lanes[i].wait_until = now_of(e) + COMMIT_RETRY;
    engine_wake(e, COMMIT_RETRY);
    return false;
}

void engine_wake(struct engine *e, msec_t delay) {
    if (e->started && !e->stopping)
        e->world->timers.start(e->worker, delay);
}

void engine_changed(struct engine *e, const char *what, const char *ref) {
    if (e->changed)
        e->changed(e->changed_arg, what, ref);
}

void engine_on_change(struct engine *e, void (*changed)(void *arg, const char *what, const char *ref), void *arg) {
    e->changed = changed;
    e->changed_arg = arg;
}

struct lane *engine_lane(struct engine *e, const char *tracker) {
    for (size_t i = 0; i < e->n_lanes; i++)
        if (str_is(e->lanes[i].cfg->name, tracker))
            return &e->lanes[i];
    return NULL;
}

struct lane *engine_lane_of_ref(struct engine *e, const char *ref) {
    const char *colon = ref ? strchr(ref, ':') : NULL;
    for (size_t i = 0; colon && i < e->n_lanes; i++) {
        const char *name = e->lanes[i].cfg->name;
        if (strlen(name) == (size_t)(colon - ref) && memcmp(name, ref, strlen(name)) == 0)
            return &e->lanes[i];
    }
    return NULL;
}

void journal(struct engine *e, const char *actor, const char *what, const char *ref, int64_t problem, int64_t effect,
             const char *format, ...) {
    char text[1000];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    store_journal(e->store, now_of(e),
                  &(struct journal_entry){
                      .actor = actor, .what = what, .ref = ref, .problem = problem, .effect = effect, .text = text});
}

bool engine_may_write(const struct engine *e) {
    return e->outbox_open && !e->settings->dry_run && !e->stopping && !e->carry && !bulk_keeps(e);
}

/* ---- references ---- */

int rules_make(struct engine *e, struct fault *fault) {
    cleanup_arena struct arena *a = arena_new();
    struct reference_form *forms = NULL;
    struct reference_pattern *patterns = NULL;
    size_t n_forms = 0, n_patterns = 0;
    for (size_t i = 0; i < e->n_lanes; i++) {
        size_t n;
        const struct tracker_url_form *u = tracker_url_forms(e->lanes[i].tracker, &n);
        for (size_t k = 0; k < n; k++)
            *arena_push(a, &forms, &n_forms) = (struct reference_form){
                .tracker = e->lanes[i].cfg->name, .prefix = u[k].prefix, .id_pattern = u[k].id_pattern};
    }
    for (size_t i = 0; i < e->settings->n_patterns; i++)
        *arena_push(a, &patterns, &n_patterns) = (struct reference_pattern){
            .pattern = e->settings->patterns[i].pattern, .tracker = e->settings->patterns[i].tracker};
    struct reference_rules *rules;
    int rc = reference_rules_new(forms, n_forms, patterns, n_patterns, &rules, fault);
    if (rc < 0)
        return rc;
    reference_rules_free(e->rules);
    e->rules = rules;
    return 0;
}

/* What references are made of: with another one, old texts may say more than they did. */
static uint64_t references_print(const struct engine *e) {
    struct buf b = {0};
    for (size_t i = 0; i < e->n_lanes; i++) {
        size_t n;
        const struct settings_tracker *t = e->lanes[i].cfg;
        const struct tracker_url_form *u = tracker_url_forms(e->lanes[i].tracker, &n);
        buf_printf(&b, "%s %s %s %s;", t->name, role_name(t->role), native_field(&e->lanes[i], FIELD_DEFECT),
                   native_field(&e->lanes[i], FIELD_PROBLEM));
        for (size_t k = 0; k < n; k++)
            buf_printf(&b, "%s %s;", u[k].prefix, u[k].id_pattern);
    }
    for (size_t i = 0; i < e->settings->n_patterns; i++)
        buf_printf(&b, "%s %s;", e->settings->patterns[i].pattern, e->settings->patterns[i].tracker);
    uint64_t print = hash_bytes(b.data, b.len);
    buf_deinit(&b);
    return print;
}

/* Inside a transaction: remembers since when references are found as they are now. */
void references_known(struct engine *e) {
    cleanup_arena struct arena *a = arena_new();
    const char *was = store_meta(e->store, a, "references"), *at = store_meta(e->store, a, "references_at");
    const char *print = arena_printf(a, "%016llx", (unsigned long long)references_print(e));
    int64_t since = 0;
    if (at)
        str_int64(at, &since);
    if (!str_same(was, print)) {
        since = was ? now_of(e) : 0;
        store_meta_set(e->store, "references", print);
        store_meta_set(e->store, "references_at", arena_printf(a, "%lld", (long long)since));
    }
    e->references_at = since;
}

/* ---- lanes ---- */

void lanes_free(struct lane *lanes, size_t n) {
    for (size_t i = 0; i < n; i++)
        lane_deinit(&lanes[i]);
    free(lanes);
}

int lanes_make(struct engine *e, struct settings *settings, struct lane **ret, struct fault *fault) {
    struct lane *lanes = calloc(settings->n_trackers + 1, sizeof(*lanes));
    for (size_t i = 0; i < settings->n_trackers; i++) {
        int rc = lane_init(&lanes[i], e, &settings->trackers[i], fault);
        if (rc < 0) {
            lanes_free(lanes, i + 1);
            return rc;
        }
    }
    *ret = lanes;
    return 0;
}

/* ---- identity ---- */

bool engine_identity(struct engine *e, bool first, struct fault *fault) {
    cleanup_arena struct arena *a = arena_new();
    engine_begin(e);
    if (first && identity_begin(e, fault) < 0) {
        store_rollback(e->store);
        return false;
    }
    e->outbox_open = !str_is(store_meta(e->store, a, "outbox"), "shut");
    int unsure = store_in_flight_unsure(e->store, now_of(e));
    if (unsure)
        journal(e, "bridge", "unsure", "", 0, 0,
                "%d effects were in flight when the service ended: each is looked for before anything is sent again",
                unsure);
    for (size_t i = 0; i < e->settings->n_trackers; i++) {
        const struct settings_tracker *t = &e->settings->trackers[i];
        store_tracker_ensure(e->store, t->name, t->connector, role_name(t->role), t->url);
    }
    int rc = store_commit(e->store, fault);
    return rc == 0 && (!first || identity_keep(e, fault) == 0);
}

struct texts {
    struct engine *e;
    const char *folder;
};

static char *read_template(void *arg, struct arena *a, const char *name, struct fault *fault) {
    const struct texts *t = arg;
    return t->e->world->read_text(t->e->world->arg, a, t->folder, name, fault);
}

int templates_make(struct engine *e, struct fault *fault) {
    struct texts texts = {.e = e, .folder = e->settings->texts};
    struct note_source source = {.read = read_template, .arg = &texts};
    struct note_faults faults = {0};
    const struct note_templates *notes;
    struct arena *a = arena_new();
    int rc = note_templates_load(texts.folder ? &source : NULL, e->settings->language, a, &notes, &faults);
    if (rc < 0) {
        fault_set(fault, rc, "note template %s, line %d: %s", faults.count ? faults.items[0].file : "?",
                  faults.count ? faults.items[0].line : 0, faults.count ? faults.items[0].text : "cannot be read");
        arena_free(a);
        return rc;
    }
    arena_free(e->notes_arena);
    e->notes_arena = a;
    e->notes = notes;
    return 0;
}

int engine_new(const struct engine_world *world, struct store *store, struct settings *settings, struct engine **ret,
               struct fault *fault) {
    struct engine *e = calloc(1, sizeof(*e));
    int rc = 0;
    e->world = world;
    e->store = store;
    e->settings = settings;
    e->worker = world->timers.make(world->timers.arg, worker_run, e);
    if (!engine_identity(e, true, fault))
        rc = -EIO;
    if (rc == 0)
        rc = lanes_make(e, settings, &e->lanes, fault);
    if (rc == 0) {
        e->n_lanes = settings->n_trackers;
        rc = rules_make(e, fault);
    }
    if (rc == 0)
        rc = templates_make(e, fault);
    if (rc == 0) {
        engine_begin(e);
        references_known(e);
        rc = store_commit(e->store, fault);
    }
    if (rc < 0) {
        e->settings = NULL;
        engine_free(e);
        return rc;
    }
    *ret = e;
    return 0;
}

int engine_start(struct engine *e, struct fault *fault) {
    cleanup_arena struct arena *a = arena_new();
    engine_begin(e);
    carry_begin(e);
    if (!engine_commit(e))
        return fault_set(fault, -EIO, "%s", e->fault.text);
    e->started = true;
    e->adopting = carry_adopts(e) || store_due_adopted(e->store);
    for (size_t i = 0; i < e->n_lanes; i++) {
        struct tracker_row t;
        struct lane *l = &e->lanes[i];
        if (!store_tracker(e->store, a, l->cfg->name, &t))
            return fault_set(fault, -EIO, "tracker %s is not in the database", l->cfg->name);
        l->import_done = str_is(t.import, "done");
        l->down = t.error != NULL; /* so that its coming up is noticed */
        l->paused = t.paused || l->cfg->paused;
        l->offset = t.clock_offset;
        l->last_ok = l->stored_ok = t.last_ok;
        l->stopped = t.stopped ? strdup(t.stopped) : NULL;
        l->blind = t.stopped && str_is(store_meta(e->store, a, arena_printf(a, "stop:%s", l->cfg->name)), STOP_ALL);
        l->sweep_at = t.sweep_began ? t.sweep_began + l->cfg->sweep : 0;
        snprintf(l->sweep_ref, sizeof(l->sweep_ref), "%s", t.sweep_at ? t.sweep_at : "");
        l->sweeping = !str_empty(t.sweep_at);
        lane_wake(l, 0);
    }
    e->imported = store_meta(e->store, a, "imported") != NULL;
    engine_wake(e, 0);
    return 0;
}

/* ---- the end ---- */

static void stop_done(void *arg) {
    struct engine *e = arg;
    void (*stopped)(void *) = e->stopped;
    e->stopped = NULL;
    if (stopped)
        stopped(e->stopped_arg);
}

void engine_job_ended(struct engine *e) {
    if (e->stopping && e->jobs == 0 && e->stopped)
        e->world->timers.start(e->grace, 0);
}

void engine_stop(struct engine *e, msec_t grace, void (*done)(void *arg), void *arg) {
    identity_end(e);
    e->stopping = true;
    e->stopped = done;
    e->stopped_arg = arg;
    bulk_stop(e);
    audit_stop(e);
    e->world->timers.stop(e->worker);
    for (size_t i = 0; i < e->n_lanes; i++)
        e->world->timers.stop(e->lanes[i].timer);
    if (!e->grace)
        e->grace = e->world->timers.make(e->world->timers.arg, stop_done, e);
    e->world->timers.start(e->grace, e->jobs ? grace : 0);
}

struct engine *engine_free(struct engine *e) {
    if (!e)
        return NULL;
    bulk_free(e);
    carry_free(e);
    audit_free(e);
    lanes_free(e->lanes, e->n_lanes);
    reference_rules_free(e->rules);
    arena_free(e->notes_arena);
    if (e->worker)
        e->world->timers.free(e->worker);
    if (e->grace)
        e->world->timers.free(e->grace);
    if (e->marker)
        e->world->timers.free(e->marker);
    settings_free(e->settings);
    free(e);
    return NULL;
}

void engine_when_idle(struct engine *e, void (*idle)(void *arg, bool failed), void *arg) {
    e->idle = idle;
    e->idle_arg = arg;
}

bool engine_due(const struct engine *e) {
    cleanup_arena struct arena *a = arena_new();
    return e->carry || bulk_keeps(e) || (engine_imported(e) && store_due_any(e->store, engine_blocked(e, a)));
}

/* Values that are collected for a moment before they leave together. */
static bool leaves_soon(struct engine *e) {
    msec_t now = now_of(e), next;
    for (size_t i = 0; i < e->n_lanes; i++) {
        const struct lane *l = &e->lanes[i];
        if (l->paused || l->down || l->stopped || !(next = store_next_sendable(e->store, l->cfg->name, now)) ||
            next > now + IDLE_SOON)
            continue;
        e->idle_by = e->idle_by ? e->idle_by : now + IDLE_WAIT;
        if (now < e->idle_by)
            return true;
    }
    return false;
}

/* Every tracker polled, nothing due, nothing to send now or in a moment. */
void engine_maybe_idle(struct engine *e) {
    cleanup_arena struct arena *a = arena_new();
    bool failed = false;
    if (!e->idle || e->jobs || e->stopping || engine_due(e))
        return;
    for (size_t i = 0; i < e->n_lanes; i++) {
        struct lane *l = &e->lanes[i];
        struct lookup_row *lookups;
        const char **refs;
        failed |= l->down || l->stopped;
        if (l->paused || l->down || l->blind)
            continue;
        if (!l->last_poll || l->polling || l->asking ||
            (l->import_done && store_lookups(e->store, a, l->cfg->name, now_of(e), 1, &lookups)) ||
            (engine_may_write(e) && !l->stopped && store_refs_sendable(e->store, a, l->cfg->name, now_of(e), 1, &refs)))
            return;
    }
    if (engine_may_write(e) && leaves_soon(e))
        return;
    void (*idle)(void *, bool) = e->idle;
    e->idle = NULL;
    idle(e->idle_arg, failed);
}

const char *engine_blocked(const struct engine *e, struct arena *a) {
    cleanup_json json_t *names = json_array();
    for (size_t i = 0; e->imported && i < e->n_lanes; i++)
        if (!e->lanes[i].import_done && !e->lanes[i].paused)
            json_array_append_new(names, json_string(e->lanes[i].cfg->name));
    return json_array_size(names) ? json_print(a, names) : NULL;
}

bool engine_imported(const struct engine *e) {
    if (e->imported)
        return true;
    for (size_t i = 0; i < e->n_lanes; i++)
        if (!e->lanes[i].import_done && !e->lanes[i].paused)
            return false;
    return true;
}

void engine_progress(struct engine *e, struct engine_progress *ret) {
    cleanup_arena struct arena *a = arena_new();
    *ret = (struct engine_progress){.imported = engine_imported(e), .all_listed = true};
    for (size_t i = 0; i < e->n_lanes && !ret->imported; i++) {
        const struct lane *l = &e->lanes[i];
        struct tracker_row t;
        if (l->paused || !store_tracker(e->store, a, l->cfg->name, &t))
            continue;
        int64_t left = l->import_done ? 0 : store_lookups_changed(e->store, l->cfg->name);
        ret->listed += t.imported;
        ret->read += t.imported > left ? t.imported - left : 0;
        ret->all_listed &= l->listed || l->import_done;
    }
    const char *key;
    json_t *n, *counts = ret->imported ? store_effect_counts(e->store, 0) : NULL;
    json_object_foreach(counts, key, n)
        ret->to_send += json_integer_value(n);
    json_decref(counts);
}
