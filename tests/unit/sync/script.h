/* script: a fate for one write, for tests that are about what becomes of it. */
#ifndef TEST_SYNC_SCRIPT_H
#define TEST_SYNC_SCRIPT_H

#include "scene.h"

/* The n-th write to `to` meets that fate; `act` is done just before it arrives. */
struct script {
    const char *to;
    int at, seen;
    enum fate fate;
    void (*act)(struct world *w);
    struct world *w;
};

static inline enum fate scripted(void *arg, const struct http_request *q) {
    struct script *s = arg;
    if (str_is(q->method, "GET") || !str_starts(q->url, s->to) || ++s->seen != s->at)
        return FATE_FINE;
    if (s->act)
        s->act(s->w);
    return s->fate;
}

static inline void play(struct world *w, struct script *s) {
    s->w = w;
    w->fate_of = scripted;
    w->fate_arg = s;
}

#endif
