/* rt: the state of a Request Tracker and what its handlers share.
 *
 * Everything lives in the arena of the sandbox and stays until a reset: a
 * tracker forgets nothing. Tickets and attachments have dense ids from 1;
 * transactions have gaps (RT numbers those of groups and users in the same
 * row). Statuses and transaction types are interned: literals of rt_seed.c. */
#ifndef SANDBOX_RT_H
#define SANDBOX_RT_H

#include "call.h"

#define RT_CF_COUNT     6
#define RT_SUBJECT_MAX  200
#define RT_PER_PAGE_MAX 100

enum rt_right {
    RT_SEE_QUEUE = 1 << 0,
    RT_SHOW = 1 << 1,
    RT_SHOW_COMMENTS = 1 << 2,
    RT_SHOW_OUTGOING = 1 << 3,
    RT_CREATE = 1 << 4,
    RT_MODIFY = 1 << 5,
    RT_COMMENT = 1 << 6,
    RT_REPLY = 1 << 7,
    RT_SEE_CF = 1 << 8,
    RT_MODIFY_CF = 1 << 9,
    RT_OWN = 1 << 10,
    RT_DELETE = 1 << 11,
    RT_ALL = (1 << 12) - 1
};

enum rt_role { RT_REQUESTOR, RT_CC, RT_ADMIN_CC, RT_ROLE_COUNT };
extern const char *const rt_role_names[RT_ROLE_COUNT];

struct rt_user {
    int id;
    const char *name, *real_name, *email, *password, *token; /* password, token: NULL cannot log in */
    bool privileged, superuser;
    const char *zone;
    unsigned rights[2]; /* by queue */
    msec_t created;
    int txn; /* of its creation */
};

struct rt_lifecycle {
    const char *name;
    const char *const *initial, *const *active, *const *inactive;
    struct rt_move {
        const char *from, *to; /* to: words with spaces around each */
    } const *moves;
    struct rt_action {
        const char *to, *label, *update;
    } const *actions;
};

struct rt_queue {
    int id;
    const char *name, *description, *correspond, *comment;
    const struct rt_lifecycle *lifecycle;
    unsigned everyone; /* rights of everybody */
    bool has_fields;
};

struct rt_field {
    int id;
    const char *name;
    const char *const *options; /* NULL: free text */
};

struct rt_value {
    bool present;
    const char *text; /* NULL: an empty value, which reads as null */
};

struct rt_attachment {
    int id, parent;
    struct rt_txn *txn;
    const char *type, *subject, *content, *message_id, *headers;
};

struct rt_txn {
    int id;
    struct rt_ticket *ticket; /* NULL: of a queue */
    int queue;
    const char *type, *field, *old, *new, *data; /* "" for none */
    const struct rt_user *creator;
    msec_t created;
    struct rt_attachment **parts;
    size_t n_parts;
};

enum rt_link_type { RT_REFERS_TO, RT_DEPENDS_ON, RT_MEMBER_OF, RT_LINK_TYPES };

struct rt_link {
    enum rt_link_type type;
    struct rt_ticket *base, *target;   /* NULL: the URI */
    const char *base_uri, *target_uri; /* NULL: the ticket */
    bool gone;
};

struct rt_ticket {
    int id;
    struct rt_ticket *effective; /* itself, or the one it was merged into */
    struct rt_ticket **merged;   /* those that were merged into this one */
    size_t n_merged;
    struct rt_queue *queue;
    const char *status, *subject, *type;
    const struct rt_user *owner, *creator, *updater;
    msec_t created, updated, started, resolved, told, due, starts;
    int64_t priority, worked;
    struct rt_user **watchers[RT_ROLE_COUNT];
    size_t n_watchers[RT_ROLE_COUNT];
    struct rt_value values[RT_CF_COUNT];
    struct rt_txn **txns;
    size_t n_txns;
    struct rt_link **links; /* those in which it takes part */
    size_t n_links;
};

struct rt_mail {
    const char *from, *subject, *body, *message_id;
    const char **to, **cc;
    size_t n_to, n_cc;
    int ticket;
    msec_t date;
};

