/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Random folders of runs, complete, cut short and killed, merged into
 * databases: in any order the same rows, again nothing; of each design the row
 * that says most, found here by going through all that was written. Journals
 * are torn at random bytes, and hold records of other parts of a run, which
 * must not count.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "explore/design_record.h"
#include "store/fold.h"
#include "store/query.h"

enum { RUNS = 3, A = 3, B = 4, DESIGNS = A * B, FOLDERS = 7, ROOM = 1 << 20 };
enum { OPEN, UNRANKED, FOUND, OVER, INFEASIBLE, SOLVED, RANKED, STATUSES };
static const char *const status_names[] = {"open",       "unranked",   "found",
                                           "over_limit", "infeasible", "solved",
                                           "ranked"};

static uint64_t next(uint64_t *state) {
  *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407U;
  return *state >> 33;
}

/* What some folder says of a design. */
typedef struct saying {
  int status;
  double value, bound; /* -1: none */
} saying;

/* What is so: the status a complete search finds, and energy, latency. */
typedef struct truth {
  int status; /* SOLVED, OVER or INFEASIBLE */
  unsigned energy, latency;
} truth;

typedef struct world {
  uint64_t random;
  char base[64];
  truth design[RUNS][DESIGNS];
  bool good[FOLDERS]; /* the folder can be merged */
  int level[RUNS];    /* -1: nobody speaks of the run */
  size_t sayings[RUNS][DESIGNS];
  saying said[RUNS][DESIGNS][2 * FOLDERS];
  cds_arena *arena;
  cds_diag *diag;
} world;

static double value_of(const truth *of) {
  return (double)of->energy * of->latency;
}

static void say(world *w, unsigned run, unsigned design, saying what) {
  w->said[run][design][w->sayings[run][design]++] = what;
}

static const char *digest_of(unsigned run) {
  static const char *const digests[RUNS] = {
      "00aa00000000000000000000000000000000000000000000000000000000aa00",
      "11bb00000000000000000000000000000000000000000000000000000000bb11",
      "22cc00000000000000000000000000000000000000000000000000000000cc22"};
  return digests[run];
}

/* ---- writing folders ----------------------------------------------------- */

static FILE *create(const world *w, unsigned folder, const char *file) {
  char path[128];
  snprintf(path, sizeof path, "%s/%u/%s", w->base, folder, file);
  FILE *stream = fopen(path, "w");
  assert_non_null(stream);
  return stream;
}

/* Values of a design's variables: run 1 has them in another order, and those of
 * one backwards. */
static void values_of(unsigned run, unsigned d, unsigned *a, unsigned *b) {
  *a = run == 1 ? d % A : d / B;
  *b = run == 1 ? B - 1 - d / A : d % B;
}

static void write_head(FILE *stream, unsigned run) {
  static const char a[] = "{\"name\": \"a\", \"values\": [\"1\", \"2\", "
                          "\"3\"], \"unit\": \"\", \"numbers\": [1, 2, 3]}";
  static const char b[] =
      "{\"name\": \"b'\", \"values\": [\"k\", \"l\", \"m\", \"n\"]}";
  static const char back[] =
      "{\"name\": \"b'\", \"values\": [\"n\", \"m\", \"l\", \"k\"]}";
  cds_journal_key key;
  cds_records_question(&key, digest_of(run), false);
  fprintf(
      stream,
      "{\n  \"schema_version\": 2,\n  \"architecture\": \"it's %u; DROP "
      "TABLE runs;--\",\n  \"workload\": \"w\",\n  \"objective\": {\"name\": "
      "\"edp\", \"unit\": \"pJ s\"},\n  \"space\": {\"designs\": %d, "
      "\"variables\": [%s, %s], \"limits\": [\"area <= 1 "
      "mm2\"]},\n  \"provenance\": {\"version\": \"0\", "
      "\"model_version\": 1, \"inputs\": [{\"role\": \"architecture\", "
      "\"path\": \"a.yaml\", \"sha256\": \"%u\"}], \"question\": \"%s\", "
      "\"options\": {\"residency\": \"all\"}}",
      run, (int)DESIGNS, run == 1 ? back : a, run == 1 ? a : b, run, key.text);
}

