// SPDX-License-Identifier: MIT
// Each rule was held against the real loaders; tests/kernel/loaders_test.cpp does it again.
#include "engine/foreign/sysctl_d.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/foreign/text.hpp"
#include "engine/profile/correction.hpp"
#include "engine/text/braces.hpp"
#include "engine/text/characters.hpp"
#include "engine/text/words.hpp"

namespace nettune::profile {
namespace {

// systemd strips blanks, tabs and line ends; sysctl(8) whatever isspace(3) takes.
std::string_view blanks_of(Dialect dialect) {
  return dialect == Dialect::systemd ? " \t\r\n" : " \t\r\n\v\f";
}

bool is_glob(std::string_view text) { return text.find_first_of("*?[") != std::string_view::npos; }

// --- braces and backslashes, as glob(3) reads them with GLOB_BRACE ---

constexpr std::size_t most_globs = 1000;  // of one key

// The same glob for KeyGlob, to which a backslash is a character like any other.
std::string without_escapes(std::string_view pattern) {
  std::string glob;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '\\' || i + 1 == pattern.size()) {
      glob += pattern[i];
      continue;
    }
    glob += sysctl::without_wildcards(pattern.substr(++i, 1));
  }
  return glob;
}

// Joins the components that are not empty.
std::string without_empty_components(std::string_view path) {
  std::string result;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (end > begin) {
      if (!result.empty()) result += '/';
      result += path.substr(begin, end - begin);
    }
    begin = end + 1;
  }
  return result;
}

// The key in "sysctl -w net.core.somaxconn"; "" where none ends the text behind other words.
std::string_view key_behind_words(std::string_view text) {
  const std::size_t blank = text.find_last_of(" \t");
  if (blank == std::string_view::npos) return {};
  const std::string_view last = text.substr(blank + 1);
  return last.starts_with("net.") || last.starts_with("net/") ? last : std::string_view();
}

}  // namespace

// For systemd a carriage return and a NUL end a line as well, which is still the same line of the
// file to everyone else.
SysctlScanner::SysctlScanner(std::string_view text, Dialect dialect)
    : rest_(text),
      dialect_(dialect),
      has_other_ends_(dialect == Dialect::systemd && (text.find('\r') != std::string_view::npos ||
                                                      text.find('\0') != std::string_view::npos)) {}

std::string_view SysctlScanner::take_line() {
  // One character is found eight times as fast as any of a set, but a file with other line ends is
  // not to be read through for each of them.
  const std::size_t found =
      has_other_ends_ ? rest_.find_first_of(std::string_view("\n\r\0", 3)) : rest_.find('\n');
  const std::size_t end = std::min(found, rest_.size());
  std::string_view line = rest_.substr(0, end);
  if (!continues_) ++number_;
  continues_ = end < rest_.size() && rest_[end] != '\n';
  rest_.remove_prefix(std::min(end + 1, rest_.size()));
  // sysctl(8) reads lines into C strings.
  if (dialect_ == Dialect::procps) line = line.substr(0, line.find('\0'));
  return line;
}

bool SysctlScanner::next(SysctlLine& line) {
  const std::string_view blanks = blanks_of(dialect_);
  while (!rest_.empty()) {
    std::string_view text = take_line();
    if (text.starts_with('#')) continue;  // most lines are, and it costs nothing to see that
    text = trim(text, blanks);
    if (text.empty() || text.front() == '#' || text.front() == ';') continue;
    line = SysctlLine{};
    line.number = number_;
    const std::size_t equals = text.find('=');
    const bool has_dash = text.front() == '-';
    if (equals == std::string_view::npos && !has_dash) {
      line.kind = SysctlLine::Kind::fault;
      line.key = text;
      return true;
    }
    if (equals == std::string_view::npos) {
      line.kind = SysctlLine::Kind::exclusion;
      line.key = text.substr(1);
    } else {
      line.ignore_failure = has_dash;
      line.key = text.substr(has_dash ? 1 : 0, equals - (has_dash ? 1 : 0));
      line.value = trim(text.substr(equals + 1), blanks);
    }
    line.has_blank_behind_dash =
        has_dash && !line.key.empty() && blanks.find(line.key.front()) != std::string_view::npos;
    if (dialect_ == Dialect::systemd) {
      line.key = trim(line.key, blanks);
    } else {
      // A blank behind the "-" stays and spoils the name; a second "-" goes with the first.
      line.key = line.key.substr(0, line.key.find_last_not_of(blanks) + 1);
      if (has_dash && line.key.starts_with('-')) line.key.remove_prefix(1);
    }
    return true;
  }
  return false;
}

std::string normal_key(std::string_view key, Dialect dialect) {
  // The common case first: most lines of most files are about other keys.
  const std::size_t first = key.find_first_not_of('/');
  if (first == std::string_view::npos || !key.substr(first).starts_with("net")) return {};
  std::string path = sysctl::path_of(key);
  // The kernel refuses a slash behind a file's name; systemd removes it.
  if (dialect == Dialect::procps && path.ends_with('/')) return {};
  const bool is_clean =
      !path.starts_with('/') && !path.ends_with('/') && path.find("//") == std::string::npos;
  if (!is_clean) path = without_empty_components(path);
  return path.starts_with("net/") ? path : std::string();
}

