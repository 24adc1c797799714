/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Short text for mappings, einsums and architectures of tests. */
#include "support/nest.h"
#include "spec/stage.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_MAX = 64 };

/* Takes the next word; separators are spaces. False at a comma or the end. */
static bool take_word(const char **text, char word[WORD_MAX]) {
  const char *at = *text + strspn(*text, " \n");
  const size_t length = strcspn(at, " ,\n");
  if (length == 0 || length >= WORD_MAX) {
    *text = at;
    return false;
  }
  memcpy(word, at, length);
  word[length] = '\0';
  *text = at + length;
  return true;
}

static unsigned rank_index(const cds_einsum *einsum, const char *name) {
  for (unsigned r = 0; r < einsum->ranks; r++) {
    if (strcmp(einsum->rank[r].name, name) == 0) {
      return r;
    }
  }
  return UINT_MAX;
}

static unsigned tensor_index(const cds_einsum *einsum, const char *name) {
  for (unsigned t = 0; t < einsum->tensors; t++) {
    if (strcmp(einsum->tensor[t].name, name) == 0) {
      return t;
    }
  }
  return UINT_MAX;
}

static unsigned level_index(const cds_arch *arch, const char *name) {
  for (unsigned l = 0; l < arch->levels; l++) {
    if (strcmp(arch->level[l].name, name) == 0) {
      return l;
    }
  }
  return UINT_MAX;
}

/* "PE" or "PE.cols". */
static bool read_axis(cds_node *node, char *word, const cds_arch *arch) {
  char *dot = strchr(word, '.');
  if (dot != NULL) {
    *dot++ = '\0';
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    const cds_array *array = &arch->array[k];
    if (strcmp(array->name, word) != 0) {
      continue;
    }
    node->array = k;
    if (dot == NULL) {
      return true;
    }
    for (unsigned x = 0; x < array->axes; x++) {
      if (strcmp(array->axis_name[x], dot) == 0) {
        node->axis = x;
        return true;
      }
    }
  }
  return false;
}

static const char *const splits[] = {"balanced", "contiguous", "cyclic"};

/* Takes "cyclic" and "length 16", as far as the words are there. */
static bool read_rest(cds_node *node, const char **text) {
  char word[WORD_MAX], length[WORD_MAX];
  while (take_word(text, word)) {
    bool known = false;
    for (unsigned split = 0; split < 3 && node->kind == CDS_SPREAD; split++) {
      if (strcmp(word, splits[split]) == 0) {
        node->split = (cds_split)split;
        known = true;
      }
    }
    if (strcmp(word, "length") == 0 && take_word(text, length)) {
      node->length = strtoull(length, NULL, 10);
      known = node->length > 0;
    }
    if (!known) {
      return false;
    }
  }
  return true;
}

static bool read_loop(cds_mapping *out, const char **text, cds_node_kind kind,
                      const cds_arch *arch, const cds_einsum *einsum) {
  char rank[WORD_MAX], trips[WORD_MAX], over[WORD_MAX], array[WORD_MAX];
  if (!take_word(text, rank) || !take_word(text, trips)) {
    return false;
  }
  cds_node *node = &out->node[out->nodes++];
  *node = (cds_node){.kind = kind,
                     .rank = rank_index(einsum, rank),
                     .trips = strtoull(trips, NULL, 10)};
  if (kind == CDS_SPREAD &&
      (!take_word(text, over) || strcmp(over, "over") != 0 ||
       !take_word(text, array) || !read_axis(node, array, arch))) {
    return false;
  }
  return read_rest(node, text) && node->rank != UINT_MAX && node->trips > 0;
}

static bool read_hold(cds_mapping *out, const char **text, const cds_arch *arch,
                      const cds_einsum *einsum) {
  const unsigned first = out->nodes;
  char word[WORD_MAX];
  while (take_word(text, word) && strcmp(word, "at") != 0) {
    const unsigned tensor = tensor_index(einsum, word);
    if (tensor == UINT_MAX || out->nodes == CDS_NODES_MAX) {
      return false;
    }
    out->node[out->nodes++] = (cds_node){.kind = CDS_HOLD, .tensor = tensor};
  }
  if (!take_word(text, word)) {
    return false;
  }
  const unsigned level = level_index(arch, word);
  for (unsigned n = first; n < out->nodes; n++) {
    out->node[n].level = level;
  }
  return level != UINT_MAX;
}