/* The rank of a mapped design, from 1. */
static unsigned rank_of(const world *w, unsigned run, unsigned design) {
  unsigned rank = 1;
  for (unsigned d = 0; d < DESIGNS; d++) {
    const truth *of = &w->design[run][d];
    const truth *mine = &w->design[run][design];
    rank += of->status == SOLVED &&
            (value_of(of) < value_of(mine) ||
             (value_of(of) == value_of(mine) && d < design));
  }
  return rank;
}

typedef struct drawn {
  unsigned counts[STATUSES];
  unsigned best;
} drawn;

/* A row of designs.csv, of a result with so many ranked designs. */
static void write_row(world *w, FILE *stream, unsigned run, unsigned d,
                      bool complete, unsigned top, drawn *out) {
  const truth *of = &w->design[run][d];
  const unsigned rank = rank_of(w, run, d);
  const bool seen = complete || next(&w->random) % 2 == 0;
  int status = of->status;
  if (status == SOLVED) {
    status = rank <= top ? RANKED : UNRANKED;
  }
  status = seen ? status : OPEN;
  out->counts[status]++;
  unsigned a = 0;
  unsigned b = 0;
  values_of(run, d, &a, &b);
  if (run == 1) {
    fprintf(stream, "%u,%c,%u,%s,", d, "klmn"[b], a + 1, status_names[status]);
  } else {
    fprintf(stream, "%u,%u,%c,%s,", d, a + 1, "klmn"[b], status_names[status]);
  }
  if (status == RANKED) {
    fprintf(stream, "%u,%u,%u,%.0f,%.0f,%.0f,", rank, of->energy, of->latency,
            value_of(of), value_of(of), value_of(of) - !complete);
    out->best = rank == 1 ? d : out->best;
  } else {
    fputs(",,,,,,", stream);
  }
  fprintf(stream, "1,,,,,,,%s,%s\r\n", status == OVER ? "area <= 1 mm2" : "",
          status == INFEASIBLE ? "\"too, large\"" : "");
  /* Without a complete search it is not known to be one of the best. */
  const bool ranked = status == RANKED;
  say(w, run, d,
      (saying){ranked && !complete ? FOUND : status, ranked ? value_of(of) : -1,
               ranked ? value_of(of) - !complete : -1});
}

static void write_result(world *w, unsigned folder, unsigned run,
                         bool complete) {
  const unsigned top = 1 + (unsigned)(next(&w->random) % 3);
  drawn what = {.best = 0};
  FILE *csv = create(w, folder, "designs.csv");
  fprintf(csv, "index,%s", run == 1 ? "b',a" : "a,b'");
  fputs(",status,rank,energy_pj,latency_s,edp_pj_s,value_pj_s,bound_"
        "pj_s,floor_pj_s,area_mm2,power_w,temperature_degc,cost_usd,embodied_"
        "kgco2e,wall_w,limit,reason\r\n",
        csv);
  for (unsigned d = 0; d < DESIGNS; d++) {
    write_row(w, csv, run, d, complete, top, &what);
  }
  fclose(csv);
  FILE *json = create(w, folder, "result.json");
  write_head(json, run);
  fprintf(json,
          ",\n  \"status\": \"%s\", \"proven\": %s, \"value\": 5, \"bound\": "
          "%d, \"winner\": {\"index\": %u},\n  \"designs\": {",
          complete ? "optimal" : "interrupted", complete ? "true" : "false",
          complete ? 5 : (int)(next(&w->random) % 4), what.best);
  static const int told[] = {RANKED, UNRANKED, OVER, INFEASIBLE, OPEN};
  for (unsigned i = 0; i < 5; i++) {
    fprintf(json, "%s\"%s\": %u", i == 0 ? "" : ", ", status_names[told[i]],
            what.counts[told[i]]);
  }
  fprintf(json, "}, \"pareto\": {\"points\": [");
  for (unsigned i = 0; i < 3; i++) {
    fprintf(json,
            "%s{\"index\": %u, \"energy_pj\": %u, \"latency_s\": %u, "
            "\"area_mm2\": 1}",
            i == 0 ? "" : ", ", (unsigned)(next(&w->random) % DESIGNS),
            1 + (unsigned)(next(&w->random) % 9),
            1 + (unsigned)(next(&w->random) % 9));
  }
  fprintf(json,
          "]},\n  \"layers\": [{\"name\": \"l%u\", \"count\": 1, \"mapping\": "
          "[\"for m 4\", \"for n 2\"], \"energy_by_component\": [{\"kind\": "
          "\"level\", \"name\": \"D\", \"energy_pj\": %u}]}],\n  \"run\": "
          "{\"threads\": %u}\n}\n",
          folder, folder, folder);
  fclose(json);
  const int level = complete ? 2 : 1;
  w->level[run] = level > w->level[run] ? level : w->level[run];
}

