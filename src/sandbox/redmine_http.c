/* redmine_http: Redmine's REST: who asks, which resource, may he.
 *
 * Called by sandbox.c with every request that is no control. Failures of
 * access have no body: 401, 403, 404. */
#include "redmine.h"

#include <stdlib.h>
#include <string.h>

static bool reads(const struct rm_actor *who) {
    return call_is(who->c, "GET") || call_is(who->c, "HEAD");
}

static struct rm_issue *issue_arg(const struct rm_actor *who) {
    int64_t id;
    return str_int64(who->c->args[0], &id) ? rm_issue_by_id(who->rm, id) : NULL;
}

/* The issue of the path; NULL after a reply of 403 or 404. */
static struct rm_issue *issue_open(const struct rm_actor *who) {
    struct rm_issue *i = issue_arg(who);
    if (i && rm_visible(who, i))
        return i;
    rm_reply_empty(who, i ? 403 : 404);
    return NULL;
}

static void no_route(const struct rm_actor *who) {
    reply_json(who->c, 404, RM_JSON, json_pack("{s:i,s:s}", "status", 404, "error", "Not Found"));
}

static void handle_issue(const struct rm_actor *who) {
    struct rm_issue *i = issue_open(who);
    if (!i)
        return;
    unsigned rights = rm_rights(who, i->project);
    if (reads(who)) {
        json_t *j = rm_issue_json(who, i);
        rm_issue_include(who, i, call_param(who->c, "include"), false, j);
        rm_reply(who, 200, json_pack("{s:o}", "issue", j));
    } else if (call_is(who->c, "PUT") || call_is(who->c, "PATCH")) {
        if (rights & RM_EDIT)
            rm_put_issue(who, i);
        else
            rm_reply_empty(who, 403);
    } else if (call_is(who->c, "DELETE")) {
        if (rights & RM_DELETE)
            rm_issue_delete(who, i);
        rm_reply_empty(who, rights & RM_DELETE ? 204 : 403);
    } else {
        no_route(who);
    }
}

/* The project named, checked; false after a reply. *ret NULL: none was named. */
static bool project_open(const struct rm_actor *who, const char *name, const struct rm_project **ret) {
    *ret = str_empty(name) ? NULL : rm_project_find(name);
    if (str_empty(name))
        return true;
    bool seen = *ret && rm_rights(who, *ret) & RM_VIEW;
    if (!seen)
        rm_reply_empty(who, *ret ? 403 : 404);
    return seen;
}

static void handle_issues(const struct rm_actor *who) {
    const struct rm_project *p;
    if (call_is(who->c, "POST"))
        rm_post_issue(who);
    else if (project_open(who, call_param(who->c, "project_id"), &p))
        rm_list_issues(who, p);
}

static void handle_project_issues(const struct rm_actor *who) {
    const struct rm_project *p;
    if (project_open(who, who->c->args[0], &p))
        rm_list_issues(who, p);
}

static void handle_relations(const struct rm_actor *who) {
    struct rm_issue *i = issue_open(who);
    if (i && call_is(who->c, "POST"))
        rm_post_relation(who, i);
    else if (i)
        rm_list_relations(who, i);
}

static void handle_relation(const struct rm_actor *who) {
    if (call_is(who->c, "DELETE"))
        rm_delete_relation(who);
    else
        rm_show_relation(who);
}

static void handle_journal(const struct rm_actor *who) {
    int64_t id;
    bool known = str_int64(who->c->args[0], &id) && id >= 1 && id <= (int64_t)who->rm->n_journals;
    struct rm_journal *x = known ? who->rm->journals[id - 1] : NULL;
    if (!x || x->gone || !rm_visible(who, x->issue)) {
        rm_reply_empty(who, 404);
        return;
    }
    bool own = x->user == who->user && rm_rights(who, x->issue->project) & RM_EDIT_OWN_NOTES;
    cleanup_json json_t *body = call_object(who->c);
    const char *notes = json_text(json_object_get(body, "journal"), "notes");
    if (own || who->user->admin) { /* moves nobody's `updated` */
        x->notes = notes ? arena_strdup(who->rm->a, notes) : x->notes;
        x->gone = str_empty(x->notes) && !x->n_details;
        who->c->sb->writes++;
    }
    rm_reply_empty(who, own || who->user->admin ? 204 : 403);
}

