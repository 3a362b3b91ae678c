/* client: one HTTP exchange over the Unix socket.
 *
 * Called by src/cli through cli_world's `call`. Owns nothing that outlives a
 * call. What must hold: the only server it ever speaks to is the one behind the
 * socket file, whatever proxies the environment names. */
#include "bascule/client.h"
#include "bascule/socket.h"
#include <curl/curl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ANSWER_MAX      (32u * 1024 * 1024)
#define CONNECT_SECONDS 5L
#define ANSWER_SECONDS  300L

void client_reply_deinit(struct client_reply *r) {
    json_decref(r->body);
    r->body = NULL;
}

void client_escape(struct buf *b, const char *text) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (strchr(plain, *p))
            buf_char(b, (char)*p);
        else
            buf_printf(b, "%%%02X", *p);
}

static size_t answer_gather(char *data, size_t size, size_t n, void *arg) {
    struct buf *b = arg;
    buf_add(b, data, size * n);
    return b->over ? 0 : size * n;
}

static void options_set(CURL *c, const char *socket, const char *method, const char *url, struct buf *answer,
                        char *error) {
    curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, socket);
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, ANSWER_SECONDS);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, answer_gather);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error);
}

static int exchange_failed(CURLcode code, const char *socket, const struct buf *answer, const char *error,
                           struct fault *fault) {
    if (code == CURLE_COULDNT_CONNECT)
        return CLIENT_NO_SERVICE;
    if (answer->over)
        return fault_set(fault, -EMSGSIZE, "the answer is larger than %u MiB; ask for less with --limit",
                         ANSWER_MAX >> 20);
    if (code == CURLE_OPERATION_TIMEDOUT)
        return fault_set(fault, -ETIMEDOUT, "the service has not answered within %ld s; it may still do what was asked",
                         ANSWER_SECONDS);
    return fault_set(fault, -EIO, "%s: %s", socket, *error ? error : curl_easy_strerror(code));
}

static int exchange(CURL *c, const char *socket, struct buf *answer, const char *error, struct client_reply *ret,
                    struct fault *fault) {
    long status = 0;
    CURLcode code = curl_easy_perform(c);
    if (code != CURLE_OK)
        return exchange_failed(code, socket, answer, error, fault);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    ret->status = (int)status;
    ret->body = answer->len ? json_read(answer->data, answer->len, NULL) : NULL;
    return 0;
}

/* The body and its headers; the list lives as long as the exchange. */
static struct curl_slist *body_set(CURL *c, const char *text) {
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    if (text) {
        headers = curl_slist_append(headers, "Content-Type: application/json");
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)strlen(text));
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, text);
    }
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    return headers;
}

static int call_address(const char *address, const char *method, const char *path, const json_t *body,
                        struct client_reply *ret, struct fault *fault) {
    CURL *c = curl_easy_init();
    if (!c)
        return fault_set(fault, -ENOMEM, "curl does not start");
    cleanup_buf struct buf answer = {.limit = ANSWER_MAX}, url = {0};
    char error[CURL_ERROR_SIZE] = "";
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    buf_printf(&url, "http://localhost%s", path);
    options_set(c, address, method, buf_text(&url), &answer, error);
    struct curl_slist *headers = body_set(c, text);
    int r = exchange(c, address, &answer, error, ret, fault);
    curl_slist_free_all(headers);
    curl_easy_cleanup(c);
    free(text);
    return r;
}

int client_call(const char *socket, const char *method, const char *path, const json_t *body, struct client_reply *ret,
                struct fault *fault) {
    struct stat st;
    struct sockaddr_un address;
    int dir;
    if (stat(socket, &st) != 0)
        return errno == ENOENT || errno == ENOTDIR ? CLIENT_NO_SERVICE
                                                   : fault_set(fault, -errno, "%s: %s", socket, strerror(errno));
    if (access(socket, W_OK) != 0)
        return fault_set(fault, -EACCES, "%s belongs to another user: run this as the user of the service", socket);
    int r = socket_address(socket, &address, &dir, fault);
    if (r < 0)
        return r;
    r = call_address(address.sun_path, method, path, body, ret, fault);
    if (dir >= 0)
        close(dir);
    return r;
}
