// SPDX-License-Identifier: MIT
// The lines of sysctl.d(5) and sysctl.conf(5) files, as systemd-sysctl and as sysctl(8) take them
// apart: the two differ in small things. What a value means is not decided here.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/diagnostic.hpp"
#include "engine/sysctl/key.hpp"

namespace nettune::profile {

enum class Dialect {
  systemd,  ///< systemd-sysctl 252
  procps,   ///< sysctl(8) of procps 4.0
};

/// One line that is neither blank nor a comment. The views are into the scanned text.
struct SysctlLine {
  enum class Kind {
    assignment,
    exclusion,  ///< "-key" without a value: no glob sets that key
    fault,      ///< no assignment: every loader passes it over; `key` is the line
  };
  Kind kind = Kind::assignment;
  int number = 0;          ///< from 1
  std::string_view key;    ///< without the leading "-", trimmed as the dialect does
  std::string_view value;  ///< trimmed
  bool ignore_failure = false;
  bool has_blank_behind_dash = false;  ///< which sysctl(8) takes for the begin of the name
};

/// Takes a text apart line by line without copying it.
class SysctlScanner {
 public:
  SysctlScanner(std::string_view text, Dialect dialect);

  /// false at the end of the text.
  bool next(SysctlLine& line);

 private:
  std::string_view take_line();

  std::string_view rest_;
  Dialect dialect_;
  bool has_other_ends_;  // a line of `rest_` may end without a line feed
  int number_ = 0;
  bool continues_ = false;  // the line before ended without a line feed
};

/// A key's text in slash form, with what the loader itself puts right: empty components, and a
/// leading or trailing slash. "" for a key that is not below net.
std::string normal_key(std::string_view key, Dialect dialect);

/// The globs that the loader makes of such a key with `*`, `?` or `[` in it: systemd-sysctl expands
/// `{a,b}`, and for both a backslash takes a sign's meaning away. Any other key is itself alone,
/// with its braces. Each glob of the result has a sign, for it never is a named key.
std::vector<std::string> globs_of(std::string path, Dialect dialect);

struct Assignment {
  sysctl::KeyGlob key;
  std::string written;  ///< what tells one line's key from another's; of braces also which glob
  std::string value;
  Origin origin;        ///< of the key
  Origin value_origin;  ///< of the value; of the key where there is none
  bool ignore_failure = false;
  bool is_exclusion = false;  ///< no value
};

struct SysctlFile {
  SourcePtr source;
  std::vector<Assignment> assignments;  ///< in the order of the file
  std::vector<Origin> outside_net;      ///< lines about other keys: passed over
};

/// As systemd-sysctl reads it; where sysctl(8) does otherwise, a warning says so. Every fault is a
/// diagnostic, and the other lines are returned all the same; nullopt where the file as a whole
/// cannot be read.
std::optional<SysctlFile> parse_sysctl_d(std::string name, std::string text,
                                         Diagnostics& diagnostics);

}  // namespace nettune::profile
