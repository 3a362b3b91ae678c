/* print.h: what print.c and chart.c share. Private to src/report. */
#ifndef BASCULE_REPORT_PRINT_H
#define BASCULE_REPORT_PRINT_H

#include "bascule/report.h"

/* Escaped; NULL is nothing. */
/* One of answer's charts, a section of its own; nothing where it has no rows. */
void chart_print(struct buf *b, const json_t *answer, const json_t *chart);

#endif
