/* check: may this tracker be used as it is configured? Findings, each with the mend.
 *
 * Called by `bascule check`, and before the service asks for anything (only the steps that say
 * `begins`: they find out in which zone dates are read). The recipe's `check` names
 * the requests; what is common to all trackers is here: reachable, clock, states
 * mapped, fields found, rights seen. Nothing is written. */
#include "runtime.h"

#include <string.h>

#define COLLECTED_MAX 2000

struct check_op {
    size_t step, item;
    msec_t now;
    bool begins; /* only what the service asks before it begins */
    bool clock_told;
    json_t *collected; /* texts that the step at hand gathered */
    bool zone_shown;
    bool failed; /* a request of the step at hand failed */
};

static void check_ask(struct op *op);

static const json_t *step_of(const struct op *op) {
    const struct check_op *o = op->mine;
    return json_array_get(json_object_get(op->tracker->recipe, "check"), o->step);
}

/* ---- findings ---- */

static void finding(struct op *op, int level, const char *what, const char *format, ...) printf_like(4, 5);
static void finding(struct op *op, int level, const char *what, const char *format, ...) {
    struct op_result *r = &op->result;
    char text[800];
    va_list args;
    if (r->n_findings >= FINDINGS_MAX)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    struct finding *f = arena_push(op->arena, &r->findings, &r->n_findings);
    *f = (struct finding){.what = what, .text = str_cut(op->arena, text, sizeof(text))};
    f->level = level;
}

/* A text of the recipe may begin with its level. */
static void finding_said(struct op *op, int level, const char *text) {
    static const char *const levels[] = {[FINDING_OK] = "OK: ", [FINDING_WARN] = "WARN: ", [FINDING_FAIL] = "FAIL: "};
    const char *what = json_text(step_of(op), "what");
    if (!text)
        return;
    for (size_t i = 0; i < array_size(levels); i++)
        if (str_starts(text, levels[i])) {
            finding(op, (int)i, what, "%s", text + strlen(levels[i]));
            return;
        }
    finding(op, level, what, "%s", text);
}

/* `ok` is a text, or a list of {when, say} of which the first that holds is said. */
static void say_ok(struct op *op, const json_t *ok) {
    size_t i;
    json_t *one;
    if (json_is_string(ok))
        finding_said(op, FINDING_OK, say_text(&op->c, json_string_value(ok), SAY_PLAIN));
    json_array_foreach(ok, i, one)
        if (when_holds(&op->c, json_object_get(one, "when"))) {
            finding_said(op, FINDING_OK, say_text(&op->c, json_text(one, "say"), SAY_PLAIN));
            return;
        }
}

/* ---- what every tracker is asked ---- */

static void clock_check(struct op *op, const struct http_reply *r) {
    struct check_op *o = op->mine;
    if (o->clock_told || r->result != HTTP_ANSWERED)
        return;
    o->clock_told = true;
    msec_t ours = r->began ? r->began + (r->ended - r->began) / 2 : o->now, skew = r->date - ours;
    if (!r->date)
        finding(op, FINDING_WARN, "clock",
                "no Date header comes with the answers, so the clocks can't be compared (a proxy in front of it would "
                "send one)");
    else if (skew > SKEW_MAX || skew < -SKEW_MAX)
        finding(op, FINDING_FAIL, "clock", "the tracker's clock is %s %s ours; set both by NTP",
                duration_text(op->arena, (skew < 0 ? -skew : skew) / SEC_MS * SEC_MS),
                skew < 0 ? "behind" : "ahead of");
    else
        finding(op, FINDING_OK, "clock", "the clocks differ by %lld s",
                (long long)((skew < 0 ? -skew : skew) / SEC_MS));
}

static bool collected_has(const json_t *list, const char *name) {
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one)
        if (str_is_nocase(json_string_value(one), name))
            return true;
    return false;
}

