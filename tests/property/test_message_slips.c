/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One-letter slips in every shipped file: each must give a message at its file,
 * line and column that suggests the right word.
 *
 * Keys of four or more letters: at least 99 % of the slips. Words among the
 * values (classes, processes, networks, roles, operations, $variables, words
 * of a mapping, units): at least 95 %. Slips that are another accepted key, or
 * a value that is right as well, are left out.
 *
 * Usage: test_message_slips [verbose] [seed N] [file PATH]
 */
#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema/internal.h"
#include "spec/space.h"
#include "spec/workload.h"
#include "support/slips.h"

#include "spec/mapping.h"

enum {
  REPORTS_MAX = 40,
  KEY_LETTERS_MIN = 4,
  ROUNDS = 2, /* of all kinds of slip */
  ROUNDS_QUICK = 1,
  PATH_LENGTH = 512,
  SEEN_MAX = 4096
};

typedef enum kind { ARCHITECTURE, WORKLOAD, MAPPING, CONFIG } kind;

typedef enum word_category {
  KEYS,
  NAMES,
  BOOLS,
  VARIABLES,
  NEST,
  UNITS,
  DECLARED, /* names that the file declares and uses */
  CATEGORIES
} word_category;
static const char *const category_name[CATEGORIES] = {"keys",
                                                      "names",
                                                      "true and false",
                                                      "$variables",
                                                      "words of mappings",
                                                      "units",
                                                      "declared names"};
static const double least_share[CATEGORIES] = {0.99, 0.95, 0.95, 0.95,
                                               0.95, 0.95, 0.95};

typedef struct tally {
  unsigned slips, right, alone, misplaced, accepted;
} tally;

typedef struct document {
  kind kind;
  const char *path; /* as messages name it */
  char *text;
  size_t length;
  const char *host; /* CONFIG: text of the workload that names it */
  const char *host_path;
  const cds_arch *arch; /* MAPPING */
  const cds_workload *workload;
} document;

typedef struct run {
  const document *doc;
  random_stream stream;
  tally *tally; /* by category */
  bool verbose;
  unsigned rounds;
  unsigned reports;
  unsigned seens;
  char *seen[SEEN_MAX]; /* "parent/key" */
} run;

/* ---- reading ------------------------------------------------------------ */

static char *read_file(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    return NULL;
  }
  char *text = malloc(1 << 20);
  *length = text == NULL ? 0 : fread(text, 1, (1 << 20) - 1, file);
  if (text != NULL) {
    text[*length] = '\0';
  }
  fclose(file);
  return text;
}

static bool read_mapping(const document *doc, const cds_yaml *root,
                         const cds_reader *reader) {
  cds_mapping_entry *entry = NULL;
  size_t count = 0;
  static cds_mapping mapping;
  bool good =
      cds_mapping_file_read_tree(&entry, &count, root, reader) == CDS_OK;
  for (size_t i = 0; good && i < count; i++) {
    const cds_layer *found = NULL;
    for (size_t k = 0; k < doc->workload->layers; k++) {
      const cds_layer *layer = &doc->workload->layer[k];
      if (layer->kind == CDS_LAYER_EINSUM &&
          strcmp(layer->name, entry[i].layer) == 0) {
        found = layer;
      }
    }
    good = found != NULL && cds_mapping_read(&mapping, entry[i].nest, doc->arch,
                                             &found->einsum, reader) == CDS_OK;
  }
  return good;
}

