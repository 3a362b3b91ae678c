/* past: a tracker that is put back from a backup.
 *
 * The same requests at the same times give the same state. So what changed
 * something since the seed is written down, and going back is beginning anew
 * and doing the first so many again. Called by sandbox.c and control.c. */
#include "call.h"

#include <string.h>

#define PAST_BYTES_MAX (64u << 20) /* beyond them there is no way back */

struct past_request {
    struct sandbox_request request;
    msec_t at;
};

void past_begin(struct sandbox *sb, msec_t now) {
    arena_free(sb->past);
    sb->past = arena_new();
    sb->past_requests = NULL;
    sb->n_past = sb->past_bytes = 0;
    sb->seeded = now;
}

void past_keep(struct sandbox *sb, const struct sandbox_request *q, msec_t now) {
    struct arena *a = sb->past;
    if (str_is(q->method, "GET") || str_is(q->method, "HEAD") || sb->replaying)
        return;
    sb->past_bytes += sizeof(struct past_request) + q->body_len + strlen(q->target);
    if (sb->past_bytes > PAST_BYTES_MAX)
        return;
    struct sandbox_header *headers = arena_alloc(a, (q->n_headers + 1) * sizeof(*headers));
    for (size_t i = 0; i < q->n_headers; i++)
        headers[i] = (struct sandbox_header){arena_strdup(a, q->headers[i].name), arena_strdup(a, q->headers[i].value)};
    struct past_request *p = arena_push(a, &sb->past_requests, &sb->n_past);
    *p = (struct past_request){.request = *q, .at = now};
    p->request.method = arena_strdup(a, q->method);
    p->request.target = arena_strdup(a, q->target);
    p->request.headers = headers;
    p->request.body = q->body ? arena_strndup(a, q->body, q->body_len) : NULL;
}

int64_t past_now(const struct sandbox *sb) {
    return sb->past_bytes > PAST_BYTES_MAX ? -1 : (int64_t)sb->n_past;
}

bool past_return(struct sandbox *sb, int64_t to) {
    if (to < 0 || past_now(sb) < to)
        return false;
    sb->replaying = true;
    sandbox_again(sb);
    for (int64_t i = 0; i < to; i++) {
        cleanup_arena struct arena *a = arena_new();
        struct sandbox_reply reply;
        sandbox_handle(sb, &sb->past_requests[i].request, sb->past_requests[i].at, a, &reply);
    }
    sb->n_past = (size_t)to;
    sb->replaying = false;
    return true;
}
