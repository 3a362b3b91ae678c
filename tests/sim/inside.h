/* inside: what the files of the world share with each other alone. */
#ifndef SIM_INSIDE_H
#define SIM_INSIDE_H

#include "world.h"

struct timer {
    struct timer *next;
    struct world *w;
    void (*fire)(void *who);
    void *who;
    msec_t at;
    uint64_t order;
    bool on;
};

struct exchange {
    struct exchange *next;
    struct world *w;
    struct http_request request; /* a copy in `a` */
    struct arena *a;
    http_done *done;
    void *who;
    enum fate fate;
    msec_t began, work_at, reply_at; /* 0: never, or behind it */
    uint64_t order;
    struct sandbox_reply answer;
    bool worked, too_slow;
    /* what habits.c saw around the work */
    size_t txns, journals, read_txns;
    msec_t updated;
    int read; /* the record that it reads whole */
    const char *met[8];
    size_t n_met;
};

/* ---- world.c ---- */
extern const struct clock world_clock;
extern const struct timers world_timers;
extern const struct pool world_pool;
extern const struct randomness world_randomness;
void world_log(void *arg, enum log_level level, const char *text);
void timer_gone(struct timer *t);

/* ---- transport.c ---- */
bool is_write(const struct http_request *q);
struct sandbox *sandbox_of(struct world *w, const char *url, const char **ret_target);
struct exchange *transport_send(void *arg, const struct http_request *q, http_done *done, void *who);
void transport_cancel(struct exchange *x);
void exchange_work(struct exchange *x);
void exchange_reply(struct exchange *x);
void exchange_drop(struct exchange *x);

/* ---- habits.c: what the trackers do besides, as far as the engine meets it ---- */
void habits_before(struct exchange *x, const char *target);
void habits_after(struct exchange *x, const char *target);
void habits_met(struct exchange *x); /* the answer is delivered */

/* ---- settings.c ---- */
const char *env_value(struct arena *a, const struct sandbox *sb, const char *name);
struct settings *settings_of_world(struct world *w);
char *no_text(void *arg, struct arena *a, const char *folder, const char *name, struct fault *fault);
char *identity_read(void *arg, struct arena *a, struct fault *fault);
int identity_write(void *arg, const char *text, struct fault *fault);
void small_pages(struct world *w, int page);
void small_pages_remove(struct world *w);

#endif
