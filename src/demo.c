/* demo: the real engine on two built-in sandbox trackers with a story, and the
 * page. Everything on loopback and in a temporary folder. */
#include "main.h"

#include "bascule/sandbox.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEMO_PORT    8420
#define DESK_PORT    18480
#define PRODUCT_PORT 18481
#define PORTS_TRIED  20

struct demo;
struct host {
    struct demo *d;
    struct sandbox **sandbox;
};

struct demo {
    struct io *io;
    struct serve_loop loop; /* the hosts keep pointers to it and to theirs */
    struct host hosts[2];
    struct sandbox *desk, *product;
    struct serve_host *desk_host, *product_host;
};

static void handle(void *arg, const struct serve_hosted_request *q, struct arena *a, struct serve_hosted_reply *ret) {
    struct host *h = arg;
    struct sandbox_header *headers = arena_alloc(a, (q->n_headers + 1) * sizeof(*headers));
    for (size_t i = 0; i < q->n_headers; i++)
        headers[i] = (struct sandbox_header){q->headers[i].name, q->headers[i].value};
    struct sandbox_request request = {.method = q->method,
                                      .target = q->target,
                                      .headers = headers,
                                      .n_headers = q->n_headers,
                                      .body = q->body,
                                      .body_len = q->body_len};
    struct sandbox_reply reply;
    sandbox_handle(*h->sandbox, &request, clock_now(io_clock(h->d->io)), a, &reply);
    struct http_header *out = arena_alloc(a, (reply.n_headers + 1) * sizeof(*out));
    for (size_t i = 0; i < reply.n_headers; i++)
        out[i] = (struct http_header){reply.headers[i].name, reply.headers[i].value};
    *ret = (struct serve_hosted_reply){.status = reply.status,
                                       .headers = out,
                                       .n_headers = reply.n_headers,
                                       .body = reply.body,
                                       .body_len = reply.body_len};
}

/* The first free port from `first` on. */
static int host_open(struct demo *d, struct world *w, int first, struct host *h, struct serve_host **ret, int *ret_port,
                     struct fault *fault) {
    int rc = -1;
    *ret_port = first;
    for (int port = first; port < first + PORTS_TRIED; port += 2) {
        fault->text[0] = 0;
        rc = serve_host_open(&d->loop, io_timers(d->io), &w->log, port, handle, h, ret, fault);
        *ret_port = port;
        if (rc == 0)
            return 0;
    }
    return rc;
}

/* A value of the lines NAME=VALUE. */
static const char *value_of(struct arena *a, const char *env, const char *name) {
    const char *at = strstr(env, arena_printf(a, "%s=", name));
    if (!at)
        return "";
    at += strlen(name) + 1;
    const char *v = arena_strndup(a, at, strcspn(at, "\n"));
    size_t n = strlen(v);
    return n >= 2 && (v[0] == '"' || v[0] == '\'') ? arena_strndup(a, v + 1, n - 2) : v;
}

static const char *configuration(struct arena *a, const char *folder, int port, int desk, int product) {
    return arena_printf(a,
                        "database: %s/bascule.db\n"
                        "listen: 127.0.0.1:%d\n"
                        "history: assert\n"
                        "trackers:\n"
                        "  helpdesk:\n"
                        "    connector: rt\n"
                        "    role: ticketing\n"
                        "    url: http://127.0.0.1:%d\n"
                        "    auth: { token: { file: %s/desk.token } }\n"
                        "    scope: { queue: Incidents }\n"
                        "    poll: 1s\n"
                        "    states: { closed-unresolved: closed-unresolved }\n"
                        "    fields: { defect: Defect, problem: Problem, known_error: Known Error, service: Service, "
                        "priority: Impact }\n"
                        "  product:\n"
                        "    connector: redmine\n"
                        "    role: defects\n"
                        "    url: http://127.0.0.1:%d\n"
                        "    auth: { key: { file: %s/product.key } }\n"
                        "    scope: { project: product }\n"
                        "    poll: 1s\n"
                        "    states:\n"
                        "      Resolved: fixed\n"
                        "      Closed: { state: released, outcome: fixed }\n"
                        "      \"Won't Fix\": { state: closed, outcome: wont-fix }\n"
                        "    fields:\n"
                        "      incidents: Linked incidents\n"
                        "      incident_count: Incident count\n"
                        "      closed_unresolved_count: Closed-unresolved incidents\n"
                        "references:\n"
                        "  patterns: [ { pattern: 'BUG-(\\d+)', tracker: product } ]\n",
                        folder, port, desk, folder, product, folder);
}

static bool write_file(const char *path, const char *text) {
    FILE *f = fopen(path, "we");
    if (!f)
        return false;
    fputs(text, f);
    return fclose(f) == 0;
}

