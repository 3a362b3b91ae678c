/* call: one request on its way through a sandbox.
 *
 * Owned by sandbox_handle for the time of one request; the handlers of both
 * dialects read what was asked with call_* and answer with reply_*. What these
 * give lives in the arena of the reply. */
#ifndef SANDBOX_CALL_H
#define SANDBOX_CALL_H

#include "bascule/sandbox.h"

/* Bounds: beyond them a sandbox refuses (413, 507) instead of growing. */
#define SANDBOX_BODY_MAX    (4u << 20)
#define SANDBOX_RECORDS_MAX 200000u
#define SANDBOX_CHANGES_MAX 4000000u
#define SANDBOX_PARAMS_MAX  200u

struct rt;
struct redmine;
struct past_request;

struct sandbox {
    enum sandbox_dialect dialect;
    char *base_url;      /* heap, for the sandbox's life */
    struct arena *arena; /* all state since the last reset; texts of history are never dropped, so neither is this */
    msec_t skew;
    char server_zone[40]; /* of the server itself; "" is UTC. A reset leaves it */
    uint64_t requests, writes;
    struct rt *rt; /* one of the two */
    struct redmine *redmine;
    /* past.c */
    struct arena *past;
    struct past_request *past_requests; /* what changed something since the seed */
    size_t n_past, past_bytes;
    msec_t seeded;
    bool replaying;
};

void past_begin(struct sandbox *sb, msec_t now);
void past_keep(struct sandbox *sb, const struct sandbox_request *q, msec_t now);
int64_t past_now(const struct sandbox *sb); /* -1: too much happened */
bool past_return(struct sandbox *sb, int64_t to);
void sandbox_again(struct sandbox *sb); /* the seed, as it was */

struct param {
    const char *name, *value;
};

struct call {
    struct sandbox *sb;
    const struct sandbox_request *request;
    struct arena *a;
    msec_t now;                        /* the tracker's own clock */
    const char *method, *path, *query; /* path decoded; query as it came, "" when none */
    const char *args[3];               /* what the pattern of the route caught */
    struct param *params;
    size_t n_params;
    struct sandbox_reply *reply;
    struct sandbox_header headers[12];
    size_t n_headers;
};

/* ---- asked ---- */

void call_init(struct call *c, struct sandbox *sb, const struct sandbox_request *request, msec_t now, struct arena *a,
               struct sandbox_reply *ret);
/* NULL when absent; the first one of that name. */
const char *call_param(const struct call *c, const char *name);
/* The nth one (from 0) of that name. */
const char *call_param_nth(const struct call *c, const char *name, size_t nth);
/* Adds the parameters of a form body. */
void call_read_form(struct call *c, const char *text, size_t len);
/* The request's header, name in lower case; NULL when absent. */
const char *call_header(const struct call *c, const char *name);
bool call_is(const struct call *c, const char *method);
/* Matches the path against "/ticket/#/history": # catches digits, * any one segment. A slash at the end is ignored. */
bool call_match(struct call *c, const char *pattern);
/* Login and password of Basic authentication; false when it isn't there or is broken. */
bool call_basic(const struct call *c, const char **ret_user, const char **ret_password);
/* The body as an object; NULL when empty, unreadable or none. The caller owns it. */
json_t *call_object(const struct call *c);

/* ---- answered ---- */

void reply_header(struct call *c, const char *name, const char *value);
void reply_status(struct call *c, int status);
void reply_text(struct call *c, int status, const char *type, const char *text, size_t len);
/* Takes the reference to j. */
void reply_json(struct call *c, int status, const char *type, json_t *j);

/* ---- small helpers ---- */

char *url_encode(struct arena *a, const char *s);
char *html_escape(struct arena *a, const char *s);
char *base64_mime(struct arena *a, const char *data, size_t len);
bool text_is_utf8(const char *s, size_t len);
/* A string for JSON, null when s is NULL. */
json_t *json_text_or_null(const char *s);
/* Copies s without CR; or with every line end as CRLF. */
char *text_to_lf(struct arena *a, const char *s);
char *text_to_crlf(struct arena *a, const char *s);
bool text_contains_nocase(const char *s, const char *part);
/* Days since 1970-01-01 of a date of the Gregorian calendar. */
int64_t day_number(int year, int month, int day);
/* How far the zone is ahead of UTC at that local time (as if it were UTC). Known are "", UTC, +HH:MM and the
 * names in zone.c; false on anything else. */
bool zone_offset(const char *zone, msec_t local, msec_t *ret);
/* As RT does it: the figures are taken as UTC, and what the offset is then is taken off. */
bool zone_offset_of_figures(const char *zone, msec_t figures, msec_t *ret);
/* What the clock on the wall shows at that moment (as if it were UTC). */
msec_t zone_wall(const char *zone, msec_t t);
/* The moment that is told of one of which only the wall's time was kept: of two it is the later. */
msec_t zone_of_wall(const char *zone, msec_t t);

/* ---- the rest of the room ---- */

void control_handle(struct call *c);
/* A page for people: a title, a table of names and values (empty ones are left out), then HTML. */
void page_show(struct call *c, const char *title, const char *const (*rows)[2], size_t n_rows, const char *body);
void page_missing(struct call *c);
/* True: the form of one of our own pages was sent; its fields are parameters now. False after a refusal. */
bool page_form(struct call *c);
/* Back to the page, by GET. */
void page_return(struct call *c);
/* <select name=...> of the options, the chosen one first among equals. */
void page_select(struct call *c, struct buf *b, const char *label, const char *name, const char *const *options,
                 const char *const *values, size_t n, const char *chosen);

struct rt *rt_new(struct arena *a, msec_t now);
void rt_handle(struct call *c);
bool rt_control(struct call *c);
char *rt_env(const struct sandbox *sb, struct arena *a);
uint64_t rt_digest(const struct sandbox *sb);
bool rt_rights(struct sandbox *sb, const bool *set);
bool rt_right_take(struct sandbox *sb, const char *name);
const char *rt_zone(struct sandbox *sb, const char *set);

struct redmine *redmine_new(struct arena *a, msec_t now);
void redmine_handle(struct call *c);
bool redmine_control(struct call *c);
char *redmine_env(const struct sandbox *sb, struct arena *a);
uint64_t redmine_digest(const struct sandbox *sb);
bool redmine_rights(struct sandbox *sb, const bool *set);
bool redmine_right_take(struct sandbox *sb, const char *name);
const char *redmine_zone(struct sandbox *sb, const char *set);

#endif
