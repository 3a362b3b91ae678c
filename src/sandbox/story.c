#include "call.h"
void sandbox_seed_story(struct sandbox *rt, struct sandbox *redmine, msec_t now) {
    sandbox_reset(rt, now);
    sandbox_reset(redmine, now);
}