bool nest_read(cds_mapping *out, const char *text, const cds_arch *arch,
               const cds_einsum *einsum) {
  *out = (cds_mapping){0};
  char word[WORD_MAX];
  while (out->nodes < CDS_NODES_MAX && take_word(&text, word)) {
    bool good = false;
    if (strcmp(word, "hold") == 0) {
      good = read_hold(out, &text, arch, einsum);
    } else if (strcmp(word, "for") == 0) {
      good = read_loop(out, &text, CDS_FOR, arch, einsum);
    } else if (strcmp(word, "spread") == 0) {
      good = read_loop(out, &text, CDS_SPREAD, arch, einsum);
    }
    if (!good) {
      return false;
    }
    text += strspn(text, " \n");
    if (*text == ',') {
      text++;
    }
  }
  return *text == '\0';
}

void nest_write(FILE *stream, const cds_mapping *mapping, const cds_arch *arch,
                const cds_einsum *einsum) {
  for (unsigned n = 0; n < mapping->nodes; n++) {
    const cds_node *node = &mapping->node[n];
    fputs(n == 0 ? "" : ", ", stream);
    if (node->kind == CDS_HOLD) {
      fprintf(stream, "hold %s at %s", einsum->tensor[node->tensor].name,
              arch->level[node->level].name);
      continue;
    }
    fprintf(stream, "%s %s %" PRIu64, node->kind == CDS_FOR ? "for" : "spread",
            einsum->rank[node->rank].name, node->trips);
    if (node->kind == CDS_SPREAD) {
      const cds_array *array = &arch->array[node->array];
      fprintf(stream, " over %s.%s", array->name, array->axis_name[node->axis]);
      if (node->split != CDS_SPLIT_BALANCED) {
        fprintf(stream, " %s", splits[node->split]);
      }
    }
    if (node->length > 0) {
      fprintf(stream, " length %" PRIu64, node->length);
    }
  }
}

static void tensor_write(FILE *stream, const cds_einsum *einsum, unsigned t) {
  const cds_tensor *tensor = &einsum->tensor[t];
  fprintf(stream, "%s[", tensor->name);
  for (unsigned a = 0; a < tensor->axes; a++) {
    fputs(a == 0 ? "" : ",", stream);
    for (unsigned i = 0; i < tensor->axis[a].terms; i++) {
      const cds_term *term = &tensor->axis[a].term[i];
      fputs(i == 0 ? "" : "+", stream);
      if (term->coefficient != 1) {
        fprintf(stream, "%" PRIu64 "*", term->coefficient);
      }
      fputs(einsum->rank[term->rank].name, stream);
    }
  }
  fputs("]", stream);
}

void einsum_write(FILE *stream, const cds_einsum *einsum) {
  tensor_write(stream, einsum, einsum->tensors - 1);
  fputs(" += ", stream);
  for (unsigned t = 0; t + 1 < einsum->tensors; t++) {
    fputs(t == 0 ? "" : " * ", stream);
    tensor_write(stream, einsum, t);
  }
  fputs(";", stream);
  for (unsigned r = 0; r < einsum->ranks; r++) {
    fprintf(stream, "%s %s %" PRIu64, r == 0 ? "" : ",", einsum->rank[r].name,
            einsum->rank[r].size);
  }
}

