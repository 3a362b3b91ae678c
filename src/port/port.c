/* port: the little that belongs to the interfaces themselves. Called by the
 * connector runtime, the engine and tests. */
#include "bascule/port.h"

const char *http_header(const struct http_reply *r, const char *name) {
    for (size_t i = 0; i < r->n_headers; i++)
        if (str_is(r->headers[i].name, name))
            return r->headers[i].value;
    return NULL;
}
