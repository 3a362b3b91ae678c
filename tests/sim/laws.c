/* laws: what watch.c looks for around each write, told from what was in flight on disk when it left: once per turn and
 * revision (law 1), people win (2), order (6), no write to what is not there (7), the brake (10). */
#include "watch.h"

#include "../../src/sandbox/redmine.h"
#include "../../src/sandbox/rt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READ_BEFORE (90 * SEC_MS) /* a request's time-out, and a tracker that asks for some rest */

/* ---- a write leaves ---- */

static void see_rows(struct world *w, const char *ref) {
    const char *broken = world_text(
        w,
        "WITH sent AS (SELECT * FROM effect WHERE ref = '%s' AND state = 'in-flight') "
        "SELECT 'law 1: ' || s.key || ' leaves in turn ' || i.turn FROM sent s JOIN incident i ON i.ref = s.ref WHERE "
        "s.kind IN ('state', 'note') AND s.turn > 0 AND s.turn < i.turn AND s.attempts < 2 "
        "UNION ALL SELECT 'law 7: a write leaves for ' || ref || ', which is ' || presence FROM record WHERE ref = "
        "'%s' AND presence <> 'present' "
        "UNION ALL SELECT 'law 6: ' || o.key || ' is overtaken' FROM effect o WHERE o.ref = '%s' AND o.state = "
        "'pending' AND o.kind IN ('state', 'note') AND o.n < (SELECT min(n) FROM sent WHERE kind IN ('state', 'note')) "
        "AND NOT EXISTS (SELECT 1 FROM effect p WHERE p.ref = o.ref AND p.state = 'parked' AND p.decision = "
        "o.decision) LIMIT 1",
        ref, ref, ref);
    if (*broken)
        world_fail(w, "%s", broken);
}

static int brake_of(const struct world *w) {
    const char *at = w->config.top ? strstr(w->config.top, "brake: ") : NULL;
    return at ? atoi(at + strlen("brake: ")) : 0;
}

/* The requesters that one change tells, counted here again. */
static void see_brake(struct world *w, const char *ref) {
    int brake = brake_of(w);
    if (!brake)
        return;
    const char *broken = world_text(
        w,
        "SELECT 'law 10: batch ' || b.id || ' leaves without a yes' FROM effect e JOIN batch b ON b.id = e.batch WHERE "
        "e.ref = '%s' AND e.state = 'in-flight' AND (b.state <> 'released' OR (SELECT count(DISTINCT p.ref) FROM "
        "effect p WHERE p.batch = b.id AND p.kind = 'note' AND json_extract(p.want, '$.visibility') = 'public' AND "
        "p.state <> 'superseded') > %d) AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.what = 'release' AND "
        "j.text LIKE 'batch ' || b.id || ' was let go%%') LIMIT 1",
        ref, brake);
    if (*broken)
        world_fail(w, "%s", broken);
}

static void see_read(struct world *w, const char *ref) {
    int side = str_starts(ref, "helpdesk:") ? 0 : 1, id = atoi(strchr(ref, ':') + 1);
    if (id > 0 && id < READ_MOST && w->now - w->read_at[side][id] > READ_BEFORE)
        world_fail(w, "law 2: a write leaves for %s, which was not read again before", ref);
}

void laws_send(struct world *w, const char *ref) {
    see_rows(w, ref);
    see_brake(w, ref);
    see_read(w, ref);
}

/* One row, because it is asked for every write. */
bool laws_in_flight(struct world *w, const char *ref, struct sent *ret) {
    const char *row = world_text(
        w,
        "SELECT count(*) || char(31) || max(CASE kind WHEN 'state' THEN turn ELSE 0 END) || char(31) || max(CASE kind "
        "WHEN 'state' THEN coalesce(json_array_length(want, '$.walking'), 0) ELSE 0 END) || char(31) || max(CASE kind "
        "WHEN 'state' THEN key ELSE '' END) || char(31) || max(CASE kind WHEN 'note' THEN json_extract(want, "
        "'$.note') || CASE json_extract(want, '$.note') WHEN 'known-error' THEN ' P-' || problem WHEN 'workaround' "
        "THEN ' P-' || problem || ' text ' || json_extract(want, '$.revision') ELSE ' turn ' || turn END ELSE '' END) "
        "|| char(31) || group_concat(key, char(10)) FROM effect WHERE ref = '%s' AND state = 'in-flight'",
        ref);
    const char *parts[6] = {0};
    for (int i = 0; i < 6; i++) {
        size_t n = strcspn(row, "\x1f");
        parts[i] = arena_strndup(w->a, row, n);
        row += n + (row[n] != 0);
    }
    ret->turn = atoll(parts[1]);
    ret->walks = atoi(parts[2]) > 0;
    ret->key = parts[3];
    ret->about = parts[4];
    ret->keys = parts[5];
    return atoi(parts[0]) > 0;
}

