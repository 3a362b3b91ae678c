/* policy: what the bridge should do, over all incidents and for some.
 *
 * Called by top.c through its table. One table of keys serves the section and
 * the rules under `for`; each key has its bit, so that a rule is laid over the
 * base key by key. */
#include "read.h"

#include <string.h>

WORDS_OF(treatment, 0, 3);
WORDS_OF(delivered_when, 0, 3);
WORDS_OF(several_defects, 0, 2);
WORDS_OF(on_declined, 0, 2);
WORDS_OF(on_reopen, 0, 3);
WORDS_OF(on_risk_accepted, 0, 2);
WORDS_OF(visibility, 0, 3);
/* Words for agents, and a fix that may be none: never told to a requester. */
static const struct words inside_words = {visibility_word, VISIBILITY_OFF, 2};

#define RULES_MAX       100
#define MATCH_WORDS_MAX 100

static const struct number_bounds recurrence_bounds = {1, 1000};
static const struct number_bounds threshold_bounds = {1, 1000000};
static const struct span_bounds window_bounds = {0, 3650 * DAY_MS};
static const struct span_bounds settle_bounds = {0, 30 * DAY_MS};

/* ---- thresholds, settle, notes ---- */

static void read_thresholds(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    struct policy *p = target;
    int found[THRESHOLDS_MAX];
    if (value->type != YAML_LIST || value->count > THRESHOLDS_MAX) {
        faults_error(r->faults, value->place, "%s: a list of at most %d numbers is wanted here, such as [10, 50, 100]",
                     key->name, THRESHOLDS_MAX);
        return;
    }
    for (size_t i = 0; i < value->count; i++) {
        const struct yaml *y = value->items[i].value;
        if (!number_read(r, key->name, y, &threshold_bounds, &found[i]))
            return;
        if (i > 0 && found[i] <= found[i - 1]) {
            faults_error(r->faults, y->place, "%s: %d does not come after %d; write them in rising order", key->name,
                         found[i], found[i - 1]);
            return;
        }
    }
    memset(p->thresholds, 0, sizeof(p->thresholds));
    if (value->count)
        memcpy(p->thresholds, found, value->count * sizeof(found[0]));
    p->n_thresholds = value->count;
}

static void read_settle(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
#define SETTLE(NAME, VERDICT, BIT)                                                                                     \
    {                                                                                                                  \
        .name = NAME, .read = read_span, .offset = offsetof(struct policy, settle[VERDICT]), .arg = &settle_bounds,    \
        .bit = BIT                                                                                                     \
    }
    static const struct key keys[] = {SETTLE("pending", VERDICT_PENDING, POLICY_SETTLE_PENDING),
                                      SETTLE("declined", VERDICT_DECLINED, POLICY_SETTLE_DECLINED),
                                      SETTLE("delivered", VERDICT_DELIVERED, POLICY_SETTLE_DELIVERED)};
#undef SETTLE
    section_read(r, value, value->place, key->name, keys, array_size(keys), target);
}

static void read_notes(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    struct key keys[NOTE_KIND_COUNT];
    for (int kind = 0; kind < NOTE_KIND_COUNT; kind++)
        keys[kind] = (struct key){
            .name = note_kind_name((enum note_kind)kind),
            .read = read_word,
            .offset = offsetof(struct policy, notes) + (size_t)kind * sizeof(enum visibility),
            .arg = kind == NOTE_RECURRENCE || kind == NOTE_AGENT ? &inside_words : &visibility_words,
            .bit = (uint32_t)POLICY_NOTES << kind,
        };
    section_read(r, value, value->place, key->name, keys, array_size(keys), target);
}

/* ---- for ---- */

static void read_words(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    struct policy_words *words = target;
    texts_read(r, key->name, value, MATCH_WORDS_MAX, &words->words, &words->count);
    if (value->type == YAML_LIST && value->count == 0)
        faults_error(r->faults, value->place, "%s: an empty list matches nothing; leave the key out to match any",
                     key->name);
}

static const char *priority_word(int i) {
    static const char *const words[] = {"critical", "high", "medium", "low"};
    return words[i];
}

/* Canonical ones; the tracker's own go under `field`. */
static void read_match_priority(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    static const struct words priorities = {priority_word, 0, 4};
    read_words(r, key, value, target);
    if (value->type == YAML_SCALAR)
        (void)word_read(r, key->name, value, &priorities);
    for (size_t i = 0; value->type == YAML_LIST && i < value->count; i++)
        if (value->items[i].value->type == YAML_SCALAR)
            (void)word_read(r, key->name, value->items[i].value, &priorities);
}