/* Two natives for one canonical state: the first is written, which should be known. */
static void twins_check(struct op *op) {
    const struct tracker *t = op->tracker;
    for (int s = STATE_OPEN; s < STATE_COUNT; s++) {
        const char *first = NULL, *second = NULL, *key;
        json_t *value;
        json_object_foreach((json_t *)t->set.states, key, value) {
            const char *word = json_is_object(value) ? json_text(value, "state") : json_string_value(value);
            if (!str_is(word, state_name((enum state)s)) || json_is_object(value))
                continue;
            second = first && !second ? key : second;
            first = first ? first : key;
        }
        if (second && !json_object_get(t->set.write, state_name((enum state)s)))
            finding(op, FINDING_WARN, "state", "\"%s\" and \"%s\" both mean %s; \"%s\" is what will be written", first,
                    second, state_name((enum state)s), first);
    }
}

/* Can what the policy asks for be said here? */
static void sayable_check(struct op *op, const json_t *natives) {
    static const enum state needed[] = {STATE_OPEN, STATE_WAITING, STATE_CLOSED_UNRESOLVED, STATE_RESOLVED};
    for (size_t i = 0; op->tracker->set.role == ROLE_TICKETING && i < array_size(needed); i++) {
        const char *name = state_name(needed[i]), *native = tracker_native_state(op->tracker, needed[i]);
        if (!native)
            finding(op, FINDING_WARN, "state", "no native state stands for %s: map one under `states`", name);
        else if (natives && !collected_has(natives, native))
            finding(op, FINDING_FAIL, "state",
                    "%s would be written as \"%s\", which is no state here: name another "
                    "one under `states` or `write`, or make it",
                    name, native);
    }
}

static void states_check(struct op *op, const json_t *step, const json_t *natives) {
    size_t i, unmapped = 0;
    json_t *one;
    enum outcome o;
    bool complete = json_is_true(json_object_get(step, "complete"));
    json_array_foreach(natives, i, one)
        if (tracker_map_state(op->tracker, json_string_value(one), NULL, &o) == STATE_NONE) {
            unmapped++;
            finding(op, FINDING_WARN, "state", "\"%s\" is not mapped: say under `states` of %s what it means",
                    json_string_value(one), op->tracker->set.name);
        }
    if (!unmapped && json_array_size(natives))
        finding(op, complete ? FINDING_OK : FINDING_WARN, "state",
                complete ? "all %zu native states are mapped"
                         : "the %zu native states in use are mapped; this tracker does not tell which others there are",
                json_array_size(natives));
    twins_check(op);
    sayable_check(op, complete ? natives : NULL);
}

static void fields_check(struct op *op, const json_t *names) {
    size_t missing = 0, wanted = 0;
    for (int f = 0; f < FIELD_COUNT; f++) {
        const char *native = tracker_field_native(op->tracker, (enum field)f);
        if (!native)
            continue;
        wanted++;
        if (collected_has(names, native))
            continue;
        missing++;
        finding(op, json_array_size(names) ? FINDING_FAIL : FINDING_WARN, "field",
                json_array_size(names) ? "field \"%s\" (%s) is not there: make it, give this account the right to see "
                                         "it, or leave it out under `fields`"
                                       : "field \"%s\" (%s) can't be looked for yet: no record shows its fields",
                native, field_name((enum field)f));
    }
    if (wanted && !missing)
        finding(op, FINDING_OK, "field", "all %zu configured fields are there", wanted);
}

static void rights_check(struct op *op, const json_t *need, const json_t *seen) {
    const char *right;
    json_t *text;
    bool missing = false;
    json_object_foreach((json_t *)need, right, text)
        if (!collected_has(seen, right)) {
            missing = true;
            finding_said(op, FINDING_FAIL, say_text(&op->c, json_string_value(text), SAY_PLAIN));
        }
    if (!missing)
        finding(op, FINDING_OK, json_text(step_of(op), "what"), "all rights that can be read are there");
}

/* ---- gathering ---- */

