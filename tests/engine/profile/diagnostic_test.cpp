// SPDX-License-Identifier: MIT
// Diagnostics as text, their order, and the words that are suggested.
#include "engine/diagnostic.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace nettune;

namespace {

SourcePtr source_of(std::string text) {
  return std::make_shared<const Source>("web.yaml", std::move(text));
}

std::string formatted(std::string text, int line, int column, int length, bool unicode = true) {
  const SourcePtr source = source_of(std::move(text));
  const Diagnostic diagnostic{
      Severity::error, {source.get(), line, column, length}, "it is wrong", "make it right", {}};
  return format_diagnostic(diagnostic, {.colour = false, .unicode = unicode});
}

// The line of the excerpt with the caret, without its gutter.
std::string marks(const std::string& text) {
  const std::size_t begin = text.find("      | ");
  REQUIRE(begin != std::string::npos);
  return text.substr(begin + 8, text.find('\n', begin) - begin - 8);
}

std::string excerpt(const std::string& text) {
  const std::size_t begin = text.find(" | ");
  REQUIRE(begin != std::string::npos);
  return text.substr(begin + 3, text.find('\n', begin) - begin - 3);
}

}  // namespace

TEST_CASE("a diagnostic shows place, line, caret and help") {
  CHECK(formatted("nettune: 1\nsysctl:\n  net.core.rmem_max: 16M\n", 3, 22, 3) ==
        "web.yaml:3:22: error: it is wrong\n"
        "    3 |   net.core.rmem_max: 16M\n"
        "      |                      ^~~\n"
        "      help: make it right\n");
}

TEST_CASE("in one line a diagnostic has its place and its help, and no excerpt") {
  CHECK(in_one_line(formatted("nettune: 1\nsysctl:\n  net.core.rmem_max: 16M\n", 3, 22, 3)) ==
        "web.yaml:3:22: error: it is wrong; help: make it right");
  CHECK(in_one_line("2 keys: 2 as declared") == "2 keys: 2 as declared");
  CHECK(in_one_line("one\n\n  two\n") == "one; two");
  CHECK(in_one_line("") == "");
}

TEST_CASE("a lint's name stands behind the message, and help may have several lines") {
  const SourcePtr source = source_of("a: 1\n");
  const Diagnostic diagnostic{Severity::warning,
                              {source.get(), 1, 4, 1},
                              "too low",
                              "for example:\na:\n  b: 2",
                              "lowers-kernel"};
  CHECK(format_diagnostic(diagnostic, {}) ==
        "web.yaml:1:4: warning: too low [lowers-kernel]\n"
        "    1 | a: 1\n"
        "      |    ^\n"
        "      help: for example:\n"
        "            a:\n"
        "              b: 2\n");
}

TEST_CASE("a diagnostic about a whole file, or about none, shows no line") {
  const SourcePtr source = source_of("");
  CHECK(format_diagnostic({Severity::error, {source.get(), 0, 0, 1}, "it is empty", "", {}}, {}) ==
        "web.yaml: error: it is empty\n");
  CHECK(format_diagnostic({Severity::note, {}, "no profile", "look", {}}, {}) ==
        "note: no profile\n      help: look\n");
}

TEST_CASE("colour surrounds the parts and changes no text") {
  const SourcePtr source = source_of("a: 1\n");
  const Diagnostic diagnostic{Severity::error, {source.get(), 1, 4, 1}, "wrong", "right", {}};
  const std::string coloured = format_diagnostic(diagnostic, {.colour = true, .unicode = true});
  std::string plain;
  for (std::size_t i = 0; i < coloured.size(); ++i) {
    if (coloured[i] == '\033') {
      i = coloured.find('m', i);
    } else {
      plain += coloured[i];
    }
  }
  CHECK(plain == format_diagnostic(diagnostic, {}));
  CHECK(coloured.find("\033[1;31merror:\033[0m") != std::string::npos);
}

TEST_CASE("the caret stands under its character") {
  struct Row {
    const char* line;
    int column;
    int length;
    const char* shown;
    const char* marks;
  };
  const Row rows[] = {
      {"\tkey: x", 2, 3, "        key: x", "        ^~~"},
      {"ab\tkey", 4, 3, "ab      key", "        ^~~"},
      {"caf\xc3\xa9: x", 8, 1, "caf\xc3\xa9: x", "      ^"},
      {"\xe6\x97\xa5\xe6\x9c\xac: x", 9, 1, "\xe6\x97\xa5\xe6\x9c\xac: x", "      ^"},
      {"e\xcc\x81: x", 6, 1, "e\xcc\x81: x", "   ^"},
      {"a: \xff x", 6, 1, "a: \\xFF x", "        ^"},
      {"a: \x01 x", 6, 1, "a: \\x01 x", "        ^"},
      {"abc", 4, 1, "abc", "   ^"},    // behind the end of the line
      {"abc", 900, 5, "abc", "   ^"},  // far behind it
      {"abc\r", 3, 9, "abc", "  ^"},   // the carriage return belongs to the line end
      {"a: caf\xc3\xa9", 4, 5, "a: caf\xc3\xa9", "   ^~~~"},
      {"caf\xc3\xa9x", 5, 1, "caf\xc3\xa9x", "   ^"},  // in the middle of a character
  };
  for (const Row& row : rows) {
    CAPTURE(row.line);
    const std::string text = formatted(row.line, 1, row.column, row.length);
    CHECK(excerpt(text) == row.shown);
    CHECK(marks(text) == row.marks);
  }
}

TEST_CASE("without UTF-8 on the terminal the line is shown in ASCII, and the caret still fits") {
  const std::string text = formatted("caf\xc3\xa9: x", 1, 8, 1, false);
  CHECK(excerpt(text) == "caf\\u00E9: x");
  CHECK(marks(text) == "           ^");
}

