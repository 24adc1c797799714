/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/slips.h"

#include <ctype.h>
#include <string.h>

const char *const slip_kind_name[SLIP_KINDS] = {"left out", "doubled",
                                                "swapped", "replaced"};

/* Keys beside each letter of an English keyboard, a to z. */
static const char *const neighbours[] = {
    "sqwz",   "vghn", "xdfv",   "sfexcr", "wrsd",   "dgrcvt", "fhtvby",
    "gjybnu", "uojk", "hkunmi", "jlimo",  "kop",    "njk",    "bmhj",
    "ipkl",   "ol",   "wa",     "etdf",   "adwxze", "ryfg",   "yihj",
    "cbfg",   "qeas", "zcsd",   "tugh",   "xas"};

static char neighbour(char c, random_stream *stream) {
  const char *near = neighbours[tolower((unsigned char)c) - 'a'];
  const char found = near[random_below(stream, (unsigned)strlen(near))];
  return isupper((unsigned char)c) ? (char)toupper((unsigned char)found)
                                   : found;
}

/* Swaps two different neighbours, the first pair from `at` on. */
static bool swap_letters(char *word, size_t length, size_t at) {
  for (size_t tried = 0; tried + 1 < length; tried++) {
    const size_t here = (at + tried) % (length - 1);
    const char c = word[here];
    if (c != word[here + 1]) {
      word[here] = word[here + 1];
      word[here + 1] = c;
      return true;
    }
  }
  return false;
}

bool slip_make(char out[SLIP_LENGTH], const char *word, unsigned kind,
               random_stream *stream) {
  size_t letters[SLIP_LENGTH];
  unsigned count = 0;
  const size_t length = strlen(word);
  if (length + 2 > SLIP_LENGTH) {
    return false;
  }
  for (size_t i = 0; i < length; i++) {
    if (isalpha((unsigned char)word[i])) {
      letters[count++] = i;
    }
  }
  if (count == 0) {
    return false;
  }
  const size_t at = letters[random_below(stream, count)];
  memcpy(out, word, length + 1);
  switch (kind) {
  case 0:
    memmove(out + at, out + at + 1, length - at);
    return length > 1;
  case 1:
    memmove(out + at + 1, out + at, length - at + 1);
    return true;
  case 2:
    return length > 1 && swap_letters(out, length, at);
  default:
    out[at] = neighbour(word[at], stream);
    return true;
  }
}

/* Whether the word stands in quotes behind `before`, on the same line. */
static bool says(const char *start, const char *end, const char *before,
                 const char *word) {
  char wanted[SLIP_LENGTH + 2];
  (void)snprintf(wanted, sizeof wanted, "'%s'", word);
  const char *from = strstr(start, before);
  while (from != NULL && from < end) {
    const char *found = strstr(from, wanted);
    if (found != NULL && found < from + strcspn(from, "\n")) {
      return true;
    }
    from = strstr(from + 1, before);
  }
  return false;
}

slip_verdict slip_judge(const char *messages, cds_place place,
                        const char *right) {
  slip_verdict verdict = {false, false, false, false};
  char head[512];
  (void)snprintf(head, sizeof head, "%s:%u:%u: ", place.file, place.line,
                 place.column);
  const char *at = messages;
  while (at != NULL && *at != '\0') {
    const char *end = strchr(at, '\n');
    while (end != NULL && strncmp(end, "\n  ", 3) == 0) {
      end = strchr(end + 1, '\n');
    }
    end = end == NULL ? at + strlen(at) : end;
    if (strncmp(at, head, strlen(head)) == 0) {
      verdict.placed = true;
      verdict.suggested = verdict.suggested ||
                          says(at, end, "did you mean ", right) ||
                          says(at, end, "hint: write ", right);
      char only[SLIP_LENGTH + 32];
      (void)snprintf(only, sizeof only, "did you mean '%s'?", right);
      const char *found = strstr(at, only);
      verdict.alone = verdict.alone || (found != NULL && found < end);
      verdict.listed = verdict.listed || says(at, end, ": expected", right);
    }
    at = *end == '\0' ? NULL : end + 1;
  }
  return verdict;
}