/* Reads the text as the document; false with messages when it is wrong. */
static bool read_text(const document *doc, const char *text, size_t length,
                      cds_arena *arena, cds_diag *diag) {
  const cds_reader reader = {.arena = arena, .diag = diag};
  const cds_yaml *root = NULL;
  cds_space *space = NULL;
  static cds_workload workload;
  if (doc->kind == CONFIG) {
    FILE *file = fopen(doc->path, "wb");
    if (file == NULL || fwrite(text, 1, length, file) != length ||
        fclose(file) != 0) {
      abort();
    }
    text = doc->host;
    length = strlen(text);
  }
  const char *name = doc->kind == CONFIG ? doc->host_path : doc->path;
  if (cds_yaml_read_text(&root, name, text, length, arena, diag) != CDS_OK) {
    return false;
  }
  switch (doc->kind) {
  case ARCHITECTURE:
    return cds_space_of(&space, root, NULL, 0, arena, diag) == CDS_OK;
  case WORKLOAD:
  case CONFIG:
    return cds_workload_read_tree(&workload, root, name, &reader) == CDS_OK;
  case MAPPING:
    break;
  }
  return read_mapping(doc, root, &reader);
}

/* All messages; to be freed. */
static char *messages_of(const document *doc, const char *text, size_t length,
                         bool *good) {
  cds_arena *arena = cds_arena_new();
  cds_diag *diag = cds_diag_new(arena);
  char *out = NULL;
  size_t size = 0;
  *good = read_text(doc, text, length, arena, diag);
  FILE *stream = open_memstream(&out, &size);
  cds_diag_write(diag, stream, CDS_DIAG_TEXT);
  fclose(stream);
  cds_arena_free(arena);
  return out;
}

/* ---- one word ----------------------------------------------------------- */

/* A word of the file: its text, where it stands, and where a message about it
 * should point. */
typedef struct target {
  const char *word;
  size_t offset; /* of its first byte in the file */
  cds_place place;
  const char *right; /* what is suggested; the word, or '$' and the word */
  word_category category;
} target;

static size_t offset_of(const document *doc, cds_place place) {
  size_t at = 0;
  for (unsigned line = 1; line < place.line; line++) {
    at += strcspn(doc->text + at, "\n") + 1;
  }
  for (unsigned column = 1; column < place.column; column++) {
    do {
      at++;
    } while (((unsigned char)doc->text[at] & 0xC0) == 0x80);
  }
  return at;
}

static bool accepted_key(const char *word) {
  const cds_schema *const *lists[] = {cds_arch_schemas, cds_workload_schemas};
  for (unsigned list = 0; list < 2; list++) {
    for (const cds_schema *const *schema = lists[list]; *schema != NULL;
         schema++) {
      for (const cds_key *key = (*schema)->keys; key->name != NULL; key++) {
        if (strcmp(key->name, word) == 0) {
          return true;
        }
      }
    }
  }
  return false;
}

static void report(run *it, const target *what, const char *slip,
                   const char *messages) {
  if (it->reports++ < REPORTS_MAX || it->verbose) {
    printf("%s:%u:%u: '%s' for '%s' (%s):\n%s\n", what->place.file,
           what->place.line, what->place.column, slip, what->word,
           category_name[what->category], messages);
  }
}

static void try_slip(run *it, const target *what, const char *slip) {
  const document *doc = it->doc;
  const size_t old = strlen(what->word);
  const size_t new = strlen(slip);
  char *text = malloc(doc->length + new + 1);
  memcpy(text, doc->text, what->offset);
  memcpy(text + what->offset, slip, new);
  memcpy(text + what->offset + new, doc->text + what->offset + old,
         doc->length - what->offset - old + 1);
  bool good = false;
  char *messages = messages_of(doc, text, doc->length + new - old, &good);
  tally *count = &it->tally[what->category];
  slip_verdict verdict = slip_judge(messages, what->place, what->right);
  if (what->category == DECLARED) { /* where it stands, or where it is used */
    verdict.suggested = !good && strstr(messages, slip) != NULL;
  }
  const bool few = old < KEY_LETTERS_MIN && what->category != KEYS;
  const bool right =
      verdict.suggested || (verdict.listed && (few || what->category == BOOLS));
  if (good && what->category != KEYS && messages[0] == '\0') {
    count->accepted++;
    if (it->verbose) {
      report(it, what, slip, "(accepted)");
    }
  } else {
    count->slips++;
    count->right += right;
    count->alone += verdict.alone;
    count->misplaced += !verdict.placed;
    if (!right) {
      report(it, what, slip, messages);
    }
  }
  free(messages);
  free(text);
}

