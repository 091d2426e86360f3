// SPDX-License-Identifier: MIT
#include "engine/text/words.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace nettune;

namespace {

using Texts = std::vector<std::string>;

Texts words_of(std::string_view text, std::string_view blanks = " \t") {
  Texts words;
  for (std::string_view word = cut_word(text, blanks); !word.empty();
       word = cut_word(text, blanks)) {
    words.emplace_back(word);
  }
  return words;
}

}  // namespace

TEST_CASE("blanks go at both ends, and none but those that were named") {
  CHECK(trim("") == "");
  CHECK(trim(" \t ") == "");
  CHECK(trim(" a b\t") == "a b");
  CHECK(trim("\na\n") == "\na\n");
  CHECK(trim("\na\n", " \n") == "a");
  // What is left of nothing is a place in the text all the same: a diagnostic points there.
  const std::string_view blank = "   ";
  CHECK(trim(blank).data() == blank.data() + blank.size());
}

TEST_CASE("a text is cut into its words, with any blanks between them") {
  CHECK(words_of("").empty());
  CHECK(words_of(" \t").empty());
  CHECK(words_of("a") == Texts{"a"});
  CHECK(words_of("  a\t b  ") == Texts{"a", "b"});
  CHECK(words_of("a\nb") == Texts{"a\nb"});
  CHECK(words_of("a\nb", " \n") == Texts{"a", "b"});
}

TEST_CASE("a text is cut into its lines, the last one with or without an end") {
  std::string_view text = "a\n\nb";
  CHECK(cut_line(text) == "a");
  CHECK(cut_line(text) == "");
  CHECK(text == "b");
  CHECK(cut_line(text) == "b");
  CHECK(text.empty());
  CHECK(cut_line(text) == "");
}

TEST_CASE("letters of ASCII become small, and no others") {
  CHECK(to_lower("MiB_09[") == "mib_09[");
  CHECK(to_lower("\xc3\x84") == "\xc3\x84");
  CHECK(to_lower("") == "");
}
