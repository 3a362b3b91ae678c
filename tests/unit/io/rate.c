/* Not a test: prints serial GETs a second through the transport beside a plain
 * loop of curl's easy interface, against the same server. Run it by hand from
 * a build without sanitizers: rate [N]. */
#include "world.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t swallow(char *data, size_t size, size_t n, void *arg) {
    return size * n;
}

static double plain(struct world *w, int n) {
    const struct clock *clock = io_clock(w->io);
    char url[100];
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/large/2000", server_port(w->server));
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, swallow);
    msec_t began = clock_mono(clock);
    for (int i = 0; i < n; i++)
        if (curl_easy_perform(easy) != CURLE_OK)
            abort();
    double seconds = (double)(clock_mono(clock) - began) / 1000;
    curl_easy_cleanup(easy);
    return n / seconds;
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

static double ours(struct world *w, const char *method, int n) {
    const struct clock *clock = io_clock(w->io);
    char url[100];
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/large/2000", server_port(w->server));
    struct chain c = {.world = w, .request = {.method = method, .url = url}, .left = n};
    msec_t began = clock_mono(clock);
    chain_next(&c, NULL);
    io_run(w->io);
    return n / ((double)(clock_mono(clock) - began) / 1000);
}

int main(int argc, char **argv) {
    int n = argc > 1 ? atoi(argv[1]) : 5000;
    void *state = NULL;
    if (world_setup(&state) < 0)
        return 1;
    for (int round = 0; round < 3; round++) {
        double a = plain(state, n), b = ours(state, "GET", n), p = ours(state, "POST", 200);
        printf("curl easy %.0f/s, transport %.0f/s (%.2f of it), writes %.0f/s\n", a, b, b / a, p);
    }
    return world_teardown(&state);
}
