// SPDX-License-Identifier: MIT
// What is wrong with a file that a person wrote: where, the line itself, and what would be right.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/nearest.hpp"
#include "engine/text/printable.hpp"

namespace nettune {

/// A file as it was read. Origins point into it, so whoever keeps an Origin keeps its Source.
struct Source {
  std::string name;  ///< as a person would name it: the path that was given or found
  std::string text;  ///< valid UTF-8 without control characters other than tab and line ends
};
using SourcePtr = std::shared_ptr<const Source>;

/// A place in a Source. Lines and columns count from 1, columns in bytes.
struct Origin {
  const Source* source = nullptr;
  int line = 0;  ///< 0: the file as a whole
  int column = 0;
  int length = 1;  ///< bytes to underline, on this line
};

/// An origin that outlives its Source.
struct Location {
  std::string file;  ///< as the source is named; "" for none
  int line = 0;      ///< 0: the file as a whole
  int column = 0;
  friend bool operator==(const Location&, const Location&) = default;
};
Location location_of(const Origin& origin);

/// "web.yaml:12", or "web.yaml" where it is the whole file; "" where there is none. Printable.
std::string describe(const Origin& origin);
std::string describe(const Location& location);

enum class Severity { error, warning, note };
std::string_view severity_name(Severity severity);  ///< "error", "warning", "note"

/// In the order in which nettune-profile(5) says what each means.
// clang-format off
inline constexpr std::string_view lint_names[] = {
    "inverted", "harmful", "refused", "contradiction", "pages-for-bytes", "lowers-kernel",
    "limit-below-need", "default-above-max", "dead-key", "removed-key", "no-effect", "side-effects",
    "lock-out", "fixed-buffer", "worst-case-memory", "unknown-key", "misleading-key",
    "repeats-default", "rounded", "depends-on-ticks", "unknown-name", "port-parity",
    "octal", "hexadecimal", "short-vector", "surplus-fields", "trailing-text", "cut-text", "wrapped",
    "changed-by-kernel", "empty-value", "unknown-algorithm", "overridden", "excluded", "repeated",
    "dotted-link", "wide-glob", "brace", "blank-in-key", "not-plain", "no-variables", "include-loop",
    "tuned-glob", "conditional"};
// clang-format on

/// The name of a lint, or "" for a plain fault; what is not among lint_names does not compile.
class Lint {
 public:
  constexpr Lint() = default;
  consteval Lint(const char* name) : name_(name) {
    if (!empty() && std::ranges::find(lint_names, name_) == std::end(lint_names))
      there_is_no_such_lint();
  }
  constexpr bool empty() const { return name_.empty(); }
  constexpr std::string_view name() const { return name_; }
  bool operator==(const Lint&) const = default;

 private:
  static void there_is_no_such_lint();  // never defined: it stops the compiler
  std::string_view name_;
};

struct Diagnostic {
  Severity severity = Severity::error;
  Origin origin;
  std::string message;  ///< what is wrong; one line
  std::string help;     ///< what would be right; may be empty, may hold several lines
  Lint lint;
};

/// The sources are kept alive by `sources`, so that Origins stay valid.
struct Diagnostics {
  std::vector<SourcePtr> sources;
  std::vector<Diagnostic> list;

  bool has_errors() const;
};

/// At most this many of one file are shown.
inline constexpr std::size_t max_diagnostics = 50;

/// Sorts by file (in order of first appearance in `sources`), line and column, and cuts each file
/// to max_diagnostics, without repetitions, with one closing note that says how many more there
/// are.
void sort_and_cut(Diagnostics& diagnostics);

struct DiagnosticStyle {
  bool colour = false;
  bool unicode = false;  ///< the terminal shows UTF-8
};

/// The diagnostic as a compiler prints it: file:line:column, the line, a caret, a help line. Ends
/// with a line feed.
std::string format_diagnostic(const Diagnostic& diagnostic, const DiagnosticStyle& style);

/// The errors alone, sorted and cut, in one plain text without a line feed at its end.
std::string format_errors(Diagnostics& diagnostics);

/// Formatted diagnostics, or any text of several lines, in one: without the source's lines and the
/// carets below them, and with "; " between the rest.
std::string in_one_line(std::string_view text);

}  // namespace nettune
