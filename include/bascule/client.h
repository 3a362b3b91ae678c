/* client: the command line's way to the running service.
 *
 * HTTP and JSON over the Unix socket beside the database, one request at a time,
 * blocking; for short-lived processes only. */
#ifndef BASCULE_CLIENT_H
#define BASCULE_CLIENT_H

#include "bascule/base.h"

struct client_reply {
    int status;
    json_t *body; /* NULL if it was no JSON; the caller's, see client_reply_deinit */
};
void client_reply_deinit(struct client_reply *r);

enum { CLIENT_NO_SERVICE = 1 }; /* nobody listens there */

/* path is absolute, escaped, with its query: "/api/v1/incidents?limit=2". body may be NULL. */
must_check int client_call(const char *socket_path, const char *method, const char *path, const json_t *body,
                           struct client_reply *ret, struct fault *fault);

/* Appends `text` percent-encoded, so that it is one segment of a path or one value of a query. */
void client_escape(struct buf *b, const char *text);

#endif