static bool collect_one(void *arg, json_t *value) {
    struct op *op = arg;
    struct check_op *o = op->mine;
    const char *text = pick_as_text(op->arena, value);
    if (text && json_array_size(o->collected) < COLLECTED_MAX && !collected_has(o->collected, text))
        json_array_append_new(o->collected, json_string(text));
    return true;
}

struct keep_args {
    struct op *op;
    const json_t *rule;
    json_t *values;
};

static bool keep_value(void *arg, json_t *value) {
    json_array_append(arg, value);
    return true;
}

static bool keep_element(void *arg, json_t *element) {
    struct keep_args *k = arg;
    struct context c = k->op->c;
    c.item = element;
    if (when_holds(&c, json_object_get(k->rule, "when")))
        pick_each(element, json_text(k->rule, "at"), keep_value, k->values);
    return true;
}

/* A path, {time, plus} or {each, when, at}: for later steps. Lists add up over `each`. */
static void keep_one(struct op *op, const char *name, const json_t *rule, const json_t *json) {
    const char *path = json_string_value(rule), *each = json_text(rule, "each"), *time = json_text(rule, "time");
    msec_t plus = 0;
    if (time) {
        op->c.item = json;
        msec_t t = pick_time(&op->c, json_object_get(rule, "time"));
        if (json_text(rule, "plus") && !duration_parse(json_text(rule, "plus"), &plus))
            plus = 0;
        bool sayable = t && tracker_says(op->tracker, t + plus);
        op_set(op, name, sayable ? json_integer(t + plus) : NULL);
        return;
    }
    if (path && !strstr(path, "/*")) {
        json_t *value = pick_first(json, path);
        op_set(op, name, value ? json_incref(value) : NULL);
        return;
    }
    json_t *values = json_object_get(op->c.vars, name);
    if (!json_is_array(values)) {
        values = json_array();
        op_set(op, name, values);
    }
    struct keep_args args = {op, rule, values};
    if (each)
        pick_each(json, each, keep_element, &args);
    else
        pick_each(json, path, keep_value, values);
}

static void step_keep(struct op *op, const json_t *step, const json_t *json) {
    const char *name;
    json_t *rule;
    json_object_foreach(json_object_get(step, "keep"), name, rule)
        keep_one(op, name, rule, json);
}

/* ---- the steps ---- */

static void say_failure(struct op *op, const json_t *step, const struct answer *a) {
    const char *key = a->class == CLASS_DENIED ? (op->result.status == 401 ? "unauthorised" : "denied")
                      : a->class == CLASS_GONE ? "gone"
                                               : "fails";
    const char *text = json_text(step, key);
    if (!text)
        text = json_text(step, "fails");
    op_set_text(op, "words", a->words);
    if (text)
        finding_said(op, FINDING_FAIL, say_text(&op->c, text, SAY_PLAIN));
    else
        finding(op, FINDING_FAIL, json_text(step, "what"), "%s", a->words ? a->words : "no answer");
}

/* The account's time zone, by its name. False and said why: nothing may be asked by dates. */
static bool zone_learn(struct op *op, const json_t *step, const json_t *json) {
    struct tracker_cache *cache = op->tracker->cache;
    const char *path = json_text(step, "zone"), *name = path ? pick_as_text(op->arena, pick_first(json, path)) : NULL;
    if (!path)
        return true;
    cache->zone = zone_free(cache->zone);
    if (str_empty(name))
        return true;
    cache->zone = zone_load(name);
    if (cache->zone)
        return true;
    finding(op, FINDING_FAIL, "zone",
            "the account has the time zone %s, which is not known here (tzdata): set it to UTC, or install tzdata",
            name);
    return false;
}

/* What says nothing of the answer: the tracker is not there, or not for us. */
static bool is_no_answer(const struct op *op, const struct answer *a) {
    return a->class == CLASS_RETRY_SAFE || a->class == CLASS_UNSURE || a->class == CLASS_LIMITED ||
           a->class == CLASS_NONSENSE || (a->class == CLASS_DENIED && op->result.status == 401);
}

