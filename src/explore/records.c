/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Digests of questions, and answers as words of text; see records.h. */
#include "explore/records.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static uint64_t bits_of(double value) {
  uint64_t bits = 0;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/* ---- questions ----------------------------------------------------------- */

/* With its length, so that no two texts in a row are two others. */
static void add_text(cds_asking *asking, const char *text) {
  const size_t size = text == NULL ? 0 : strlen(text);
  cds_asking_count(asking, text == NULL ? UINT64_MAX : size);
  cds_sha256_add(&asking->hash, text == NULL ? "" : text, size);
}

void cds_asking_begin(cds_asking *out, const cds_records *records,
                      const char *kind) {
  cds_sha256_begin(&out->hash);
  add_text(out, records->run);
  add_text(out, records->part);
  add_text(out, kind);
}

void cds_asking_count(cds_asking *asking, uint64_t value) {
  unsigned char bytes[8]; /* the same on every machine */
  for (unsigned i = 0; i < sizeof bytes; i++) {
    bytes[i] = (unsigned char)(value >> 8 * i & 0xff);
  }
  cds_sha256_add(&asking->hash, bytes, sizeof bytes);
}

void cds_asking_number(cds_asking *asking, double value) {
  const double one = isnan(value) ? (double)NAN : value == 0 ? 0 : value;
  cds_asking_count(asking, isnan(one) ? UINT64_MAX : bits_of(one));
}

void cds_asking_numbers(cds_asking *asking, const double *value, size_t count) {
  cds_asking_count(asking, value == NULL ? UINT64_MAX : count);
  for (size_t i = 0; i < count && value != NULL; i++) {
    cds_asking_number(asking, value[i]);
  }
}

void cds_asking_end(cds_asking *asking, cds_journal_key *key) {
  cds_journal_key_end(key, &asking->hash);
}

/* ---- answers ------------------------------------------------------------- */

static void add_word(cds_answer_text *answer, const char *word) {
  const size_t length = word == NULL ? 0 : strlen(word);
  const size_t blank = answer->size > 0;
  if (answer->text == NULL || word == NULL) {
    answer->text = NULL;
    return;
  }
  if (answer->size + blank + length >= answer->room) {
    const size_t room = 2 * (answer->size + blank + length + 1);
    char *grown = (char *)cds_arena_alloc(answer->arena, room);
    if (grown != NULL) {
      memcpy(grown, answer->text, answer->size);
    }
    answer->text = grown;
    answer->room = room;
  }
  if (answer->text != NULL) {
    memcpy(answer->text + answer->size, " ", blank);
    memcpy(answer->text + answer->size + blank, word, length + 1);
    answer->size += blank + length;
  }
}

void cds_answer_begin(cds_answer_text *out, const char *kind,
                      cds_arena *arena) {
  enum { ROOM = 256 };
  *out = (cds_answer_text){.arena = arena, .room = ROOM};
  out->text = (char *)cds_arena_alloc(arena, ROOM);
  add_word(out, kind);
}

void cds_answer_count(cds_answer_text *answer, uint64_t value) {
  char word[24];
  snprintf(word, sizeof word, "%" PRIu64, value);
  add_word(answer, word);
}

void cds_answer_number(cds_answer_text *answer, double value) {
  char word[24] = "-";
  if (!isnan(value)) {
    snprintf(word, sizeof word, "%016" PRIx64, bits_of(value));
  }
  add_word(answer, word);
}

/* What ends a word, a record or a line is written as %hh. */
void cds_answer_string(cds_answer_text *answer, const char *value) {
  static const char digits[] = "0123456789abcdef";
  const size_t size = value == NULL ? 0 : strlen(value);
  char *word = (char *)cds_arena_alloc(answer->arena, 3 * size + 2);
  if (word == NULL) {
    add_word(answer, NULL);
    return;
  }
  char *at = word;
  *at++ = value == NULL ? '-' : '=';
  for (size_t i = 0; i < size; i++) {
    const unsigned char c = (unsigned char)value[i];
    if (c > ' ' && c < 0x7f && c != '%' && c != '#') {
      *at++ = (char)c;
      continue;
    }
    *at++ = '%';
    *at++ = digits[c >> 4];
    *at++ = digits[c & 15];
  }
  add_word(answer, word);
}

void cds_answer_origin(cds_answer_text *answer, const cds_records *records,
                       bool heat_off) {
  cds_answer_string(answer, records->run);
  cds_answer_string(answer, records->part);
  cds_answer_count(answer, heat_off);
}