std::vector<std::string> globs_of(std::string path, Dialect dialect) {
  if (!is_glob(path) || path.find_first_of("{\\") == std::string::npos) return {std::move(path)};
  std::vector<std::string> expanded;
  if (dialect == Dialect::systemd) {
    expanded = alternatives_of(path, most_globs);
  } else {
    expanded.push_back(std::move(path));
  }
  for (std::string& glob : expanded) {
    glob = without_escapes(glob);
    if (!is_glob(glob) && !glob.empty()) {
      const char last = glob.back();
      glob.back() = '[';
      glob += {last, ']'};
    }
  }
  return expanded;
}

std::optional<SysctlFile> parse_sysctl_d(std::string name, std::string text,
                                         Diagnostics& diagnostics) {
  const std::optional<ForeignText> taken =
      take_foreign_text(std::move(name), std::move(text), diagnostics);
  if (!taken) return std::nullopt;
  const Source& source = *taken->source;
  const auto report = [&](Severity severity, const Origin& origin, std::string message,
                          std::string help, Lint lint) {
    diagnostics.list.push_back({severity, origin, std::move(message), std::move(help), lint});
  };

  SysctlFile file;
  file.source = taken->source;
  SysctlScanner scanner(source.text, Dialect::systemd);
  SysctlLine line;
  std::string_view before;  // the value of the line above
  int before_number = 0;
  while (scanner.next(line)) {
    const std::string_view above = line.number == before_number + 1 ? before : "";
    before = line.value;
    before_number = line.number;
    if (taken->is_bad(line.number)) continue;
    const Origin origin = origin_in(source, line.number, line.key);
    if (const std::optional<Stranger> found = find_stranger(line.key, TextKind::name)) {
      const std::string_view character =
          line.key.substr(found->offset, std::max<std::size_t>(found->character.length, 1));
      report(Severity::error, origin_in(source, line.number, character),
             fmt::format("{} in a key: every loader takes it for a part of the name, and no key "
                         "has it",
                         found->what(line.key)),
             found->help(), "");
      continue;
    }
    if (line.kind == SysctlLine::Kind::fault) {
      report(Severity::error, origin,
             "this line is not an assignment, and every loader passes it over",
             above.ends_with('\\') ? "a line is not continued in the next one: write it as one line"
                                   : "write it as key = value",
             "");
      continue;
    }
    const std::string path = normal_key(line.key, Dialect::systemd);
    if (path.empty()) {
      const std::size_t slash = line.key.find_first_of("./");
      if (line.key.starts_with("\"net") || line.key.starts_with("'net")) {
        report(Severity::error, origin,
               "the quotes are a part of the name here, and no key has any",
               "write the key without quotes", "");
      } else if (is_glob(line.key.substr(0, slash)) ||
                 (is_glob(line.key) && line.key.starts_with('{'))) {
        report(Severity::warning, origin, "a glob over more than net. is not looked at",
               "begin the key with \"net.\"", "wide-glob");
      } else if (const std::string_view meant = key_behind_words(line.key); !meant.empty()) {
        report(Severity::error, origin,
               "no loader runs a command: these words are a part of the name here, and no key has "
               "it",
               fmt::format("write {} = {}", meant, printable(line.value)), "");
      } else {
        file.outside_net.push_back(origin);
      }
      continue;
    }
    if (!is_glob(path) && path.contains('{')) {
      report(Severity::warning, origin,
             "no loader expands braces in a key without *, ? or [, and no key has this name",
             help_for_braces(path).value_or("write a line for each key"), "brace");
      continue;
    }
    if (line.has_blank_behind_dash) {
      report(Severity::warning, origin,
             "sysctl(8) takes the blank behind \"-\" for a part of the name, and finds no such key",
             "write the key directly behind the \"-\"", "blank-in-key");
    }
    if (const auto help = help_for_braces(path)) {
      report(Severity::warning, origin,
             "sysctl(8) does not expand braces, and finds no key of this name", *help, "brace");
    }
    const std::vector<std::string> globs = globs_of(path, Dialect::systemd);
    for (const std::string& glob : globs) {
      std::expected<sysctl::KeyGlob, std::string> key = sysctl::KeyGlob::parse(glob);
      if (!key) {
        report(Severity::error, origin, key.error(), "", "");
        continue;
      }
      const bool is_exclusion = line.kind == SysctlLine::Kind::exclusion;
      file.assignments.push_back(
          {std::move(*key), globs.size() == 1 ? path : fmt::format("{}\n{}", path, glob),
           std::string(line.value), origin,
           line.value.empty() ? origin : origin_in(source, line.number, line.value),
           line.ignore_failure, is_exclusion});
    }
  }
  return file;
}

}  // namespace nettune::profile
