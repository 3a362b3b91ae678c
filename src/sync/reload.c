/* reload: new settings take the place of the old ones while the service runs.
 *
 * What must hold: a reload that fails changes nothing; what happened before it is
 * decided as it was meant then, so only what the new settings change is adopted. */
#include "engine.h"

#include <errno.h>

const struct settings *engine_settings(const struct engine *e) {
    return e->settings;
}

void engine_hold(struct engine *e, bool hold) {
    e->held = hold;
    for (size_t i = 0; !hold && i < e->n_lanes; i++)
        lane_wake(&e->lanes[i], 0);
}

/* Old and new, so that a failing one changes nothing. */
struct reloading {
    struct lane *lanes;
    size_t n_lanes;
    struct settings *settings;
    struct reference_rules *rules;
    const struct note_templates *notes;
    struct arena *notes_arena;
};

static void swap(struct engine *e, struct reloading *x) {
    struct reloading was = {e->lanes, e->n_lanes, e->settings, e->rules, e->notes, e->notes_arena};
    e->lanes = x->lanes;
    e->n_lanes = x->n_lanes;
    e->settings = x->settings;
    e->rules = x->rules;
    e->notes = x->notes;
    e->notes_arena = x->notes_arena;
    *x = was;
}

static void reloading_free(struct reloading *x) {
    lanes_free(x->lanes, x->n_lanes);
    reference_rules_free(x->rules);
    arena_free(x->notes_arena);
}

/* With operations under way the lanes cannot be replaced: they end first. */
int engine_reload(struct engine *e, struct settings *settings, struct fault *fault) {
    struct reloading x = {.n_lanes = settings->n_trackers, .settings = settings};
    struct fault ignored = {0};
    if (e->jobs)
        return fault_set(fault, -EBUSY, "requests are under way");
    /* what happened before is decided as it was meant then: only what the new configuration changes is adopted */
    if (!e->commit_failures && engine_due(e)) { /* what waits for a joining tracker waits on */
        engine_wake(e, 0);
        return fault_set(fault, -EBUSY, "decisions are under way");
    }
    int rc = lanes_make(e, settings, &x.lanes, fault);
    if (rc < 0)
        return rc;
    swap(e, &x);
    rc = rules_make(e, fault);
    if (rc == 0)
        rc = templates_make(e, fault);
    if (rc == 0 && !engine_identity(e, false, fault))
        rc = -EIO;
    if (rc < 0)
        swap(e, &x); /* x holds the new ones again; the settings stay the caller's */
    else
        settings_free(x.settings);
    reloading_free(&x);
    if (rc < 0)
        return rc;
    engine_begin(e);
    references_known(e);
    carry_all(e, 0, true, "the configuration was reloaded");
    journal(e, "bridge", "reloaded", "", 0, 0, "the configuration was reloaded");
    (void)engine_commit(e);
    if (engine_start(e, &ignored) < 0)
        log_error(e->world->log, "%s", ignored.text);
    return 0;
}
