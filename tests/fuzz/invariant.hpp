// SPDX-License-Identifier: MIT
// What the fuzz targets check beyond "no crash": properties that hold for every input. A broken one
// ends the process, so that libFuzzer keeps the input.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "engine/diagnostic.hpp"

namespace nettune::fuzz {

inline void invariant(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken invariant: %s\n", what);
  std::abort();
}

/// The place is one of the source's text: its line is there, and the column at most one beyond it.
inline void check_origin(const Origin& origin) {
  invariant(origin.source != nullptr, "an origin has a source");
  if (origin.line == 0) return;  // the file as a whole
  invariant(origin.line > 0 && origin.column > 0, "lines and columns count from 1");
  std::string_view rest = origin.source->text;
  for (int line = 1; line < origin.line; ++line) {
    const std::size_t end = rest.find('\n');
    invariant(end != std::string_view::npos, "an origin's line lies within its source");
    rest.remove_prefix(end + 1);
  }
  const std::size_t length = std::min(rest.find('\n'), rest.size());
  invariant(static_cast<std::size_t>(origin.column) <= length + 1,
            "an origin's column lies within its line");
  invariant(origin.length >= 0, "an origin's length is not negative");
}

/// Each is placed, said in one line, and can be printed; after sort_and_cut they are in order.
inline void check_diagnostics(Diagnostics diagnostics) {
  for (const Diagnostic& diagnostic : diagnostics.list) {
    invariant(!diagnostic.message.empty(), "a diagnostic says something");
    invariant(diagnostic.message.find('\n') == std::string::npos, "a message is one line");
    if (diagnostic.origin.source == nullptr) continue;
    check_origin(diagnostic.origin);
    invariant(std::ranges::any_of(diagnostics.sources,
                                  [&](const SourcePtr& source) {
                                    return source.get() == diagnostic.origin.source;
                                  }),
              "a diagnostic's source is kept alive");
  }
  const bool had_errors = diagnostics.has_errors();
  sort_and_cut(diagnostics);
  invariant(diagnostics.has_errors() == had_errors, "cutting keeps the fact that there are errors");
  const Diagnostic* before = nullptr;
  for (const Diagnostic& diagnostic : diagnostics.list) {
    if (before != nullptr && before->origin.source == diagnostic.origin.source) {
      invariant(diagnostic.severity == Severity::note ||
                    std::pair(before->origin.line, before->origin.column) <=
                        std::pair(diagnostic.origin.line, diagnostic.origin.column),
                "diagnostics are sorted");
    }
    before = &diagnostic;
    // In one of the styles: printing is most of what a target spends its time on.
    const auto style = diagnostic.origin.line % 3;
    const std::string text =
        format_diagnostic(diagnostic, {.colour = style == 0, .unicode = style == 1});
    invariant(text.ends_with('\n'), "a printed diagnostic ends its line");
    invariant(std::ranges::none_of(text,
                                   [&](char c) {
                                     return (static_cast<unsigned char>(c) < ' ' && c != '\n' &&
                                             c != '\t' && (c != '\x1b' || style != 0)) ||
                                            c == '\x7f';
                                   }),
              "a printed diagnostic holds no control character");
  }
}

}  // namespace nettune::fuzz