/* ---- journals ------------------------------------------------------------ */

static cds_design_status explored(int status) {
  return status == SOLVED       ? CDS_DESIGN_MAPPED
         : status == OVER       ? CDS_DESIGN_OVER_LIMIT
         : status == INFEASIBLE ? CDS_DESIGN_INFEASIBLE
         : status == UNRANKED   ? CDS_DESIGN_SKIPPED
                                : CDS_DESIGN_OPEN;
}

/* Appends a record; what it says. */
static saying append(world *w, const cds_records *records, unsigned run,
                     unsigned d, bool heat_off) {
  const truth *of = &w->design[run][d];
  const unsigned worse = (unsigned)(next(&w->random) % 3);
  int status = of->status;
  if (status == SOLVED && worse > 0) {
    status = worse == 1 ? FOUND : UNRANKED;
  }
  const bool mapped = status == SOLVED || status == FOUND;
  const unsigned energy = of->energy + (status == FOUND ? worse : 0);
  const double value = mapped ? (double)energy * of->latency : (double)NAN;
  const bool alien = heat_off || records->part != NULL;
  const cds_design_answer answer = {
      .design = {.index = d,
                 .status = explored(status),
                 .energy_pj = mapped ? energy : (double)NAN,
                 .latency_s = mapped ? of->latency : (double)NAN,
                 .value = alien ? 0 : value,
                 .bound = mapped ? value - (status == FOUND) : 0,
                 .power_w = (double)NAN,
                 .temperature_degc = (double)NAN,
                 .wall_w = (double)NAN,
                 .cost_usd = (double)NAN,
                 .embodied_kg = (double)NAN,
                 .floor = (double)INFINITY}};
  const cds_design_question asked = {
      .round = (unsigned)next(&w->random), .design = d, .heat_off = heat_off};
  assert_int_equal(cds_design_record(&answer, &asked, records, w->arena),
                   CDS_OK);
  return (saying){status, mapped ? value : -1,
                  mapped ? value - (status == FOUND) : -1};
}

/* Cuts the file in the middle of a line; how many lines are whole. */
static size_t tear(world *w, const char *path) {
  char *text = (char *)malloc(ROOM);
  assert_non_null(text);
  FILE *stream = fopen(path, "r");
  assert_non_null(stream);
  const size_t size = fread(text, 1, ROOM, stream);
  fclose(stream);
  size_t cut = size;
  if (next(&w->random) % 3 > 0) {
    cut = 1 + (size_t)next(&w->random) % (size - 1);
    while (text[cut - 1] == '\n' || text[cut] == '\n') {
      cut--; /* the last record is without some of its characters */
    }
    assert_int_equal(truncate(path, (off_t)cut), 0);
  }
  size_t lines = 0;
  for (size_t i = 0; i < cut; i++) {
    lines += text[i] == '\n';
  }
  free(text);
  return lines;
}

