/* redmine: the state of a Redmine and what its handlers share.
 *
 * Everything lives in the arena of the sandbox until a reset. Ids are dense
 * from 1 in each table; a deleted issue leaves a NULL in its place. Times keep
 * their milliseconds: answers show whole seconds, filters see the rest. */
#ifndef SANDBOX_REDMINE_H
#define SANDBOX_REDMINE_H

#include "call.h"

#define RM_CF_COUNT     3
#define RM_STATUS_COUNT 8
#define RM_SUBJECT_MAX  255
#define RM_JSON         "application/json; charset=utf-8"

enum rm_right {
    RM_VIEW = 1 << 0,
    RM_ADD = 1 << 1,
    RM_EDIT = 1 << 2,
    RM_NOTE = 1 << 3,
    RM_EDIT_OWN_NOTES = 1 << 4,
    RM_PRIVATE_NOTES = 1 << 5,
    RM_RELATIONS = 1 << 6,
    RM_SUBTASKS = 1 << 7,
    RM_DELETE = 1 << 8,
    RM_VERSIONS = 1 << 9,
    RM_SET_PRIVATE = 1 << 10,
    RM_SEE_PRIVATE = 1 << 11, /* other people's private issues */
    RM_ALL = (1 << 12) - 1
};

struct rm_role {
    int id;
    const char *name;
    unsigned rights;
    unsigned moves[RM_STATUS_COUNT + 1]; /* bit n: may go from the index to status n; index 0: a new issue */
    bool assignable;
};

struct rm_named {
    int id;
    const char *name;
    bool closed;
};

struct rm_field {
    int id;
    const char *name, *format;
};

struct rm_user {
    int id;
    const char *login, *first, *last, *mail, *password, *key;
    bool admin;
    const struct rm_role *roles[2]; /* by project; NULL: no member */
    const char *zone;
};

struct rm_project {
    int id;
    const char *identifier, *name;
};

struct rm_version {
    int id, project;
    const char *name, *status;
    msec_t created, updated;
};

struct rm_detail {
    const char *property, *name, *old, *new; /* NULL: null */
    int other;                               /* a relation's other issue, else 0 */
};

struct rm_journal {
    int id;
    struct rm_issue *issue;
    const struct rm_user *user;
    const char *notes; /* NULL: null */
    bool private_notes, gone;
    msec_t created;
    struct rm_detail *details;
    size_t n_details;
};

struct rm_relation {
    int id;
    struct rm_issue *from, *to;
    const char *type;
    bool gone;
};

struct rm_issue {
    int id;
    const struct rm_project *project;
    int status, priority, category; /* category 0: none */
    const struct rm_user *author, *assigned;
    const struct rm_version *version;
    struct rm_issue *parent;
    const char *subject, *description, *start_date, *due_date; /* NULL: null */
    double estimated;                                          /* negative: null */
    int64_t done_ratio, lock_version;
    bool is_private, hidden;
    const char *values[RM_CF_COUNT]; /* NULL: never set */
    msec_t created, updated, closed; /* closed: the last time; stays after a reopening */
    struct rm_journal **journals;
    size_t n_journals;
    struct rm_relation **relations; /* those in which it takes part */
    size_t n_relations;
};

struct redmine {
    struct arena *a;
    struct rm_user *users;
    size_t n_users;
    struct rm_version **versions;
    size_t n_versions;
    struct rm_issue **issues;
    size_t n_issues;
    struct rm_journal **journals;
    size_t n_journals;
    struct rm_relation **relations;
    size_t n_relations;
    bool bridge_off;
    unsigned bridge_lacks; /* rights that its role does not have for now */
    int64_t races;         /* so many PUTs still lose */
    bool strict;           /* user bridge may move an issue only as a developer may */
    msec_t seeded;
};

struct rm_actor {
    struct call *c;
    struct redmine *rm;
    const struct rm_user *user;
};

