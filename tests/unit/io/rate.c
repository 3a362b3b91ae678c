/* Not a test: prints serial GETs a second through the transport beside a plain
 * loop of curl's easy interface, against the same server, and what each costs
 * its thread in CPU time (which other programs disturb less). Run it by hand
 * from a build without sanitizers: io-rate [N]. */
#include "world.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static size_t swallow(char *data, size_t size, size_t n, void *arg) {
    return size * n;
}

struct rate {
    double per_second, cpu_us; /* of one request */
};

struct span {
    msec_t wall;
    double cpu;
};

static double cpu_now(void) {
    struct rusage r;
    getrusage(RUSAGE_THREAD, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e6 + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

static struct span span_begin(struct world *w) {
    return (struct span){.wall = clock_mono(io_clock(w->io)), .cpu = cpu_now()};
}

static struct rate span_end(struct world *w, struct span s, int n) {
    double seconds = (double)(clock_mono(io_clock(w->io)) - s.wall) / 1000;
    return (struct rate){.per_second = n / seconds, .cpu_us = (cpu_now() - s.cpu) / n};
}

static struct rate plain(struct world *w, int n) {
    char url[100];
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/large/2000", server_port(w->server));
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, swallow);
    struct span began = span_begin(w);
    for (int i = 0; i < n; i++)
        if (curl_easy_perform(easy) != CURLE_OK)
            abort();
    struct rate rate = span_end(w, began, n);
    curl_easy_cleanup(easy);
    return rate;
}

struct chain {
    struct world *world;
    struct http_request request;
    int left;
};

static void chain_next(void *who, const struct http_reply *reply) {
    struct chain *c = who;
    if (reply && reply->result != HTTP_ANSWERED)
        abort();
    if (c->left-- > 0)
        c->world->transport->send(c->world->transport->arg, &c->request, chain_next, c);
    else
        io_stop(c->world->io);
}

static struct rate ours(struct world *w, const char *method, int n) {
    char url[100];
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/large/2000", server_port(w->server));
    struct chain c = {.world = w, .request = {.method = method, .url = url}, .left = n};
    struct span began = span_begin(w);
    chain_next(&c, NULL);
    io_run(w->io);
    return span_end(w, began, n);
}

int main(int argc, char **argv) {
    int n = argc > 1 ? atoi(argv[1]) : 5000;
    void *state = NULL;
    if (world_setup(&state) < 0)
        return 1;
    for (int round = 0; round < 3; round++) {
        struct rate a = plain(state, n), b = ours(state, "GET", n), p = ours(state, "POST", 200);
        printf("curl easy %.0f/s (%.0f us CPU), transport %.0f/s (%.0f us): %.2f of it; writes %.0f/s (%.0f us)\n",
               a.per_second, a.cpu_us, b.per_second, b.cpu_us, b.per_second / a.per_second, p.per_second, p.cpu_us);
    }
    return world_teardown(&state);
}
