// SPDX-License-Identifier: MIT
// The plain part of YAML, which nearly every profile is written in, without yaml-cpp's 100 ns a
// byte. Whatever is not certain is left to yaml-cpp: this reader knows no error.
#pragma once

#include <string_view>

namespace YAML {
class EventHandler;
}

namespace nettune::profile {

/// Tells `events` of `text` exactly what YAML::Parser tells, and returns true; or returns false at
/// the first line that is not plain, when some of it has been told already. Plain are: mappings and
/// lists in block form; words, quoted texts without escapes, and lists and mappings of these in
/// brackets, on one line each; a `>-` text of lines with one indentation; comments. `text` is
/// valid UTF-8 without control characters.
bool read_plain_yaml(std::string_view text, YAML::EventHandler& events);

}  // namespace nettune::profile
