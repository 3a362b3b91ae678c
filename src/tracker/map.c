/* map: native words to canonical ones, and back.
 *
 * Owns the joined tables of a tracker (settings before the recipe's defaults).
 * Called once by tracker_new and then for every record. What settings say is
 * checked here: an unknown word is a fault, never a guess. */
#include "runtime.h"

#include <stdio.h>
#include <string.h>

const char *tracker_role_word(const struct tracker *t) {
    return role_name(t->set.role);
}

static bool state_fits_role(enum state s, enum role role) {
    switch (s) {
    case STATE_OPEN:
    case STATE_CLOSED_UNRESOLVED:
    case STATE_CLOSED: return true;
    case STATE_WAITING:
    case STATE_RESOLVED: return role == ROLE_TICKETING;
    case STATE_WORKING:
    case STATE_FIXED:
    case STATE_RELEASED: return role == ROLE_DEFECTS;
    case STATE_NONE:
    case STATE_COUNT: break;
    }
    return false;
}

static int state_read(const struct tracker *t, const char *key, const char *word, enum state *ret, struct fault *f) {
    if (!word || !state_parse(word, ret) || *ret == STATE_NONE)
        return fault_set(f, -EINVAL, "%s: states: \"%s\": \"%s\" is no state", t->set.name, key, word ? word : "");
    if (!state_fits_role(*ret, t->set.role))
        return fault_set(f, -EINVAL, "%s: states: \"%s\": a record of a tracker with role %s is never \"%s\"",
                         t->set.name, key, tracker_role_word(t), word);
    return 0;
}

/* "state" or {"state","outcome"} */
static int state_add(struct tracker *t, const char *key, const json_t *value, struct fault *f) {
    enum state s = STATE_NONE;
    enum outcome o = OUTCOME_NONE;
    const char *outcome = json_text(value, "outcome");
    int rc = state_read(t, key, json_is_object(value) ? json_text(value, "state") : json_string_value(value), &s, f);
    if (rc < 0)
        return rc;
    if (outcome && !outcome_parse(outcome, &o))
        return fault_set(f, -EINVAL, "%s: states: \"%s\": \"%s\" is no outcome", t->set.name, key, outcome);
    json_array_append_new(t->states, json_pack("{s:s, s:i, s:i}", "key", key, "state", (int)s, "outcome", (int)o));
    return 0;
}

static int states_add(struct tracker *t, const json_t *states, struct fault *f) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)states, key, value) {
        int rc = state_add(t, key, value, f);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* A map whose keys must be words of the vocabulary. */
static int priorities_check(const struct tracker *t, struct fault *f) {
    static const char *const words[] = {"critical", "high", "medium", "low"};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)t->set.priorities, key, value) {
        bool known = false;
        for (size_t i = 0; i < array_size(words); i++)
            known = known || str_is(words[i], key);
        if (!known)
            return fault_set(f, -EINVAL, "%s: priorities: \"%s\" is none of critical, high, medium, low", t->set.name,
                             key);
    }
    return 0;
}

static int outcomes_check(const struct tracker *t, const json_t *outcomes, struct fault *f) {
    const char *key;
    json_t *value;
    enum outcome o;
    json_object_foreach((json_t *)outcomes, key, value)
        if (!json_is_string(value) || !outcome_parse(json_string_value(value), &o))
            return fault_set(f, -EINVAL, "%s: outcomes: \"%s\": that is no outcome", t->set.name, key);
    return 0;
}

static int fields_check(const struct tracker *t, struct fault *f) {
    const char *key;
    json_t *value;
    enum field field;
    json_object_foreach((json_t *)t->set.fields, key, value)
        if (!field_parse(key, &field) || !(json_is_string(value) || json_is_null(value)))
            return fault_set(f, -EINVAL, "%s: fields: \"%s\" is no canonical field with a native name", t->set.name,
                             key);
    return 0;
}

/* Keys are "STATE" or "STATE/OUTCOME". */
static int write_check(const struct tracker *t, struct fault *f) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)t->set.write, key, value) {
        char word[64];
        enum state s;
        enum outcome o;
        const char *slash = strchr(key, '/');
        snprintf(word, sizeof(word), "%.*s", (int)strcspn(key, "/"), key);
        int rc = state_read(t, key, word, &s, f);
        if (rc < 0)
            return fault_wrap(f, rc, "write");
        if (slash && !outcome_parse(slash + 1, &o))
            return fault_set(f, -EINVAL, "%s: write: \"%s\": \"%s\" is no outcome", t->set.name, key, slash + 1);
        if (!json_is_string(value) && !json_text(value, "status"))
            return fault_set(f, -EINVAL, "%s: write: \"%s\" needs a status", t->set.name, key);
    }
    return 0;
}