struct rt {
    struct arena *a;
    struct rt_user **users;
    size_t n_users;
    struct rt_queue *queues;
    size_t n_queues;
    const struct rt_field *fields;
    struct rt_ticket **tickets;
    size_t n_tickets;
    struct rt_txn **txns;
    size_t n_txns;
    struct rt_attachment **attachments;
    size_t n_attachments;
    struct rt_mail **mails;
    size_t n_mails;
    struct rt_link *links;
    int next_txn, next_user;
    bool bridge_off, resolve_scrip_off;
    unsigned bridge_lacks; /* rights that it does not have for now */
    msec_t seeded;
    struct rt_user *system, *nobody;
};

/* Who asks, with the call: passed down to everything that changes something. */
struct rt_actor {
    struct call *c;
    struct rt *rt;
    struct rt_user *user;
};

/* ---- rt_seed.c ---- */
struct rt_user *rt_user_find(const struct rt *rt, const char *name_or_mail_or_id);
/* Finds the user of a mail address, or makes an unprivileged one; NULL: no mail address. */
struct rt_user *rt_user_obtain(struct rt *rt, const char *name, msec_t now);
struct rt_queue *rt_queue_find(struct rt *rt, const char *name_or_id);
unsigned rt_user_rights(const struct rt *rt, const struct rt_user *u, const struct rt_queue *q);
bool rt_may(const struct rt_actor *who, const struct rt_ticket *t, unsigned rights);
int rt_field_find(const char *name_or_id); /* index, -1 */
/* The literal for a status of that lifecycle, in any case; NULL: it has none of that name. */
const char *rt_status_find(const struct rt_lifecycle *l, const char *name);
bool rt_status_in(const char *const *list, const char *status);
/* from "" asks what a new ticket may begin as. */
bool rt_status_may(const struct rt_lifecycle *l, const char *from, const char *to);

/* ---- rt_write.c: each tells in words what became of it, as RT does ---- */
struct rt_txn *rt_txn_add(const struct rt_actor *who, struct rt_ticket *t, const struct rt_user *by, const char *type,
                          const char *field, const char *old, const char *new, const char *data);
struct rt_attachment *rt_attachment_add(struct rt *rt, struct rt_txn *txn, const char *type, const char *subject,
                                        const char *content);
/* NULL: nothing to say. text: as the request had it. */
const char *rt_status_set(const struct rt_actor *who, struct rt_ticket *t, const struct rt_user *by, const char *text);
const char *rt_attribute_set(const struct rt_actor *who, struct rt_ticket *t, const char *name, const json_t *value);
/* Appends to results; false: a value that makes RT fall over (500). */
bool rt_values_set(const struct rt_actor *who, struct rt_ticket *t, json_t *fields, bool creating, json_t *results);
char *rt_subject_clean(struct arena *a, const char *subject);
/* json scalar as text; NULL for null and for what is none. */
char *rt_scalar(struct arena *a, const json_t *j);

/* ---- rt_link.c ---- */
bool rt_watchers_set(const struct rt_actor *who, struct rt_ticket *t, const json_t *data, bool creating,
                     json_t *results);
void rt_links_set(const struct rt_actor *who, struct rt_ticket *t, const json_t *data, bool creating, json_t *results);
const char *rt_merge(const struct rt_actor *who, struct rt_ticket *from, const char *into);
/* A link between tickets is not seen while one of them is deleted. */
bool rt_is_deleted(const struct rt_ticket *a, const struct rt_ticket *b);
bool rt_has_open_dependency(const struct rt_ticket *t);
char *rt_ticket_uri(struct arena *a, const struct rt_ticket *t);

/* ---- rt_mail.c: what RT's scrips do after a transaction ---- */
void rt_scrips_run(const struct rt_actor *who, struct rt_ticket *t, struct rt_txn *txn, const char *content);
json_t *rt_mails_show(const struct rt *rt, const char *address, struct arena *a);

/* ---- rt_date.c ---- */
/* In which zone that person's dates are read: their own, else the server's. */
const char *rt_zone_of(const struct rt_actor *who);
/* As RT reads a date of a person in that zone; what it doesn't understand is 1970. day: only a date was given. */
msec_t rt_date_read(const char *text, const char *zone, msec_t now);

/* ---- rt_sql.c: TicketSQL, the part of it that clients use ---- */
enum rt_op { RT_EQ, RT_NE, RT_LT, RT_LE, RT_GT, RT_GE, RT_LIKE, RT_UNLIKE, RT_STARTS, RT_ENDS, RT_NULL, RT_NOT_NULL };
struct rt_node {
    bool is_or;            /* how it joins what stands before it */
    struct rt_node *nodes; /* a parenthesis; else a term: */
    size_t n_nodes;
    const char *field, *sub, *value; /* "CF" and "Problem"; "Requestor" and "EmailAddress" */
    enum rt_op op;
};
/* NULL and words for a person when it can't be read. knows: is there such a field? */
struct rt_node *rt_sql_parse(struct arena *a, const char *text, bool (*knows)(const char *field, const char *sub),
                             const char **ret_words);
