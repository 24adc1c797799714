/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Loads of a tensor with sliding windows where pieces are not all alike.
 */
#ifndef CDS_COUNT_WINDOWS_H
#define CDS_COUNT_WINDOWS_H

#include "count/pieces.h"

/* As cds_piece_loads, and the words of the largest tile (`tile`: NULL if not
 * wanted). `peak` is the busiest instance, which need not be the one with all
 * coordinates 0: one that idles in a pass loses the overlap with the tile that
 * comes next. `last` is not found: outputs have no windows. Exact, by walking
 * through the indexes of each rank; CDS_ELIMIT when the ranks are longer than
 * 2^20, pieces are of too many shapes, or their tiles take more than 2^28
 * steps.
 */
cds_status cds_window_loads(cds_uneven_loads *out, uint64_t *tile,
                            const cds_holder *holder, unsigned united,
                            unsigned from, cds_arena *scratch);

#endif