/* Whether the word is another rank or tensor of the mapped layers. */
static bool other_rank(const document *doc, const char *word) {
  for (size_t i = 0; i < doc->workload->layers; i++) {
    const cds_einsum *einsum = &doc->workload->layer[i].einsum;
    if (cds_einsum_rank(einsum, word) < einsum->ranks ||
        cds_einsum_tensor(einsum, word) < einsum->tensors) {
      return true;
    }
  }
  return false;
}

static void try_word(run *it, const target *what) {
  for (unsigned i = 0; i < it->rounds * SLIP_KINDS; i++) {
    char slip[SLIP_LENGTH];
    const bool made =
        slip_make(slip, what->word, i % SLIP_KINDS, &it->stream) &&
        strcmp(slip, what->word) != 0;
    const bool other_key = what->category == KEYS && made && accepted_key(slip);
    const bool other_unit = what->category == UNITS && made &&
                            cds_unit_find(slip, strlen(slip)) != NULL;
    const bool other_name =
        what->category == NEST && made && other_rank(it->doc, slip);
    if (made && !other_key && !other_unit && !other_name) {
      try_slip(it, what, slip);
    }
  }
}

/* ---- words of a file ---------------------------------------------------- */

static bool one_of(const char *word, const char *const *list) {
  for (; *list != NULL; list++) {
    if (strcmp(*list, word) == 0) {
      return true;
    }
  }
  return false;
}

/* Keys below these are names that the user gives. */
static const char *const declaring[] = {"variables", "dies", "ranks", "roles",
                                        "formats",   "pad",  NULL};
static const char *const prose[] = {"source", "assumption", "note", NULL};
/* Values of these are words that must be known. */
static const char *const known_words[] = {"class",
                                          "die",
                                          "at",
                                          "device",
                                          "process",
                                          "bond",
                                          "kind",
                                          "network",
                                          "keep",
                                          "bypass",
                                          "may",
                                          "formats",
                                          "precision",
                                          "weights",
                                          "kv",
                                          "activations",
                                          "operation",
                                          "accumulator",
                                          "objective",
                                          "other_operations",
                                          "overlap",
                                          "buffering",
                                          "logits",
                                          "hidden_act",
                                          "model_type",
                                          "torch_dtype",
                                          "roles",
                                          "activation_function",
                                          "to",
                                          "from",
                                          "hidden_activation",
                                          NULL};

static bool first_time(run *it, const char *parent, const char *word) {
  char name[2 * SLIP_LENGTH];
  (void)snprintf(name, sizeof name, "%s/%s", parent, word);
  for (unsigned i = 0; i < it->seens; i++) {
    if (strcmp(it->seen[i], name) == 0) {
      return false;
    }
  }
  if (it->seens < SEEN_MAX) {
    it->seen[it->seens++] = strdup(name);
  }
  return true;
}

/* A part of a verbatim scalar; messages about it point at byte `point`. */
static void add_part(run *it, const cds_yaml *node, size_t offset,
                     size_t length, word_category category, size_t point) {
  char word[SLIP_LENGTH];
  char right[SLIP_LENGTH + 1];
  if (!node->verbatim || length + 1 > sizeof word) {
    return;
  }
  (void)snprintf(word, sizeof word, "%.*s", (int)length, node->text + offset);
  (void)snprintf(right, sizeof right, "%s%s", category == VARIABLES ? "$" : "",
                 word);
  const target what = {
      .word = word,
      .offset = offset_of(it->doc, cds_yaml_place(node, offset)),
      .place = point == 0 ? node->place : cds_yaml_place(node, point),
      .right = right,
      .category = category};
  try_word(it, &what);
}