/* How many lines are whole: the first says what the others are of. */
static size_t write_journal(world *w, unsigned folder, unsigned run) {
  enum { RECORDS = 10 };
  char path[128];
  char text[4096] = "";
  cds_journal *journal = NULL;
  saying said[RECORDS];
  unsigned design[RECORDS];
  bool counts[RECORDS];
  snprintf(path, sizeof path, "%s/%u/%s", w->base, folder,
           next(&w->random) % 2 == 0 ? "journal" : "journal-1-of-2");
  FILE *stream = fmemopen(text, sizeof text, "w");
  assert_non_null(stream);
  write_head(stream, run);
  fputs("}\n", stream);
  fclose(stream);
  assert_int_equal(cds_journal_open(&journal, path, false, w->diag), CDS_OK);
  const cds_records records = {.journal = journal, .run = digest_of(run)};
  const cds_records ends = {
      .journal = journal, .run = digest_of(run), .part = "ends"};
  assert_int_equal(cds_records_describe(&records, false, text, w->arena),
                   CDS_OK);
  for (unsigned r = 0; r < RECORDS; r++) {
    const unsigned kind = (unsigned)(next(&w->random) % 4);
    design[r] = (unsigned)(next(&w->random) % DESIGNS);
    counts[r] = kind > 1;
    said[r] =
        append(w, kind == 0 ? &ends : &records, run, design[r], kind == 1);
  }
  assert_int_equal(cds_journal_close(journal, w->diag), CDS_OK);
  const size_t lines = tear(w, path);
  for (size_t r = 0; r + 1 < lines; r++) {
    if (counts[r]) {
      say(w, run, design[r], said[r]);
    }
  }
  return lines;
}

static void write_folder(world *w, unsigned folder) {
  const unsigned run = (unsigned)(next(&w->random) % RUNS);
  const unsigned kind = (unsigned)(next(&w->random) % 4);
  char path[128];
  snprintf(path, sizeof path, "%s/%u", w->base, folder);
  assert_int_equal(mkdir(path, 0777), 0);
  w->good[folder] = kind < 3;
  if (kind < 3 && kind != 2) {
    write_result(w, folder, run, kind == 0);
  }
  if (kind == 3) { /* designs of another result */
    uint64_t random = w->random;
    size_t sayings[RUNS][DESIGNS];
    int level[RUNS];
    memcpy(sayings, w->sayings, sizeof sayings);
    memcpy(level, w->level, sizeof level);
    write_result(w, folder, run, true);
    snprintf(path, sizeof path, "%s/%u/designs.csv", w->base, folder);
    assert_int_equal(truncate(path, 200 + (off_t)(random % 100)), 0);
    memcpy(w->sayings, sayings, sizeof sayings);
    memcpy(w->level, level, sizeof level);
    return;
  }
  if (kind == 2 || next(&w->random) % 2 == 0) {
    const size_t lines = write_journal(w, folder, run);
    w->good[folder] = kind < 2 || lines > 0;
    if (lines > 0 && w->level[run] < 0) {
      w->level[run] = 0;
    }
  }
}

/* ---- databases ----------------------------------------------------------- */

typedef struct dump {
  char *text;
  size_t size;
} dump;

static cds_status dump_row(const cds_cell *cell, size_t cells, void *payload) {
  dump *out = (dump *)payload;
  for (size_t c = 0; c < cells; c++) {
    assert_true(out->size + 300 < ROOM);
    uint64_t bits = 0;
    memcpy(&bits, &cell[c].number, sizeof bits);
    out->size += (size_t)snprintf(
        out->text + out->size, 300, "|%d:%.200s:%llx:%lld", (int)cell[c].kind,
        cell[c].kind == CDS_CELL_TEXT ? cell[c].text : "",
        cell[c].kind == CDS_CELL_NUMBER ? (unsigned long long)bits : 0,
        cell[c].kind == CDS_CELL_COUNT ? (long long)cell[c].count : 0);
  }
  out->text[out->size++] = '\n';
  out->text[out->size] = '\0';
  return CDS_OK;
}

static void dump_all(dump *out, cds_database *database) {
  static const char *const tables[] = {
      "SELECT * FROM runs",       "SELECT * FROM folders",
      "SELECT * FROM inputs",     "SELECT * FROM options",
      "SELECT * FROM limits",     "SELECT * FROM variables",
      "SELECT * FROM designs",    "SELECT * FROM variable_values",
      "SELECT * FROM points",     "SELECT * FROM layers",
      "SELECT * FROM components", "SELECT * FROM phases"};
  out->size = 0;
  out->text[0] = '\0';
  for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
    assert_int_equal(
        cds_database_run(database, tables[t], NULL, 0, dump_row, out), CDS_OK);
  }
}

