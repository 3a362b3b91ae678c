/* audit: every record with a confirmed link is read again, and compared.
 *
 * By the ordinary read, within the tracker's ordinary limits and at most half of
 * its concurrency, so that the service's own work goes on. The command begins
 * it, and asks again and again with its number for how far it is; whoever stops
 * asking ends it. What must hold: nothing is written, neither to a tracker nor
 * to the database, not even a tracker's health. */
#include "audit.h"
#include "command.h"

#include <stdlib.h>
#include <string.h>

#define ANSWER_AFTER  200 /* a question waits so long for news */
#define UNASKED_MOST  (30 * SEC_MS)
#define TICK          50
#define LIMITED_WAIT  (10 * SEC_MS)
#define TRIES_MOST    3
#define LIMITED_MOST  30
#define FAILURES_MOST 3 /* records in a row: then its tracker is given up */
#define LINES_MOST    10000

struct reading {
    struct reading *next;
    struct engine *e;
    int64_t run;
    struct audit_lane *lane;
    char *ref;
    int tries, limited;
    struct audit_found found; /* its missing notes are looked for one after the other */
    size_t looked;
};

struct audit_lane {
    char *name, *after;
    struct reading *again; /* to be read once more */
    int under_way, failures;
    msec_t wait_until;
    bool listed, over;
};

struct audit {
    struct engine *e;
    int64_t run;
    struct timer *timer;
    struct audit_lane *lanes;
    size_t n_lanes;
    int64_t read, of, more;
    json_t *lines;
    bool failed, done;
    command_done *asked; /* NULL: nobody waits for an answer */
    void *who;
    msec_t answer_at, asked_at;
};

static void audit_step(void *arg);
static void look_next(struct lane *l, struct reading *x);

/* ---- memory ---- */

static void reading_free(struct reading *x) {
    arena_free(x->found.arena);
    json_decref(x->found.lines);
    free(x->ref);
    free(x);
}

static void again_free(struct audit_lane *l) {
    while (l->again) {
        struct reading *next = l->again->next;
        reading_free(l->again);
        l->again = next;
    }
}

void audit_free(struct engine *e) {
    struct audit *x = e->audit;
    if (!x)
        return;
    e->audit = NULL;
    e->world->timers.free(x->timer);
    for (size_t i = 0; i < x->n_lanes; i++) {
        again_free(&x->lanes[i]);
        free(x->lanes[i].name);
        free(x->lanes[i].after);
    }
    free(x->lanes);
    json_decref(x->lines);
    free(x);
}

void audit_stop(struct engine *e) {
    struct audit *x = e->audit;
    if (!x)
        return;
    struct command c = {.done = x->asked, .who = x->who};
    audit_free(e);
    if (c.done)
        answer(&c, 503, problem_details(503, "Service Unavailable", "the service is ending"));
}

/* ---- what was found ---- */

static void take_lines(struct audit *x, const json_t *lines) {
    size_t room = LINES_MOST - json_array_size(x->lines), n = json_array_size(lines);
    for (size_t i = 0; i < n && i < room; i++)
        json_array_append(x->lines, json_array_get(lines, i));
    x->more += n > room ? (int64_t)(n - room) : 0;
}

static void not_read(struct audit *x, const char *ref, const char *words) {
    cleanup_json json_t *lines = json_array();
    audit_line(lines, ref, "not read", words, "", "bascule check tells more; then audit again");
    take_lines(x, lines);
    x->failed = true;
}

static void give_up(struct audit *x, struct audit_lane *al, const char *words) {
    again_free(al);
    al->over = true;
    not_read(x, al->name, words);
}

static int by_ref(const void *x, const void *y) {
    const json_t *const *a = x, *const *b = y;
    int c = strcmp(json_text(*a, "ref"), json_text(*b, "ref"));
    return c ? c : strcmp(json_text(*a, "what"), json_text(*b, "what"));
}

static void lines_sort(struct audit *x) {
    size_t n = json_array_size(x->lines);
    json_t **items = calloc(n + 1, sizeof(*items));
    for (size_t i = 0; i < n; i++)
        items[i] = json_incref(json_array_get(x->lines, i));
    qsort(items, n, sizeof(json_t *), by_ref);
    json_array_clear(x->lines);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(x->lines, items[i]);
    free(items);
}

