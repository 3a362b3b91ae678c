/* redmine_seed: the tracker as the rig of the real one is seeded: projects,
 * statuses, fields, people, roles with their workflow; and who may what.
 *
 * Called by sandbox.c (a new one) and by all of redmine_*.c. */
#include "redmine.h"

#include <string.h>

enum { NEW = 1, WORKING, RESOLVED, FEEDBACK, CLOSED, REJECTED, KNOWN_ERROR, WONT_FIX };

const struct rm_named rm_statuses[RM_STATUS_COUNT] = {
    {NEW, "New", false},
    {WORKING, "In Progress", false},
    {RESOLVED, "Resolved", false},
    {FEEDBACK, "Feedback", false},
    {CLOSED, "Closed", true},
    {REJECTED, "Rejected", true},
    {KNOWN_ERROR, "Known Error", false},
    {WONT_FIX, "Won't Fix", true},
};
const struct rm_named rm_priorities[5] = {
    {1, "Low", false}, {2, "Normal", false}, {3, "High", false}, {4, "Urgent", false}, {5, "Immediate", false}};
const struct rm_named rm_trackers[3] = {{1, "Bug", false}, {2, "Feature", false}, {3, "Support", false}};
const struct rm_field rm_fields[RM_CF_COUNT] = {
    {1, "Linked incidents", "text"}, {2, "Incident count", "int"}, {3, "Closed-unresolved incidents", "int"}};
const struct rm_project rm_projects[2] = {{1, "product", "Product"}, {2, "other", "Other product"}};

#define BIT(n) (1u << (n))
#define EVERY  0x1feu
#define EXTRA  (BIT(KNOWN_ERROR) | BIT(WONT_FIX))
#define BACK   (BIT(NEW) | BIT(WORKING) | BIT(RESOLVED) | BIT(FEEDBACK))
#define NOTES  (RM_VIEW | RM_ADD | RM_EDIT | RM_NOTE | RM_EDIT_OWN_NOTES | RM_PRIVATE_NOTES | RM_RELATIONS)

const struct rm_role rm_roles[2] = {
    {6, "Bridge", NOTES | RM_SEE_PRIVATE, {EVERY, EVERY, EVERY, EVERY, EVERY, EVERY, EVERY, EVERY, EVERY}, false},
    {4,
     "Developer",
     NOTES | RM_SUBTASKS | RM_DELETE | RM_VERSIONS,
     {0, BIT(WORKING) | BIT(RESOLVED) | BIT(FEEDBACK) | BIT(CLOSED) | EXTRA,
      BIT(RESOLVED) | BIT(FEEDBACK) | BIT(CLOSED) | EXTRA, BIT(WORKING) | BIT(FEEDBACK) | BIT(CLOSED) | EXTRA,
      BIT(WORKING) | BIT(RESOLVED) | BIT(CLOSED) | EXTRA, 0, 0, BACK, BACK},
     true},
};
const struct rm_permission rm_permissions[RM_PERMISSION_COUNT] = {
    {"view_issues", RM_VIEW},
    {"add_issues", RM_ADD},
    {"edit_issues", RM_EDIT},
    {"add_issue_notes", RM_NOTE},
    {"edit_own_issue_notes", RM_EDIT_OWN_NOTES},
    {"view_private_notes", RM_PRIVATE_NOTES},
    {"set_notes_private", RM_PRIVATE_NOTES},
    {"manage_issue_relations", RM_RELATIONS},
};
#define BRIDGE    (&rm_roles[0])
#define DEVELOPER (&rm_roles[1])

static const struct rm_user people[] = {
    {1,
     "admin",
     "Redmine",
     "Admin",
     "admin@example.net",
     "admin",
     "5a6b07005a6b07005a6b07005a6b07005a6b0001",
     true,
     {NULL, NULL},
     ""},
    {5,
     "bridge",
     "Incident",
     "Bridge",
     "bridge@rig.example",
     "bridge-password",
     "5a6b07005a6b07005a6b07005a6b07005a6b0005",
     false,
     {BRIDGE, NULL},
     ""},
    {6,
     "dev",
     "Dora",
     "Developer",
     "dev@rig.example",
     "dev-password",
     "5a6b07005a6b07005a6b07005a6b07005a6b0006",
     false,
     {DEVELOPER, DEVELOPER},
     ""},
    {7,
     "outsider",
     "Olga",
     "Outsider",
     "outsider@rig.example",
     "outsider-password",
     "5a6b07005a6b07005a6b07005a6b07005a6b0007",
     false,
     {NULL, NULL},
     ""},
};

struct redmine *redmine_new(struct arena *a, msec_t now) {
    static const char *const versions[] = {"1.0", "1.1"};
    struct redmine *rm = arena_make(a, struct redmine);
    rm->a = a;
    rm->seeded = now;
    rm->n_users = array_size(people);
    rm->users = arena_alloc(a, sizeof(people));
    memcpy(rm->users, people, sizeof(people));
    for (size_t i = 0; i < array_size(versions); i++) {
        struct rm_version *v = arena_make(a, struct rm_version);
        *v = (struct rm_version){(int)i + 1, 1, versions[i], "open", now, now};
        *arena_push(a, &rm->versions, &rm->n_versions) = v;
    }
    return rm;
}