static void reply_named(const struct rm_actor *who, const char *key, const struct rm_named *all, size_t n,
                        json_t *(*show)(const struct rm_named *)) {
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, show(&all[i]));
    rm_reply(who, 200, json_pack("{s:o}", key, list));
}

static json_t *priority_json(const struct rm_named *p) {
    return json_pack("{s:i,s:s,s:b,s:b}", "id", p->id, "name", p->name, "is_default", p->id == 2, "active", true);
}

static json_t *tracker_json(const struct rm_named *t) {
    return json_pack("{s:i,s:s,s:o,s:n,s:[s,s,s,s,s,s,s,s,s]}", "id", t->id, "name", t->name, "default_status",
                     rm_ref(1, "New"), "description", "enabled_standard_fields", "assigned_to_id", "category_id",
                     "fixed_version_id", "parent_issue_id", "start_date", "due_date", "estimated_hours", "done_ratio",
                     "description");
}

static void handle_statuses(const struct rm_actor *who) {
    reply_named(who, "issue_statuses", rm_statuses, RM_STATUS_COUNT, rm_status_json);
}
static void handle_priorities(const struct rm_actor *who) {
    reply_named(who, "issue_priorities", rm_priorities, array_size(rm_priorities), priority_json);
}
static void handle_trackers(const struct rm_actor *who) {
    reply_named(who, "trackers", rm_trackers, array_size(rm_trackers), tracker_json);
}

static void handle_fields(const struct rm_actor *who) {
    if (!who->user->admin) {
        rm_reply_empty(who, 403);
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < RM_CF_COUNT; i++)
        json_array_append_new(list,
                              json_pack("{s:i,s:s,s:s,s:s,s:s,s:n,s:n,s:b,s:b,s:b,s:b,s:n,s:b,s:[o],s:[]}", "id",
                                        rm_fields[i].id, "name", rm_fields[i].name, "customized_type", "issue",
                                        "field_format", rm_fields[i].format, "regexp", "", "min_length", "max_length",
                                        "is_required", false, "is_filter", true, "searchable", false, "multiple", false,
                                        "default_value", "visible", true, "trackers", rm_ref(1, "Bug"), "roles"));
    rm_reply(who, 200, json_pack("{s:o}", "custom_fields", list));
}

static void handle_project(const struct rm_actor *who) {
    const struct rm_project *p;
    if (project_open(who, who->c->args[0], &p))
        rm_reply(who, 200, json_pack("{s:o}", "project", rm_project_json(who, p, true)));
}

static void handle_projects(const struct rm_actor *who) {
    json_t *list = json_array();
    for (size_t i = array_size(rm_projects); i-- > 0;) /* by name */
        if (rm_rights(who, &rm_projects[i]) & RM_VIEW)
            json_array_append_new(list, rm_project_json(who, &rm_projects[i], false));
    rm_reply(who, 200,
             json_pack("{s:O,s:i,s:i,s:i}", "projects", list, "total_count", (int)json_array_size(list), "offset", 0,
                       "limit", 25));
    json_decref(list);
}

static void handle_memberships(const struct rm_actor *who) {
    const struct rm_project *p;
    if (!project_open(who, who->c->args[0], &p))
        return;
    json_t *list = rm_memberships_json(who, NULL, p);
    rm_reply(who, 200,
             json_pack("{s:O,s:i,s:i,s:i}", "memberships", list, "total_count", (int)json_array_size(list), "offset", 0,
                       "limit", 25));
    json_decref(list);
}

static void handle_roles(const struct rm_actor *who) {
    rm_reply(who, 200,
             json_pack("{s:[o,o,o,o]}", "roles", rm_ref(3, "Manager"), rm_ref(4, "Developer"), rm_ref(5, "Reporter"),
                       rm_ref(6, "Bridge")));
}