/* Merges all folders in this order; what they changed. */
static uint64_t merge(const world *w, cds_database *database,
                      const unsigned *order) {
  uint64_t changed = 0;
  for (unsigned i = 0; i < FOLDERS; i++) {
    char path[128];
    cds_arena *arena = cds_arena_new();
    cds_diag *diag = cds_diag_new(arena);
    cds_folder folder;
    cds_folded folded = {.changed = 0};
    snprintf(path, sizeof path, "%s/%u", w->base, order[i]);
    assert_int_equal(cds_folder_look(&folder, path, arena, diag), CDS_OK);
    const cds_status status =
        cds_store_fold(&folded, &folder, database, arena, diag);
    assert_int_equal(status, w->good[order[i]] ? CDS_OK : CDS_EINPUT);
    assert_int_equal(cds_diag_errors(diag), status == CDS_OK ? 0 : 1);
    changed += status == CDS_OK ? folded.changed : 0;
    cds_arena_free(arena);
  }
  return changed;
}

typedef struct stored {
  bool there;
  int status, level;
  double value, bound;
} stored;

static cds_status take_design(const cds_cell *cell, size_t cells,
                              void *payload) {
  stored *out = (stored *)payload;
  assert_int_equal(cells, 3);
  out->there = true;
  out->status = -1;
  for (int s = 0; s < STATUSES; s++) {
    out->status = strcmp(cell[0].text, status_names[s]) == 0 ? s : out->status;
  }
  out->value = cell[1].kind == CDS_CELL_NONE ? -1 : cds_cell_value(&cell[1]);
  out->bound = cell[2].kind == CDS_CELL_NONE ? -1 : cds_cell_value(&cell[2]);
  return CDS_OK;
}

static cds_status take_level(const cds_cell *cell, size_t cells,
                             void *payload) {
  (void)cells;
  ((stored *)payload)->there = true;
  ((stored *)payload)->level = (int)cell[0].count;
  return CDS_OK;
}

/* What says most of all that was said: status by status, value by value. */
static bool best_saying(saying *out, const world *w, unsigned run, unsigned d) {
  bool any = false;
  for (size_t i = 0; i < w->sayings[run][d]; i++) {
    const saying *one = &w->said[run][d][i];
    const bool better =
        !any || one->status > out->status ||
        (one->status == out->status &&
         (one->value < out->value ||
          (one->value == out->value && one->bound > out->bound)));
    *out = better ? *one : *out;
    any = true;
  }
  return any;
}

static void rows_are_the_best_said(const world *w, cds_database *database) {
  for (unsigned run = 0; run < RUNS; run++) {
    cds_journal_key key;
    cds_records_question(&key, digest_of(run), false);
    stored of = {.there = false};
    cds_cell cell[] = {cds_cell_text(key.text), cds_cell_count(0)};
    assert_int_equal(cds_database_run(database,
                                      "SELECT level FROM runs WHERE run = ?1",
                                      cell, 1, take_level, &of),
                     CDS_OK);
    assert_int_equal(of.there, w->level[run] >= 0);
    assert_true(!of.there || of.level == w->level[run]);
    for (unsigned d = 0; d < DESIGNS; d++) {
      saying best = {.status = -1};
      const bool said = best_saying(&best, w, run, d);
      of = (stored){.there = false};
      cell[1] = cds_cell_count(d);
      assert_int_equal(cds_database_run(database,
                                        "SELECT status, value, bound FROM "
                                        "designs WHERE run = ?1 AND design = "
                                        "?2",
                                        cell, 2, take_design, &of),
                       CDS_OK);
      assert_int_equal(of.there, said);
      if (said) {
        assert_int_equal(of.status, best.status);
        assert_true(of.value == best.value && of.bound == best.bound);
      }
    }
  }
}

/* ---- questions ----------------------------------------------------------- */

/* Everything that has numbers, by a scan of the tables. */
typedef struct scanned {
  size_t rows;
  struct {
    char run[40];
    int64_t design;
    bool point;
    double energy, latency;
  } row[512];
} scanned;

static cds_status scan_row(const cds_cell *cell, size_t cells, void *payload) {
  scanned *out = (scanned *)payload;
  assert_true(cells == 5 && out->rows < 512);
  snprintf(out->row[out->rows].run, 40, "%s", cell[0].text);
  out->row[out->rows].design = cell[1].count;
  out->row[out->rows].energy = cds_cell_value(&cell[2]);
  out->row[out->rows].latency = cds_cell_value(&cell[3]);
  out->row[out->rows].point = cell[4].count == 1;
  out->rows++;
  return CDS_OK;
}

