/* progress: one line on the terminal while `run` is at its first import, to the
 * end of `run --once`, and while a long command works.
 *
 * Owned by the service, or by the command line; nothing where stderr is no terminal. What must hold: the
 * line never stands among the log's (main.c clears it before each), and without
 * colours it is nothing but text and carriage returns. */
#include "main.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TICK      200
#define BAR_MOST  30
#define LINE_MOST 200

struct progress {
    struct service *service; /* NULL: whoever has it shows it */
    struct timer *timer;
    bool colour;
    int shown;    /* columns that the line takes now */
    int64_t most; /* of what was left to send */
};

static int columns(void) {
    struct winsize size = {0};
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void progress_clear(struct progress *p) {
    if (!p || !p->shown)
        return;
    fprintf(stderr, "\r%*s\r", p->shown, "");
    fflush(stderr); /* what comes next may stand on stdout */
    p->shown = 0;
}

void progress_show(struct progress *p, const char *what, int64_t done, int64_t of, const char *things) {
    char bar[BAR_MOST + 1], text[LINE_MOST];
    int width = columns(), percent = of > 0 ? (int)(done * 100 / of) : 0;
    int room = width - 1 - (int)(strlen(what) + strlen(things)) - 40;
    int size = room < 0 ? 0 : room > BAR_MOST ? BAR_MOST : room, full = size * percent / 100;
    memset(bar, '#', (size_t)size);
    memset(bar + full, '-', (size_t)(size - full));
    bar[size] = 0;
    int n = snprintf(text, sizeof(text), " %3d%%  %lld of %lld %s", percent, (long long)done, (long long)of, things);
    progress_clear(p);
    if (n + size + (int)strlen(what) + 3 >= width)
        return; /* a terminal of a few columns: nothing rather than a line that wraps */
    fprintf(stderr, "%s [%s%s%s]%s", what, p->colour ? "\033[32m" : "", bar, p->colour ? "\033[0m" : "", text);
    fflush(stderr);
    p->shown = n + size + (int)strlen(what) + 3;
}

static void tick(void *who) {
    struct progress *p = who;
    const struct service *s = p->service;
    struct engine_progress now;
    engine_progress(s->engine, &now);
    if (s->stopping || (now.imported && !s->once)) {
        progress_clear(p);
        return;
    }
    if (!now.imported) {
        progress_show(p, "first import", now.read, now.listed, now.all_listed ? "records" : "records so far");
    } else {
        p->most = now.to_send > p->most ? now.to_send : p->most;
        if (p->most)
            progress_show(p, "writing", p->most - now.to_send, p->most, "changes");
    }
    s->engine_world.timers.start(p->timer, TICK);
}

struct progress *progress_new(const struct world *w) {
    const char *term = w->config.env(w->config.arg, "TERM");
    if (w->journal || !isatty(STDERR_FILENO) || str_is(term, "dumb"))
        return NULL;
    struct progress *p = calloc(1, sizeof(*p));
    p->colour = str_empty(w->config.env(w->config.arg, "NO_COLOR"));
    return p;
}

struct progress *progress_start(struct service *s) {
    struct progress *p = progress_new(s->world);
    if (!p)
        return NULL;
    p->service = s;
    p->timer = s->engine_world.timers.make(s->engine_world.timers.arg, tick, p);
    s->engine_world.timers.start(p->timer, TICK);
    return p;
}

struct progress *progress_end(struct progress *p) {
    if (!p)
        return NULL;
    progress_clear(p);
    if (p->timer)
        p->service->engine_world.timers.free(p->timer);
    free(p);
    return NULL;
}