static void audit_answer(struct audit *x) {
    struct command c = {.done = x->asked, .who = x->who};
    json_t *result =
        json_pack("{s:I, s:I, s:I, s:b, s:b}", "run", (json_int_t)x->run, "read", (json_int_t)x->read, "of",
                  (json_int_t)(x->of > x->read ? x->of : x->read), "done", x->done, "failed", x->failed);
    x->asked = NULL;
    if (x->done) {
        lines_sort(x);
        json_object_set(result, "differences", x->lines);
        json_object_set_new(result, "more", json_integer(x->more));
        audit_free(x->e);
    }
    answer(&c, 200, result);
}

/* ---- one record ---- */

/* NULL: the audit that asked is over. */
static struct audit *audit_of(const struct reading *x) {
    struct audit *audit = x->e->audit;
    return audit && audit->run == x->run ? audit : NULL;
}

static void read_over(struct lane *l, struct reading *x) {
    struct audit *audit = audit_of(x);
    lane_release(l, x->ref);
    if (audit) {
        x->lane->under_way--;
        audit->read++;
        take_lines(audit, x->found.lines);
        audit->e->world->timers.start(audit->timer, 0);
    }
    reading_free(x);
    lane_wake(l, 0);
}

static void read_again(struct lane *l, struct reading *x, msec_t wait) {
    struct audit *audit = audit_of(x);
    lane_release(l, x->ref);
    x->lane->under_way--;
    x->lane->wait_until = now_of(x->e) + wait;
    if (x->lane->over) {
        reading_free(x);
    } else {
        x->next = x->lane->again;
        x->lane->again = x;
    }
    audit->e->world->timers.start(audit->timer, 0);
    lane_wake(l, 0);
}

/* It told nothing of the record: later again, until there is no hope. */
static void read_failed(struct lane *l, struct reading *x, const struct op_result *r) {
    struct audit *audit = audit_of(x);
    const char *words = r->words ? r->words : reply_class_name(r->class);
    if (r->class == CLASS_LIMITED && x->limited++ < LIMITED_MOST) {
        msec_t wait = r->retry_after > 0 ? r->retry_after : LIMITED_WAIT;
        if (l->wait_until < now_of(x->e) + wait)
            l->wait_until = now_of(x->e) + wait; /* for all that it is asked, as after any answer */
        read_again(l, x, wait);
    } else if (r->class != CLASS_DENIED && ++x->tries < TRIES_MOST) {
        read_again(l, x, SEC_MS << x->tries);
    } else {
        not_read(audit, x->ref, words);
        if ((r->class == CLASS_DENIED || ++x->lane->failures >= FAILURES_MOST) && !x->lane->over)
            give_up(audit, x->lane, words);
        read_over(l, x);
    }
}

static void read_done(struct lane *l, void *who, const struct op_result *r) {
    struct reading *x = who;
    if (!audit_of(x)) {
        read_over(l, x);
        return;
    }
    if (r->n_quarantined)
        not_read(audit_of(x), x->ref, r->quarantined[0].why);
    else if (r->presence == PRESENT && (r->class != CLASS_OK || !r->n_records)) {
        read_failed(l, x, r);
        return;
    } else
        audit_compare(l, x->ref, r, &x->found);
    x->lane->failures = 0;
    look_next(l, x);
}

/* A record's texts may be read without its comments (import: { comments: false }): only looking tells. */
static void look_done(struct lane *l, void *who, const struct op_result *r) {
    struct reading *x = who;
    const struct audit_missing *m = &x->found.missing[x->looked++];
    if (audit_of(x) && r->class != CLASS_OK)
        not_read(audit_of(x), x->ref, r->words ? r->words : reply_class_name(r->class));
    else if (!r->found)
        audit_missing_line(x->found.lines, x->ref, m);
    look_next(l, x);
}

static void look_next(struct lane *l, struct reading *x) {
    if (x->looked >= x->found.n_missing || !audit_of(x) || x->e->stopping) {
        read_over(l, x);
        return;
    }
    const char *id = strchr(x->ref, ':') + 1;
    lane_run(l, op_look_note(l->tracker, id, x->found.missing[x->looked].marker), false, look_done, x);
}

/* ---- one tracker ---- */

/* Why it is not asked at all. NULL: it is. */
static const char *unaskable(struct audit *x, struct arena *a, const struct lane *l, const char *name) {
    struct tracker_row t;
    if (!l)
        return "it is not configured any more";
    bool known = store_tracker(x->e->store, a, name, &t);
    if (l->paused || l->cfg->paused || (known && t.paused))
        return "it is paused: bascule resume lets it be asked";
    if (l->stopped || (known && t.stopped))
        return l->stopped ? l->stopped : t.stopped;
    return l->down ? l->error : NULL;
}

