/* maps: the sections of a tracker that say what is what there: states, outcomes,
 * priorities, write, fields, scope. From nodes to checked JSON objects.
 *
 * Called by trackers.c through its table of keys. What must hold: an object
 * keeps the order of the file ("the first in the file" decides what is written),
 * and every canonical word in it fits the tracker's role. */
#include "read.h"

#include <string.h>

WORDS_OF(outcome, OUTCOME_FIXED, OUTCOME_COUNT - OUTCOME_FIXED);

#define ENTRIES_MAX 200

static const enum state incident_states[] = {STATE_OPEN, STATE_WAITING, STATE_CLOSED_UNRESOLVED, STATE_RESOLVED,
                                             STATE_CLOSED};
static const enum state defect_states[] = {STATE_OPEN,     STATE_WORKING,           STATE_FIXED,
                                           STATE_RELEASED, STATE_CLOSED_UNRESOLVED, STATE_CLOSED};
static const enum field incident_fields[] = {FIELD_DEFECT,  FIELD_PROBLEM,  FIELD_KNOWN_ERROR,
                                             FIELD_SERVICE, FIELD_PRIORITY, FIELD_OUTCOME};
static const enum field defect_fields[] = {
    FIELD_PROBLEM, FIELD_KNOWN_ERROR, FIELD_SERVICE,        FIELD_PRIORITY,
    FIELD_OUTCOME, FIELD_INCIDENTS,   FIELD_INCIDENT_COUNT, FIELD_CLOSED_UNRESOLVED_COUNT};

static const char *incident_state_word(int i) {
    return state_name(incident_states[i]);
}
static const char *defect_state_word(int i) {
    return state_name(defect_states[i]);
}
static const char *incident_field_word(int i) {
    return field_name(incident_fields[i]);
}
static const char *defect_field_word(int i) {
    return field_name(defect_fields[i]);
}
static const char *priority_word(int i) {
    static const char *const words[] = {"critical", "high", "medium", "low"};
    return words[i];
}
static const struct words state_words[] = {[ROLE_TICKETING] = {incident_state_word, 0, array_size(incident_states)},
                                           [ROLE_DEFECTS] = {defect_state_word, 0, array_size(defect_states)}};
static const struct words field_words[] = {[ROLE_TICKETING] = {incident_field_word, 0, array_size(incident_fields)},
                                           [ROLE_DEFECTS] = {defect_field_word, 0, array_size(defect_fields)}};
static const struct words priority_words = {priority_word, 0, 4};

static bool entries_fit(struct reader *r, const char *what, const struct yaml *y, const char *wanted) {
    if (!is_map(r, what, y, wanted))
        return false;
    if (y->count > ENTRIES_MAX)
        faults_error(r->faults, y->place, "%s: more than %d entries", what, ENTRIES_MAX);
    return y->count <= ENTRIES_MAX;
}

/* A canonical word as key; true if known. */
static bool key_known(struct reader *r, const char *what, const struct yaml *key, const struct words *words) {
    return word_read(r, what, key, words) >= 0;
}

/* ---- states ---- */

/* { state: closed, outcome: wont-fix } */
static void state_section(struct reader *r, const struct yaml *y, json_t *into, const char *native) {
    const struct words *words = &state_words[r->role];
    static const struct key keys[] = {{.name = "state", .read = read_node, .offset = 0, .required = true},
                                      {.name = "outcome", .read = read_node, .offset = sizeof(void *)}};
    const struct yaml *part[2] = {NULL, NULL};
    section_read(r, y, y->place, "states", keys, array_size(keys), part);
    int state = part[0] ? word_read(r, "state", part[0], words) : -1;
    int outcome = part[1] ? word_read(r, "outcome", part[1], &outcome_words) : OUTCOME_NONE;
    if (state < 0 || outcome < 0)
        return;
    json_t *one = json_pack("{s:s}", "state", words->name(state));
    if (outcome != OUTCOME_NONE)
        json_object_set_new(one, "outcome", json_string(outcome_name((enum outcome)outcome)));
    json_object_set_new(into, native, one);
}

void read_states(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    if (!entries_fit(r, key->name, value, "a section of \"native state: canonical state\" lines") || r->role < 0)
        return;
    json_t *all = *(json_t **)target;
    const struct words *words = &state_words[r->role];
    for (size_t i = 0; i < value->count; i++) {
        const struct yaml *native = value->items[i].key, *y = value->items[i].value;
        if (!*native->text) {
            faults_error(r->faults, native->place, "%s: the native state is empty", key->name);
        } else if (y->type == YAML_MAP) {
            state_section(r, y, all, native->text);
        } else {
            int state = word_read(r, key->name, y, words);
            if (state >= 0)
                json_object_set_new(all, native->text, json_string(words->name(state)));
        }
    }
}

/* ---- outcomes, priorities ---- */

void read_outcomes(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    if (!entries_fit(r, key->name, value, "a section of \"native resolution: outcome\" lines"))
        return;
    for (size_t i = 0; i < value->count; i++) {
        int outcome = word_read(r, key->name, value->items[i].value, &outcome_words);
        if (outcome >= 0)
            json_object_set_new(*(json_t **)target, value->items[i].key->text,
                                json_string(outcome_name((enum outcome)outcome)));
    }
}

