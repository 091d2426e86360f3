// SPDX-License-Identifier: MIT
// YAML as nodes with their places, and every pitfall of the library underneath as a diagnostic.
#include "engine/profile/document.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

using namespace nettune;
using namespace nettune::profile;

namespace {

struct Parsed {
  Diagnostics diagnostics;
  std::optional<Document> document;
};

Parsed parsed(std::string text) {
  Parsed result;
  result.document = parse_document("f.yaml", std::move(text), result.diagnostics);
  return result;
}

// doctest counts an exception as a failure of the case.
const Node& root_of(const Parsed& result) {
  if (!result.document) throw std::runtime_error("no document");
  return result.document->root();
}

// Every diagnostic as "line:column message", without the excerpts.
std::string faults(std::string text) {
  Parsed result = parsed(std::move(text));
  sort_and_cut(result.diagnostics);
  std::string out;
  for (const Diagnostic& diagnostic : result.diagnostics.list) {
    out += std::to_string(diagnostic.origin.line) + ":" + std::to_string(diagnostic.origin.column) +
           " " + diagnostic.message + "\n";
  }
  return out;
}

std::string place(const Node& node) {
  return std::to_string(node.origin.line) + ":" + std::to_string(node.origin.column) + "+" +
         std::to_string(node.origin.length);
}

// "{a@1:1+1: 1@1:4+1}"
std::string dump(const Node& node) {
  std::string out;
  if (node.kind == Node::Kind::scalar) {
    const std::string text(node.text);
    out = node.empty ? "()" : node.quoted ? "'" + text + "'" : text;
    if (!node.empty && !node.verbatim) out += "!";
    return out + "@" + place(node);
  }
  if (node.kind == Node::Kind::sequence) {
    for (const Node& item : node.items()) out += (out.empty() ? "" : ", ") + dump(item);
    return "[" + out + "]";
  }
  for (const Node::Entry& entry : node.entries()) {
    out += (out.empty() ? "" : ", ") + dump(entry.key) + ": " + dump(entry.value);
  }
  return "{" + out + "}";
}

std::string tree(std::string text) {
  const Parsed result = parsed(std::move(text));
  CHECK(result.diagnostics.list.empty());
  return dump(root_of(result));
}

}  // namespace

