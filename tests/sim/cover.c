/* cover: the list of what has to be met, and the counting; see cover.h. */
#include "cover.h"

#include "world.h"

#include <stdio.h>
#include <stdlib.h>

#define BOTH(fault) "fault: " fault ", reading", "fault: " fault ", writing"

/* Counted where it happens. */
static const char *const seen[] = {
    BOTH("refused"),
    BOTH("lost before the work"),
    BOTH("lost after the work"),
    BOTH("done seconds after the cut"),
    BOTH("answer cut"),
    BOTH("web page with 200"),
    BOTH("web page with 200, though done"),
    BOTH("error in JSON with 200"),
    BOTH("error in JSON with 200, though done"),
    BOTH("429"),
    BOTH("503"),
    BOTH("502, though done"),
    BOTH("twice"),
    BOTH("slow"),
    BOTH("slower than the time-out"),
    BOTH("reset where it was kept open"),
    "fault: Retry-After in seconds",
    "fault: Retry-After 0",
    "fault: Retry-After negative",
    "fault: Retry-After a date to come",
    "fault: Retry-After a date gone by",
    "fault: Retry-After in words",
    "fault: Retry-After beyond all bounds",
    "fault: Retry-After missing",
    "fault: clock of the desk ahead",
    "fault: clock of the desk behind",
    "fault: clock of the product ahead",
    "fault: clock of the product behind",
    "fault: items changed between pages",
    "fault: death between two steps",
    "fault: death at a sync of the disk",
    "fault: disk full",
    "fault: all rights taken away, desk",
    "fault: all rights taken away, product",
    "fault: one right taken away, desk",
    "fault: one right taken away, product",
    "habit: RT opens a closed ticket on a public note",
    "habit: RT refuses a state inside a 200",
    "habit: RT does the rest of what it refuses in part",
    "habit: RT shows later what it dates earlier",
    "habit: RT answers for a merged id with another",
    "habit: RT answers for a deleted ticket",
    "habit: RT's list leaves out what was merged, deleted, moved or is hidden",
    "habit: RT reads dates in the account's zone",
    "habit: RT's zone sets its clock",
    "habit: RT does not hold a write back though the ticket changed since it was read",
    "habit: RT maps a state in another queue",
    "habit: RT closes the connection after its answer",
    "habit: RT dies of its own answer, though done",
    "habit: RT refuses a ticket out of sight",
    "habit: Redmine's silent 204",
    "habit: Redmine moves `updated` for a write of nothing",
    "habit: Redmine's 422 for a lost race",
    "habit: Redmine's relation moves nothing",
    "habit: Redmine closes duplicates by itself",
    "habit: Redmine's list leaves out what was moved or is hidden",
    "habit: Redmine shows later what it dates earlier",
    "habit: Redmine refuses what is hidden or moved",
    "habit: Redmine has deleted an issue",
    "habit: Redmine's edited note moves nothing",
    "person: writes a ticket",
    "person: names a defect in the field",
    "person: edits or empties the field Defect",
    "person: edits the field Problem",
    "person: moves a ticket",
    "person: answers as a customer",
    "person: comments a ticket",
    "person: merges tickets",
    "person: deletes a ticket",
    "person: moves a ticket to another queue",
    "person: triages a ticket",
    "person: makes a ticket depend on another",
    "person: writes an issue",
    "person: moves an issue",
    "person: calls an issue a duplicate",
    "person: deletes an issue",
    "person: hides an issue, or shows it",
    "person: moves an issue to another project",
    "person: writes a note on an issue",
    "person: edits a note on an issue",
    "person: edits the bridge's field on an issue",
    "person: writes nothing to an issue",
    "person: plans a version, or closes it",
    "person: commands a problem",
    "person: publishes a workaround",
    "person: links or unlinks by command",
    "person: commands one record",
    "person: throws a big switch",
    "person: comes between reading and writing",
    "row: not present",
    "row: unlinked",
    "row: unlinked, waiting by the bridge",
    "row: unlinked, was linked",
    "row: pending, was delivered; resolved by the bridge",
    "row: pending, was delivered; resolved otherwise",
    "row: pending/reopened",
    "row: pending/open",
    "row: pending/closed-unresolved",
    "row: pending/closed",
    "row: declined/ask",
    "row: declined/reopened",
    "row: declined/open",
    "row: declined/waiting",
    "row: declined/closed-unresolved",
    "row: declined/closed",
    "row: delivered/link made after the delivery",
    "row: delivered/waiting or closed-unresolved",
    "row: delivered/reopened",
    "row: delivered/open",
    "row: delivered/closed",
};

