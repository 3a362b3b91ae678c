/* live/tracker: runs a case against a real tracker and prints it with what was answered.
 *
 *   live-tracker CONNECTORS CASE URL AUTH_JSON  >  recorded.case
 *
 * CASE has only %case, %tracker and %op (src/tracker/case.h); URL and
 * AUTH_JSON take the place of what %tracker says, and never come out again. The
 * output is a golden case: read it, trim it, keep it. {"do":"list","all":true} runs an
 * import to its end instead and prints only how much came. For who writes a recipe;
 * libcurl's easy interface, no engine. */
#include "../unit/tracker/case_file.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

struct taken {
    struct buf body;
    struct http_header headers[64];
    size_t n_headers;
    struct arena *arena;
};

static msec_t now_ms(void) {
    struct timeval tv;
    gettimeofday(&tv, NULL);
    return (msec_t)tv.tv_sec * 1000 + tv.tv_usec / 1000;
}

static size_t take_body(char *p, size_t size, size_t n, void *arg) {
    buf_add(&((struct taken *)arg)->body, p, size * n);
    return size * n;
}

static size_t take_header(char *p, size_t size, size_t n, void *arg) {
    struct taken *t = arg;
    char *line = arena_strndup(t->arena, p, size * n), *colon = strchr(line, ':');
    if (!colon || t->n_headers >= array_size(t->headers))
        return size * n;
    *colon = 0;
    for (char *q = line; *q; q++)
        *q = *q >= 'A' && *q <= 'Z' ? (char)(*q + 32) : *q;
    char *value = colon + 1 + strspn(colon + 1, " ");
    value[strcspn(value, "\r\n")] = 0;
    t->headers[t->n_headers++] = (struct http_header){line, value};
    return size * n;
}

/* Prints with the real address replaced by the case's. */
static void put(const char *text, const char *url, const char *as) {
    for (const char *at; (at = strstr(text, url)); text = at + strlen(url))
        printf("%.*s%s", (int)(at - text), text, as);
    fputs(text, stdout);
}

static void put_reply(const struct http_reply *r, const char *url, const char *as) {
    static const char *const kept[] = {"date", "location", "retry-after", "etag"};
    printf("%%reply %d", r->status);
    const char *glue = " ";
    for (size_t i = 0; i < array_size(kept); i++)
        if (http_header(r, kept[i])) {
            printf("%s%s: ", glue, kept[i]);
            put(http_header(r, kept[i]), url, as);
            glue = "; ";
        }
    json_t *j = json_loadb(r->body, r->body_len, JSON_DECODE_ANY, NULL);
    char *text = j ? json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    printf("\n");
    put(text ? text : r->body, url, as);
    printf("%s", r->body_len ? "\n" : "");
    free(text);
    json_decref(j);
}

static void put_request(const struct http_request *q, const char *url, const char *as) {
    printf("%%request %s ", q->method);
    put(q->url, url, as);
    printf("\n");
    if (q->body) {
        put(q->body, url, as);
        printf("\n");
    }
}

static void request_set(CURL *c, const struct http_request *q, struct curl_slist **headers, struct taken *t) {
    curl_easy_reset(c);
    curl_easy_setopt(c, CURLOPT_URL, q->url);
    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, q->method);
    for (size_t i = 0; i < q->n_headers; i++)
        *headers =
            curl_slist_append(*headers, arena_printf(t->arena, "%s: %s", q->headers[i].name, q->headers[i].value));
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, *headers);
    if (q->body) {
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, q->body);
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)q->body_len);
    }
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, 30L);
}