static void scan(scanned *out, cds_database *database) {
  out->rows = 0;
  assert_int_equal(
      cds_database_run(database,
                       "SELECT run, design, energy_pj, latency_s, 0 FROM "
                       "designs WHERE energy_pj IS NOT NULL ORDER BY run, "
                       "design",
                       NULL, 0, scan_row, out),
      CDS_OK);
  assert_int_equal(cds_database_run(database,
                                    "SELECT run, design, energy_pj, latency_s, "
                                    "1 FROM points",
                                    NULL, 0, scan_row, out),
                   CDS_OK);
}

/* The front of energy and latency has the pairs of numbers that no other pair
 * undercuts, each once. */
static void check_front(const cds_store *store, const scanned *all,
                        const char *const *run, size_t runs) {
  unsigned metric[2];
  cds_table front;
  size_t expected = 0;
  assert_true(cds_store_metric(&metric[0], "energy,", 6));
  assert_true(cds_store_metric(&metric[1], "latency", 7));
  assert_int_equal(cds_store_front(&front, store, run, runs, metric, 2),
                   CDS_OK);
  for (size_t i = 0; i < all->rows; i++) {
    bool in = true;
    for (size_t j = 0; j < all->rows; j++) {
      const double e = all->row[j].energy - all->row[i].energy;
      const double l = all->row[j].latency - all->row[i].latency;
      in = in && !(e <= 0 && l <= 0 && (e < 0 || l < 0 || j < i));
    }
    if (!in) {
      continue;
    }
    bool found = false;
    for (size_t r = 0; r < front.rows; r++) {
      const cds_cell *row = cds_table_row(&front, r);
      found = found || (cds_cell_value(&row[9]) == all->row[i].energy &&
                        cds_cell_value(&row[10]) == all->row[i].latency);
    }
    assert_true(found);
    expected++;
  }
  assert_int_equal(front.rows, expected);
}

/* The best by energy: every design once, with its least energy. */
static void check_best(const cds_store *store, const scanned *all,
                       const char *const *run, size_t runs) {
  enum { TOP = 5 };
  unsigned metric = 0;
  cds_table best;
  double last = 0;
  assert_true(cds_store_metric(&metric, "energy", 6));
  assert_int_equal(cds_store_best_by(&best, store, run, runs, TOP, metric),
                   CDS_OK);
  for (size_t r = 0; r < best.rows; r++) {
    const cds_cell *row = cds_table_row(&best, r);
    const double energy = cds_cell_value(&row[9]);
    size_t lower = 0; /* designs whose least is lower */
    bool is_least = true;
    for (size_t i = 0; i < all->rows; i++) {
      bool first = all->row[i].energy < energy;
      for (size_t j = 0; j < i; j++) {
        first = first && !(all->row[j].energy < energy &&
                           all->row[j].design == all->row[i].design &&
                           strcmp(all->row[j].run, all->row[i].run) == 0);
      }
      lower += first;
      is_least = is_least && !(all->row[i].energy < energy &&
                               all->row[i].design == row[3].count &&
                               strcmp(all->row[i].run, row[0].text) == 0);
    }
    assert_true(is_least && lower <= r && energy >= last);
    last = energy;
    for (size_t o = 0; o < r; o++) {
      const cds_cell *other = cds_table_row(&best, o);
      assert_true(other[3].count != row[3].count ||
                  strcmp(other[0].text, row[0].text) != 0);
    }
  }
}

static void dump_design(dump *out, cds_database *database, const char *run,
                        unsigned d) {
  const cds_cell cell[] = {cds_cell_text(run), cds_cell_count(d)};
  out->size = 0;
  out->text[0] = '\0';
  assert_int_equal(
      cds_database_run(database,
                       "SELECT status, value, bound, energy_pj, latency_s, "
                       "edp_pj_s, area_mm2, limit_text, reason FROM designs "
                       "WHERE run = ?1 AND design = ?2",
                       cell, 2, dump_row, out),
      CDS_OK);
}

/* Designs of run 0 and run 1 with the same values differ exactly where their
 * rows do. */
