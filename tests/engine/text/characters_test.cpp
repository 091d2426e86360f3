// SPDX-License-Identifier: MIT
// What a person sees of a character, and what no name and no prose holds.
#include "engine/text/characters.hpp"

#include <doctest/doctest.h>

#include "engine/profile/document.hpp"

using namespace nettune;

namespace {

// "3 U+200B (zero width space)", or "" where nothing is strange.
std::string stranger(std::string_view text, TextKind kind) {
  const std::optional<Stranger> found = find_stranger(text, kind);
  if (!found) return {};
  return std::to_string(found->offset) + " " + found->what(text);
}

}  // namespace

TEST_CASE("every character that is not seen is strange in a name, and most in prose") {
  struct Row {
    const char* text;
    const char* in_name;
    const char* in_prose;
  };
  const Row rows[] = {
      {"net.core.rmem_max: at least 16 MiB", "", ""},
      {"tab\tand \xc3\xa9 \xe6\x97\xa5", "", ""},
      {"a\nb", "1 control character U+000A (line feed)", ""},
      {"a\rb", "1 control character U+000D (carriage return)",
       "1 control character U+000D (carriage return)"},
      {"\x1b[31m", "0 control character U+001B (escape)", "0 control character U+001B (escape)"},
      {"\xc2\x9b", "0 control character U+009B", "0 control character U+009B"},
      {"10\xc2\xa0%", "2 unusual blank U+00A0 (no-break space)", ""},
      {"\xe3\x80\x80", "0 unusual blank U+3000 (ideographic space)", ""},
      {"a\xe2\x80\x8dz", "1 invisible character U+200D (zero width joiner)", ""},
      {"a\xef\xb8\x8f", "1 invisible character U+FE0F", ""},
      {"a\xe2\x80\x8b", "1 invisible character U+200B (zero width space)",
       "1 invisible character U+200B (zero width space)"},
      {"\xe2\x80\xa8", "0 invisible character U+2028 (line separator)",
       "0 invisible character U+2028 (line separator)"},
      {"\xe2\x81\xa6", "0 invisible character U+2066 (left-to-right isolate)",
       "0 invisible character U+2066 (left-to-right isolate)"},
      {"\xf3\xa0\x81\x81", "0 invisible character U+E0041", "0 invisible character U+E0041"},
      {"a\xff", "1 byte 0xFF is not valid UTF-8", "1 byte 0xFF is not valid UTF-8"},
      {"\xed\xa0\x80", "0 byte 0xED is not valid UTF-8", "0 byte 0xED is not valid UTF-8"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(stranger(row.text, TextKind::name) == row.in_name);
    CHECK(stranger(row.text, TextKind::prose) == row.in_prose);
  }
  CHECK(stranger(std::string_view("a\0", 2), TextKind::prose) ==
        "1 control character U+0000 (NUL)");
}

TEST_CASE("every escape of YAML for a character that is not seen is found where it stands") {
  for (const char* escape :
       {"\\0", "\\a", "\\b", "\\n", "\\v", "\\f", "\\r", "\\e", "\\N", "\\_", "\\L", "\\P", "\\x07",
        "\\x9b", "\\u200b", "\\u202E", "\\u2066", "\\U000E0041", "\\ufeff"}) {
    CAPTURE(escape);
    Diagnostics diagnostics;
    const auto document = profile::parse_document(
        "a.yaml", "# one\na: \"\\\\ \\\"\\u00e9" + std::string(escape) + "z\"\n", diagnostics);
    REQUIRE(document);
    const profile::Node& node = document->root().entries()[0].value;
    const std::optional<Stranger> found = profile::find_stranger(node, TextKind::name);
    REQUIRE(found);
    const Origin origin = profile::origin_of(node, *found);
    CHECK(origin.line == 2);
    CHECK(origin.column == 16);
    CHECK(origin.length == static_cast<int>(std::string_view(escape).size()));
  }
}
