// SPDX-License-Identifier: MIT
#include "command/new_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "command.hpp"
#include "engine/diagnostic.hpp"
#include "input/files.hpp"
#include "output/output.hpp"
#include "output/terminal.hpp"

namespace nettune::ctl {
namespace {

constexpr std::size_t comment_width = 100;

// "99-tuning.conf:3: kernel.panic"
std::string subject_of(const LeftOut& one) {
  std::string text = describe(one.origin);
  if (!text.empty() && !one.what.empty()) text += ": ";
  return text + one.what;
}

}  // namespace

void append_comment(std::string& out, std::string_view first, std::string_view rest,
                    std::string_view text) {
  bool is_first = true;
  for (const std::string& line : wrap(printable(text), comment_width - rest.size())) {
    out += is_first ? first : rest;
    out += line;
    out += '\n';
    is_first = false;
  }
}

void append_left_out(std::string& out, const std::vector<LeftOut>& left_out) {
  if (left_out.empty()) return;
  out += "\n# Left out:\n";
  for (const LeftOut& one : left_out) {
    append_comment(out, "#   ", "#     ", fmt::format("{}: {}", subject_of(one), one.reason));
  }
}

bool save(const Destination& destination, std::string_view text) {
  const Result<void> written = destination.force ? write_file(destination.file, text)
                                                 : write_new_file(destination.file, text);
  if (written) {
    debug("wrote {}", destination.file);
    return true;
  }
  complain(written.error().number == EEXIST
               ? fmt::format("{} is there already; --force replaces it", destination.file)
               : describe(written.error()));
  return false;
}

int hand_over(const std::string& text, const Destination& destination,
              const std::vector<LeftOut>& left_out) {
  int status = std::ranges::any_of(left_out, &LeftOut::is_value) ? exit_differs : exit_ok;
  if (!destination.is_file()) {
    status = print(text, status);
  } else if (!save(destination, text)) {
    return exit_trouble;
  }
  if (status == exit_trouble) return status;
  std::string report;
  for (const LeftOut& one : left_out) {
    report += fmt::format("nettunectl: left out: {}: {}\n", printable(subject_of(one)),
                          printable(one.reason));
  }
  print_error(report);
  return status;
}

}  // namespace nettune::ctl