/* Of the bridge's own: the others' have more permissions than are kept here. */
static void handle_role(const struct rm_actor *who) {
    const struct rm_role *role = &rm_roles[0];
    int64_t id;
    if (!str_int64(who->c->args[0], &id) || id != role->id) {
        rm_reply_empty(who, 404);
        return;
    }
    json_t *permissions = json_array();
    for (size_t i = 0; i < RM_PERMISSION_COUNT; i++)
        if (rm_role_rights(who, role) & rm_permissions[i].right)
            json_array_append_new(permissions, json_string(rm_permissions[i].name));
    rm_reply(who, 200,
             json_pack("{s:{s:i,s:s,s:b,s:s,s:s,s:s,s:o}}", "role", "id", role->id, "name", role->name, "assignable",
                       role->assignable, "issues_visibility", "all", "time_entries_visibility", "all",
                       "users_visibility", "all", "permissions", permissions));
}

static void handle_user(const struct rm_actor *who) {
    int64_t id;
    const struct rm_user *u = str_is(who->c->args[0], "current") ? who->user
                              : str_int64(who->c->args[0], &id)  ? rm_user_by_id(who->rm, id)
                                                                 : NULL;
    if (!u) {
        rm_reply_empty(who, 404);
        return;
    }
    json_t *j = rm_user_json(who, u);
    if (include_has(call_param(who->c, "include"), "memberships"))
        json_object_set_new(j, "memberships", rm_memberships_json(who, u, NULL));
    rm_reply(who, 200, json_pack("{s:o}", "user", j));
}

/* ---- versions ---- */

static void version_change(const struct rm_actor *who, struct rm_version *v, const json_t *asked) {
    const char *status = json_text(asked, "status"), *name = json_text(asked, "name");
    static const char *const known[] = {"open", "locked", "closed"};
    const char *literal = v->status;
    bool fine = !status;
    for (size_t i = 0; i < array_size(known); i++)
        if (str_is(known[i], status)) {
            literal = known[i];
            fine = true;
        }
    if (!fine || (name && !*name)) {
        rm_reply_errors(who, json_pack("[s]", fine ? "Name cannot be blank" : "Status is not included in the list"));
        return;
    }
    v->status = literal;
    v->name = name ? arena_strdup(who->rm->a, name) : v->name;
    v->updated = who->c->now;
    who->c->sb->writes++;
    rm_reply_empty(who, 204);
}

static void handle_version(const struct rm_actor *who) {
    int64_t id;
    struct rm_version *v = str_int64(who->c->args[0], &id) ? rm_version_by_id(who->rm, id) : NULL;
    unsigned rights = v ? rm_rights(who, &rm_projects[v->project - 1]) : 0;
    cleanup_json json_t *body = call_object(who->c);
    if (!v || !(rights & RM_VIEW))
        rm_reply_empty(who, v ? 403 : 404);
    else if (reads(who))
        rm_reply(who, 200, json_pack("{s:o}", "version", rm_version_json(who, v)));
    else if (!(rights & RM_VERSIONS) || !call_is(who->c, "PUT"))
        rm_reply_empty(who, 403);
    else
        version_change(who, v, json_object_get(body, "version"));
}

static void version_create(const struct rm_actor *who, const struct rm_project *p) {
    cleanup_json json_t *body = call_object(who->c);
    const char *name = json_text(json_object_get(body, "version"), "name");
    if (str_empty(name) || who->rm->n_versions >= 10000) {
        rm_reply_errors(who, json_pack("[s]", "Name cannot be blank"));
        return;
    }
    struct rm_version *v = arena_make(who->rm->a, struct rm_version);
    *v = (struct rm_version){
        (int)who->rm->n_versions + 1, p->id, arena_strdup(who->rm->a, name), "open", who->c->now, who->c->now};
    *arena_push(who->rm->a, &who->rm->versions, &who->rm->n_versions) = v;
    who->c->sb->writes++;
    reply_header(who->c, "location", arena_printf(who->c->a, "%s/versions/%d", who->c->sb->base_url, v->id));
    rm_reply(who, 201, json_pack("{s:o}", "version", rm_version_json(who, v)));
}

