// SPDX-License-Identifier: MIT
#include "engine/profile/foreign_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/profile/document.hpp"

namespace nettune::profile {
namespace {

// The length of the UTF-8 character at `at`; 0 where the bytes are none, or one that is too long, a
// surrogate or beyond Unicode.
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || at + length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80) return 0;
  }
  const unsigned char second = byte(at + 1);
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second >= 0xa0) ||
      (first == 0xf0 && second < 0x90) || (first == 0xf4 && second >= 0x90)) {
    return 0;
  }
  return length;
}

std::string what_is_wrong(unsigned char byte) {
  if (byte == 0) return "a NUL byte: systemd-sysctl goes on behind it, sysctl(8) does not";
  if (byte == '\r') {
    return "a carriage return inside the line: systemd-sysctl ends the line here, sysctl(8) does "
           "not";
  }
  if (byte < 0x80) return fmt::format("control character 0x{:02X}", byte);
  return fmt::format("byte 0x{:02X} is not valid UTF-8", byte);
}

}  // namespace

bool ForeignText::is_bad(int line) const { return std::ranges::binary_search(bad_lines, line); }

Origin origin_in(const Source& source, int line, std::string_view part) {
  const std::string& text = source.text;
  const auto at = static_cast<std::size_t>(part.data() - text.data());
  const std::size_t feed = at == 0 ? std::string::npos : text.rfind('\n', at - 1);
  const std::size_t begin = feed == std::string::npos ? 0 : feed + 1;
  return {&source, line, static_cast<int>(at - begin) + 1,
          std::max(1, static_cast<int>(part.size()))};
}

std::optional<ForeignText> take_foreign_text(std::string name, std::string text,
                                             Diagnostics& diagnostics) {
  auto source = std::make_shared<Source>();
  source->name = std::move(name);
  diagnostics.sources.push_back(source);
  const auto refuse = [&](std::string message, std::string help) {
    diagnostics.list.push_back(
        {Severity::error, {source.get(), 0, 0, 1}, std::move(message), std::move(help), ""});
    return std::nullopt;
  };
  if (text.size() > max_file_size) {
    return refuse(fmt::format("the file has {} bytes, and more than {} are not read", text.size(),
                              max_file_size),
                  "");
  }
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) {
    return refuse("the file is UTF-16", "save the file as UTF-8");
  }

  ForeignText result;
  std::string& clean = source->text;
  clean.reserve(text.size());
  int line = 1;
  std::size_t begin_of_line = 0;
  const auto report = [&](std::string message, std::string help) {
    if (!result.bad_lines.empty() && result.bad_lines.back() == line) return;  // once a line
    result.bad_lines.push_back(line);
    // What is never shown needs no text; the lines are counted all the same.
    if (result.bad_lines.size() > max_diagnostics + 1) return;
    const int column = static_cast<int>(clean.size() - begin_of_line) + 1;
    diagnostics.list.push_back({Severity::error,
                                {source.get(), line, column, 1},
                                std::move(message),
                                std::move(help),
                                ""});
  };
  if (text.starts_with("\xef\xbb\xbf")) {
    report("the file begins with a byte order mark, which the loaders take for a part of this line",
           "save the file as UTF-8 without a mark");
  }
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '\n') {
      clean += '\n';
      ++line;
      begin_of_line = clean.size();
      ++i;
      continue;
    }
    if (c == '\r' && (i + 1 == text.size() || text[i + 1] == '\n')) {
      ++i;
      continue;
    }
    const std::size_t length = utf8_length(text, i);
    const bool is_control = (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f';
    if (length == 0 || is_control) {
      report(what_is_wrong(static_cast<unsigned char>(c)), "");
      clean += '?';
      ++i;
      continue;
    }
    clean.append(text, i, length);
    i += length;
  }
  result.source = std::move(source);
  return result;
}

}  // namespace nettune::profile
