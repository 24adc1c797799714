/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads heights and widths, and says how many steps a window takes. */
#include "spec/workload_window.h"

enum { SIDE_MAX = 1 << 24 }; /* of an image, a window, its step */

cds_status cds_pair_read(cds_pair *out, const cds_yaml *node, const char *what,
                         uint64_t low, const cds_reader *reader) {
  if (node == NULL) {
    out->high = out->wide = low;
    return CDS_OK;
  }
  if (node->kind == CDS_YAML_SCALAR) {
    CDS_TRY(cds_schema_count(&out->high, low, SIDE_MAX, node, what, reader));
    out->wide = out->high;
    return CDS_OK;
  }
  if (node->kind != CDS_YAML_SEQUENCE || node->count != 2) {
    cds_diag_error(reader->diag, node->place,
                   "'%s' is no number and no pair: expected height and width, "
                   "such as [3, 3]",
                   what);
    return CDS_EINPUT;
  }
  const cds_status high =
      cds_schema_count(&out->high, low, SIDE_MAX, node->items[0], what, reader);
  const cds_status wide =
      cds_schema_count(&out->wide, low, SIDE_MAX, node->items[1], what, reader);
  return high != CDS_OK && wide != CDS_ENOMEM ? high : wide;
}

void cds_pair_fill(cds_pair *it) {
  it->high = cds_layer_size(it->high);
  it->wide = cds_layer_size(it->wide);
}

uint64_t cds_window_steps(uint64_t input, uint64_t kernel, uint64_t stride,
                          uint64_t dilation, uint64_t padding) {
  const uint64_t reach = dilation * (kernel - 1) + 1;
  const uint64_t room = input + 2 * padding;
  return room < reach ? 0 : (room - reach) / stride + 1;
}