static void walk_key(run *it, const cds_yaml *key, const char *parent) {
  const size_t length = strlen(key->text);
  const bool declared = one_of(parent, declaring) && it->doc->kind != MAPPING;
  if (length < KEY_LETTERS_MIN || !first_time(it, parent, key->text)) {
    return;
  }
  if (declared && strcmp(parent, "ranks") != 0) {
    add_part(it, key, 0, length, DECLARED, 0);
  } else {
    const target what = {.word = key->text,
                         .offset = offset_of(it->doc, key->place) +
                                   (key->quoted ? 1 : 0),
                         .place = key->place,
                         .right = key->text,
                         .category = KEYS};
    try_word(it, &what);
  }
}

static bool in_name(char c) { return isalnum((unsigned char)c) || c == '_'; }

/* $variables and units of a scalar. */
static void walk_expression(run *it, const cds_yaml *node, const char *parent) {
  const char *text = node->text;
  for (size_t at = 0; text[at] != '\0'; at++) {
    if (text[at] == '$') {
      size_t end = at + 1;
      while (in_name(text[end])) {
        end++;
      }
      add_part(it, node, at + 1, end - at - 1, VARIABLES, 0);
      at = end - 1;
    } else if (isdigit((unsigned char)text[at]) &&
               (at == 0 || text[at - 1] == ' ')) {
      while (isdigit((unsigned char)text[at]) || text[at] == '.') {
        at++;
      }
      at += text[at] == ' ';
      size_t end = at;
      while (in_name(text[end]) || text[end] == '/') {
        end++;
      }
      char unit[SLIP_LENGTH];
      (void)snprintf(unit, sizeof unit, "%.*s", (int)(end - at), text + at);
      if (end - at > 1 && cds_unit_find(unit, end - at) != NULL &&
          first_time(it, parent, unit)) {
        const char *limit = strstr(text, "<= ");
        add_part(it, node, at, end - at, UNITS,
                 limit == NULL ? 0 : (size_t)(limit + 3 - text));
      }
      at = end == 0 ? 0 : end - 1;
    }
    if (text[at] == '\0') {
      break;
    }
  }
}

/* Each word of a node of a mapping. */
static void walk_nest(run *it, const cds_yaml *node) {
  size_t at = 0;
  while (node->text[at] != '\0') {
    const size_t length = strcspn(node->text + at, " ");
    if (!isdigit((unsigned char)node->text[at])) {
      add_part(it, node, at, length, NEST, at);
    }
    at += length;
    at += strspn(node->text + at, " ");
  }
}

static void walk_scalar(run *it, const cds_yaml *node, const char *parent) {
  if (one_of(parent, prose) || node->text[0] == '\0' || !node->verbatim) {
    return;
  }
  if (strcmp(parent, "nest") == 0) {
    walk_nest(it, node);
    return;
  }
  const bool truth =
      strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0;
  if (truth && it->doc->kind != CONFIG && first_time(it, parent, node->text)) {
    add_part(it, node, 0, strlen(node->text), BOOLS, 0);
  } else if (strcmp(parent, "limits") == 0) {
    add_part(it, node, 0, strcspn(node->text, " "), NAMES, 0);
  } else if (one_of(parent, known_words) && strlen(node->text) > 1 &&
             isalpha((unsigned char)node->text[0]) &&
             strchr(node->text, ' ') == NULL &&
             first_time(it, parent, node->text)) {
    add_part(it, node, 0, strlen(node->text), NAMES, 0);
  }
  if (it->doc->kind == ARCHITECTURE) {
    walk_expression(it, node, parent);
  }
}