TEST_CASE("scalars keep their text, their place and whether they were quoted") {
  struct Row {
    const char* text;
    const char* tree;
  };
  const Row rows[] = {
      {"a: at least 16 MiB # why\n", "{a@1:1+1: at least 16 MiB@1:4+15}"},
      {"a: 010\n", "{a@1:1+1: 010@1:4+3}"},
      {"a: yes\n", "{a@1:1+1: yes@1:4+3}"},
      {"a: \"b c\"\n", "{a@1:1+1: 'b c'@1:4+5}"},
      {"a: 'it''s'\n", "{a@1:1+1: 'it's'!@1:4+7}"},
      {"a: \"\\x41\"\n", "{a@1:1+1: 'A'!@1:4+6}"},
      {"a: ''\n", "{a@1:1+1: ''@1:4+2}"},
      {"\"a\": 1\n", "{'a'@1:1+3: 1@1:6+1}"},
      {"a: b\n  c\n", "{a@1:1+1: b c!@1:4+1}"},
      {"a: |\n  b\n  c\n", "{a@1:1+1: 'b\nc\n'!@1:4+1}"},
      {"a: [keep, 128 KiB,  'x' ]\n", "{a@1:1+1: [keep@1:5+4, 128 KiB@1:11+7, 'x'@1:21+3]}"},
      {"a:\n  - 1\n  - 2\n", "{a@1:1+1: [1@2:5+1, 2@3:5+1]}"},
      {"a: {b: 1}\n", "{a@1:1+1: {b@1:5+1: 1@1:8+1}}"},
      {"a: one of [bbr, cubic]\n", "{a@1:1+1: one of [bbr, cubic]@1:4+19}"},
      {"a: caf\xc3\xa9 x\n", "{a@1:1+1: caf\xc3\xa9 x@1:4+7}"},
      {"a: 1\r\nb: 2\r\n", "{a@1:1+1: 1@1:4+1, b@2:1+1: 2@2:4+1}"},
      {"---\na: 1\n...\n# end\n", "{a@2:1+1: 1@2:4+1}"},
      {"\xef\xbb\xbf"
       "a: 1\n",
       "{a@1:1+1: 1@1:4+1}"},
      {"just text\n", "just text@1:1+9"},
      {"a: \"x\ty\"\n", "{a@1:1+1: 'x\ty'@1:4+5}"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(tree(row.text) == row.tree);
  }
}

TEST_CASE("null and ~ are words, and only an absent value is empty") {
  struct Row {
    const char* text;
    const char* tree;
  };
  const Row rows[] = {
      {"a: null\nb: ~\n", "{a@1:1+1: null@1:4+4, b@2:1+1: ~@2:4+1}"},
      {"a:\nb:\n", "{a@1:1+1: ()@1:1+1, b@2:1+1: ()@2:1+1}"},
      {"a:\nnull: 1\n", "{a@1:1+1: ()@1:1+1, null@2:1+4: 1@2:7+1}"},
      {"a:\n  b:\nnull: 1\n", "{a@1:1+1: {b@2:3+1: ()@2:3+1}, null@3:1+4: 1@3:7+1}"},
      {"a:\n  null\n", "{a@1:1+1: null@2:3+4}"},
      {"a: [null, ~]\n", "{a@1:1+1: [null@1:5+4, ~@1:11+1]}"},
      {"a: {b: , null: 1}\n", "{a@1:1+1: {b@1:5+1: ()@1:5+1, null@1:10+4: 1@1:16+1}}"},
      {"a: {null, b: 1}\n", "{a@1:1+1: {null@1:5+4: ()@1:5+4, b@1:11+1: 1@1:14+1}}"},
      {"a:\n- null\n- x\n", "{a@1:1+1: [null@2:3+4, x@3:3+1]}"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(tree(row.text) == row.tree);
  }
}

TEST_CASE("what would break the terminal or the log is refused, with its place") {
  CHECK(faults("a: \x01 b\n") == "1:4 control character U+0001\n");
  CHECK(faults(std::string("a: x\0y\n", 7)) == "1:5 control character U+0000 (NUL)\n");
  CHECK(faults("a:" + std::string(8, '\0')) == "1:3 a binary file: it is full of NUL bytes\n");
  CHECK(faults("a: \xff\xfe x\nb: \xc3\n") ==
        "1:4 byte 0xFF is not valid UTF-8\n2:4 byte 0xC3 is not valid UTF-8\n");
  CHECK(faults("a: \xc0\x80\n") == "1:4 byte 0xC0 is not valid UTF-8\n");
  CHECK(faults("a: \xed\xa0\x80\n") == "1:4 byte 0xED is not valid UTF-8\n");
  CHECK(faults("a: x\ry\n") == "1:5 a carriage return that ends no line\n");
  CHECK(faults("a: x\xc2\x85y\n") == "1:5 control character U+0085 (next line)\n");
  CHECK(faults("a: x \x7f\n") == "1:6 control character U+007F (delete)\n");
  CHECK(faults("a: \xe2\x80\xaex\n") ==
        "1:4 invisible character U+202E (right-to-left override)\n");
  CHECK(faults("a: x\xef\xbb\xbf\n") == "1:5 invisible character U+FEFF (byte order mark)\n");
  CHECK(faults("\xff\xfe"
               "a") == "0:0 the file is UTF-16\n");
}

TEST_CASE("each pitfall of YAML has its own diagnostic") {
  struct Row {
    const char* text;
    const char* faults;
  };
  const Row rows[] = {
      {"", "0:1 the file is empty\n"},
      {"# only\n\n  # comments\n", "0:1 the file is empty\n"},
      {"---\n...\n", "0:1 the file is empty\n"},
      {"a: 1\n---\nb: 1\n", "2:1 a second document begins here\n"},
      {"---\n---\na: 1\n", "2:1 a second document begins here\n"},
      {"a: 1\n...\n# fine\nb: 1\n", "4:1 text after the end of the document\n"},
      {"a: 1\n... b\n", "2:1 text after the end of the document\n"},
      {"%YAML 1.2\n---\na: 1\n", "1:1 directives are not supported\n"},
      {"a: 1\n%x y\nb: 2\n", "3:1 the document ended before this\n"},
      {"\"a\" \"b\"\n", "1:5 the document ended before this\n"},
      {"[a]\nb: 1\n", "2:1 the document ended before this\n"},
      {"a:\n\tb: 1\n\tc: 2\n", "2:1 a tab in the indentation\n"},
      {"a: &x [*x]\n", "1:4 anchor \"&x\"\n1:8 alias \"*x\"\n"},
      {"a: *y\n", "1:4 alias \"*y\"\n"},
      {"a: *\n", "1:4 alias \"*\"\n"},
      {"a: !!str 1\nb: !x 'y'\nc: ! z\n", "1:4 tag \"!!str\"\n2:4 tag \"!x\"\n3:4 tag \"!\"\n"},
      {"a: !!map {b: 1}\n", "1:4 tag \"!!map\"\n"},
      {"<<: 1\n", "1:1 merge keys (<<) are not supported\n"},
      {"[1]: 2\n{a: b}: 3\n",
       "1:1 a key is a plain word, not a list or a mapping\n"
       "2:1 a key is a plain word, not a list or a mapping\n"},
      {": 1\n", "1:1 a key is missing before the colon\n"},
      {"'': 1\n", "1:1 a key is missing before the colon\n"},
      {"a: b: c\n", "1:5 a second \": \" within a value\n"},
      {"a:\n  b: 1\n    c: 2\n",
       "3:5 this line does not fit the indentation of the lines before\n"},
      {"a:\n    b: 1\n  c: 2\n",
       "3:3 this line does not fit the indentation of the lines before\n"},
      {"a: x\nb\nc: 1\n", "3:1 this line does not fit the indentation of the lines before\n"},
      {"a:\n - 1\n  - 2\n", "3:3 this list item is read as more of the text above\n"},
      {"a: - b\n", "1:4 a list item can't stand here\n"},
      {"a: [1, 2", "1:4 this [ is never closed\n"},
      {"a: {x: 1\n", "1:4 this { is never closed\n"},
      {"a: {b: [1, 2", "1:8 this [ is never closed\n"},
      {"a: [1, 'x' y]\n", "1:12 a comma or ] is missing before this\n"},
      {"a: ]\n", "1:4 a closing bracket that nothing opened\n"},
      {"a: [b]]\n", "1:7 a closing bracket that nothing opened\n"},
      {"a: \"b\nc: 1\n", "1:4 this \" is never closed\n"},
      {"a: 'b\nc: 1\n", "1:4 this ' is never closed\n"},
      {"a: 'b\nc: 'd'\n", "1:4 the text that begins with this ' goes on to line 2\n"},
      {"a: \"b\" c\n", "1:8 text after the closing \"\n"},
      {"a: \"\\q\"\n", "1:7 an escape that YAML does not know\n"},
      {"a: >= 5.10\n",
       "1:4 a value that begins with | or > is a block of text, which stands on the next lines\n"},
      {"a: %x\n", "1:4 a value can't begin with %\n"},
      {"a: @x\n", "1:4 a value can't begin with @\n"},
      {"a: , b\n", "1:4 a value can't begin with ,\n"},
      {"a: ? b\n", "1:4 a key can't stand here\n"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(faults(row.text) == row.faults);
  }
}

TEST_CASE("faults that leave the rest readable are all reported, and the document is there") {
  const Parsed result = parsed("a: 1\nb: !x 2\na: 3\nc: {d: 1, d: 2}\na: 4\n");
  // The first of two equal keys stays.
  CHECK(dump(root_of(result)).starts_with("{a@1:1+1: 1@1:4+1, b@2:1+1: "));
  CHECK(root_of(result).entries().size() == 3);
  CHECK(faults("a: 1\nb: !x 2\na: 3\nc: {d: 1, d: 2}\na: 4\n") ==
        "2:4 tag \"!x\"\n"
        "3:1 \"a\" stands twice: first in line 1\n"
        "4:11 \"d\" stands twice: first in line 4\n"
        "5:1 \"a\" stands twice: first in line 1\n");
}

TEST_CASE("a diagnostic of syntax reads as a compiler's") {
  Parsed result = parsed("sysctl:\n  net.core.rmem_max: 16 MiB\n    net.core.wmem_max: 16 MiB\n");
  REQUIRE(result.diagnostics.list.size() == 1);
  CHECK(format_diagnostic(result.diagnostics.list[0], {}) ==
        "f.yaml:3:5: error: this line does not fit the indentation of the lines before\n"
        "    3 |     net.core.wmem_max: 16 MiB\n"
        "      |     ^~~~~~~~~~~~~~~~~~~~~~~~~\n"
        "      help: line 2 has a value already, so that nothing may stand below it: indent both "
        "alike, or move the value\n");
}

TEST_CASE("sixteen levels are taken and seventeen refused, however deep the text goes on") {
  CHECK(parsed("a: " + std::string(15, '[') + std::string(15, ']') + "\n").document);
  CHECK(faults("a: " + std::string(16, '[') + std::string(16, ']') + "\n") ==
        "1:19 more than 16 levels of nesting\n");
  for (const char* piece : {"[", "{", "- ", "? ", "[{", "a: ["}) {
    CAPTURE(piece);
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += piece;
    const Parsed result = parsed(text);
    CHECK_FALSE(result.document);
    REQUIRE(result.diagnostics.list.size() == 1);
    CHECK(result.diagnostics.list[0].message == "more than 16 levels of nesting");
  }
}

TEST_CASE("twenty thousand keys are read, and one that stands twice among them is found") {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "key" + std::to_string(i) + ": 1\n";
  CHECK(root_of(parsed(text)).entries().size() == 20'000);
  CHECK(faults(text + "key12345: 2\n") ==
        "20001:1 \"key12345\" stands twice: first in line 12346\n");
}

TEST_CASE("too many values and too many bytes are refused") {
  std::string text = "a: [";
  for (int i = 0; i < max_nodes; ++i) text += "x,";
  CHECK(faults(text + "]\n") == "1:400003 more than 200000 values in one file\n");
  CHECK(faults(std::string(max_file_size + 1, 'x')) ==
        "0:0 the file has 1048577 bytes, and a profile at most 1048576\n");
  CHECK(parsed(std::string(max_file_size, 'x')).document);
}

TEST_CASE("mutated and truncated text never crashes, and a refusal always says why") {
  const std::string good =
      "nettune: 1\nsummary: \"a b\"\ninherits: [a, 'b']\nsysctl:\n  net.core.rmem_max: at least 16 "
      "MiB\n  net.ipv4.tcp_rmem: [keep, 128 KiB, at least 32 MiB]\n  k:\n    value: 8192\n    why: "
      "|\n      text\nsockets: {default: {nodelay: true}}\n";
  for (std::size_t cut = 0; cut <= good.size(); ++cut) {
    const Parsed result = parsed(good.substr(0, cut));
    CHECK((result.document.has_value() || result.diagnostics.has_errors()));
  }
  constexpr std::string_view signs = ":-[]{},#&*!|>'\"%@`?\n\t \\~<a0";
  unsigned state = 12345;
  const auto random = [&](std::size_t bound) {
    state = state * 1664525u + 1013904223u;
    return static_cast<std::size_t>(state >> 8u) % bound;
  };
  for (int round = 0; round < 3000; ++round) {
    std::string text = good;
    for (std::size_t i = 0; i <= random(4); ++i)
      text[random(text.size())] = signs[random(signs.size())];
    const Parsed result = parsed(text);
    CHECK((result.document.has_value() || result.diagnostics.has_errors()));
    for (const Diagnostic& diagnostic : result.diagnostics.list) {
      CHECK_FALSE(format_diagnostic(diagnostic, {}).empty());
    }
  }
}
