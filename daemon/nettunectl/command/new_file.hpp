// SPDX-License-Identifier: MIT
// What import and export share: the list of what the new file does not hold, and handing it over;
// and plan with them: where a new file goes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/foreign/load.hpp"
#include "input/options.hpp"

namespace nettune::ctl {

using profile::LeftOut;

/// Where the answer goes.
struct Destination {
  std::string file;  ///< "" or "-" is standard output
  bool force = false;

  void add_to(Options& options, std::string_view meaning = "write a file") {
    options.option("-o,--output", "FILE", file,
                   std::string(meaning) + ", which must not be there yet");
    options.flag("--force", force, "replace the file that is there");
  }
  bool is_file() const { return !file.empty() && file != "-"; }
};

/// Writes the file of `destination`, which is one. False after saying why not.
bool save(const Destination& destination, std::string_view text);

/// Appends `text` as comment lines of at most 100 columns. Each begins with `first` or, where the
/// text goes on, with `rest`.
void append_comment(std::string& out, std::string_view first, std::string_view rest,
                    std::string_view text);

/// The closing comment of the new file: what it lacks, and why. Nothing where it lacks nothing.
void append_left_out(std::string& out, const std::vector<LeftOut>& left_out);

/// Writes the file, and says on standard error what it lacks. The exit status: exit_differs where
/// that is the value of a key.
int hand_over(const std::string& text, const Destination& destination,
              const std::vector<LeftOut>& left_out);

}  // namespace nettune::ctl