static void check_diff(const cds_store *store, dump *texts) {
  cds_journal_key key[2];
  cds_table table;
  unsigned differ = 0;
  unsigned told = 0;
  for (unsigned r = 0; r < 2; r++) {
    cds_records_question(&key[r], digest_of(r), false);
  }
  assert_int_equal(cds_store_diff(&table, store, key[0].text, key[1].text),
                   CDS_OK);
  for (unsigned first = 0; first < DESIGNS; first++) {
    for (unsigned second = 0; second < DESIGNS; second++) {
      unsigned value[4];
      values_of(0, first, &value[0], &value[1]);
      values_of(1, second, &value[2], &value[3]);
      if (value[0] != value[2] || value[1] != value[3]) {
        continue;
      }
      dump_design(&texts[0], store->database, key[0].text, first);
      dump_design(&texts[1], store->database, key[1].text, second);
      const bool one = texts[0].size > 0 && texts[1].size > 0 &&
                       strcmp(texts[0].text, texts[1].text) != 0;
      char name[32];
      snprintf(name, sizeof name, "a=%u, b'=%c", value[0] + 1,
               "klmn"[value[1]]);
      bool listed = false;
      for (size_t r = 0; r < table.rows; r++) {
        const cds_cell *row = cds_table_row(&table, r);
        listed = listed || (strcmp(row[0].text, "design") == 0 &&
                            strcmp(row[1].text, name) == 0);
      }
      assert_int_equal(listed, one);
      differ += one;
    }
  }
  const char *last = "";
  for (size_t r = 0; r < table.rows; r++) {
    const cds_cell *row = cds_table_row(&table, r);
    if (strcmp(row[0].text, "design") == 0 && strcmp(row[1].text, last) != 0) {
      last = row[1].text;
      told++;
    }
  }
  assert_int_equal(told, differ);
}

static void answers_are_right(const world *w, cds_database *database,
                              const char *path, dump *texts) {
  static scanned all;
  const cds_store store = {database, path, w->arena, w->diag};
  const char **run = NULL;
  size_t runs = 0;
  cds_table list;
  assert_int_equal(cds_store_runs(&run, &runs, &store, NULL, 0), CDS_OK);
  assert_int_equal(cds_store_list(&list, &store, run, runs), CDS_OK);
  assert_int_equal(list.rows, runs);
  scan(&all, database);
  check_front(&store, &all, run, runs);
  check_best(&store, &all, run, runs);
  if (w->level[0] >= 0 && w->level[1] >= 0) {
    check_diff(&store, texts);
  }
}

/* ---- the property -------------------------------------------------------- */

static void remove_all(const char *base) {
  char command[128];
  snprintf(command, sizeof command, "rm -r '%s'", base);
  assert_int_equal(system(command), 0);
}

static void shuffle(unsigned *order, uint64_t *random) {
  for (unsigned i = FOLDERS; i > 1; i--) {
    const unsigned j = (unsigned)(next(random) % i);
    const unsigned one = order[i - 1];
    order[i - 1] = order[j];
    order[j] = one;
  }
}

