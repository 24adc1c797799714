/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ranges of values; see box.h. */
#include "explore/box.h"

#include "base/checked.h"

cds_box cds_box_all(const cds_space *space) {
  cds_box box = {.low = {0}};
  for (size_t v = 0; v < cds_space_variables(space); v++) {
    box.high[v] = (uint32_t)cds_space_variable(space, v)->count - 1;
  }
  return box;
}

cds_box cds_box_of(const cds_space *space, uint64_t design) {
  cds_box box = {.low = {0}};
  for (size_t v = cds_space_variables(space); v-- > 0;) {
    const uint64_t count = cds_space_variable(space, v)->count;
    box.low[v] = box.high[v] = (uint32_t)(design % count);
    design /= count;
  }
  return box;
}

uint64_t cds_box_designs(const cds_box *box, size_t variables) {
  uint64_t designs = 1;
  for (size_t v = 0; v < variables; v++) {
    if (!cds_mul_u64(&designs, designs, box->high[v] - box->low[v] + 1)) {
      return UINT64_MAX;
    }
  }
  return designs;
}

uint64_t cds_box_first(const cds_box *box, const cds_space *space) {
  return cds_space_index(space, box->low);
}

void cds_box_halve(cds_box half[2], const cds_box *box, unsigned variable) {
  const uint32_t middle =
      box->low[variable] + (box->high[variable] - box->low[variable]) / 2;
  half[0] = half[1] = *box;
  half[0].high[variable] = middle;
  half[1].low[variable] = middle + 1;
}