// NOLINTBEGIN(misc-no-recursion): a file has at most 64 levels
static void walk(run *it, const cds_yaml *node, const char *parent) {
  if (node->kind == CDS_YAML_SCALAR) {
    walk_scalar(it, node, parent);
    return;
  }
  for (size_t i = 0; i < node->count; i++) {
    if (node->kind == CDS_YAML_SEQUENCE) {
      walk(it, node->items[i], parent);
      continue;
    }
    walk_key(it, node->keys[i], parent);
    const bool words =
        one_of(parent, known_words) && node->items[i]->kind == CDS_YAML_SCALAR;
    const bool deep =
        it->doc->kind == CONFIG && node->items[i]->kind != CDS_YAML_SCALAR;
    if (!deep) {
      walk(it, node->items[i],
           words && strcmp(parent, "roles") == 0 ? parent
                                                 : node->keys[i]->text);
    }
  }
}
// NOLINTEND(misc-no-recursion)

/* Tries all words of a document; false when it is wrong as it stands. */
static bool run_document(run *it, const document *doc) {
  bool good = false;
  char *messages = messages_of(doc, doc->text, doc->length, &good);
  if (!good) {
    printf("%s cannot be read as it is:\n%s\n", doc->path, messages);
  }
  free(messages);
  cds_arena *arena = cds_arena_new();
  const cds_yaml *root = NULL;
  good = good && cds_yaml_read_text(&root, doc->path, doc->text, doc->length,
                                    arena, cds_diag_new(arena)) == CDS_OK;
  if (good) {
    it->doc = doc;
    walk(it, root, "");
  }
  while (it->seens > 0) {
    free(it->seen[--it->seens]);
  }
  cds_arena_free(arena);
  return good;
}

/* ---- the shipped files -------------------------------------------------- */

typedef struct shipped {
  glob_t files;
  cds_arena *arena;
  cds_diag *diag;
  char folder[PATH_LENGTH]; /* for changed config.json files */
} shipped;

static bool has_key(const char *text, const char *key) {
  const size_t length = strlen(key);
  for (const char *at = text; at != NULL; at = strchr(at, '\n')) {
    at += *at == '\n';
    if (strncmp(at, key, length) == 0 && at[length] == ':') {
      return true;
    }
  }
  return false;
}

/* A pair of shipped files on which the mapping file is right. */
static bool find_pair(document *doc, shipped *files) {
  cds_arch *arch = cds_arena_alloc(files->arena, sizeof *arch);
  cds_workload *workload = cds_arena_alloc(files->arena, sizeof *workload);
  const cds_reader reader = {.arena = files->arena, .diag = files->diag};
  for (size_t a = 0; a < files->files.gl_pathc; a++) {
    cds_space *space = NULL;
    const char *path = files->files.gl_pathv[a];
    if (strncmp(path, "archs/", 6) != 0 ||
        cds_space_read(&space, path, NULL, 0, files->arena, files->diag) !=
            CDS_OK ||
        cds_space_design(arch, space, 0, files->arena, files->diag) != CDS_OK) {
      continue;
    }
    for (size_t w = 0; w < files->files.gl_pathc; w++) {
      path = files->files.gl_pathv[w];
      if (strncmp(path, "workloads/", 10) != 0 ||
          cds_workload_read(workload, path, &reader) != CDS_OK) {
        continue;
      }
      bool good = false;
      doc->arch = arch;
      doc->workload = workload;
      free(messages_of(doc, doc->text, doc->length, &good));
      if (good) {
        return true;
      }
    }
  }
  printf("%s: no shipped pair on which it is right\n", doc->path);
  return false;
}

