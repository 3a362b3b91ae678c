/* redmine_write: saving an issue: what changed becomes a journal entry, a
 * closing reaches the duplicates, and `updated` moves even when nothing did.
 *
 * Called by redmine_put.c and redmine_relation.c with a draft that was
 * checked. Texts of a draft live in the sandbox's arena. */
#include "redmine.h"

#include <string.h>

/* Deeper than this a loop of duplicates has broken Redmine's stack. */
#define DUPLICATES_MAX 200

struct rm_journal *rm_journal_add(const struct rm_actor *who, struct rm_issue *i, const char *notes,
                                  bool private_notes) {
    struct redmine *rm = who->rm;
    struct rm_journal *j = arena_make(rm->a, struct rm_journal);
    *j = (struct rm_journal){.id = (int)rm->n_journals + 1,
                             .issue = i,
                             .user = who->user,
                             .private_notes = private_notes,
                             .created = who->c->now};
    j->notes = arena_strdup(rm->a, notes);
    *arena_push(rm->a, &rm->journals, &rm->n_journals) = j;
    *arena_push(rm->a, &i->journals, &i->n_journals) = j;
    who->c->sb->writes++;
    return j;
}

void rm_detail_add(const struct rm_actor *who, struct rm_journal *j, const char *property, const char *name,
                   const char *old, const char *new) {
    struct rm_detail *d = arena_push(who->rm->a, &j->details, &j->n_details);
    *d = (struct rm_detail){.property = property, .name = name};
    d->old = arena_strdup(who->rm->a, old);
    d->new = arena_strdup(who->rm->a, new);
}

/* ---- what changed ---- */

struct changes {
    const struct rm_actor *who;
    struct rm_journal *journal; /* NULL: only whether */
    bool any;
};

static void change(struct changes *x, const char *property, const char *name, const char *old, const char *new) {
    if (str_same(old, new) || (str_empty(old) && str_empty(new)))
        return;
    x->any = true;
    if (x->journal)
        rm_detail_add(x->who, x->journal, property, name, old, new);
}

static void change_number(struct changes *x, const char *name, int64_t old, int64_t new) {
    struct arena *a = x->who->c->a;
    if (old == new)
        return;
    change(x, "attr", name, old > 0 ? arena_printf(a, "%lld", (long long)old) : NULL,
           new > 0 ? arena_printf(a, "%lld", (long long)new) : NULL);
}

static const char *ratio_text(struct arena *a, int64_t v) {
    return arena_printf(a, "%lld", (long long)v);
}

static const char *hours_text(struct arena *a, double v) {
    return v < 0 ? NULL : arena_printf(a, "%.1f", v);
}

bool rm_changes(const struct rm_actor *who, const struct rm_issue *old, const struct rm_issue *new,
                struct rm_journal *j) {
    struct changes x = {who, j, false};
    struct arena *a = who->c->a;
    change_number(&x, "project_id", old->project->id, new->project->id);
    change(&x, "attr", "subject", old->subject, new->subject);
    change(&x, "attr", "description", old->description, new->description);
    change(&x, "attr", "due_date", old->due_date, new->due_date);
    change_number(&x, "category_id", old->category, new->category);
    change_number(&x, "status_id", old->status, new->status);
    change_number(&x, "assigned_to_id", old->assigned ? old->assigned->id : 0, new->assigned ? new->assigned->id : 0);
    change_number(&x, "priority_id", old->priority, new->priority);
    change_number(&x, "fixed_version_id", old->version ? old->version->id : 0, new->version ? new->version->id : 0);
    change(&x, "attr", "start_date", old->start_date, new->start_date);
    change(&x, "attr", "done_ratio", ratio_text(a, old->done_ratio), ratio_text(a, new->done_ratio));
    change(&x, "attr", "estimated_hours", hours_text(a, old->estimated), hours_text(a, new->estimated));
    change_number(&x, "parent_id", old->parent ? old->parent->id : 0, new->parent ? new->parent->id : 0);
    if (old->is_private != new->is_private)
        change(&x, "attr", "is_private", old->is_private ? "1" : "0", new->is_private ? "1" : "0");
    for (size_t k = 0; k < RM_CF_COUNT; k++)
        change(&x, "cf", arena_printf(who->rm->a, "%d", rm_fields[k].id), old->values[k], new->values[k]);
    return x.any;
}

/* ---- saving ---- */

static void journal_save(const struct rm_actor *who, struct rm_issue *i, const struct rm_issue *old, const char *notes,
                         bool private_notes) {
    bool changed = rm_changes(who, old, i, NULL), words = !str_empty(notes) && notes[strspn(notes, " \t\r\n")];
    if (changed && words && private_notes) { /* the changes are public, the note is not: two entries */
        (void)rm_changes(who, old, i, rm_journal_add(who, i, NULL, false));
        (void)rm_journal_add(who, i, notes, true);
    } else if (changed || words) {
        struct rm_journal *j = rm_journal_add(who, i, notes ? notes : "", private_notes);
        (void)rm_changes(who, old, i, j);
    }
}