/* ---- redmine_seed.c ---- */
extern const struct rm_named rm_statuses[RM_STATUS_COUNT], rm_priorities[5], rm_trackers[3];
extern const struct rm_field rm_fields[RM_CF_COUNT];
extern const struct rm_project rm_projects[2];
extern const struct rm_role rm_roles[2];
#define RM_PERMISSION_COUNT 8
extern const struct rm_permission {
    const char *name;
    unsigned right;
} rm_permissions[RM_PERMISSION_COUNT];
const struct rm_named *rm_status(int64_t id);   /* NULL: none */
const struct rm_named *rm_priority(int64_t id); /* NULL: none */
const struct rm_project *rm_project_find(const char *id_or_identifier);
const struct rm_user *rm_user_by_id(const struct redmine *rm, int64_t id);
const struct rm_user *rm_user_by_login(const struct redmine *rm, const char *login);
const struct rm_user *rm_user_by_key(const struct redmine *rm, const char *key);
char *rm_user_name(struct arena *a, const struct rm_user *u);
unsigned rm_role_rights(const struct rm_actor *who, const struct rm_role *role);
const struct rm_role *rm_role_of(const struct rm_actor *who, const struct rm_project *p);
unsigned rm_rights(const struct rm_actor *who, const struct rm_project *p);
bool rm_visible(const struct rm_actor *who, const struct rm_issue *i);
struct rm_issue *rm_issue_by_id(const struct redmine *rm, int64_t id);
struct rm_version *rm_version_by_id(const struct redmine *rm, int64_t id);
bool rm_is_closed(const struct rm_issue *i);
/* May this user give it that status? Its own one always. */
bool rm_status_allowed(const struct rm_actor *who, const struct rm_issue *i, int status);

/* ---- redmine_write.c ---- */
struct rm_journal *rm_journal_add(const struct rm_actor *who, struct rm_issue *i, const char *notes,
                                  bool private_notes);
void rm_detail_add(const struct rm_actor *who, struct rm_journal *j, const char *property, const char *name,
                   const char *old, const char *new);
/* Whether there is anything between two states of an issue, with a detail each when j is not NULL. */
bool rm_changes(const struct rm_actor *who, const struct rm_issue *old, const struct rm_issue *new,
                struct rm_journal *j);
/* Makes `to` the issue's state, with journal, and closes its duplicates. False: Redmine falls over (a loop of
 * duplicates), nothing is done. */
must_check bool rm_issue_save(const struct rm_actor *who, struct rm_issue *i, const struct rm_issue *to,
                              const char *notes, bool private_notes);
struct rm_issue *rm_issue_new(const struct rm_actor *who, const struct rm_issue *draft);
void rm_issue_delete(const struct rm_actor *who, struct rm_issue *i);

/* ---- redmine_put.c ---- */
/* Puts what the request says into a draft of `before` (NULL: of a new one), as far as this user may; what he may not is
 * left out silently. Errors as Redmine words them are appended. */
void rm_draft_apply(const struct rm_actor *who, struct rm_issue *draft, const struct rm_issue *before,
                    const json_t *asked, json_t *errors);
void rm_post_issue(const struct rm_actor *who);
void rm_put_issue(const struct rm_actor *who, struct rm_issue *i);

/* ---- redmine_relation.c ---- */
void rm_list_relations(const struct rm_actor *who, const struct rm_issue *i);
void rm_post_relation(const struct rm_actor *who, struct rm_issue *i);
void rm_show_relation(const struct rm_actor *who);
void rm_delete_relation(const struct rm_actor *who);
/* Takes it out without a journal. */
void rm_relation_drop(struct rm_relation *r);
/* Readable by this user, seen from that issue. */
bool rm_relation_visible(const struct rm_actor *who, const struct rm_issue *i, const struct rm_relation *r);
json_t *rm_relation_json(const struct rm_relation *r);
/* What of an issue's relations this user may see, by kind. */
json_t *rm_relations_json(const struct rm_actor *who, const struct rm_issue *i);

/* ---- redmine_show.c ---- */
json_t *rm_ref(int id, const char *name);
json_t *rm_issue_json(const struct rm_actor *who, const struct rm_issue *i);
void rm_issue_include(const struct rm_actor *who, const struct rm_issue *i, const char *include, bool listed,
                      json_t *j);
json_t *rm_user_json(const struct rm_actor *who, const struct rm_user *u);
json_t *rm_project_json(const struct rm_actor *who, const struct rm_project *p, bool whole);
json_t *rm_version_json(const struct rm_actor *who, const struct rm_version *v);
json_t *rm_status_json(const struct rm_named *s);
json_t *rm_memberships_json(const struct rm_actor *who, const struct rm_user *u, const struct rm_project *p);
bool include_has(const char *include, const char *what);
/* Answers 200 with the ETag of what is sent, or 304. */
void rm_reply(const struct rm_actor *who, int status, json_t *j);
void rm_reply_errors(const struct rm_actor *who, json_t *errors);
void rm_reply_empty(const struct rm_actor *who, int status);

/* ---- redmine_filter.c ---- */
void rm_list_issues(const struct rm_actor *who, const struct rm_project *p);
void rm_search(const struct rm_actor *who);
void rm_page(const struct rm_actor *who, size_t *ret_offset, size_t *ret_limit);

/* ---- redmine_page.c: issues for people ---- */
void redmine_page(struct call *c);

#endif