/* How each native state is said: {"status": S, "resolution": R}. */
static json_t *words_of(const char *key) {
    const char *slash = strchr(key, '/');
    if (!slash)
        return json_pack("{s:s}", "status", key);
    return json_pack("{s:s%, s:s}", "status", key, (size_t)(slash - key), "resolution", slash + 1);
}

static json_t *words_from(const json_t *value) {
    return json_is_string(value) ? words_of(json_string_value(value)) : json_incref((json_t *)value);
}

static bool declined(enum outcome o) {
    return state_is_closed_unresolved(STATE_CLOSED, o);
}

/* Would this native state, read back, mean what was wanted? 2 exactly, 1 near enough. */
static int closeness(const json_t *entry, enum state s, enum outcome o) {
    enum outcome has = (enum outcome)json_int(entry, "outcome", 0);
    if (json_int(entry, "state", 0) != (int)s)
        return 0;
    if (o == OUTCOME_NONE || s != STATE_CLOSED || has == o)
        return 2;
    if (has == OUTCOME_NONE || has == OUTCOME_UNKNOWN || o == OUTCOME_UNKNOWN)
        return 1;
    return declined(has) && declined(o) ? 1 : 0;
}

/* The first of the best; never one that would be read as another outcome. */
static const char *native_for(const struct tracker *t, enum state s, enum outcome o) {
    const char *best = NULL;
    int most = 0;
    size_t i;
    json_t *entry;
    json_array_foreach(t->states, i, entry) {
        int near = closeness(entry, s, o);
        if (near > most) {
            most = near;
            best = json_text(entry, "key");
        }
    }
    return best;
}

static void writes_put(struct tracker *t, enum state s, enum outcome o, json_t *words) {
    char key[64];
    snprintf(key, sizeof(key), "%s/%s", state_name(s), outcome_name(o));
    if (words)
        json_object_set_new(t->writes, key, words);
}

static const json_t *setting_for(const json_t *map, enum state s, enum outcome o) {
    char key[64];
    snprintf(key, sizeof(key), "%s/%s", state_name(s), outcome_name(o));
    const json_t *exact = o == OUTCOME_NONE ? NULL : json_object_get(map, key);
    return exact ? exact : json_object_get(map, state_name(s));
}

/* True if the settings themselves name a native for that state. */
static bool settings_say(const struct tracker *t, enum state s) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)t->set.states, key, value)
        if (str_is(json_is_object(value) ? json_text(value, "state") : json_string_value(value), state_name(s)))
            return true;
    return false;
}

static void writes_build(struct tracker *t) {
    const json_t *defaults = json_object_get(json_object_get(t->recipe, "say"), tracker_role_word(t));
    for (int s = STATE_OPEN; s < STATE_COUNT; s++)
        for (int o = OUTCOME_NONE; o < OUTCOME_COUNT; o++) {
            const json_t *set = setting_for(t->set.write, (enum state)s, (enum outcome)o);
            const json_t *own =
                settings_say(t, (enum state)s) ? NULL : setting_for(defaults, (enum state)s, (enum outcome)o);
            const char *native = native_for(t, (enum state)s, (enum outcome)o);
            if (set || own)
                writes_put(t, (enum state)s, (enum outcome)o, words_from(set ? set : own));
            else if (native)
                writes_put(t, (enum state)s, (enum outcome)o, words_of(native));
        }
}

int tracker_map_build(struct tracker *t, struct fault *fault) {
    int rc;
    t->states = json_array();
    t->writes = json_object();
    if ((rc = states_add(t, t->set.states, fault)) < 0 ||
        (rc = states_add(t, json_object_get(json_object_get(t->recipe, "states"), tracker_role_word(t)), fault)) < 0 ||
        (rc = outcomes_check(t, t->set.outcomes, fault)) < 0 || (rc = priorities_check(t, fault)) < 0 ||
        (rc = fields_check(t, fault)) < 0 || (rc = write_check(t, fault)) < 0)
        return rc;
    writes_build(t);
    return 0;
}

/* ---- reading ---- */

static const json_t *state_entry(const struct tracker *t, const char *key) {
    size_t i;
    json_t *entry;
    json_array_foreach(t->states, i, entry)
        if (str_is_nocase(json_text(entry, "key"), key))
            return entry;
    return NULL;
}

