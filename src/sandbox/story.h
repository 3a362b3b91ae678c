/* story: the events of the demo, told by story.c to two sandboxes in the order
 * of their hours; here they stand defect by defect.
 *
 * Tickets and issues get their ids in the order in which they were made, and an
 * event names one by its id. {redmine} in a text is the address of
 * the defect tracker, {rt} that of the ticketing system. */
#ifndef SANDBOX_STORY_H
#define SANDBOX_STORY_H

#include <stddef.h>

enum story_kind {
    STORY_DEFECT,      /* who, title, text; a: priority, b: version ("" none) */
    STORY_DEFECT_MOVE, /* who, number, text (note, "" none); a: status */
    STORY_RELATION,    /* who, number duplicates number of `a` */
    STORY_INCIDENT,    /* who (mail address), title, text; a: service, b: impact */
    STORY_MAIL,        /* who (mail address), number, text: a customer answers */
    STORY_REPLY,       /* agent, number, text, public; a: status or NULL */
    STORY_COMMENT,     /* agent, number, text, internal; a: status or NULL */
    STORY_FIELD        /* agent, number; a: value of the field Defect */
};

struct story_event {
    int hours_ago;
    enum story_kind kind;
    const char *who;
    int number;
    const char *title, *text, *a, *b;
};

extern const struct story_event story_events[];
extern const size_t story_count;

#endif
