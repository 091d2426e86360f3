// SPDX-License-Identifier: MIT
#include "engine/text/columns.hpp"

#include <doctest/doctest.h>

using namespace nettune;

TEST_CASE("a text's columns are those of its characters") {
  CHECK(columns("") == 0);
  CHECK(columns("net.core.rmem_max") == 17);
  CHECK(columns("\xc3\xa9") == 1);                  // e with acute
  CHECK(columns("e\xcc\x81") == 1);                 // the same of two characters
  CHECK(columns("\xe6\xbc\xa2\xe5\xad\x97") == 4);  // two Han characters
  CHECK(columns("\xe2\x96\x88\xe2\x96\x91") == 2);  // blocks of a bar
  CHECK(columns("\xf0\x9f\x99\x82") == 2);          // an emoji
}

TEST_CASE("a colour takes no columns, and a byte that is not UTF-8 one") {
  CHECK(columns("\033[1;31mred\033[0m") == 3);
  CHECK(columns("a\xff\xfe") == 3);
  CHECK(columns("\xe6\xbc") == 2);  // cut off
}
