/* redmine_relation: what joins issues: duplicates, blocks, relates, ...
 *
 * A relation is written into both journals and moves nobody's `updated`. Who
 * cannot read one end is not shown the relation. Called by redmine_http.c. */
#include "redmine.h"

#include <string.h>

/* reverse: stored the other way round under that type's name. */
static const struct {
    const char *type, *other_side;
    bool reverse;
} kinds[] = {
    /* in the order in which they are listed */
    {"relates", "relates", false}, {"duplicates", "duplicated", false}, {"duplicated", "duplicates", true},
    {"blocks", "blocked", false},  {"blocked", "blocks", true},         {"precedes", "follows", false},
    {"follows", "precedes", true}, {"copied_to", "copied_from", false}, {"copied_from", "copied_to", true},
};

static size_t kind_of(const char *type) {
    size_t k = 0;
    while (k < array_size(kinds) && !str_is(kinds[k].type, type))
        k++;
    return k;
}

json_t *rm_relation_json(const struct rm_relation *r) {
    return json_pack("{s:i,s:i,s:i,s:s,s:n}", "id", r->id, "issue_id", r->from->id, "issue_to_id", r->to->id,
                     "relation_type", r->type, "delay");
}

/* A hidden issue's relations are shown all the same: the sandbox's own case of a duplicate of something unreadable. */
bool rm_relation_visible(const struct rm_actor *who, const struct rm_issue *i, const struct rm_relation *r) {
    const struct rm_issue *other = r->from == i ? r->to : r->from;
    return !r->gone && (other->hidden || rm_visible(who, other));
}

void rm_relation_drop(struct rm_relation *r) {
    r->gone = true;
}

json_t *rm_relations_json(const struct rm_actor *who, const struct rm_issue *i) {
    json_t *all = json_array();
    for (size_t kind = 0; kind < array_size(kinds); kind++)
        for (size_t k = 0; k < i->n_relations; k++)
            if (str_is(i->relations[k]->type, kinds[kind].type) && rm_relation_visible(who, i, i->relations[k]))
                json_array_append_new(all, rm_relation_json(i->relations[k]));
    return all;
}

void rm_list_relations(const struct rm_actor *who, const struct rm_issue *i) {
    rm_reply(who, 200, json_pack("{s:o}", "relations", rm_relations_json(who, i)));
}

/* Whether b can be reached from a along relations of that type ("": any but relates and duplicates). */
static bool reaches(const struct rm_issue *a, const struct rm_issue *b, const char *type, int depth) {
    for (size_t k = 0; k < a->n_relations && depth < 100; k++) {
        const struct rm_relation *r = a->relations[k];
        if (r->gone || r->from != a || !str_is(r->type, type))
            continue;
        if (r->to == b || reaches(r->to, b, type, depth + 1))
            return true;
    }
    return false;
}

static void relation_check(struct rm_issue *from, struct rm_issue *to, const char *type, json_t *errors) {
    const char *words[4];
    size_t n = 0;
    bool taken = false, between = false;
    for (size_t k = 0; from && to && k < from->n_relations; k++) {
        const struct rm_relation *r = from->relations[k];
        taken = taken || (!r->gone && r->from == from && r->to == to);
        between = between || (!r->gone && r->from == to && r->to == from);
    }
    if (!to)
        words[n++] = "Related issue cannot be blank";
    if (kind_of(type) == array_size(kinds))
        words[n++] = "Relation type is not included in the list";
    if (taken)
        words[n++] = "Related issue has already been taken";
    if (to && from == to)
        words[n++] = "Related issue is invalid";
    else if (to && from->project != to->project)
        words[n++] = "Related issue doesn't belong to the same project";
    bool ordered = str_is(type, "blocks") || str_is(type, "precedes");
    if (to && n < array_size(words) &&
        ((ordered && reaches(to, from, type, 0)) || (str_is(type, "relates") && between)))
        words[n++] = "This relation would create a circular dependency";
    for (size_t k = 0; k < n; k++)
        json_array_append_new(errors, json_string(words[k]));
}