/* Whether they exist is asked when all trackers are read. */
static void read_match_tracker(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    struct checked *c = r->checked;
    read_words(r, key, value, target);
    if (value->type == YAML_SCALAR)
        *arena_push(r->arena, &c->rule_trackers, &c->n_rule_trackers) = value;
    for (size_t i = 0; value->type == YAML_LIST && i < value->count; i++)
        if (value->items[i].value->type == YAML_SCALAR)
            *arena_push(r->arena, &c->rule_trackers, &c->n_rule_trackers) = value->items[i].value;
}

static void read_match_field(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    struct policy_rule *rule = target;
    if (!is_map(r, key->name, value, "{ NATIVE FIELD: value }"))
        return;
    for (size_t i = 0; i < value->count && i < MATCH_WORDS_MAX; i++) {
        struct policy_field *field = arena_push(r->arena, &rule->fields, &rule->n_fields);
        *field = (struct policy_field){.name = arena_strdup(r->arena, value->items[i].key->text)};
        read_words(r, key, value->items[i].value, &field->values);
    }
}

static void read_match(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    static const struct key keys[] = {
        {.name = "service", .read = read_words, .offset = offsetof(struct policy_rule, service)},
        {.name = "priority", .read = read_match_priority, .offset = offsetof(struct policy_rule, priority)},
        {.name = "tracker", .read = read_match_tracker, .offset = offsetof(struct policy_rule, tracker)},
        {.name = "field", .read = read_match_field}};
    struct policy_rule *rule = (struct policy_rule *)((char *)target - offsetof(struct policy_rule, policy));
    section_read(r, value, value->place, key->name, keys, array_size(keys), rule);
}

static key_read read_rules;

/* The first belongs to the section alone, the last to a rule alone. */
#define AT(member) .offset = offsetof(struct policy, member)
static const struct key policy_keys[] = {
    {.name = "for", .read = read_rules},
    {.name = "treatment", .read = read_word, AT(treatment), .arg = &treatment_words, .bit = POLICY_TREATMENT},
    {.name = "require_workaround", .read = read_bool, AT(require_workaround), .bit = POLICY_REQUIRE_WORKAROUND},
    {.name = "delivered_when",
     .read = read_word,
     AT(delivered_when),
     .arg = &delivered_when_words,
     .bit = POLICY_DELIVERED_WHEN},
    {.name = "several_defects",
     .read = read_word,
     AT(several_defects),
     .arg = &several_defects_words,
     .bit = POLICY_SEVERAL_DEFECTS},
    {.name = "on_declined", .read = read_word, AT(on_declined), .arg = &on_declined_words, .bit = POLICY_ON_DECLINED},
    {.name = "on_reopen", .read = read_word, AT(on_reopen), .arg = &on_reopen_words, .bit = POLICY_ON_REOPEN},
    {.name = "recurrences", .read = read_number, AT(recurrences), .arg = &recurrence_bounds, .bit = POLICY_RECURRENCES},
    {.name = "on_risk_accepted",
     .read = read_word,
     AT(on_risk_accepted),
     .arg = &on_risk_accepted_words,
     .bit = POLICY_ON_RISK_ACCEPTED},
    {.name = "reopen_window", .read = read_span, AT(reopen_window), .arg = &window_bounds, .bit = POLICY_REOPEN_WINDOW},
    {.name = "settle", .read = read_settle},
    {.name = "thresholds", .read = read_thresholds, .bit = POLICY_THRESHOLDS},
    {.name = "notes", .read = read_notes},
    {.name = "match", .read = read_match, .required = true},
};
#undef AT
#define SECTION_KEYS policy_keys, array_size(policy_keys) - 1
#define RULE_KEYS    policy_keys + 1, array_size(policy_keys) - 1

static void rule_read(struct reader *r, const struct yaml *y) {
    struct policy_set *set = &r->checked->draft->policy;
    if (!is_map(r, "for", y, "a rule with match: and what it sets"))
        return;
    struct policy_rule *rule = arena_push(r->arena, &set->rules, &set->n_rules);
    rule->line = y->place.line;
    policy_defaults(&rule->policy);
    r->set = 0;
    section_read(r, y, y->place, "policy.for", RULE_KEYS, &rule->policy);
    rule->set = r->set;
    if (rule->set == 0 && !r->faults->failed)
        faults_warn(r->faults, y->place, "for: this rule sets nothing; give it a key such as treatment: leave");
}

static void read_rules(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    if (value->type != YAML_LIST) {
        faults_error(r->faults, value->place, "%s: a list of rules is wanted here, each beginning with \"- match:\"",
                     key->name);
        return;
    }
    if (value->count > RULES_MAX)
        faults_error(r->faults, value->place, "%s: more than %d rules", key->name, RULES_MAX);
    for (size_t i = 0; i < value->count && i < RULES_MAX; i++)
        rule_read(r, value->items[i].value);
}

void policy_read(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    section_read(r, value, value->place, key->name, SECTION_KEYS, &r->checked->draft->policy.base);
}
