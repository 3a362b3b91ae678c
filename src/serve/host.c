/* host: somebody's own handler on a loopback port.
 *
 * The demo serves its two sandbox trackers so. Owns one server; called by
 * main.c. Loopback names only, as everywhere, and no header of this service. */
#include "serve.h"

struct serve_host {
    struct http_server *server;
    serve_hosted *handler;
    void *arg;
    int port;
};

static void hosted_handle(void *arg, struct http_call *call) {
    struct serve_host *h = arg;
    size_t n;
    const struct http_header *headers = http_call_headers(call, &n);
    struct serve_hosted_reply reply = {0};
    const char *host = http_call_header(call, "Host");
    if (host && !uri_host_is_loopback(uri_host(call->arena, host))) {
        answer_problem(call, 421, NULL);
        return;
    }
    h->handler(h->arg,
               &(struct serve_hosted_request){.method = call->method,
                                              .target = call->target,
                                              .headers = headers,
                                              .n_headers = n,
                                              .body = call->body,
                                              .body_len = call->body_len},
               call->arena, &reply);
    http_call_answer(call, &(struct http_answer){.status = reply.status,
                                                 .body = reply.body,
                                                 .len = reply.body_len,
                                                 .headers = reply.headers,
                                                 .n_headers = reply.n_headers,
                                                 .hosted = true});
}

int serve_host_open(const struct serve_loop *loop, const struct timers *timers, const struct log *log, int port,
                    serve_hosted *handler, void *arg, struct serve_host **ret, struct fault *fault) {
    int fd, real_port;
    int r = listen_tcp("127.0.0.1", port, &fd, &real_port, fault);
    if (r < 0)
        return r;
    struct serve_host *h = calloc(1, sizeof(*h));
    if (!h)
        abort();
    *h = (struct serve_host){.handler = handler, .arg = arg, .port = real_port};
    r = http_server_open(&(struct http_server_options){.loop = loop,
                                                       .timers = timers,
                                                       .log = log,
                                                       .listen_fd = fd,
                                                       .body_max = BODY_MAX,
                                                       .handle = hosted_handle,
                                                       .arg = h},
                         &h->server, fault);
    if (r < 0) {
        free(h);
        return r;
    }
    *ret = h;
    return 0;
}

struct serve_host *serve_host_close(struct serve_host *h) {
    if (h)
        http_server_close(h->server);
    free(h);
    return NULL;
}

int serve_host_port(const struct serve_host *h) {
    return h->port;
}
