/* clock: the wall clock that was set. What waits is counted in wall clock, as it
 * stands on disk and outlives the process; a step of it is no time that went by.
 *
 * Called before anything is done on time. The clock that never goes back tells
 * the step; between two processes there is none that could. And what a tracker's
 * clock says, as ours would. */
#include "engine.h"

#define STEP_LEAST  (2 * SEC_MS)
#define FUTURE_MOST (60 * SEC_MS)

static void shift(msec_t *at, msec_t step) {
    if (*at)
        *at += step;
}

void engine_clock(struct engine *e) {
    msec_t ahead = now_of(e) - clock_mono(&e->world->clock), step = ahead - e->clock_ahead;
    if (e->clock_known && step < STEP_LEAST && step > -STEP_LEAST)
        return;
    if (e->clock_known) {
        engine_begin(e);
        store_waits_shift(e->store, step);
        journal(e, "bridge", "clock", "", 0, 0, "the clock was set %s by %lld s: what waits is counted on",
                step < 0 ? "back" : "forward", (long long)((step < 0 ? -step : step) / SEC_MS));
        if (!engine_commit(e))
            return; /* the next call sees the step again */
        for (size_t i = 0; i < e->n_lanes; i++) {
            shift(&e->lanes[i].poll_at, step);
            shift(&e->lanes[i].begin_at, step);
            shift(&e->lanes[i].back_at, step);
            shift(&e->lanes[i].wait_until, step);
            shift(&e->lanes[i].sweep_at, step);
            shift(&e->lanes[i].ask_at, step);
        }
    }
    e->clock_known = true;
    e->clock_ahead = ahead;
}

/* ---- trackers' clocks ---- */

msec_t as_told(const struct lane *l, msec_t t) {
    msec_t off = l->offset < 0 ? -l->offset : l->offset;
    return t && off > 2 * SEC_MS ? t - l->offset : t;
}

/* A server that keeps its wall's time tells the hour that comes twice as its second: what was read is not younger
 * than its reading. */
msec_t ours(const struct lane *l, msec_t t) {
    msec_t told = as_told(l, t), now = now_of(l->e);
    return told > now + FUTURE_MOST ? now : told;
}
