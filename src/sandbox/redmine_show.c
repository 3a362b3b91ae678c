/* redmine_show: issues, people, projects and versions as Redmine writes them:
 * whole seconds, custom fields as strings, empty includes left out.
 *
 * Also its way of replying: a weak ETag over what is sent, empty bodies for
 * 401, 403 and 404. Called by the other redmine_*.c. */
#include "redmine.h"

#include <string.h>

json_t *rm_ref(int id, const char *name) {
    return json_pack("{s:i,s:s}", "id", id, "name", name);
}

static json_t *time_json(const struct rm_actor *who, msec_t t) {
    return t ? json_string(time_text(who->c->a, zone_of_wall(who->c->sb->server_zone, t))) : json_null();
}

static json_t *user_ref(const struct rm_actor *who, const struct rm_user *u) {
    return rm_ref(u->id, rm_user_name(who->c->a, u));
}

json_t *rm_status_json(const struct rm_named *s) {
    return json_pack("{s:i,s:s,s:b}", "id", s->id, "name", s->name, "is_closed", s->closed);
}

static bool has_children(const struct rm_actor *who, const struct rm_issue *i) {
    for (size_t k = 0; k < who->rm->n_issues; k++)
        if (who->rm->issues[k] && who->rm->issues[k]->parent == i)
            return true;
    return false;
}

static json_t *values_json(const struct rm_issue *i) {
    json_t *all = json_array();
    for (size_t k = 0; k < RM_CF_COUNT; k++)
        json_array_append_new(
            all, json_pack("{s:i,s:s,s:s?}", "id", rm_fields[k].id, "name", rm_fields[k].name, "value", i->values[k]));
    return all;
}

json_t *rm_issue_json(const struct rm_actor *who, const struct rm_issue *i) {
    json_t *j = json_pack("{s:i,s:o,s:o,s:o,s:o,s:o}", "id", i->id, "project", rm_ref(i->project->id, i->project->name),
                          "tracker", rm_ref(rm_trackers[0].id, rm_trackers[0].name), "status",
                          rm_status_json(rm_status(i->status)), "priority",
                          rm_ref(i->priority, rm_priority(i->priority)->name), "author", user_ref(who, i->author));
    if (i->assigned)
        json_object_set_new(j, "assigned_to", user_ref(who, i->assigned));
    if (i->category)
        json_object_set_new(j, "category", rm_ref(i->category, "Backend"));
    if (i->version)
        json_object_set_new(j, "fixed_version", rm_ref(i->version->id, i->version->name));
    if (i->parent)
        json_object_set_new(j, "parent", json_pack("{s:i}", "id", i->parent->id));
    json_t *hours = i->estimated < 0 ? json_null() : json_real(i->estimated);
    json_t *total = i->estimated < 0 && has_children(who, i) ? json_real(0.0) : json_incref(hours);
    json_t *rest = json_pack("{s:s,s:s?,s:s?,s:s?,s:I,s:b,s:o,s:o,s:o,s:o,s:o,s:o}", "subject", i->subject,
                             "description", i->description, "start_date", i->start_date, "due_date", i->due_date,
                             "done_ratio", (json_int_t)i->done_ratio, "is_private", i->is_private, "estimated_hours",
                             hours, "total_estimated_hours", total, "custom_fields", values_json(i), "created_on",
                             time_json(who, i->created), "updated_on", time_json(who, i->updated), "closed_on",
                             time_json(who, i->closed));
    json_object_update(j, rest);
    json_decref(rest);
    return j;
}

/* ---- include= ---- */

static bool detail_visible(const struct rm_actor *who, const struct rm_detail *d) {
    if (!d->other)
        return true;
    const struct rm_issue *other = rm_issue_by_id(who->rm, d->other);
    return other && (other->hidden || rm_visible(who, other));
}

