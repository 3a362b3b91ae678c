/* html.h: the pieces of which the pages are made. Private to src/serve. */
#ifndef BASCULE_SERVE_HTML_H
#define BASCULE_SERVE_HTML_H

#include "bascule/model.h"

/* Escaped; NULL is nothing. */
/* A link if url is http(s), else the text alone. */
void html_link(struct buf *b, const char *url, const char *text);
/* "4 min ago", and the exact time on hovering. */
void html_time(struct buf *b, const char *time, msec_t now);
/* A state or kind, as a pill in its colour. */
void html_word(struct buf *b, const char *word);
/* Strings with commas between. */
void html_words(struct buf *b, const json_t *words);
/* P-12, as a link to its page. */
void html_problem(struct buf *b, const char *id);
void html_cell(struct buf *b, const char *class, const char *text);
long long html_number_at(const json_t *j, const char *pointer);

/* A table under a heading; columns end with NULL, those that begin with # hold numbers. */
void html_section_open(struct buf *b, const char *id, const char *title, const char *const *columns);
void html_section_close(struct buf *b);
void html_section_none(struct buf *b, const char *id, const char *title, const char *text);

void html_effects(struct buf *b, const char *title, const json_t *items, msec_t now);
void html_attention(struct buf *b, const json_t *items, msec_t now);

/* From the doctype to the beginning of the body, and from the footer to the end; refresh in seconds, 0: none. */
void html_open(struct buf *b, const char *title, int refresh);
void html_close(struct buf *b, const char *version, int refresh, msec_t now);

#endif
