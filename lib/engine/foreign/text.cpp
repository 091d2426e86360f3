// SPDX-License-Identifier: MIT
#include "engine/foreign/text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/profile/document.hpp"
#include "engine/text/characters.hpp"

namespace nettune::profile {
namespace {

std::string what_is_wrong(const Stranger& stranger, std::string_view text) {
  if (stranger.character.length == 1 && stranger.character.code == 0) {
    return "a NUL byte: systemd-sysctl goes on behind it, sysctl(8) does not";
  }
  if (stranger.character.code == '\r') {
    return "a carriage return inside the line: systemd-sysctl ends the line here, sysctl(8) does "
           "not";
  }
  return stranger.what(text);
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
  const auto report = [&](std::string message, std::string help, std::size_t length = 1) {
    if (!result.bad_lines.empty() && result.bad_lines.back() == line) return;  // once a line
    result.bad_lines.push_back(line);
    // What is never shown needs no text; the lines are counted all the same.
    if (result.bad_lines.size() > max_diagnostics + 1) return;
    const int column = static_cast<int>(clean.size() - begin_of_line) + 1;
    diagnostics.list.push_back({Severity::error,
                                {source.get(), line, column, static_cast<int>(length)},
                                std::move(message),
                                std::move(help),
                                ""});
  };
  if (text.starts_with("\xef\xbb\xbf")) {
    report("the file begins with a byte order mark, which the loaders take for a part of this line",
           "save the file as UTF-8 without a mark");
  }
  std::size_t copied = 0;
  const auto copy_until = [&](std::size_t end) {
    for (; copied < end; ++copied) {
      clean += text[copied];
      if (text[copied] != '\n') continue;
      ++line;
      begin_of_line = clean.size();
    }
  };
  for (std::size_t i = 0; const auto found = find_stranger(text, TextKind::prose, i);) {
    copy_until(found->offset);
    const std::size_t length = std::max<std::size_t>(found->character.length, 1);
    i = copied = found->offset + length;
    if (found->character.code == '\r' && (i == text.size() || text[i] == '\n')) continue;
    // What is no control character may be shown: by its code point.
    const bool is_kept = length > 1;
    report(what_is_wrong(*found, text), is_kept ? found->help() : "", length);
    clean += is_kept ? text.substr(found->offset, length) : "?";
  }
  copy_until(text.size());
  result.source = std::move(source);
  return result;
}

}  // namespace nettune::profile
