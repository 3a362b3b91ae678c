/* values: which policy values apply to an incident, and how a turn keeps them. */
#include "bascule/policy.h"

#include <string.h>

static bool words_match(const struct policy_words *w, const char *value) {
    if (!w->count)
        return true;
    for (size_t i = 0; i < w->count; i++)
        if (str_is_nocase(w->words[i], value))
            return true;
    return false;
}

static bool rule_matches(const struct policy_rule *r, const struct record *i) {
    for (size_t n = 0; n < r->n_fields; n++)
        if (!words_match(&r->fields[n].values, json_text(i->native, r->fields[n].name)))
            return false;
    return words_match(&r->service, i->service) && words_match(&r->priority, i->priority) &&
           words_match(&r->tracker, i->tracker);
}

#define TAKE(bit, member)                                                                                              \
    if (set & (bit))                                                                                                   \
    to->member = from->member

static void overlay(struct policy *to, const struct policy *from, uint32_t set) {
    TAKE(POLICY_TREATMENT, treatment);
    TAKE(POLICY_REQUIRE_WORKAROUND, require_workaround);
    TAKE(POLICY_DELIVERED_WHEN, delivered_when);
    TAKE(POLICY_SEVERAL_DEFECTS, several_defects);
    TAKE(POLICY_ON_DECLINED, on_declined);
    TAKE(POLICY_ON_REOPEN, on_reopen);
    TAKE(POLICY_RECURRENCES, recurrences);
    TAKE(POLICY_ON_RISK_ACCEPTED, on_risk_accepted);
    TAKE(POLICY_REOPEN_WINDOW, reopen_window);
    TAKE(POLICY_SETTLE_PENDING, settle[VERDICT_PENDING]);
    TAKE(POLICY_SETTLE_DECLINED, settle[VERDICT_DECLINED]);
    TAKE(POLICY_SETTLE_DELIVERED, settle[VERDICT_DELIVERED]);
    if (set & POLICY_THRESHOLDS) {
        memcpy(to->thresholds, from->thresholds, sizeof(to->thresholds));
        to->n_thresholds = from->n_thresholds;
    }
    for (size_t k = 0; k < NOTE_KIND_COUNT; k++)
        TAKE((uint32_t)POLICY_NOTES << k, notes[k]);
}

/* "First match wins, key by key": for each key the first matching rule that sets it. */
void policy_for(const struct policy_set *set, const struct record *incident, struct policy *ret) {
    uint32_t taken = 0;
    *ret = set->base;
    for (size_t i = 0; i < set->n_rules; i++) {
        const struct policy_rule *r = &set->rules[i];
        if (!rule_matches(r, incident))
            continue;
        overlay(ret, &r->policy, r->set & ~taken);
        taken |= r->set;
    }
}

void policy_for_side(const struct policy_set *set, const struct problem *problem, const struct record *defect,
                     struct policy *ret) {
    struct record looked_up = {0};
    if (defect)
        looked_up = *defect;
    if (problem && !str_empty(problem->service))
        looked_up.service = problem->service;
    if (problem && !str_empty(problem->priority))
        looked_up.priority = problem->priority;
    policy_for(set, &looked_up, ret);
}

json_t *policy_to_json(const struct policy *p) {
    json_t *notes = json_object(), *thresholds = json_array();
    for (size_t k = 0; k < NOTE_KIND_COUNT; k++)
        json_object_set_new(notes, note_kind_name((enum note_kind)k), json_string(visibility_name(p->notes[k])));
    for (size_t i = 0; i < p->n_thresholds; i++)
        json_array_append_new(thresholds, json_integer(p->thresholds[i]));
    return json_pack("{s:s, s:b, s:s, s:s, s:s, s:s, s:i, s:s, s:I, s:{s:I, s:I, s:I}, s:o, s:o}", "treatment",
                     treatment_name(p->treatment), "require_workaround", p->require_workaround, "delivered_when",
                     delivered_when_name(p->delivered_when), "several_defects",
                     several_defects_name(p->several_defects), "on_declined", on_declined_name(p->on_declined),
                     "on_reopen", on_reopen_name(p->on_reopen), "recurrences", p->recurrences, "on_risk_accepted",
                     on_risk_accepted_name(p->on_risk_accepted), "reopen_window", (json_int_t)p->reopen_window,
                     "settle", "pending", (json_int_t)p->settle[VERDICT_PENDING], "declined",
                     (json_int_t)p->settle[VERDICT_DECLINED], "delivered", (json_int_t)p->settle[VERDICT_DELIVERED],
                     "thresholds", thresholds, "notes", notes);
}

void policy_from_json(const json_t *j, struct policy *ret) {
    const json_t *settle = json_object_get(j, "settle"), *notes = json_object_get(j, "notes");
    const json_t *thresholds = json_object_get(j, "thresholds");
    policy_defaults(ret);
    treatment_parse(json_text(j, "treatment"), &ret->treatment);
    ret->require_workaround = json_bool(j, "require_workaround", false);
    delivered_when_parse(json_text(j, "delivered_when"), &ret->delivered_when);
    several_defects_parse(json_text(j, "several_defects"), &ret->several_defects);
    on_declined_parse(json_text(j, "on_declined"), &ret->on_declined);
    on_reopen_parse(json_text(j, "on_reopen"), &ret->on_reopen);
    ret->recurrences = (int)json_int(j, "recurrences", ret->recurrences);
    on_risk_accepted_parse(json_text(j, "on_risk_accepted"), &ret->on_risk_accepted);
    ret->reopen_window = json_int(j, "reopen_window", ret->reopen_window);
    ret->settle[VERDICT_PENDING] = json_int(settle, "pending", 0);
    ret->settle[VERDICT_DECLINED] = json_int(settle, "declined", 0);
    ret->settle[VERDICT_DELIVERED] = json_int(settle, "delivered", 0);
    if (json_is_array(thresholds))
        ret->n_thresholds = 0;
    for (size_t i = 0; i < json_array_size(thresholds) && ret->n_thresholds < THRESHOLDS_MAX; i++)
        ret->thresholds[ret->n_thresholds++] = (int)json_integer_value(json_array_get(thresholds, i));
    for (size_t k = 0; k < NOTE_KIND_COUNT; k++)
        visibility_parse(json_text(notes, note_kind_name((enum note_kind)k)), &ret->notes[k]);
}
