/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Results that layers of a list hand on to the next one (`intermediate:`),
 * where one of the two is a convolution or a product of known form: each must
 * meet its user. Einsums may use results of layers before the last; they run
 * alone where nothing fits.
 */
#include "spec/fusion.h"
#include "spec/workload_layers.h"

/* Whether tensors have names that the form gives. */
static bool is_form(const cds_written_layer *it) {
  return cds_yaml_get(it->node, "conv2d") != NULL ||
         cds_yaml_get(it->node, "matmul") != NULL ||
         cds_yaml_get(it->node, "batched_matmul") != NULL;
}

static bool takes_any(const cds_layer *layer) {
  bool any = false;
  for (unsigned t = 0;
       layer->kind == CDS_LAYER_EINSUM && t + 1 < layer->einsum.tensors; t++) {
    any = any || layer->einsum.tensor[t].intermediate;
  }
  return any;
}

static cds_place place_of(const cds_written_layer *it) {
  const cds_yaml *key = cds_yaml_get(it->node, "intermediate");
  return key != NULL ? key->place : it->node->place;
}

static cds_status nobody_takes(const cds_written_layer *it,
                               const cds_layer *layer,
                               const cds_reader *reader) {
  cds_diag_error(reader->diag, place_of(it),
                 "'intermediate' of layer '%s' names its result, but the next "
                 "layer does not take it: expected a next layer with its input "
                 "in 'intermediate', such as [I] of conv2d or [X] of matmul",
                 layer->name);
  return CDS_EINPUT;
}

static cds_status nobody_makes(const cds_written_layer *it,
                               const cds_layer *layer,
                               const cds_reader *reader) {
  cds_diag_error(reader->diag, place_of(it),
                 "'intermediate' of layer '%s' names its input, but the layer "
                 "before does not hand its result on: expected its result in "
                 "'intermediate' there, such as [O] of conv2d or [Y] of matmul",
                 layer->name);
  return CDS_EINPUT;
}

/* "2 x 64 x 28 x 28": positions of the axes that have more than one. */
static const char *size_text(const cds_einsum *einsum, unsigned tensor,
                             cds_arena *arena) {
  const char *text = "";
  const cds_tensor *of = &einsum->tensor[tensor];
  for (unsigned a = 0; a < of->axes && text != NULL; a++) {
    uint64_t length = 1;
    for (unsigned i = 0; i < of->axis[a].terms; i++) {
      const cds_term *term = &of->axis[a].term[i];
      length += term->coefficient * (einsum->rank[term->rank].size - 1);
    }
    length = of->axis[a].given > 0 ? of->axis[a].given : length;
    if (length > 1) {
      text = cds_arena_printf(arena, "%s%s%llu", text, *text == 0 ? "" : " x ",
                              (unsigned long long)length);
    }
  }
  return text == NULL || *text == 0 ? "1" : text;
}

/* The first operand that is handed on to the layer. */
static unsigned operand_of(const cds_einsum *einsum) {
  unsigned t = 0;
  while (!einsum->tensor[t].intermediate) {
    t++;
  }
  return t;
}

/* Both name it. */
static cds_status check_pair(const cds_layer *made, const cds_layer *last,
                             const cds_written_layer *user,
                             const cds_layer *layer, const cds_reader *reader) {
  const unsigned t = operand_of(&layer->einsum);
  if (last->count != layer->count || last->steps != layer->steps) {
    cds_diag_error(reader->diag, place_of(user),
                   "layer '%s' alone takes the result of '%s', but has %llu "
                   "runs, and that has %llu: expected the same 'count' and "
                   "'steps'",
                   layer->name, last->name, (unsigned long long)layer->count,
                   (unsigned long long)last->count);
    return CDS_EINPUT;
  }
  if (made->kind == CDS_LAYER_EINSUM &&
      !cds_fused_may_join(&made->einsum, &layer->einsum, t)) {
    cds_diag_error(
        reader->diag, place_of(user),
        "input '%s' of layer '%s' is %s, but '%s' makes %s: expected the same "
        "size and format",
        layer->einsum.tensor[t].name, layer->name,
        size_text(&layer->einsum, t, reader->arena), last->name,
        size_text(&made->einsum, made->einsum.tensors - 1, reader->arena));
    return CDS_EINPUT;
  }
  return CDS_OK;
}

cds_status cds_handed_check(const cds_workload *workload,
                            const cds_written_layer *written, size_t layers,
                            const cds_reader *reader) {
  cds_status status = CDS_OK;
  for (size_t i = 0; i <= layers; i++) {
    const cds_written_layer *maker = i > 0 ? &written[i - 1] : NULL;
    const cds_written_layer *user = i < layers ? &written[i] : NULL;
    const cds_layer *last =
        maker != NULL ? &workload->layer[maker->last] : NULL;
    const cds_layer *next = user != NULL ? &workload->layer[user->first] : NULL;
    const bool gives = last != NULL && cds_layer_hands_on(last);
    const bool takes = next != NULL && takes_any(next);
    cds_status one = CDS_OK;
    if (gives && takes && (is_form(maker) || is_form(user))) {
      one =
          check_pair(&workload->layer[maker->first], last, user, next, reader);
    } else if (gives && !takes && is_form(maker)) {
      one = nobody_takes(maker, last, reader);
    } else if (takes && !gives && is_form(user)) {
      one = nobody_makes(user, next, reader);
    }
    status = one != CDS_OK ? one : status;
  }
  return status;
}