/* A native priority can't be two canonical ones. */
static void priority_once(struct reader *r, const json_t *all, const struct yaml *at, const char *native) {
    const char *other;
    json_t *list, *one;
    size_t i;
    json_object_foreach((json_t *)all, other, list)
        json_array_foreach(list, i, one)
            if (str_is_nocase(json_string_value(one), native))
                faults_error(r->faults, at->place,
                             "priorities: %s stands under %s already; one native priority, one meaning",
                             text_shown(r->faults->arena, native), other);
}

void read_priorities(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    if (!entries_fit(r, key->name, value, "a section of \"canonical priority: [native, ...]\" lines"))
        return;
    json_t *all = *(json_t **)target;
    for (size_t i = 0; i < value->count; i++) {
        const struct yaml *canonical = value->items[i].key, *y = value->items[i].value;
        const char **natives = NULL;
        size_t n = 0;
        if (!key_known(r, key->name, canonical, &priority_words) || !texts_read(r, key->name, y, 50, &natives, &n))
            continue;
        json_t *list = json_array();
        for (size_t k = 0; k < n; k++) {
            priority_once(r, all, y->type == YAML_LIST ? y->items[k].value : y, natives[k]);
            json_array_append_new(list, json_string(natives[k]));
        }
        json_object_set_new(all, canonical->text, list);
    }
}

/* ---- write ---- */

static void write_section(struct reader *r, const struct yaml *y, json_t *into, const char *canonical) {
    static const char *const names[] = {"status", "resolution", "label"};
    static const struct key keys[] = {{.name = "status", .read = read_text, .offset = 0},
                                      {.name = "resolution", .read = read_text, .offset = sizeof(void *)},
                                      {.name = "label", .read = read_text, .offset = 2 * sizeof(void *)}};
    const char *part[3] = {NULL, NULL, NULL};
    json_t *one = json_object();
    section_read(r, y, y->place, "write", keys, array_size(keys), part);
    for (size_t i = 0; i < array_size(names); i++)
        if (part[i])
            json_object_set_new(one, names[i], json_string(part[i]));
    if (y->count == 0)
        faults_error(r->faults, y->place, "write: nothing is said; give status, resolution or label");
    json_object_set_new(into, canonical, one);
}

void read_write(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    if (!entries_fit(r, key->name, value, "a section of \"canonical state: { status: ... }\" lines") || r->role < 0)
        return;
    for (size_t i = 0; i < value->count; i++) {
        const struct yaml *canonical = value->items[i].key, *y = value->items[i].value;
        if (!key_known(r, key->name, canonical, &state_words[r->role]))
            continue;
        if (y->type == YAML_MAP) {
            write_section(r, y, *(json_t **)target, canonical->text);
        } else {
            const char *status =
                scalar_text(r, key->name, y, "a native status, or { status: ..., resolution: ..., label: ... }");
            if (status)
                json_object_set_new(*(json_t **)target, canonical->text, json_pack("{s:s}", "status", status));
        }
    }
}

/* ---- fields ---- */

/* Two values in one native field would overwrite each other for ever. */
static void field_once(struct reader *r, const json_t *all, const struct yaml *at) {
    const char *other;
    json_t *native;
    json_object_foreach((json_t *)all, other, native)
        if (str_is_nocase(json_string_value(native), at->text))
            faults_error(r->faults, at->place, "fields: %s holds %s already; give each its own field",
                         text_shown(r->faults->arena, at->text), other);
}

/* A field of the other role is a likelier slip than an unknown one. */
static bool field_known(struct reader *r, const struct yaml *name) {
    enum role other = r->role == ROLE_DEFECTS ? ROLE_TICKETING : ROLE_DEFECTS;
    if (words_find(&field_words[r->role], name->text) < 0 && words_find(&field_words[other], name->text) >= 0) {
        faults_error(r->faults, name->place, "fields: %s belongs to a tracker with role %s; here write %s", name->text,
                     role_name(other), words_listed(r->faults->arena, &field_words[r->role]));
        return false;
    }
    return key_known(r, "fields", name, &field_words[r->role]);
}

void read_fields(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    if (!entries_fit(r, key->name, value, "a section of \"canonical field: native field\" lines") || r->role < 0)
        return;
    json_t *all = *(json_t **)target;
    for (size_t i = 0; i < value->count; i++) {
        const struct yaml *name = value->items[i].key, *y = value->items[i].value;
        if (!field_known(r, name))
            continue;
        if (yaml_is_null(y)) {
            json_object_set_new(all, name->text, json_null());
            continue;
        }
        const char *native = scalar_text(r, key->name, y, "the name of a field, or null");
        if (!native)
            continue;
        field_once(r, all, y);
        json_object_set_new(all, name->text, json_string(native));
    }
}

void read_scope(struct reader *r, const struct key *key, const struct yaml *value, void *target) {
    if (!is_map(r, key->name, value, "a section with the connector's keys, such as { project: NAME }"))
        return;
    json_decref(*(json_t **)target);
    *(json_t **)target = json_from(r, value);
}
