/* answer: JSON, problem details (RFC 9457) and plain text as answers.
 *
 * Called by everything here that answers; owns nothing. */
#include "serve.h"
#include <string.h>

static const struct {
    int status;
    const char *title;
} titles[] = {
    {400, "Bad request"},    {403, "Not allowed"},    {404, "Not found"}, {405, "Method not allowed"},
    {409, "Conflict"},       {413, "Body too large"}, {415, "Not JSON"},  {421, "Not our host"},
    {422, "Cannot be done"}, {500, "Failed"},         {503, "Not now"},
};

const char *status_title(int status) {
    for (size_t i = 0; i < array_size(titles); i++)
        if (titles[i].status == status)
            return titles[i].title;
    return status >= 500 ? "Failed" : status >= 400 ? "Refused" : "Done";
}

static void answer_value(struct http_call *call, int status, const char *type, const json_t *value) {
    cleanup_buf struct buf b = {0};
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    buf_str(&b, text ? text : "null");
    buf_char(&b, '\n');
    free(text);
    http_call_answer(call, &(struct http_answer){.status = status, .type = type, .body = buf_text(&b), .len = b.len});
}

void answer_json(struct http_call *call, int status, const json_t *value) {
    answer_value(call, status, "application/json", value);
}

void answer_problem(struct http_call *call, int status, const char *detail) {
    cleanup_json json_t *p =
        json_pack("{s:s, s:s, s:i}", "type", "about:blank", "title", status_title(status), "status", status);
    if (!str_empty(detail))
        json_object_set_new(p, "detail", json_string(detail));
    answer_value(call, status, "application/problem+json", p);
}

void answer_text(struct http_call *call, int status, const char *type, const char *text) {
    http_call_answer(call, &(struct http_answer){.status = status, .type = type, .body = text, .len = strlen(text)});
}