static void tell_story(const struct cli_job *job, int port, int desk, int product, const char *config) {
    char exe[4096] = "";
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    exe[n > 0 ? n : 0] = 0;
    char *slash = strrchr(exe, '/');
    if (slash)
        *slash = 0;
    fprintf(
        job->out,
        "\n  Bascule runs on two sandbox trackers: http://127.0.0.1:%d\n"
        "  Tickets: http://127.0.0.1:%d/   Defects: http://127.0.0.1:%d/   Ctrl-C ends it.\n\n"
        "  The story, from another terminal, after\n"
        "    export BASCULE_CONFIG=%s\n"
        "    export PATH=%s:$PATH\n"
        "  1. Link     say BUG-2, as the desk, internally, at http://127.0.0.1:%d/Ticket/Display.html?id=24\n"
        "  2. Close    a moment later it is closed-unresolved, and defect 2 counts it:  bascule explain helpdesk:24\n"
        "  3. Tell     bascule list problems --search VAT  names its P-n;  its customers get a workaround by\n"
        "              bascule problem publish P-n --customer-text 'Until it is fixed: switch to gross prices.'\n"
        "  4. Release  set the status to Closed at http://127.0.0.1:%d/issues/2\n"
        "  5. Resolve  all its tickets are resolved, each customer is told once:  bascule list incidents --problem "
        "P-n\n"
        "  6. Reopen   set it to In Progress again: the fix did not hold, they are closed-unresolved again, and "
        "told\n\n",
        port, desk, product, config, exe, desk, product);
    fflush(job->out);
}

static int demo_run(struct demo *d, struct world *w, const struct cli_job *job, const char *folder,
                    struct fault *fault) {
    cleanup_arena struct arena *a = arena_new();
    d->loop = serve_loop_of(d->io);
    d->hosts[0] = (struct host){d, &d->desk};
    d->hosts[1] = (struct host){d, &d->product};
    int desk = 0, product = 0, port = job->port ? job->port : DEMO_PORT;
    msec_t now = clock_now(io_clock(d->io));
    int rc = host_open(d, w, DESK_PORT, &d->hosts[0], &d->desk_host, &desk, fault);
    if (rc == 0)
        rc = host_open(d, w, PRODUCT_PORT, &d->hosts[1], &d->product_host, &product, fault);
    if (rc < 0)
        return rc;
    d->desk = sandbox_new(SANDBOX_RT, arena_printf(a, "http://127.0.0.1:%d", desk), now);
    d->product = sandbox_new(SANDBOX_REDMINE, arena_printf(a, "http://127.0.0.1:%d", product), now);
    sandbox_seed_story(d->desk, d->product, now);
    const char *config = arena_printf(a, "%s/bascule.yaml", folder);
    const char *text = configuration(a, folder, port, desk, product);
    const char *token = value_of(a, sandbox_env(d->desk, a), "RT_TOKEN");
    const char *key = value_of(a, sandbox_env(d->product, a), "REDMINE_BRIDGE_KEY");
    if (!write_file(config, text) || !write_file(arena_printf(a, "%s/desk.token", folder), token) ||
        !write_file(arena_printf(a, "%s/product.key", folder), key))
        return fault_set(fault, -EIO, "%s cannot be written: %s", config, strerror(errno));
    struct settings *settings = settings_of(w, config, job->err);
    if (!settings)
        return fault_set(fault, -EINVAL, "the demo's own configuration is faulty");
    struct service s = {.config_file = config};
    rc = service_open(&s, w, d->io, settings, fault);
    if (rc == 0) {
        tell_story(job, port, desk, product, config);
        rc = service_run(&s, fault);
    }
    io_drain(d->io);
    service_close(&s);
    return rc;
}

static void remove_folder(const char *folder) {
    static const char *const names[] = {"bascule.yaml",    "desk.token",          "product.key",
                                        "bascule.db",      "bascule.db-wal",      "bascule.db-shm",
                                        "bascule.db.lock", "bascule.db.identity", "bascule.sock"};
    char path[4096];
    for (size_t i = 0; i < array_size(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

int main_demo(void *arg, const struct cli_job *job) {
    struct demo d = {0};
    struct fault fault = {0};
    char temporary[] = "/tmp/bascule-demo-XXXXXX";
    const char *folder = job->dir;
    if (folder)
        mkdir(folder, 0700);
    else
        folder = mkdtemp(temporary);
    int rc = folder ? io_new(&d.io, &fault) : fault_set(&fault, -errno, "no temporary folder: %s", strerror(errno));
    if (rc == 0)
        rc = demo_run(&d, arg, job, folder, &fault);
    if (rc < 0)
        fprintf(job->err, "bascule: %s\n", fault.text);
    serve_host_close(d.desk_host);
    serve_host_close(d.product_host);
    sandbox_free(d.desk);
    sandbox_free(d.product);
    if (d.io)
        io_free(d.io);
    if (folder && !job->dir)
        remove_folder(folder);
    return rc < 0 ? CLI_FAILED : CLI_DONE;
}