bool rt_sql_eval(const struct rt_node *n, bool (*match)(const void *arg, const struct rt_node *term), const void *arg);
bool rt_sql_uses(const struct rt_node *n, const char *field);
bool rt_sql_text(enum rt_op op, const char *have, const char *want);
bool rt_sql_number(enum rt_op op, int64_t have, int64_t want);

/* ---- rt_match.c ---- */
bool rt_ticket_field_known(const char *field, const char *sub);
bool rt_txn_field_known(const char *field, const char *sub);
bool rt_ticket_match(const struct rt_actor *who, const struct rt_ticket *t, const struct rt_node *query);
bool rt_txn_match(const struct rt_actor *who, const struct rt_txn *x, const struct rt_node *query);

/* ---- rt_show.c ---- */
json_t *rt_ref(const struct rt_actor *who, const char *type, const char *id);
json_t *rt_ticket_show(const struct rt_actor *who, const struct rt_ticket *t);
json_t *rt_ticket_links(const struct rt_actor *who, const struct rt_ticket *t);
json_t *rt_ticket_field(const struct rt_actor *who, const struct rt_ticket *t, const char *field);
json_t *rt_txn_show(const struct rt_actor *who, const struct rt_txn *x);
json_t *rt_txn_field(const struct rt_actor *who, const struct rt_txn *x, const char *field);
json_t *rt_attachment_show(const struct rt_actor *who, const struct rt_attachment *x);
json_t *rt_attachment_field(const struct rt_actor *who, const struct rt_attachment *x, const char *field);
json_t *rt_user_show(const struct rt_actor *who, const struct rt_user *u);
json_t *rt_queue_show(const struct rt_actor *who, const struct rt_queue *q);
json_t *rt_time(const struct rt_actor *who, msec_t t);
bool rt_txn_visible(const struct rt_actor *who, const struct rt_txn *x);

/* ---- rt_list.c ---- */
void rt_list_tickets(const struct rt_actor *who);
void rt_list_txns(const struct rt_actor *who);
void rt_list_history(const struct rt_actor *who, const struct rt_ticket *t); /* NULL: an empty one */
void rt_list_queue_history(const struct rt_actor *who, const struct rt_queue *q);
void rt_list_attachments(const struct rt_actor *who, const struct rt_ticket *t);
void rt_list_txn_attachments(const struct rt_actor *who, const struct rt_txn *x);
void rt_list_queues(const struct rt_actor *who, bool all);
void rt_list_empty(const struct rt_actor *who);
/* Every transaction of a ticket and of what was merged into it, by id. */
struct rt_txn **rt_history(const struct rt_actor *who, const struct rt_ticket *t, size_t *ret_count);

/* ---- rt_http.c, rt_post.c ---- */
#define RT_JSON       "application/json; charset=\"utf-8\""
#define RT_JSON_PLAIN "application/json; charset=utf-8"
void rt_message(struct call *c, int status, const char *text);
struct rt_ticket *rt_ticket_find(const struct rt *rt, const char *id); /* the effective one */
void rt_post_ticket(const struct rt_actor *who);
void rt_put_ticket(const struct rt_actor *who, struct rt_ticket *t);
void rt_post_message(const struct rt_actor *who, struct rt_ticket *t, bool comment);
/* A comment or a public answer; data as a request has it. 201 and words, or 400 and one; 500: it fell over when part
 * was done. */
int rt_message_add(const struct rt_actor *who, struct rt_ticket *t, bool comment, json_t *data, json_t *words,
                   struct rt_txn **ret_txn);
/* A mail to the queue's address, or in answer to a ticket. NULL and words: refused. */
struct rt_ticket *rt_mail_in(const struct rt_actor *who, struct rt_ticket *t, const char *subject, const char *content,
                             const char **ret_words);
void rt_put_bulk(const struct rt_actor *who);
void rt_post_bulk(const struct rt_actor *who, const char *kind); /* NULL: create */
bool rt_body_is_utf8(const struct call *c);

/* ---- rt_page.c: tickets for people ---- */
void rt_page(struct call *c);

#endif
