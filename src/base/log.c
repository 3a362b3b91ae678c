/* log: hands a line to whoever main named. */
#include "bascule/base.h"

#include <stdio.h>

void log_at(const struct log *log, enum log_level level, const char *format, ...) {
    char text[1024];
    if (!log || level < log->level)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    log->write(log->arg, level, text);
}