static void handle_versions(const struct rm_actor *who) {
    const struct rm_project *p = NULL;
    if (!project_open(who, who->c->args[0], &p) || !p)
        return;
    if (call_is(who->c, "POST")) {
        if (rm_rights(who, p) & RM_VERSIONS)
            version_create(who, p);
        else
            rm_reply_empty(who, 403);
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < who->rm->n_versions; i++)
        if (who->rm->versions[i]->project == p->id)
            json_array_append_new(list, rm_version_json(who, who->rm->versions[i]));
    rm_reply(who, 200, json_pack("{s:O,s:i}", "versions", list, "total_count", (int)json_array_size(list)));
    json_decref(list);
}

/* ---- the way in ---- */

static const struct {
    const char *pattern, *methods;
    void (*handle)(const struct rm_actor *who);
} routes[] = {
    {"/issues.json", " GET HEAD POST ", handle_issues},
    {"/issues/#.json", " GET HEAD PUT PATCH DELETE ", handle_issue},
    {"/issues/#/relations.json", " GET HEAD POST ", handle_relations},
    {"/relations/#.json", " GET HEAD DELETE ", handle_relation},
    {"/journals/#.json", " PUT PATCH ", handle_journal},
    {"/issue_statuses.json", " GET HEAD ", handle_statuses},
    {"/enumerations/issue_priorities.json", " GET HEAD ", handle_priorities},
    {"/trackers.json", " GET HEAD ", handle_trackers},
    {"/custom_fields.json", " GET HEAD ", handle_fields},
    {"/roles.json", " GET HEAD ", handle_roles},
    {"/roles/#.json", " GET HEAD ", handle_role},
    {"/search.json", " GET HEAD ", rm_search},
    {"/projects.json", " GET HEAD ", handle_projects},
    {"/projects/*/issues.json", " GET HEAD ", handle_project_issues},
    {"/projects/*/versions.json", " GET HEAD POST ", handle_versions},
    {"/projects/*/memberships.json", " GET HEAD ", handle_memberships},
    {"/versions/#.json", " GET HEAD PUT DELETE ", handle_version},
};

static void dispatch(const struct rm_actor *who) {
    struct call *c = who->c;
    size_t len = strlen(c->path);
    for (size_t i = 0; i < array_size(routes); i++) {
        memset(c->args, 0, sizeof(c->args));
        if (!call_match(c, routes[i].pattern))
            continue;
        if (strstr(routes[i].methods, arena_printf(c->a, " %s ", c->method)))
            routes[i].handle(who);
        else
            no_route(who);
        return;
    }
    /* a name ends where .json begins */
    const char *name = str_starts(c->path, "/users/")      ? c->path + 7
                       : str_starts(c->path, "/projects/") ? c->path + 10
                                                           : NULL;
    if (str_starts(c->path, "/issues/") && len > 13 && str_is(c->path + len - 5, ".json"))
        rm_reply_empty(who, 404);
    else if (!name || len < 5 || strchr(name, '/') || !str_is(c->path + len - 5, ".json") || !reads(who))
        no_route(who);
    else {
        c->args[0] = arena_strndup(c->a, name, (size_t)(c->path + len - 5 - name));
        if (str_starts(c->path, "/users/"))
            handle_user(who);
        else
            handle_project(who);
    }
}

static const struct rm_user *user_of(const struct redmine *rm, struct call *c) {
    const char *key = call_header(c, "x-redmine-api-key"), *name, *password;
    if (!key)
        key = call_param(c, "key");
    if (key || !call_basic(c, &name, &password))
        return rm_user_by_key(rm, key);
    const struct rm_user *u = rm_user_by_login(rm, name);
    return u && str_is(u->password, password) ? u : rm_user_by_key(rm, name);
}

void redmine_handle(struct call *c) {
    struct redmine *rm = c->sb->redmine;
    struct rm_actor who = {c, rm, user_of(rm, c)};
    size_t len = strlen(c->path);
    if (len < 5 || !str_is(c->path + len - 5, ".json")) {
        redmine_page(c);
        return;
    }
    const char *as = call_header(c, "x-redmine-switch-user");
    if (!who.user) {
        reply_header(c, "www-authenticate", "Basic realm=\"Redmine API\"");
        rm_reply_empty(&who, 401);
        return;
    }
    if (as && who.user->admin) { /* ignored when anybody else says it */
        who.user = rm_user_by_login(rm, as);
        if (!who.user) {
            rm_reply_empty(&who, 412);
            return;
        }
    }
    dispatch(&who);
}
