/* sync: the engine. Polls, ingests, decides what is due, delivers, looks, sweeps.
 * It knows when; whether is policy's. It is given clock, timers, transport and
 * randomness, and never touches libuv or curl. */
#ifndef BASCULE_SYNC_H
#define BASCULE_SYNC_H

#include "bascule/config.h"
#include "bascule/port.h"

struct store;

struct engine_world {
    struct clock clock;
    struct timers timers;
    struct transport transport;
    struct randomness randomness;
    struct pool pool; /* run NULL: none, slow work is done at once */
    const struct log *log;
    const char *connectors_dir;
    /* The text of the file `name` in `folder` (a user's note templates); NULL when there
     * is none, with a fault when there is one that cannot be read. */
    char *(*read_text)(void *arg, struct arena *a, const char *folder, const char *name, struct fault *fault);
    /* Who this installation is (src/sync/identity.c). The file beside the database: read gives its text, NULL when
     * there is none (with a fault when there is one that cannot be read); what write was given lasts when it returns.
     * identity_read NULL: there is no such file (a preview on a copy). */
    char *(*identity_read)(void *arg, struct arena *a, struct fault *fault);
    int (*identity_write)(void *arg, const char *text, struct fault *fault);
    const char *machine;  /* NULL: unknown */
    const char *instance; /* the name that a new installation takes; NULL: one by chance */
    void *arg;
};

struct engine;
/* Takes over `settings` (freed with the engine or on reload); borrows store and
 * world, which outlive it. On failure nothing was taken. */
must_check int engine_new(const struct engine_world *world, struct store *store, struct settings *settings,
                          struct engine **ret, struct fault *fault);
/* Begins to poll. Anything in flight in the database becomes unsure first. */
must_check int engine_start(struct engine *e, struct fault *fault);
/* No new request leaves; done(arg) is called once nothing is under way, or after
 * `grace` ms, when what is still in flight is left so for the next start. */
void engine_stop(struct engine *e, msec_t grace, void (*done)(void *arg), void *arg);
struct engine *engine_free(struct engine *e);

/* `run --once`: idle(arg, failed) once every tracker was polled and nothing is due. */
void engine_when_idle(struct engine *e, void (*idle)(void *arg, bool failed), void *arg);
/* Those in force; borrowed until the next reload. */
const struct settings *engine_settings(const struct engine *e);
/* New settings (SIGHUP). Taken over on success; on failure the old ones stay in force. */
must_check int engine_reload(struct engine *e, struct settings *settings, struct fault *fault);

/* Every tracker that is not paused was imported: decisions are made. */
bool engine_imported(const struct engine *e);
/* How far the first import is, and what is left to send. */
struct engine_progress {
    bool imported, all_listed; /* every list has been read to its end */
    int64_t read, listed;      /* records */
    int64_t to_send;           /* effects */
};
void engine_progress(struct engine *e, struct engine_progress *ret);
/* While held no new request begins, so that a reload finds nothing under way. */
void engine_hold(struct engine *e, bool hold);
/* What these settings would do to what the store holds, without a request and without a
 * trace: {"reload": {"would": "close 12, tell 9", "effects": {"state resolved": 3, ...}},
 * "policy_apply": {..., "incidents": 15}}. NULL: nothing is decided before every import is complete. The caller's. */
json_t *engine_preview(struct engine *e);

/* What the connector's runtime is told of a configured tracker. Borrows from cfg. */
struct tracker_settings tracker_settings_of(const struct settings_tracker *cfg, const char *instance);

/* What a person wants (src/sync/command.c names them all with their arguments).
 * done is called exactly once, perhaps before this returns: an HTTP status and
 * JSON, RFC 9457 problem details when >= 400; borrowed for the call. */
typedef void command_done(void *who, int http_status, json_t *result);
void engine_command(struct engine *e, const char *name, json_t *args, const char *actor, command_done *done, void *who);

/* Called (not from inside a transaction) whenever something worth showing changed. */
void engine_on_change(struct engine *e, void (*changed)(void *arg, const char *what, const char *ref), void *arg);

#endif
