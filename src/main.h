/* main: what the wiring files share. main.c reads the command line; run.c is the
 * service, check.c and connectors look at trackers, demo.c is the service on two
 * sandboxes. Only these files know both the engine and the world. */
#ifndef BASCULE_MAIN_H
#define BASCULE_MAIN_H

#include "bascule/cli.h"
#include "bascule/io.h"
#include "bascule/serve.h"
#include "bascule/store.h"
#include "bascule/sync.h"

#define VERSION    "0.1.0"
#define STOP_GRACE (4 * SEC_MS)
#define MACHINE_ID "/etc/machine-id"

struct progress;

struct world {
    char connectors_dir[4096];
    struct config_world config;
    struct log log;
    bool journal;              /* stderr is systemd's: no times, priorities instead */
    struct progress *progress; /* the line that stands on the terminal now; NULL: none */
};

/* Everything a service is made of. */
struct service {
    struct world *world;
    struct io *io;
    struct engine_world engine_world;
    struct serve_loop loop;
    struct store *store;
    struct engine *engine;
    struct serve *serve;
    struct timer *reload_timer;
    struct settings *reload_settings;
    const char *config_file;
    char *identity, *machine; /* heap: the identity file's name; the machine's, NULL unknown */
    bool failed, stopping, once;
    int reload_tries;
};

must_check int service_open(struct service *s, struct world *w, struct io *io, struct settings *settings,
                            struct fault *fault);
/* Runs until a signal ends it. */
must_check int service_run(struct service *s, struct fault *fault);
void service_close(struct service *s);
struct serve_loop serve_loop_of(struct io *io);

/* NULL: where nobody would see it. */
struct progress *progress_new(const struct world *w);
/* ... that shows by itself how far the service is. */
struct progress *progress_start(struct service *s);
/* "audit [#####-----]  50%  120 of 240 records" */
void progress_show(struct progress *p, const char *what, int64_t done, int64_t of, const char *things);
void progress_clear(struct progress *p);
struct progress *progress_end(struct progress *p);

/* The settings of a file; its faults go to err. NULL: it is faulty. */
struct settings *settings_of(struct world *w, const char *file, FILE *err);

/* identity_file.c; arg: the service */
char *identity_file_read(void *arg, struct arena *a, struct fault *fault);
int identity_file_write(void *arg, const char *text, struct fault *fault);
/* The machine's name, hashed; the caller's. NULL: it has none. */
char *machine_of(const struct world *w);

int main_run(void *arg, const struct cli_job *job);
int main_check(void *arg, const struct cli_job *job);
int main_demo(void *arg, const struct cli_job *job);
int main_connectors(void *arg, const struct cli_job *job);
int main_audit(void *arg, const struct cli_job *job, json_t **ret);
int main_connectors_test(void *arg, const struct cli_job *job);

#endif