/* Copies a name of letters, digits and '_' into the store. */
static const char *take_name(const char **text, char **names) {
  *text += strspn(*text, " ");
  const size_t length = strspn(
      *text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
  const char *name = *names;
  memcpy(*names, *text, length);
  (*names)[length] = '\0';
  *names += length + 1;
  *text += length;
  return name;
}

static bool take(const char **text, char c) {
  *text += strspn(*text, " ");
  if (**text != c) {
    return false;
  }
  ++*text;
  return true;
}

static unsigned add_rank(cds_einsum *einsum, const char *name) {
  const unsigned known = rank_index(einsum, name);
  if (known != UINT_MAX) {
    return known;
  }
  einsum->rank[einsum->ranks].name = name;
  return einsum->ranks++;
}

static bool read_tensor(cds_einsum *out, cds_tensor *tensor, const char **text,
                        char **names) {
  tensor->name = take_name(text, names);
  tensor->format = (cds_format){.name = "8 bit", .bits = 8};
  if (!take(text, '[')) {
    return false;
  }
  do {
    cds_axis *axis = &tensor->axis[tensor->axes++];
    do {
      uint64_t coefficient = 1;
      *text += strspn(*text, " ");
      if (**text >= '0' && **text <= '9') {
        char *end;
        coefficient = strtoull(*text, &end, 10);
        *text = end;
        if (!take(text, '*')) {
          return false;
        }
      }
      const char *name = take_name(text, names);
      axis->term[axis->terms++] =
          (cds_term){.rank = add_rank(out, name), .coefficient = coefficient};
    } while (axis->terms < CDS_TERMS_MAX && take(text, '+'));
  } while (tensor->axes < CDS_AXES_MAX && take(text, ','));
  return take(text, ']');
}

bool einsum_read(cds_einsum *out, const char *text, char *names) {
  static const cds_role role[] = {CDS_INPUT, CDS_WEIGHT, CDS_WEIGHT};
  *out = (cds_einsum){.name = "test"};
  cds_tensor output = {.role = CDS_OUTPUT};
  if (!read_tensor(out, &output, &text, &names) || !take(&text, '+') ||
      !take(&text, '=')) {
    return false;
  }
  output.accumulator = output.format;
  do {
    cds_tensor *tensor = &out->tensor[out->tensors];
    tensor->role = role[out->tensors++];
    if (!read_tensor(out, tensor, &text, &names)) {
      return false;
    }
  } while (out->tensors + 1 < CDS_TENSORS_MAX && take(&text, '*'));
  out->tensor[out->tensors++] = output;
  if (!take(&text, ';')) {
    return false;
  }
  do {
    const unsigned rank = rank_index(out, take_name(&text, &names));
    char *end;
    const uint64_t size = strtoull(text, &end, 10);
    if (rank == UINT_MAX || size == 0) {
      return false;
    }
    text = end;
    out->rank[rank].size = out->rank[rank].real = size;
  } while (take(&text, ','));
  return *text == '\0';
}

void arch_write(FILE *stream, const cds_arch *arch) {
  unsigned k = 0;
  for (unsigned l = 0; l <= arch->levels; l++) {
    const unsigned depth =
        l < arch->levels ? arch->level[l].depth : arch->arrays;
    for (; k < depth; k++) {
      const cds_array *array = &arch->array[k];
      fprintf(stream, "array %s %" PRIu64, array->name, array->extent[0]);
      if (array->axes == 2) {
        fprintf(stream, "x%" PRIu64, array->extent[1]);
      }
      fprintf(stream, "%s%s, ", array->multicast ? " multicast" : "",
              array->reduction ? " reduction" : "");
    }
    if (l == arch->levels) {
      fputs("compute", stream);
      break;
    }
    const bool beside =
        l > 0 && arch->level[l].position == arch->level[l - 1].position;
    fprintf(stream, "%slevel %s%s, ", beside ? "beside " : "",
            arch->level[l].name,
            arch->level[l].accumulate ? " accumulate" : "");
  }
}

void stage_write(FILE *stream, const cds_arch *arch, const cds_einsum *einsum) {
  const cds_stage *stage = einsum->stage;
  if (stage == NULL) {
    return;
  }
  fprintf(stream, "  %" PRIu64 " passes, %" PRIu64 " repeats\n", stage->passes,
          stage->repeats);
  for (unsigned t = 0; t < einsum->tensors; t++) {
    const cds_home *home = &stage->home[t];
    if (home->level > 0) {
      fprintf(stream,
              "  %s is at home at %s: tile %" PRIu64 ", loads %" PRIu64
              ", replaced %d\n",
              einsum->tensor[t].name, arch->level[home->level].name,
              home->tile_words, home->loads, home->replaced);
    }
  }
  for (unsigned l = 1; l < arch->levels; l++) {
    fprintf(stream, "  %" PRIu64 " bits of %s are taken\n",
            stage->taken_bits[l], arch->level[l].name);
  }
}
