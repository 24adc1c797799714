/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SHA-256 against the examples that NIST publishes with FIPS 180-4
 * ("SHA256.pdf", csrc.nist.gov, and the million 'a' of the same series).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/sha256.h"

static void check(const char *text, const char *expected) {
  cds_sha256 hash;
  char digest[CDS_SHA256_TEXT];
  cds_sha256_begin(&hash);
  cds_sha256_add(&hash, text, strlen(text));
  cds_sha256_end(&hash, digest);
  assert_string_equal(digest, expected);
}

static void published_examples_are_reproduced(void **state) {
  (void)state;
  check("", "e3b0c44298fc1c149afbf4c8996fb924"
            "27ae41e4649b934ca495991b7852b855");
  check("abc", "ba7816bf8f01cfea414140de5dae2223"
               "b00361a396177a9cb410ff61f20015ad");
  check("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039"
        "a33ce45964ff2167f6ecedd419db06c1");
  check("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
        "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
        "cf5b16a778af8380036ce59e7b049237"
        "0b249b11e8f07a51afac45037afee9d1");
}

static void a_million_letters_in_odd_pieces(void **state) {
  (void)state;
  char piece[977];
  memset(piece, 'a', sizeof piece);
  cds_sha256 hash;
  cds_sha256_begin(&hash);
  for (size_t left = 1000000; left > 0;) {
    const size_t part = left < sizeof piece ? left : sizeof piece;
    cds_sha256_add(&hash, piece, part);
    left -= part;
  }
  char digest[CDS_SHA256_TEXT];
  cds_sha256_end(&hash, digest);
  assert_string_equal(digest, "cdc76e5c9914fb9281a1c7e284d73e67"
                              "f1809a48a497200e046d39ccc7112cd0");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(published_examples_are_reproduced),
      cmocka_unit_test(a_million_letters_in_odd_pieces),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