enum outcome tracker_map_outcome(const struct tracker *t, const char *resolution) {
    const json_t *maps[] = {t->set.outcomes, json_object_get(t->recipe, "outcomes")};
    const char *key;
    json_t *value;
    enum outcome o;
    for (size_t i = 0; resolution && i < array_size(maps); i++)
        json_object_foreach((json_t *)maps[i], key, value)
            if (str_is_nocase(key, resolution) && outcome_parse(json_string_value(value), &o))
                return o;
    return resolution && outcome_parse(resolution, &o) ? o : OUTCOME_NONE;
}

enum state tracker_map_state(const struct tracker *t, const char *native, const char *resolution,
                             enum outcome *ret_outcome) {
    char both[300];
    const json_t *entry = NULL;
    *ret_outcome = OUTCOME_NONE;
    if (str_empty(native))
        return STATE_NONE;
    if (!str_empty(resolution)) {
        snprintf(both, sizeof(both), "%s/%s", native, resolution);
        entry = state_entry(t, both);
    }
    if (!entry)
        entry = state_entry(t, native);
    if (!entry)
        return STATE_NONE;
    enum state s = (enum state)json_int(entry, "state", STATE_NONE);
    enum outcome o = (enum outcome)json_int(entry, "outcome", OUTCOME_NONE);
    if (o == OUTCOME_NONE && (s == STATE_CLOSED || s == STATE_CLOSED_UNRESOLVED))
        o = tracker_map_outcome(t, resolution);
    *ret_outcome = o == OUTCOME_NONE && s == STATE_CLOSED ? OUTCOME_UNKNOWN : o;
    return s;
}

uint64_t tracker_map_hash(const struct tracker *t) {
    cleanup_arena struct arena *a = arena_new();
    json_t *all = json_pack("[O?, O?, O?]", t->states, t->set.outcomes, json_object_get(t->recipe, "outcomes"));
    const char *text = json_print(a, all);
    json_decref(all);
    return hash_bytes(text, strlen(text));
}

enum state tracker_map_record(const struct tracker *t, const char *native, const char *resolution, const json_t *fields,
                              enum outcome *ret_outcome) {
    enum state state = tracker_map_state(t, native, resolution, ret_outcome);
    enum outcome said;
    const char *text = json_text(fields, field_name(FIELD_OUTCOME));
    bool open = *ret_outcome == OUTCOME_NONE || *ret_outcome == OUTCOME_UNKNOWN;
    if (text && open && (state == STATE_CLOSED || state == STATE_CLOSED_UNRESOLVED) && outcome_parse(text, &said))
        *ret_outcome = said;
    return state;
}

/* ---- writing ---- */

const json_t *tracker_write_words(const struct tracker *t, enum state s, enum outcome o) {
    char key[64];
    snprintf(key, sizeof(key), "%s/%s", state_name(s), outcome_name(o));
    return json_object_get(t->writes, key);
}

const char *tracker_native_state(const struct tracker *t, enum state s) {
    return json_text(tracker_write_words(t, s, OUTCOME_NONE), "status");
}

const char *tracker_field_native(const struct tracker *t, enum field f) {
    const char *name = json_text(t->set.fields, field_name(f));
    return str_empty(name) ? NULL : name;
}

bool tracker_has_field(const struct tracker *t, enum field f) {
    return tracker_field_native(t, f) != NULL;
}

/* ---- priorities ---- */

static bool priority_has(const json_t *natives, const char *native) {
    size_t i;
    json_t *one;
    if (json_is_string(natives))
        return str_is_nocase(json_string_value(natives), native);
    json_array_foreach(natives, i, one)
        if (str_is_nocase(json_string_value(one), native))
            return true;
    return false;
}

static const char *priority_in(const json_t *map, const char *native) {
    const char *key;
    json_t *natives;
    json_object_foreach((json_t *)map, key, natives)
        if (priority_has(natives, native))
            return key;
    return NULL;
}

const char *tracker_map_priority(const struct tracker *t, const char *native) {
    static const char *const words[] = {"critical", "high", "medium", "low"};
    if (!native)
        return NULL;
    const char *p = priority_in(t->set.priorities, native);
    if (!p)
        p = priority_in(json_object_get(t->recipe, "priorities"), native);
    for (size_t i = 0; !p && i < array_size(words); i++)
        if (str_is_nocase(words[i], native))
            p = words[i];
    return p;
}

const char *tracker_native_priority(const struct tracker *t, const char *canonical) {
    const json_t *maps[] = {t->set.priorities, json_object_get(t->recipe, "priorities")};
    for (size_t i = 0; canonical && i < array_size(maps); i++) {
        const json_t *natives = json_object_get(maps[i], canonical);
        const char *first =
            json_is_string(natives) ? json_string_value(natives) : json_string_value(json_array_get(natives, 0));
        if (first)
            return first;
    }
    return NULL;
}