static void relation_record(const struct rm_actor *who, struct rm_issue *i, const char *name,
                            const struct rm_issue *other, bool added) {
    struct rm_journal *j = rm_journal_add(who, i, "", false);
    char *id = arena_printf(who->c->a, "%d", other->id);
    rm_detail_add(who, j, "relation", name, added ? NULL : id, added ? id : NULL);
    j->details[0].other = other->id;
}

static void relation_tell(const struct rm_actor *who, const struct rm_relation *r, bool added) {
    relation_record(who, r->from, r->type, r->to, added);
    relation_record(who, r->to, kinds[kind_of(r->type)].other_side, r->from, added);
}

void rm_post_relation(const struct rm_actor *who, struct rm_issue *i) {
    struct call *c = who->c;
    cleanup_json json_t *body = call_object(c);
    const json_t *asked = json_object_get(body, "relation");
    const char *type = json_text(asked, "relation_type"),
               *other = json_as_text(c->a, json_object_get(asked, "issue_to_id"));
    int64_t id = 0;
    if (!(rm_rights(who, i->project) & RM_RELATIONS)) {
        rm_reply_empty(who, 403);
        return;
    }
    type = type ? type : "relates";
    struct rm_issue *to = other && str_int64(other, &id) ? rm_issue_by_id(who->rm, id) : NULL;
    to = to && rm_visible(who, to) ? to : NULL;
    size_t kind = kind_of(type);
    bool reverse = kind < array_size(kinds) && kinds[kind].reverse;
    struct rm_issue *from = reverse && to ? to : i;
    to = reverse && to ? i : to;
    type = reverse ? kinds[kind].other_side : type;
    json_t *errors = json_array();
    relation_check(from, to, type, errors);
    if (json_array_size(errors) || who->rm->n_journals >= SANDBOX_CHANGES_MAX) {
        rm_reply_errors(who, errors);
        return;
    }
    json_decref(errors);
    struct rm_relation *r = arena_make(who->rm->a, struct rm_relation);
    *r = (struct rm_relation){
        .id = (int)who->rm->n_relations + 1, .from = from, .to = to, .type = kinds[kind_of(type)].type};
    *arena_push(who->rm->a, &who->rm->relations, &who->rm->n_relations) = r;
    *arena_push(who->rm->a, &from->relations, &from->n_relations) = r;
    *arena_push(who->rm->a, &to->relations, &to->n_relations) = r;
    relation_tell(who, r, true);
    reply_header(c, "location", arena_printf(c->a, "%s/relations/%d", c->sb->base_url, r->id));
    rm_reply(who, 201, json_pack("{s:o}", "relation", rm_relation_json(r)));
}

static struct rm_relation *relation_find(const struct rm_actor *who) {
    int64_t id;
    if (!str_int64(who->c->args[0], &id) || id < 1 || id > (int64_t)who->rm->n_relations)
        return NULL;
    struct rm_relation *r = who->rm->relations[id - 1];
    return r->gone ? NULL : r;
}

void rm_show_relation(const struct rm_actor *who) {
    const struct rm_relation *r = relation_find(who);
    if (!r || !rm_visible(who, r->from) || !rm_visible(who, r->to))
        rm_reply_empty(who, r ? 403 : 404);
    else
        rm_reply(who, 200, json_pack("{s:o}", "relation", rm_relation_json(r)));
}

void rm_delete_relation(const struct rm_actor *who) {
    struct rm_relation *r = relation_find(who);
    if (!r) {
        rm_reply_empty(who, 404);
    } else if (!rm_visible(who, r->from) || !(rm_rights(who, r->from->project) & RM_RELATIONS)) {
        rm_reply_empty(who, 403);
    } else {
        rm_relation_drop(r);
        relation_tell(who, r, false);
        rm_reply_empty(who, 204);
    }
}
