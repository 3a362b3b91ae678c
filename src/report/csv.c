/* csv: a report's rows as RFC 4180.
 *
 * Pure; called by src/serve and src/cli, report_csv_field() also by cli's tables. What must hold: what somebody else
 * wrote is never a formula to the spreadsheet that opens it. */
#include "bascule/report.h"
#include <string.h>

/* A cell that begins so is reckoned with by spreadsheets; an apostrophe before it says that it is a text. */
static bool is_formula(const char *value) {
    return *value && strchr("=+-@\t\r", *value) != NULL;
}

void report_csv_field(struct buf *b, const char *value, bool text) {
    bool guard = text && is_formula(value);
    if (!guard && !value[strcspn(value, ",\"\r\n")]) {
        buf_str(b, value);
        return;
    }
    buf_str(b, guard ? "\"'" : "\"");
    for (; *value; value++) {
        if (*value == '"')
            buf_char(b, '"');
        buf_char(b, *value);
    }
    buf_char(b, '"');
}

void report_csv(struct buf *b, const json_t *answer) {
    cleanup_arena struct arena *a = arena_new();
    const json_t *columns = json_object_get(answer, "columns");
    size_t row, i;
    json_t *item, *column;
    json_array_foreach((json_t *)(uintptr_t)columns, i, column) {
        buf_str(b, i ? "," : "");
        report_csv_field(b, json_text(column, "key"), true);
    }
    buf_str(b, "\r\n");
    json_array_foreach(json_object_get(answer, "items"), row, item) {
        json_array_foreach((json_t *)(uintptr_t)columns, i, column) {
            const json_t *value = json_object_get(item, json_text(column, "key"));
            const char *text = json_as_text(a, value);
            buf_str(b, i ? "," : "");
            report_csv_field(b, text ? text : "", json_is_string(value));
        }
        buf_str(b, "\r\n");
    }
}
