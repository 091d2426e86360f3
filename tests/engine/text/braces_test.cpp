// SPDX-License-Identifier: MIT
#include "engine/text/braces.hpp"

#include <doctest/doctest.h>

using nettune::alternatives_of;
using Texts = std::vector<std::string>;

TEST_CASE("braces stand for each of their parts, in order") {
  CHECK(alternatives_of("a", 9) == Texts{"a"});
  CHECK(alternatives_of("a{b,c}d", 9) == Texts{"abd", "acd"});
  CHECK(alternatives_of("{a,b}{c,}", 9) == Texts{"ac", "a", "bc", "b"});
  CHECK(alternatives_of("{a,b{c,d}}", 9) == Texts{"a", "bc", "bd"});
  CHECK(alternatives_of("{a}", 9) == Texts{"a"});
}

TEST_CASE("a backslash and a missing brace leave them as they are") {
  CHECK(alternatives_of("a\\{b,c}", 9) == Texts{"a\\{b,c}"});
  CHECK(alternatives_of("{a\\,b,c}", 9) == Texts{"a\\,b", "c"});
  CHECK(alternatives_of("a{b,c", 9) == Texts{"a{b,c"});
}

TEST_CASE("there are so many at the most") {
  CHECK(alternatives_of("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}", 5).size() == 5);
}