static void check_done(struct op *op, const struct answer *a) {
    struct check_op *o = op->mine;
    const json_t *step = step_of(op), *expect = json_object_get(step, "expect");
    const char *collect = json_text(step, "collect");
    clock_check(op, a->reply);
    op->c.item = a->json;
    if (o->begins && is_no_answer(op, a)) {
        op_finish_as(op, a);
        return;
    }
    if (a->class != CLASS_OK) {
        say_failure(op, step, a);
        o->failed = true;
    } else if (expect && !when_holds(&op->c, expect)) {
        finding_said(op, FINDING_FAIL, say_text(&op->c, json_text(step, "not"), SAY_PLAIN));
        o->failed = true;
    } else if (!zone_learn(op, step, a->json)) {
        o->failed = true;
    } else {
        o->zone_shown |= str_is(json_text(step, "what"), "zone");
        step_keep(op, step, a->json);
        if (collect)
            pick_each(a->json, collect, collect_one, op);
        op->c.item = a->json;
        say_ok(op, json_object_get(step, "ok"));
    }
    op->c.item = NULL;
    o->item++;
    check_ask(op);
}

/* After the last request of a step: what was gathered is judged. */
static void step_end(struct op *op, const json_t *step) {
    struct check_op *o = op->mine;
    const char *judge = json_text(step, "checks");
    if (o->begins || (o->failed && !json_array_size(o->collected)))
        return;
    if (str_is(judge, "states"))
        states_check(op, step, o->collected);
    else if (str_is(judge, "fields"))
        fields_check(op, o->collected);
    if (json_object_get(step, "need"))
        rights_check(op, json_object_get(step, "need"), o->collected);
}

static void check_end(struct op *op) {
    const struct check_op *o = op->mine;
    for (size_t i = 0; o->begins && i < op->result.n_findings; i++)
        if (op->result.findings[i].level == FINDING_FAIL) {
            op_finish(op, CLASS_NONSENSE, op->result.findings[i].text);
            return;
        }
    op->result.unproven = o->begins && json_object_get(op->tracker->recipe, "zoned") && !o->zone_shown;
    op_finish(op, CLASS_OK, NULL);
}

/* A step whose path has nothing to say (a token of another form) is left out. */
static bool step_sayable(struct op *op, const json_t *step) {
    const char *path = json_text(step, "get");
    const struct check_op *o = op->mine;
    if (o->begins && !json_is_true(json_object_get(step, "begins")))
        return false;
    return when_holds(&op->c, json_object_get(step, "when")) && path && say_text(&op->c, path, SAY_PATH);
}

static void check_ask(struct op *op) {
    struct check_op *o = op->mine;
    for (const json_t *step; (step = step_of(op)); o->step++, o->item = 0, o->failed = false) {
        const char *each = json_text(step, "each");
        const json_t *list = each ? pick_value(&op->c, each) : NULL;
        size_t count = each ? json_array_size(list) : 1;
        if (o->item < count) {
            if (each)
                op_set(op, "item", json_incref(json_array_get(list, o->item)));
            if (o->item == 0)
                json_array_clear(o->collected);
            if (step_sayable(op, step)) {
                op_ask(op, step, check_done);
                return;
            }
            continue;
        }
        if (count)
            step_end(op, step);
        if (o->failed && json_is_true(json_object_get(step, "stop")))
            break;
    }
    check_end(op);
}

static struct op *check_begin(const struct tracker *t, msec_t now, bool begins) {
    struct op *op = op_new(t);
    struct check_op *o = arena_make(op->arena, struct check_op);
    op->mine = o;
    o->now = now;
    o->begins = begins;
    o->collected = json_array();
    json_array_append_new(op->kept, o->collected);
    check_ask(op);
    return op;
}

struct op *op_check(const struct tracker *t, msec_t now) {
    return check_begin(t, now, false);
}

struct op *op_begin(const struct tracker *t, msec_t now) {
    return check_begin(t, now, true);
}
