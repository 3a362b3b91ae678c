/* server: a small HTTP server on loopback for the tests of src/io. A thread a
 * connection, blocking sockets, no HTTP library: what it sends is what stands
 * here, byte by byte. The path says how it behaves:
 *
 *   /ok /head         200 "hello", connection kept
 *   /echo...          200, the body is the request as it came
 *   /status/N         status N, no body
 *   /large/N          N bytes
 *   /gzip /bomb       a packed text; 16384 packed zeros
 *   /torn-gzip /no-gzip   packed, but not to its end; said to be packed
 *   /headers          odd but legal headers
 *   /many /long       more headers than fit; longer ones
 *   /hints            a 103 before the 200
 *   /trailer          chunked with a trailer
 *   /nul              a body with NULs
 *   /unsized          no length, ended by closing
 *   /sleep/MS         200 after a while
 *   /never            no answer
 *   /cut              closed without an answer
 *   /half /chunks     closed within the body
 *   /stop-header      closed within the headers
 *   /not-a-header /not-http   no HTTP
 *   /frail            200, kept; the next request on that connection is read and cut
 *   /reset/N          after 50 ms N bytes and a reset
 *   /redirect         302 to /ok */
#ifndef TEST_IO_SERVER_H
#define TEST_IO_SERVER_H

#include <stddef.h>

struct server;
struct server *server_start(void);
void server_stop(struct server *s);
int server_port(const struct server *s);
int server_connections(struct server *s); /* accepted so far */
int server_requests(struct server *s);    /* read whole so far */
int server_peak(struct server *s);        /* most connections open at once */

#endif