/* The config.json that a workload names, in a folder of the test. */
static bool run_config(run *it, const document *workload, shipped *files) {
  const char *config = strstr(workload->text, "config: ");
  char path[PATH_LENGTH];
  char copy[2 * PATH_LENGTH];
  char host_path[2 * PATH_LENGTH];
  char *host = malloc(workload->length + 1);
  const size_t start = (size_t)(config - workload->text) + strlen("config: ");
  const size_t length = strcspn(workload->text + start, " \n}");
  const char *slash = strrchr(workload->path, '/');
  (void)snprintf(path, sizeof path, "%.*s/%.*s", (int)(slash - workload->path),
                 workload->path, (int)length, workload->text + start);
  (void)snprintf(copy, sizeof copy, "%s/config.json", files->folder);
  (void)snprintf(host_path, sizeof host_path, "%s/w.yaml", files->folder);
  (void)snprintf(host, workload->length + 1, "%.*sconfig.json%s", (int)start,
                 workload->text, workload->text + start + length);
  document doc = {
      .kind = CONFIG, .path = copy, .host = host, .host_path = host_path};
  doc.text = read_file(path, &doc.length);
  const bool good = doc.text != NULL && run_document(it, &doc);
  free(doc.text);
  free(host);
  (void)remove(copy);
  return good;
}

static bool run_file(run *it, const char *path, shipped *files) {
  document doc = {.path = path};
  doc.text = read_file(path, &doc.length);
  if (doc.text == NULL) {
    return false;
  }
  doc.kind = has_key(doc.text, "architecture") ? ARCHITECTURE
             : has_key(doc.text, "mapping")    ? MAPPING
                                               : WORKLOAD;
  bool good = doc.kind != MAPPING || find_pair(&doc, files);
  good = good && run_document(it, &doc);
  if (good && doc.kind == WORKLOAD && strstr(doc.text, "config: ") != NULL) {
    good = run_config(it, &doc, files);
  }
  free(doc.text);
  return good;
}

int main(int argc, char **argv) {
  static run it;
  tally sums[CATEGORIES] = {{0}};
  shipped files = {.arena = cds_arena_new()};
  uint64_t seed = 1;
  const char *only = NULL;
  const char *quick = getenv("CODESIGN_TEST_QUICK");
  it.rounds = quick != NULL && strcmp(quick, "1") == 0 ? ROUNDS_QUICK : ROUNDS;
  for (int i = 1; i < argc; i++) {
    it.verbose = it.verbose || strcmp(argv[i], "verbose") == 0;
    if (strcmp(argv[i], "seed") == 0 && i + 1 < argc) {
      seed = strtoull(argv[i + 1], NULL, 10);
    }
    if (strcmp(argv[i], "file") == 0 && i + 1 < argc) {
      only = argv[i + 1];
    }
  }
  files.diag = cds_diag_new(files.arena);
  const char *temporary = getenv("TMPDIR");
  (void)snprintf(files.folder, sizeof files.folder, "%s/slips.XXXXXX",
                 temporary != NULL ? temporary : "/tmp");
  if (chdir(CDS_SOURCE_DIR) != 0 || mkdtemp(files.folder) == NULL ||
      glob("archs/*.yaml", 0, NULL, &files.files) != 0 ||
      glob("workloads/*.yaml", GLOB_APPEND, NULL, &files.files) != 0) {
    printf("the shipped files are not found\n");
    return EXIT_FAILURE;
  }
  bool good = true;
  it.stream = random_start(seed, 0);
  it.tally = sums;
  for (size_t i = 0; i < files.files.gl_pathc; i++) {
    const char *path = files.files.gl_pathv[i];
    if (only == NULL || strcmp(only, path) == 0) {
      good = run_file(&it, path, &files) && good;
    }
  }
  for (unsigned i = 0; i < CATEGORIES; i++) {
    const tally *sum = &sums[i];
    const double share =
        sum->slips == 0 ? 1 : (double)sum->right / (double)sum->slips;
    printf("%-18s %6u slips, %6u right (%.2f %%; %u by one name alone), %u "
           "misplaced, %u accepted\n",
           category_name[i], sum->slips, sum->right, 100 * share, sum->alone,
           sum->misplaced, sum->accepted);
    good = good && share >= least_share[i];
  }
  globfree(&files.files);
  (void)rmdir(files.folder);
  cds_arena_free(files.arena);
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
