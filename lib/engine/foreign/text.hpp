// SPDX-License-Identifier: MIT
// The text of a file that nettune does not define, made fit to be a Source: what no reader of it
// can mean is reported, and covered up where it stands.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/diagnostic.hpp"

namespace nettune::profile {

struct ForeignText {
  SourcePtr source;            ///< CR LF is LF; each bad byte is a question mark
  std::vector<int> bad_lines;  ///< ascending: they held such bytes, and say nothing certain

  bool is_bad(int line) const;
};

/// Adds the source to `diagnostics`. nullopt where the file is too large or is UTF-16.
std::optional<ForeignText> take_foreign_text(std::string name, std::string text,
                                             Diagnostics& diagnostics);

/// The place of `part`, which must be a view into the text of `source`, on line `line`.
Origin origin_in(const Source& source, int line, std::string_view part);

}  // namespace nettune::profile
