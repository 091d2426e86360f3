// SPDX-License-Identifier: MIT
// Braces as glob(3) expands them with GLOB_BRACE.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace nettune {

/// What `pattern` stands for: "a{b,c}" for "ab" and "ac", in this order, `most` at the most. A
/// backslash takes the meaning of what follows away, and stays. A pattern whose first brace is
/// never closed is itself alone.
std::vector<std::string> alternatives_of(const std::string& pattern, std::size_t most);

}  // namespace nettune