/* NULL when nothing of it may be seen. */
static json_t *journal_json(const struct rm_actor *who, const struct rm_journal *x) {
    if (x->gone ||
        (x->private_notes && x->user != who->user && !(rm_rights(who, x->issue->project) & RM_PRIVATE_NOTES)))
        return NULL;
    json_t *details = json_array();
    for (size_t i = 0; i < x->n_details; i++)
        if (detail_visible(who, &x->details[i]))
            json_array_append_new(details, json_pack("{s:s,s:s,s:s?,s:s?}", "property", x->details[i].property, "name",
                                                     x->details[i].name, "old_value", x->details[i].old, "new_value",
                                                     x->details[i].new));
    if (!json_array_size(details) && str_empty(x->notes)) {
        json_decref(details);
        return NULL;
    }
    return json_pack("{s:i,s:o,s:s?,s:o,s:b,s:o}", "id", x->id, "user", user_ref(who, x->user), "notes", x->notes,
                     "created_on", time_json(who, x->created), "private_notes", x->private_notes, "details", details);
}

bool include_has(const char *include, const char *what) {
    size_t len = strlen(what);
    while (include && *include) {
        size_t n = strcspn(include, ",");
        if (n == len && strncmp(include, what, len) == 0)
            return true;
        include += n + (include[n] == ',');
    }
    return false;
}

static void set_unless_empty(json_t *j, const char *key, json_t *all) {
    if (json_array_size(all))
        json_object_set_new(j, key, all);
    else
        json_decref(all);
}

static json_t *children_json(const struct rm_actor *who, const struct rm_issue *i) {
    json_t *all = json_array();
    for (size_t k = 0; k < who->rm->n_issues; k++) {
        const struct rm_issue *child = who->rm->issues[k];
        if (!child || child->parent != i || !rm_visible(who, child))
            continue;
        json_t *j = json_pack("{s:i,s:o,s:s}", "id", child->id, "tracker",
                              rm_ref(rm_trackers[0].id, rm_trackers[0].name), "subject", child->subject);
        set_unless_empty(j, "children", children_json(who, child));
        json_array_append_new(all, j);
    }
    return all;
}