#define SAID(name, what)                                                                                               \
    { "law: " name, "SELECT count(*) FROM journal WHERE what = '" what "'" }
#define NOTE(kind)                                                                                                     \
    {                                                                                                                  \
        "note: " kind, "SELECT count(*) FROM effect WHERE kind = 'note' AND state = 'done' AND json_extract(want, "    \
                       "'$.note') = '" kind "'"                                                                        \
    }
#define THEN(what, then)                                                                                               \
    "SELECT count(*) FROM journal u WHERE u.what = '" what "' AND u.effect <> 0 AND (SELECT n.what FROM journal n "    \
    "WHERE n.effect = u.effect AND n.n > u.n ORDER BY n.n LIMIT 1) = '" then "'"

/* Counted in what is left behind. */
static const struct {
    const char *name, *sql;
} paths[] = {
    NOTE("known-error"),
    NOTE("workaround"),
    NOTE("fixed"),
    NOTE("declined"),
    NOTE("did-not-hold"),
    NOTE("unlinked"),
    NOTE("linked"),
    NOTE("came-back"),
    NOTE("recurrence"),
    NOTE("risk-accepted"),
    NOTE("threshold"),
    SAID("a turn moved", "turn"),
    SAID("a link came", "linked"),
    SAID("a link ended", "unlinked"),
    SAID("a person's rejection held", "rejected"),
    SAID("decided", "decided"),
    SAID("written", "written"),
    SAID("already there, no write", "already"),
    SAID("an override left alone", "override"),
    SAID("an edit lost in the window was told", "lost-edit"),
    SAID("returned in another state", "returned"),
    SAID("walked by way of open", "walks"),
    SAID("refused and parked", "refused"),
    SAID("unsure", "unsure"),
    SAID("unsure, and settled as not there", "looked"),
    {"law: unsure, and settled as there", THEN("unsure", "written")},
    SAID("superseded", "superseded"),
    SAID("merged, the survivor takes over", "merged"),
    SAID("not there any more", "absent"),
    SAID("a batch braked", "braked"),
    SAID("a batch let go", "release"),
    SAID("tried again by a person", "retry"),
    SAID("a tracker down", "down"),
    SAID("a tracker up again", "up"),
    {"law: adopted", "SELECT count(*) FROM effect WHERE adopted = 1"},
    {"law: a newer value before the older one left",
     "SELECT count(*) FROM effect WHERE kind = 'field' AND state = 'superseded' AND attempts = 0"},
    {"law: a defect created", "SELECT count(*) FROM effect WHERE kind = 'create' AND state = 'done'"},
    {"law: a duplicate followed", "SELECT count(*) FROM record WHERE duplicate_of IS NOT NULL"},
    {"law: gone", "SELECT count(*) FROM record WHERE presence = 'gone'"},
    {"law: forbidden", "SELECT count(*) FROM record WHERE presence = 'forbidden'"},
    {"law: problems merged", "SELECT count(*) FROM journal WHERE what = 'merge'"},
};

_Static_assert(array_size(seen) + array_size(paths) <= COVER_MOST, "COVER_MOST");

void cover_met(struct world *w, const char *name) {
    for (size_t i = 0; i < array_size(seen); i++)
        if (str_is(seen[i], name)) {
            w->cover.n[i]++;
            return;
        }
    fprintf(stderr, "cover.c does not list: %s\n", name);
    abort();
}

void cover_rows(struct world *w) {
    sqlite3_stmt *q;
    if (sqlite3_prepare_v2(w->reader,
                           "SELECT DISTINCT 'row: ' || json_extract(decision, '$.row') FROM incident WHERE decision IS "
                           "NOT NULL",
                           -1, &q, NULL) != SQLITE_OK)
        abort();
    while (sqlite3_step(q) == SQLITE_ROW)
        cover_met(w, (const char *)sqlite3_column_text(q, 0));
    sqlite3_finalize(q);
}

void cover_paths(struct world *w) {
    for (size_t i = 0; i < array_size(paths); i++)
        w->cover.n[array_size(seen) + i] += (uint64_t)world_number(w, 0, "%s", paths[i].sql);
}

void cover_add(struct cover *to, const struct cover *from) {
    for (size_t i = 0; i < COVER_MOST; i++)
        to->n[i] += from->n[i];
}

void cover_print(const struct cover *c) {
    for (size_t i = 0; i < array_size(seen) + array_size(paths); i++)
        printf("met %s: %llu\n", i < array_size(seen) ? seen[i] : paths[i - array_size(seen)].name,
               (unsigned long long)c->n[i]);
}