static const char question[] = "question";

void cds_records_question(cds_journal_key *out, const char *run,
                          bool heat_off) {
  const cds_records records = {.run = run};
  cds_asking asking;
  cds_asking_begin(&asking, &records, question);
  cds_asking_count(&asking, heat_off);
  cds_asking_end(&asking, out);
}

cds_status cds_records_describe(const cds_records *records, bool heat_off,
                                const char *text, cds_arena *arena) {
  cds_journal_key key; /* the digest itself */
  cds_answer_text answer;
  cds_records_question(&key, records->run, heat_off);
  if (cds_journal_find(records->journal, &key) != NULL) {
    return CDS_OK;
  }
  cds_answer_begin(&answer, question, arena);
  cds_answer_string(&answer, records->run);
  cds_answer_count(&answer, heat_off);
  cds_answer_string(&answer, text);
  return answer.text == NULL
             ? CDS_ENOMEM
             : cds_journal_append(records->journal, &key, answer.text);
}

/* The word at `*at`, and where the next one begins; its length. */
static size_t next_word(const char **word, const char **at) {
  const char *text = *at;
  const size_t size = strcspn(text, " ");
  *word = text;
  *at = text[size] == ' ' ? text + size + 1 : text + size;
  return size;
}

bool cds_answer_read(const char **at, const char *kind) {
  const char *word = NULL;
  const size_t size = next_word(&word, at);
  return size == strlen(kind) && strncmp(word, kind, size) == 0;
}

bool cds_answer_read_count(uint64_t *out, const char **at) {
  const char *word = NULL;
  const size_t size = next_word(&word, at);
  uint64_t value = 0;
  for (size_t i = 0; i < size; i++) {
    const unsigned digit = (unsigned)(word[i] - '0');
    if (digit > 9 || value > (UINT64_MAX - digit) / 10) {
      return false;
    }
    value = 10 * value + digit;
  }
  *out = value;
  return size > 0;
}

static int digit_of(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                : -1;
}

bool cds_answer_read_number(double *out, const char **at) {
  const char *word = NULL;
  const size_t size = next_word(&word, at);
  uint64_t bits = 0;
  if (size == 1 && *word == '-') {
    *out = (double)NAN;
    return true;
  }
  for (size_t i = 0; i < size; i++) {
    const int digit = digit_of(word[i]);
    if (digit < 0) {
      return false;
    }
    bits = bits << 4 | (uint64_t)digit;
  }
  memcpy(out, &bits, sizeof bits);
  return size == 16;
}

bool cds_answer_read_string(const char **out, const char **at,
                            cds_arena *arena) {
  const char *word = NULL;
  const size_t size = next_word(&word, at);
  *out = NULL;
  if (size == 1 && *word == '-') {
    return true;
  }
  if (size < 1 || *word != '=') {
    return false;
  }
  char *text = (char *)cds_arena_alloc(arena, size);
  if (text == NULL) {
    return false;
  }
  size_t length = 0;
  for (size_t i = 1; i < size; i++) {
    if (word[i] != '%') {
      text[length++] = word[i];
      continue;
    }
    const int high = i + 2 < size ? digit_of(word[i + 1]) : -1;
    const int low = i + 2 < size ? digit_of(word[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return false;
    }
    text[length++] = (char)(16 * high + low);
    i += 2;
  }
  *out = text;
  return true;
}

bool cds_answer_read_origin(cds_record_origin *out, const char **at,
                            cds_arena *arena) {
  uint64_t heat_off = 0;
  if (!cds_answer_read_string(&out->run, at, arena) ||
      !cds_answer_read_string(&out->part, at, arena) ||
      !cds_answer_read_count(&heat_off, at)) {
    return false;
  }
  out->heat_off = heat_off == 1;
  return out->run != NULL;
}

bool cds_records_read_question(cds_record_origin *out, const char **text,
                               const char *record, cds_arena *arena) {
  uint64_t heat_off = 0;
  const char *at = record;
  *out = (cds_record_origin){.run = NULL};
  if (!cds_answer_read(&at, question) ||
      !cds_answer_read_string(&out->run, &at, arena) ||
      !cds_answer_read_count(&heat_off, &at) ||
      !cds_answer_read_string(text, &at, arena)) {
    return false;
  }
  out->heat_off = heat_off == 1;
  return out->run != NULL && *text != NULL;
}