/* The issues that are said to be duplicates of this one. */
static struct rm_issue *duplicate_at(const struct rm_issue *i, size_t k) {
    const struct rm_relation *r = i->relations[k];
    return !r->gone && r->to == i && str_is(r->type, "duplicates") ? r->from : NULL;
}

/* All that a closing would close, each after those it is duplicated by. False: a loop. */
static bool duplicates_collect(const struct rm_actor *who, struct rm_issue *i, int depth, struct rm_issue ***all,
                               size_t *n) {
    if (depth > DUPLICATES_MAX || *n > SANDBOX_RECORDS_MAX)
        return false;
    for (size_t k = 0; k < i->n_relations; k++) {
        struct rm_issue *d = duplicate_at(i, k);
        if (!d || rm_is_closed(d))
            continue;
        if (!duplicates_collect(who, d, depth + 1, all, n))
            return false;
        *arena_push(who->c->a, all, n) = d;
    }
    return true;
}

static void state_set(const struct rm_actor *who, struct rm_issue *i, const struct rm_issue *to) {
    bool was_closed = rm_is_closed(i);
    struct rm_journal **journals = i->journals;
    struct rm_relation **relations = i->relations;
    size_t n_journals = i->n_journals, n_relations = i->n_relations;
    *i = *to;
    i->journals = journals;
    i->n_journals = n_journals;
    i->relations = relations;
    i->n_relations = n_relations;
    i->updated = who->c->now;
    i->lock_version++;
    if (rm_is_closed(i) && !was_closed)
        i->closed = who->c->now;
    who->c->sb->writes++;
}

/* A parent's progress is that of its children. */
static void parent_refresh(const struct rm_actor *who, struct rm_issue *parent) {
    int64_t sum = 0, n = 0;
    for (size_t k = 0; parent && k < who->rm->n_issues; k++) {
        const struct rm_issue *child = who->rm->issues[k];
        if (!child || child->parent != parent)
            continue;
        sum += rm_is_closed(child) ? 100 : child->done_ratio;
        n++;
    }
    if (n)
        parent->done_ratio = sum / n;
}

/* Into another project no relation follows, and no version or category of the old one. */
static void leave_project(struct rm_issue *i) {
    for (size_t k = 0; k < i->n_relations; k++)
        rm_relation_drop(i->relations[k]);
    for (size_t k = 0; k < RM_CF_COUNT; k++)
        i->values[k] = i->values[k] ? i->values[k] : "";
}

bool rm_issue_save(const struct rm_actor *who, struct rm_issue *i, const struct rm_issue *to, const char *notes,
                   bool private_notes) {
    struct rm_issue **duplicates = NULL, old = *i;
    size_t n = 0;
    bool closes = rm_statuses[to->status - 1].closed && !rm_is_closed(i);
    if (closes && !duplicates_collect(who, i, 0, &duplicates, &n))
        return false;
    for (size_t k = 0; k < n; k++) {
        struct rm_issue *d = duplicates[k], before = *d, after = *d;
        if (rm_is_closed(d))
            continue;
        after.status = to->status;
        state_set(who, d, &after);
        journal_save(who, d, &before, notes, private_notes);
    }
    state_set(who, i, to);
    if (i->project != old.project)
        leave_project(i);
    journal_save(who, i, &old, notes, private_notes);
    parent_refresh(who, i->parent);
    return true;
}

struct rm_issue *rm_issue_new(const struct rm_actor *who, const struct rm_issue *draft) {
    struct redmine *rm = who->rm;
    struct rm_issue *i = arena_make(rm->a, struct rm_issue);
    *i = *draft;
    i->id = (int)rm->n_issues + 1;
    i->created = i->updated = who->c->now;
    if (rm_is_closed(i))
        i->closed = who->c->now;
    *arena_push(rm->a, &rm->issues, &rm->n_issues) = i;
    who->c->sb->writes++;
    if (i->parent) {
        struct rm_journal *j = rm_journal_add(who, i->parent, "", false);
        rm_detail_add(who, j, "attr", "child_id", NULL, arena_printf(who->c->a, "%d", i->id));
        parent_refresh(who, i->parent);
    }
    return i;
}

/* Children go with it. */
void rm_issue_delete(const struct rm_actor *who, struct rm_issue *i) {
    for (size_t k = 0; k < i->n_relations; k++)
        rm_relation_drop(i->relations[k]);
    for (size_t k = 0; k < i->n_journals; k++)
        i->journals[k]->gone = true;
    who->rm->issues[i->id - 1] = NULL;
    who->c->sb->writes++;
    for (size_t k = 0; k < who->rm->n_issues; k++)
        if (who->rm->issues[k] && who->rm->issues[k]->parent == i)
            rm_issue_delete(who, who->rm->issues[k]);
}