static struct reading *reading_next(struct audit *x, struct audit_lane *al, const struct lane *l) {
    cleanup_arena struct arena *a = arena_new();
    const char **refs;
    struct reading *r = al->again;
    if (r && !lane_busy(l, r->ref)) {
        al->again = r->next;
        return r;
    }
    if (r || al->listed)
        return NULL;
    if (!store_refs_confirmed(x->e->store, a, al->name, al->after, 1, &refs)) {
        al->listed = true;
        return NULL;
    }
    if (lane_busy(l, refs[0]))
        return NULL;
    free(al->after);
    al->after = strdup(refs[0]);
    r = calloc(1, sizeof(*r));
    *r = (struct reading){.e = x->e,
                          .run = x->run,
                          .lane = al,
                          .ref = strdup(refs[0]),
                          .found = {.arena = arena_new(), .lines = json_array()}};
    return r;
}

static void lane_step(struct audit *x, struct audit_lane *al) {
    cleanup_arena struct arena *a = arena_new();
    struct engine *e = x->e;
    struct lane *l = engine_lane(e, al->name);
    struct reading *r;
    msec_t now = now_of(e);
    const char *why = unaskable(x, a, l, al->name);
    if (why) {
        give_up(x, al, why);
        return;
    }
    int share = l->cfg->concurrency > 3 ? l->cfg->concurrency / 2 : 1;
    while (!e->held && now >= al->wait_until && now >= l->wait_until && al->under_way < share &&
           l->jobs < l->cfg->concurrency && (r = reading_next(x, al, l))) {
        al->under_way++;
        lane_hold(l, r->ref);
        lane_run(l, op_read(l->tracker, strchr(r->ref, ':') + 1), false, read_done, r);
    }
    al->over = al->over || (al->listed && !al->under_way && !al->again);
}

/* ---- the whole ---- */

static void audit_step(void *arg) {
    struct audit *x = arg;
    struct engine *e = x->e;
    int64_t run = x->run;
    bool over = true;
    if (!x->asked && now_of(e) > x->asked_at + UNASKED_MOST) {
        audit_free(e);
        return;
    }
    for (size_t i = 0; i < x->n_lanes; i++) {
        if (!x->lanes[i].over)
            lane_step(x, &x->lanes[i]);
        if (!e->audit || e->audit->run != run)
            return;
        over = over && x->lanes[i].over && !x->lanes[i].under_way;
    }
    x->done = over;
    e->world->timers.start(x->timer, x->done ? UNASKED_MOST + 1 : TICK); /* what nobody asks for goes */
    if (x->asked && (x->done || now_of(e) >= x->answer_at))
        audit_answer(x);
}

static struct audit *audit_new(struct engine *e, int64_t run) {
    struct audit *x = calloc(1, sizeof(*x));
    *x = (struct audit){.e = e, .run = run, .n_lanes = e->n_lanes, .lines = json_array()};
    x->lanes = calloc(e->n_lanes + 1, sizeof(*x->lanes));
    for (size_t i = 0; i < e->n_lanes; i++) {
        x->lanes[i].name = strdup(e->lanes[i].cfg->name);
        x->of += store_confirmed_count(e->store, x->lanes[i].name);
    }
    x->timer = e->world->timers.make(e->world->timers.arg, audit_step, x);
    return x;
}

void cmd_audit(struct command *c) {
    struct engine *e = c->e;
    int64_t run = json_int(c->args, "run", 0);
    store_rollback(e->store); /* nothing will be written */
    if (run && (!e->audit || e->audit->run != run)) {
        refuse(c, 404, "audit %lld is over: another took its place; audit again", (long long)run);
        return;
    }
    if (e->audit && e->audit->asked) {
        refuse(c, 409, "an audit is under way: wait for it");
        return;
    }
    if (!run) {
        audit_free(e);
        e->audit = audit_new(e, ++e->audits);
    }
    e->audit->asked = c->done;
    e->audit->who = c->who;
    e->audit->asked_at = now_of(e);
    e->audit->answer_at = now_of(e) + ANSWER_AFTER;
    e->world->timers.start(e->audit->timer, run && !e->audit->done ? TICK : 0);
}
