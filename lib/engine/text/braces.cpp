// SPDX-License-Identifier: MIT
#include "engine/text/braces.hpp"

#include <fmt/format.h>

#include <string_view>

namespace nettune {
namespace {

// The comma or the closing brace that ends the part of a brace that begins at `at`.
std::size_t end_of_part(std::string_view pattern, std::size_t at) {
  std::size_t depth = 0;
  while (at < pattern.size()) {
    const char c = pattern[at];
    if (c == '\\') {
      at += 2;
      continue;
    }
    if ((c == '}' && depth == 0) || (c == ',' && depth == 0)) return at;
    if (c == '}') --depth;
    if (c == '{') ++depth;
    ++at;
  }
  return std::string_view::npos;
}

std::size_t opening_brace(std::string_view pattern) {
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] == '\\') {
      ++at;
    } else if (pattern[at] == '{') {
      return at;
    }
  }
  return std::string_view::npos;
}

// Adds the alternatives of `pattern`; one whose first brace is never closed is itself alone.
void expand(const std::string& pattern, std::size_t most, std::vector<std::string>& expanded) {
  if (expanded.size() >= most) return;
  const std::size_t open = opening_brace(pattern);
  std::vector<std::string_view> parts;
  std::size_t end = open;
  while (end != std::string::npos && (parts.empty() || pattern[end] != '}')) {
    const std::size_t begin = end + 1;
    end = end_of_part(pattern, begin);
    if (end != std::string::npos) {
      parts.push_back(std::string_view(pattern).substr(begin, end - begin));
    }
  }
  if (open == std::string::npos || end == std::string::npos) {
    expanded.push_back(pattern);
    return;
  }
  for (const std::string_view part : parts) {
    expand(fmt::format("{}{}{}", std::string_view(pattern).substr(0, open), part,
                       std::string_view(pattern).substr(end + 1)),
           most, expanded);
  }
}

}  // namespace

std::vector<std::string> alternatives_of(const std::string& pattern, std::size_t most) {
  std::vector<std::string> expanded;
  expand(pattern, most, expanded);
  return expanded;
}

}  // namespace nettune