static void draw_world(world *w, uint64_t seed) {
  *w = (world){.random = seed, .level = {-1, -1, -1}};
  /* In memory: each transaction is forced to the disk. */
  snprintf(w->base, sizeof w->base, "%s/codesign-merge-XXXXXX",
           access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
  assert_non_null(mkdtemp(w->base));
  w->arena = cds_arena_new();
  w->diag = cds_diag_new(w->arena);
  for (unsigned run = 0; run < RUNS; run++) {
    for (unsigned d = 0; d < DESIGNS; d++) {
      const unsigned kind = (unsigned)(next(&w->random) % 5);
      w->design[run][d] = (truth){kind == 0   ? OVER
                                  : kind == 1 ? INFEASIBLE
                                              : SOLVED,
                                  1 + (unsigned)(next(&w->random) % 9),
                                  1 + (unsigned)(next(&w->random) % 9)};
    }
  }
  for (unsigned folder = 0; folder < FOLDERS; folder++) {
    write_folder(w, folder);
  }
}

static void one_world(uint64_t seed, dump *texts) {
  enum { ORDERS = 3 };
  world *w = (world *)malloc(sizeof *w);
  assert_non_null(w);
  draw_world(w, seed);
  unsigned order[FOLDERS];
  for (unsigned i = 0; i < FOLDERS; i++) {
    order[i] = i;
  }
  for (unsigned o = 0; o < ORDERS; o++) {
    char path[128];
    cds_database *database = NULL;
    snprintf(path, sizeof path, "%s/%u.db", w->base, o);
    assert_int_equal(cds_database_open(&database, path, true, w->diag), CDS_OK);
    (void)merge(w, database, order);
    if (access(path, F_OK) == 0 &&
        w->level[0] + w->level[1] + w->level[2] > -3) {
      dump_all(&texts[o > 0], database);
      rows_are_the_best_said(w, database);
      if (o > 0) {
        assert_string_equal(texts[1].text, texts[0].text);
      }
      if (o == 0) {
        dump answers[2] = {{(char *)malloc(ROOM), 0},
                           {(char *)malloc(ROOM), 0}};
        assert_true(answers[0].text != NULL && answers[1].text != NULL);
        answers_are_right(w, database, path, answers);
        free(answers[0].text);
        free(answers[1].text);
      }
      shuffle(order, &w->random);
      assert_int_equal(merge(w, database, order), 0);
      dump_all(&texts[1], database);
      assert_string_equal(texts[1].text, texts[0].text);
    }
    cds_database_close(database);
  }
  remove_all(w->base);
  cds_arena_free(w->arena);
  free(w);
}

static unsigned worlds = 60;

static void merging_knows_no_order(void **state) {
  (void)state;
  dump texts[2] = {{(char *)malloc(ROOM), 0}, {(char *)malloc(ROOM), 0}};
  assert_true(texts[0].text != NULL && texts[1].text != NULL);
  for (unsigned c = 0; c < worlds; c++) {
    one_world(c + 1, texts);
  }
  free(texts[0].text);
  free(texts[1].text);
}

/* The n-th allocation fails: that is told, and nothing of the folder stays. */
static void memory_that_ends_leaves_nothing(void **state) {
  (void)state;
  enum { FAILURES = 60 };
  world *w = (world *)malloc(sizeof *w);
  assert_non_null(w);
  draw_world(w, 4);
  char path[128];
  snprintf(path, sizeof path, "%s/0.db", w->base);
  unsigned failed = 0;
  for (unsigned n = 1; n <= FAILURES; n++) {
    cds_arena *arena = cds_arena_new();
    cds_diag *diag = cds_diag_new(arena);
    cds_folder folder = {.path = NULL};
    cds_folded folded;
    cds_database *database = NULL;
    const unsigned which = n % FOLDERS;
    char name[128];
    snprintf(name, sizeof name, "%s/%u", w->base, which);
    cds_alloc_fail_after(n / FOLDERS + 1);
    cds_status status = cds_folder_look(&folder, name, arena, diag);
    if (status == CDS_OK) {
      status = cds_database_open(&database, path, true, diag);
    }
    if (status == CDS_OK) {
      status = cds_store_fold(&folded, &folder, database, arena, diag);
    }
    cds_alloc_fail_after(0);
    assert_true(status == CDS_ENOMEM || status == CDS_EINPUT ||
                (status == CDS_OK && w->good[which]));
    failed += status == CDS_ENOMEM;
    assert_true(status != CDS_EINPUT || !w->good[which]);
    cds_database_close(database);
    assert_true(status == CDS_OK || access(path, F_OK) != 0);
    unlink(path);
    cds_arena_free(arena);
  }
  assert_true(failed > 10);
  remove_all(w->base);
  cds_arena_free(w->arena);
  free(w);
}

int main(int argc, char **argv) {
  cds_arena *arena = cds_arena_new();
  cds_diag *diag = cds_diag_new(arena);
  cds_database *database = NULL;
  if (cds_database_open(&database, "/nowhere/x.db", true, diag) == CDS_EINPUT) {
    puts("skipped: built without SQLite");
    return 77;
  }
  cds_arena_free(arena);
  if (argc > 1) {
    worlds = (unsigned)strtoul(argv[1], NULL, 10);
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(merging_knows_no_order),
      cmocka_unit_test(memory_that_ends_leaves_nothing)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
