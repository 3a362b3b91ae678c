/* live: what the engine knows and does not write down: when it last polled, what is under way.
 *
 * Called by read.c and page.c. A poll that finds nothing writes nothing, so the
 * database alone would call a quiet tracker stale. What must hold: without the
 * engine's answer, and at once, the database's words stand. */
#include "serve.h"
#include <stdlib.h>

struct live {
    json_t *result;
    bool answered, abandoned;
};

static void live_done(void *who, int status, json_t *result) {
    struct live *l = who;
    if (l->abandoned) {
        free(l);
        return;
    }
    l->answered = true;
    l->result = status == 200 ? json_incref(result) : NULL;
}

/* NULL: it does not answer at once. */
static json_t *engine_ask(struct serve *s) {
    cleanup_json json_t *nothing = json_object();
    struct live *l = calloc(1, sizeof(*l));
    if (!l)
        abort();
    s->o.command(s->o.arg, "status", nothing, "bridge", live_done, l);
    if (!l->answered) {
        l->abandoned = true; /* whenever it comes, it is freed then */
        return NULL;
    }
    json_t *result = l->result;
    free(l);
    return result;
}

static const json_t *live_tracker(const json_t *live, const char *name) {
    size_t i;
    json_t *t;
    json_array_foreach(json_object_get(live, "trackers"), i, t)
        if (str_is(json_text(t, "name"), name))
            return t;
    return NULL;
}

static void tracker_merge(const struct serve *s, json_t *t, const json_t *live) {
    static const char *const words[] = {"state", "error", "last_poll", "last_ok", "waits_until"};
    static const char *const figures[] = {"requests", "writes", "under_way", "sweeping", "failures"};
    msec_t at, now = clock_now(s->o.clock);
    for (size_t i = 0; i < array_size(words); i++) {
        const char *text = json_text(live, words[i]);
        if (json_object_get(live, words[i]))
            json_object_set_new(t, words[i], str_empty(text) ? json_null() : json_string(text));
    }
    for (size_t i = 0; i < array_size(figures); i++)
        if (json_object_get(live, figures[i]))
            json_object_set(t, figures[i], json_object_get(live, figures[i]));
    if (time_parse(json_text(t, "last_ok") ? json_text(t, "last_ok") : "", &at))
        json_object_set_new(t, "lag", json_integer(now > at ? (now - at) / SEC_MS : 0));
}

void live_ask(struct asking *x) {
    x->live = engine_ask(x->s);
    if (!x->s->o.live)
        return;
    x->own = json_object();
    x->s->o.live(x->s->o.arg, x->own);
}

void live_merge(const struct asking *x, json_t *answer) {
    const struct serve *s = x->s;
    const json_t *live = x->live;
    const char *key = json_object_get(answer, "items") ? "items" : "trackers";
    size_t i;
    json_t *t;
    json_array_foreach(json_object_get(answer, key), i, t) {
        const json_t *of = live_tracker(live, json_text(t, "name"));
        if (of)
            tracker_merge(s, t, of);
    }
    if (str_is(key, "items"))
        return;
    if (json_object_get(live, "dry_run"))
        json_object_set(answer, "dry_run", json_object_get(live, "dry_run"));
    if (x->own)
        json_object_update(answer, x->own);
    json_object_set_new(answer, "version", json_string(s->o.version ? s->o.version : ""));
    json_object_set_new(answer, "running", json_true());
}