/* ---- around the work ---- */

static const char *const desk_fields[][2] = {
    {"Defect", "defect"}, {"Problem", "problem"}, {"Known Error", "known_error"}, {"Service", "outcome"}};
static const char *const product_fields[] = {"incidents", "incident_count", "closed_unresolved_count"};

static void fields_of(struct world *w, const char *ref, const char *ret[FIELDS_WATCHED]) {
    int id = atoi(strchr(ref, ':') + 1);
    for (int i = 0; i < FIELDS_WATCHED; i++)
        ret[i] = str_starts(ref, "helpdesk:")         ? desk_field_of(w, id, desk_fields[i][0])
                 : i < 3 && !w->config.product_fields ? product_field_of(w, id, i + 1)
                                                      : "";
}

static size_t told(struct world *w, const char *ref) {
    const struct rt *rt = w->desk->rt;
    size_t n = 0;
    for (size_t i = 0; str_starts(ref, "helpdesk:") && i < rt->n_txns; i++)
        n += str_is(rt->txns[i]->type, "Correspond") && str_is(rt->txns[i]->creator->name, "bridge");
    return n;
}

void laws_before(struct world *w, const char *ref) {
    fields_of(w, ref, w->watch->fields_before);
    w->watch->told_before = told(w, ref);
}

static bool has_line(const char *lines, const char *begins, const char **ret) {
    for (const char *at = lines ? lines : ""; *at; at += strcspn(at, "\n") + (at[strcspn(at, "\n")] == '\n'))
        if (str_starts(at, begins)) {
            *ret = at;
            return true;
        }
    return false;
}

static void field_changed(struct world *w, const char *ref, const char *field, const struct sent *s) {
    cleanup_arena struct arena *a = arena_new();
    const char *key = "";
    if (!has_line(s ? s->keys : "", arena_printf(a, "field:%s:%s:", ref, field), &key)) {
        world_fail(w, "law 1: %s of %s was changed by a write that wanted no such thing", field, ref);
        return;
    }
    key = arena_printf(a, "%.*s", (int)strcspn(key, "\n"), key);
    if (!watch_once(w->watch, hash_str(key)))
        world_fail(w, "law 1 and 2: %s of %s was set a second time under the key %s", field, ref, key);
}

static void state_changed(struct world *w, const char *ref, const char *after, const struct sent *s) {
    cleanup_arena struct arena *a = arena_new();
    if (!s || !s->turn || !str_starts(ref, "helpdesk:") || !desk_moved_by_bridge(w, atoi(strchr(ref, ':') + 1)))
        return;
    bool step = s->walks && str_is(after, "open");
    if (!watch_once(w->watch, hash_str(arena_printf(a, "%s %lld%s", ref, (long long)s->turn, step ? " walk" : ""))))
        world_fail(w, "law 1 and 2: %s was moved a second time in its turn %lld", ref, (long long)s->turn);
}

void laws_after(struct world *w, const char *ref, const struct sent *s, const char *before, const char *after) {
    cleanup_arena struct arena *a = arena_new();
    const char *fields[FIELDS_WATCHED] = {0};
    fields_of(w, ref, fields);
    for (int i = 0; i < FIELDS_WATCHED; i++)
        if (!str_is(fields[i], w->watch->fields_before[i]))
            field_changed(w, ref, str_starts(ref, "helpdesk:") ? desk_fields[i][1] : product_fields[i], s);
    if (s && *s->key && !str_is(before, after))
        state_changed(w, ref, after, s);
    if (told(w, ref) == w->watch->told_before)
        return;
    if (!s || !*s->about)
        world_fail(w, "law 1: the requesters of %s were told something by a write that wanted no note", ref);
    else if (!watch_told(w->watch, hash_str(arena_printf(a, "%s %s", ref, s->about))))
        world_fail(w, "law 1: the requesters of %s were told twice: %s", ref, s->about);
}