TEST_CASE("a long line is cut around the caret") {
  const std::string line = std::string(150, 'a') + "WRONG" + std::string(150, 'b');
  const std::string text = formatted(line, 1, 151, 5);
  CHECK(excerpt(text) ==
        "\xe2\x80\xa6" + std::string(33, 'a') + "WRONG" + std::string(62, 'b') + "\xe2\x80\xa6");
  CHECK(marks(text) == std::string(34, ' ') + "^~~~~");
  const std::string ascii = formatted(line, 1, 151, 5, false);
  CHECK(excerpt(ascii).starts_with("...aaa"));
  CHECK(marks(ascii) == std::string(36, ' ') + "^~~~~");
  // At the ends nothing is cut that need not be.
  CHECK(excerpt(formatted(line, 1, 1, 1)).starts_with("aaa"));
  CHECK(excerpt(formatted(line, 1, 305, 1)).ends_with("bbb"));
  CHECK(excerpt(formatted(std::string(100, 'x'), 1, 50, 1)) == std::string(100, 'x'));
}

TEST_CASE("a line of a megabyte is cut as well") {
  std::string line(1'000'000, 'x');
  line.replace(500'000, 5, "WRONG");
  const std::string text = formatted(line, 1, 500'001, 5);
  CHECK(excerpt(text).size() < 110);
  const std::size_t caret = marks(text).find('^');
  // The ellipsis is one column and three bytes.
  CHECK(excerpt(text).substr(caret + 2, 5) == "WRONG");
}

TEST_CASE("what would reach into the terminal is made printable") {
  CHECK(printable("plain caf\xc3\xa9") == "plain caf\xc3\xa9");
  CHECK(printable("a\nb\033[31m\x7f") == "a\\x0Ab\\x1B[31m\\x7F");
  CHECK(printable(std::string_view("a\0b", 3)) == "a\\x00b");
  CHECK(printable("\xff\xc3") == "\\xFF\\xC3");
  CHECK(printable("\xc0\x80") == "\\xC0\\x80");           // overlong
  CHECK(printable("\xed\xa0\x80") == "\\xED\\xA0\\x80");  // half of a surrogate pair
  CHECK(printable("\xe2\x80\xae") == "\\u202E");          // turns the reading order round
  CHECK(printable("\xc2\x85") == "\\u0085");
  CHECK(printable("a\xe2\x80\x8b\xf3\xa0\x80\x81z") == "a\\u200B\\U000E0001z");
  CHECK(printable("10\xc2\xa0%") == "10\xc2\xa0%");  // a blank is a blank on a terminal
}

TEST_CASE("an origin is described by file and line") {
  const SourcePtr source = source_of("a\nb\n");
  CHECK(describe({source.get(), 2, 1, 1}) == "web.yaml:2");
  CHECK(describe({source.get(), 0, 0, 1}) == "web.yaml");
  CHECK(describe(Origin{}) == "");
  CHECK(describe(Location{}) == "");
}

TEST_CASE("diagnostics are sorted by file, line and column, and equals keep their order") {
  Diagnostics all;
  all.sources = {source_of("1"), source_of("2")};
  const Source* first = all.sources[0].get();
  const Source* second = all.sources[1].get();
  const auto add = [&](const Source* source, int line, int column, std::string message) {
    all.list.push_back({Severity::error, {source, line, column, 1}, std::move(message), "", {}});
  };
  add(second, 1, 1, "e");
  add(first, 2, 1, "d");
  add(first, 1, 5, "b");
  add(first, 1, 5, "c");
  add(first, 1, 2, "a");
  add(nullptr, 0, 0, "before");
  sort_and_cut(all);
  std::string order;
  for (const Diagnostic& diagnostic : all.list) order += diagnostic.message + " ";
  CHECK(order == "before a b c d e ");
}

TEST_CASE("each file shows at most fifty, errors before warnings, and says how many are left") {
  Diagnostics all;
  all.sources = {source_of("1"), source_of("2")};
  for (int line = 1; line <= 70; ++line) {
    const Severity severity = line > 60 ? Severity::error : Severity::warning;
    all.list.push_back({severity, {all.sources[0].get(), line, 1, 1}, "x", "", {}});
  }
  all.list.push_back({Severity::error, {all.sources[1].get(), 1, 1, 1}, "y", "", {}});
  sort_and_cut(all);
  REQUIRE(all.list.size() == 52);
  CHECK(all.list[39].origin.line == 40);
  CHECK(all.list[40].origin.line == 61);
  CHECK(all.list[49].origin.line == 70);
  CHECK(format_diagnostic(all.list[50], {}) == "web.yaml: note: and 20 more that are not shown\n");
  CHECK(all.list[51].message == "y");
  CHECK(all.has_errors());
}

TEST_CASE("the nearest word is the one that was probably meant") {
  constexpr auto words =
      std::to_array<std::string_view>({"nodelay", "quickack", "notsent-lowat", "tos", "mark",
                                       "net/core/rmem_max", "net/core/wmem_max", "summary"});
  struct Row {
    const char* word;
    const char* near;
  };
  const Row rows[] = {
      {"nodelya", "nodelay"},
      {"NoDelay", "nodelay"},
      {"notsent_lowat", "notsent-lowat"},
      {"sumary", "summary"},
      {"net/core/rmem_mx", "net/core/rmem_max"},
      {"net/core/xmem_max", "net/core/rmem_max"},
      {"tso", "tos"},
      {"to", ""},
      {"", ""},
      {"completely-different", ""},
      {"marker", "mark"},
      {"k", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.word);
    CHECK(nearest(row.word, words) == row.near);
  }
  CHECK(nearest(std::string(100'000, 'x'), words) == "");
}
