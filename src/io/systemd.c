/* systemd: readiness and the watchdog, fed from the loop, so that a loop that
 * hangs is seen. Called by main.c; outside systemd nothing happens. */
#include "internal.h"

#include <systemd/sd-daemon.h>

void io_notify(const char *state) {
    (void)sd_notify(0, state);
}

static void watchdog_feed(uv_timer_t *handle) {
    io_notify("WATCHDOG=1");
}

int io_watchdog(struct io *io) {
    uint64_t usec = 0;
    if (sd_watchdog_enabled(0, &usec) <= 0)
        return 0;
    /* systemd advises half of what it allows */
    uint64_t every = usec / 2000 ? usec / 2000 : 1;
    uv_timer_start(&io->watchdog, watchdog_feed, 0, every);
    uv_unref((uv_handle_t *)&io->watchdog);
    return 1;
}