/* In the order of the wall's time. */
static json_t *journals_json(const struct rm_actor *who, const struct rm_issue *i) {
    const char *zone = who->c->sb->server_zone;
    json_t *all = json_array(), *one;
    struct rm_journal **sorted = arena_alloc(who->c->a, (i->n_journals + 1) * sizeof(struct rm_journal *));
    for (size_t k = 0, at; k < i->n_journals; k++) {
        msec_t wall = zone_wall(zone, i->journals[k]->created);
        for (at = k; at && zone_wall(zone, sorted[at - 1]->created) > wall; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = i->journals[k];
    }
    for (size_t k = 0; k < i->n_journals; k++)
        if ((one = journal_json(who, sorted[k])) != NULL)
            json_array_append_new(all, one);
    return all;
}

void rm_issue_include(const struct rm_actor *who, const struct rm_issue *i, const char *include, bool listed,
                      json_t *j) {
    if (include_has(include, "children") && !listed)
        set_unless_empty(j, "children", children_json(who, i));
    if (include_has(include, "attachments"))
        json_object_set_new(j, "attachments", json_array());
    if (include_has(include, "relations")) {
        json_t *all = rm_relations_json(who, i);
        if (listed)
            json_object_set_new(j, "relations", all);
        else
            set_unless_empty(j, "relations", all);
    }
    if (include_has(include, "journals") && !listed) {
        json_object_set_new(j, "journals", journals_json(who, i));
    }
    if (include_has(include, "allowed_statuses") && !listed) {
        json_t *all = json_array();
        for (size_t k = 0; k < RM_STATUS_COUNT; k++)
            if (rm_status_allowed(who, i, rm_statuses[k].id))
                json_array_append_new(all, rm_status_json(&rm_statuses[k]));
        json_object_set_new(j, "allowed_statuses", all);
    }
}

/* ---- people, projects, versions ---- */

json_t *rm_user_json(const struct rm_actor *who, const struct rm_user *u) {
    json_t *seeded = time_json(who, who->rm->seeded), *j = json_pack("{s:i,s:s}", "id", u->id, "login", u->login);
    bool own = u == who->user || who->user->admin;
    if (own)
        json_object_set_new(j, "admin", json_boolean(u->admin));
    json_object_set_new(j, "firstname", json_string(u->first));
    json_object_set_new(j, "lastname", json_string(u->last));
    if (who->user->admin)
        json_object_set_new(j, "mail", json_string(u->mail));
    json_object_set(j, "created_on", seeded);
    json_object_set(j, "updated_on", seeded);
    json_object_set_new(j, "last_login_on", json_null());
    json_object_set(j, "passwd_changed_on", u->admin ? json_null() : seeded);
    json_decref(seeded);
    if (own) {
        json_object_set_new(j, "twofa_scheme", json_null());
        json_object_set_new(j, "api_key", json_string(u->key));
    }
    if (who->user->admin)
        json_object_set_new(j, "status", json_integer(1));
    return j;
}

/* Of one user or of one project. */
json_t *rm_memberships_json(const struct rm_actor *who, const struct rm_user *u, const struct rm_project *p) {
    json_t *all = json_array();
    int id = 0;
    for (size_t i = 0; i < who->rm->n_users; i++) {
        for (size_t k = 0; k < array_size(rm_projects); k++) {
            const struct rm_user *member = &who->rm->users[i];
            const struct rm_role *role = member->roles[k];
            struct rm_actor as = {who->c, who->rm, member};
            if (!role)
                continue;
            id++;
            if ((u && u != member) || (p && p != &rm_projects[k]) || !rm_role_of(&as, &rm_projects[k]))
                continue;
            json_t *j =
                json_pack("{s:i,s:o,s:[o]}", "id", id, "project", rm_ref(rm_projects[k].id, rm_projects[k].name),
                          "roles", rm_ref(role->id, role->name));
            if (p)
                json_object_set_new(j, "user", user_ref(who, member));
            json_array_append_new(all, j);
        }
    }
    return all;
}

json_t *rm_project_json(const struct rm_actor *who, const struct rm_project *p, bool whole) {
    const char *include = call_param(who->c, "include");
    json_t *j =
        json_pack("{s:i,s:s,s:s,s:n}", "id", p->id, "name", p->name, "identifier", p->identifier, "description");
    if (whole)
        json_object_set_new(j, "homepage", json_string(""));
    json_object_set_new(j, "status", json_integer(1));
    json_object_set_new(j, "is_public", json_false());
    json_object_set_new(j, "inherit_members", json_false());
    if (include_has(include, "trackers"))
        json_object_set_new(j, "trackers", json_pack("[o]", rm_ref(rm_trackers[0].id, rm_trackers[0].name)));
    if (include_has(include, "issue_categories"))
        json_object_set_new(j, "issue_categories", p->id == 1 ? json_pack("[o]", rm_ref(1, "Backend")) : json_array());
    if (include_has(include, "enabled_modules"))
        json_object_set_new(j, "enabled_modules", json_pack("[o]", rm_ref(p->id, "issue_tracking")));
    if (include_has(include, "issue_custom_fields")) /* fields for all projects are not listed (seen) */
        json_object_set_new(j, "issue_custom_fields", json_array());
    json_object_set_new(j, "created_on", time_json(who, who->rm->seeded));
    json_object_set_new(j, "updated_on", time_json(who, who->rm->seeded));
    return j;
}

json_t *rm_version_json(const struct rm_actor *who, const struct rm_version *v) {
    const struct rm_project *p = &rm_projects[v->project - 1];
    return json_pack("{s:i,s:o,s:s,s:s,s:s,s:n,s:s,s:n,s:o,s:o}", "id", v->id, "project", rm_ref(p->id, p->name),
                     "name", v->name, "description", "", "status", v->status, "due_date", "sharing", "none",
                     "wiki_page_title", "created_on", time_json(who, v->created), "updated_on",
                     time_json(who, v->updated));
}

/* ---- replies ---- */

void rm_reply(const struct rm_actor *who, int status, json_t *j) {
    struct call *c = who->c;
    reply_json(c, status, RM_JSON, j);
    uint64_t hash = hash_bytes(c->reply->body, c->reply->body_len);
    char *tag = arena_printf(c->a, "W/\"%016llx%016llx\"", (unsigned long long)hash, ~(unsigned long long)hash);
    const char *none = call_header(c, "if-none-match");
    reply_header(c, "etag", tag);
    if (status == 200 && none && str_is(none, tag))
        reply_status(c, 304);
}

void rm_reply_errors(const struct rm_actor *who, json_t *errors) {
    reply_json(who->c, 422, RM_JSON, json_pack("{s:o}", "errors", errors));
}

void rm_reply_empty(const struct rm_actor *who, int status) {
    if (status >= 400)
        reply_text(who->c, status, "application/json", "", 0);
    else
        reply_status(who->c, status);
}