const struct rm_named *rm_status(int64_t id) {
    return id >= 1 && id <= RM_STATUS_COUNT ? &rm_statuses[id - 1] : NULL;
}

const struct rm_named *rm_priority(int64_t id) {
    return id >= 1 && id <= (int64_t)array_size(rm_priorities) ? &rm_priorities[id - 1] : NULL;
}

const struct rm_project *rm_project_find(const char *name) {
    int64_t id = 0;
    bool number = str_int64(name, &id);
    for (size_t i = 0; i < array_size(rm_projects); i++)
        if (number ? rm_projects[i].id == id : str_is(rm_projects[i].identifier, name))
            return &rm_projects[i];
    return NULL;
}

const struct rm_user *rm_user_by_id(const struct redmine *rm, int64_t id) {
    for (size_t i = 0; i < rm->n_users; i++)
        if (rm->users[i].id == id)
            return &rm->users[i];
    return NULL;
}

const struct rm_user *rm_user_by_login(const struct redmine *rm, const char *login) {
    for (size_t i = 0; i < rm->n_users; i++)
        if (str_is_nocase(rm->users[i].login, login))
            return &rm->users[i];
    return NULL;
}

const struct rm_user *rm_user_by_key(const struct redmine *rm, const char *key) {
    for (size_t i = 0; key && i < rm->n_users; i++)
        if (str_is(rm->users[i].key, key))
            return &rm->users[i];
    return NULL;
}

char *rm_user_name(struct arena *a, const struct rm_user *u) {
    return arena_printf(a, "%s %s", u->first, u->last);
}

const struct rm_role *rm_role_of(const struct rm_actor *who, const struct rm_project *p) {
    if (who->rm->bridge_off && str_is(who->user->login, "bridge"))
        return NULL;
    return who->user->roles[p->id - 1];
}

unsigned rm_role_rights(const struct rm_actor *who, const struct rm_role *role) {
    return role->rights & ~(role == BRIDGE ? who->rm->bridge_lacks : 0);
}

unsigned rm_rights(const struct rm_actor *who, const struct rm_project *p) {
    const struct rm_role *role = rm_role_of(who, p);
    return who->user->admin ? RM_ALL : role ? rm_role_rights(who, role) : 0;
}

bool rm_visible(const struct rm_actor *who, const struct rm_issue *i) {
    unsigned rights = rm_rights(who, i->project);
    if (!(rights & RM_VIEW) || (i->hidden && !who->user->admin))
        return false;
    return !i->is_private || (rights & RM_SEE_PRIVATE) || i->author == who->user || i->assigned == who->user;
}

struct rm_issue *rm_issue_by_id(const struct redmine *rm, int64_t id) {
    return id >= 1 && id <= (int64_t)rm->n_issues ? rm->issues[id - 1] : NULL;
}

struct rm_version *rm_version_by_id(const struct redmine *rm, int64_t id) {
    return id >= 1 && id <= (int64_t)rm->n_versions ? rm->versions[id - 1] : NULL;
}

bool rm_is_closed(const struct rm_issue *i) {
    return rm_statuses[i->status - 1].closed;
}

/* Whose moves count for this user. */
static const struct rm_role *workflow_of(const struct rm_actor *who, const struct rm_project *p) {
    const struct rm_role *role = rm_role_of(who, p);
    return role == BRIDGE && who->rm->strict ? DEVELOPER : role;
}

static bool has_any_move(const struct rm_actor *who, const struct rm_issue *i) {
    const struct rm_role *role = workflow_of(who, i->project);
    return who->user->admin || (role && role->moves[i->status]);
}

/* What keeps an issue open: one that blocks it, or an open child. */
static bool is_held_open(const struct rm_actor *who, const struct rm_issue *i) {
    for (size_t k = 0; k < i->n_relations; k++) {
        const struct rm_relation *r = i->relations[k];
        if (!r->gone && r->to == i && str_is(r->type, "blocks") && !rm_is_closed(r->from))
            return true;
    }
    for (size_t k = 0; k < who->rm->n_issues; k++) {
        const struct rm_issue *child = who->rm->issues[k];
        if (child && child->parent == i && !rm_is_closed(child))
            return true;
    }
    return false;
}

bool rm_status_allowed(const struct rm_actor *who, const struct rm_issue *i, int status) {
    const struct rm_role *role = workflow_of(who, i->project);
    bool closed = rm_statuses[status - 1].closed;
    if (i->parent && rm_is_closed(i->parent) && !closed && rm_is_closed(i))
        return false; /* a closed parent keeps its children closed */
    if (closed && i->id && is_held_open(who, i))
        return false;
    if (i->id && status == i->status)
        return has_any_move(who, i);
    bool move = who->user->admin || (role && role->moves[i->id ? i->status : 0] & BIT(status));
    return move;
}