static void exchange(CURL *c, struct op *op, const struct http_request *q, const char *url, const char *as, bool loud) {
    struct taken t = {.arena = arena_new()};
    struct curl_slist *headers = NULL;
    struct http_reply r = {.began = now_ms()};
    long status = 0;
    request_set(c, q, &headers, &t);
    CURLcode rc = curl_easy_perform(c);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    r.ended = now_ms();
    r.result = rc == CURLE_OK ? HTTP_ANSWERED : rc == CURLE_COULDNT_CONNECT ? HTTP_NOT_SENT : HTTP_LOST;
    r.why = rc == CURLE_OK ? NULL : curl_easy_strerror(rc);
    r.status = (int)status;
    r.headers = t.headers;
    r.n_headers = t.n_headers;
    r.body = buf_text(&t.body);
    r.body_len = t.body.len;
    if (http_header(&r, "date") && !time_parse_http(http_header(&r, "date"), &r.date))
        r.date = 0;
    if (loud)
        put_request(q, url, as);
    if (loud)
        put_reply(&r, url, as);
    op_reply(op, &r);
    curl_slist_free_all(headers);
    buf_deinit(&t.body);
    arena_free(t.arena);
}

static void run_op(CURL *c, struct op *op, const char *url, const char *as) {
    struct http_request q;
    cleanup_buf struct buf b = {0};
    while (op_next(op, &q))
        exchange(c, op, &q, url, as, true);
    case_print(&b, op_result(op));
    printf("%%result\n");
    put(buf_text(&b), url, as);
}

/* Every page from the beginning: requests, records, how many different ones, how long. */
static void run_import(CURL *c, const struct tracker *t, const char *url, const char *as) {
    cleanup_json json_t *seen = json_object();
    cleanup_arena struct arena *a = arena_new();
    const char *cursor = NULL;
    int requests = 0, records = 0, quarantined = 0;
    msec_t began = now_ms();
    for (bool more = true; more;) {
        struct http_request q;
        struct op *op = op_list(t, cursor, 0, NULL, NULL);
        while (op_next(op, &q))
            exchange(c, op, &q, url, as, false);
        const struct op_result *r = op_result(op);
        for (size_t i = 0; i < r->n_records; i++)
            json_object_set_new(seen, r->records[i].id, json_true());
        requests += r->requests;
        records += (int)r->n_records;
        quarantined += (int)r->n_quarantined;
        cursor = arena_strdup(a, r->cursor);
        more = r->class == CLASS_OK && r->more;
        if (!more)
            printf("%s %s\n%d requests, %d records, %zu different, %d quarantined, %lld ms\ncursor %s\n",
                   reply_class_name(r->class), r->words ? r->words : "", requests, records, json_object_size(seen),
                   quarantined, (long long)(now_ms() - began), cursor);
        op_free(op);
    }
}

int main(int argc, char **argv) {
    struct fault f = {0};
    struct script *s = argc == 5 ? case_script(argv[2]) : NULL;
    struct tracker *t = NULL;
    struct case_op before = {0};
    json_t *j = NULL;
    CURL *c = curl_easy_init();
    const char *as = "";
    for (size_t i = 0; s && i < s->n; i++) {
        const struct part *p = &s->parts[i];
        printf("%%%s%s%s\n%s%s", p->name, *p->head ? " " : "", p->head, p->body, *p->body ? "\n" : "");
        if (str_is(p->name, "tracker")) {
            j = json_loads(p->head, 0, NULL);
            as = arena_strdup(s->arena, json_text(j, "url"));
            json_object_set_new(j, "url", json_string(argv[3]));
            json_object_set_new(j, "auth", json_loads(argv[4], 0, NULL));
            if (!(t = case_tracker(argv[1], j, &f)))
                break;
        } else if (str_is(p->name, "op") && t) {
            const struct op_result *read = before.op ? op_result(before.op) : NULL;
            struct case_op o = case_op_new(t, p->head, read && read->n_records ? read->records : NULL);
            if (json_bool(o.json, "all", false))
                run_import(c, t, argv[3], as);
            else if (o.op)
                run_op(c, o.op, argv[3], as);
            case_op_free(&before);
            before = o;
        }
    }
    if (!t)
        fprintf(stderr, "usage: live-tracker CONNECTORS CASE URL AUTH_JSON\n%s\n", f.text);
    case_op_free(&before);
    tracker_free(t);
    json_decref(j);
    script_free(s);
    curl_easy_cleanup(c);
    curl_global_cleanup();
    return t ? 0 : 1;
}
