// SPDX-License-Identifier: MIT
// Report: an audit with its causes, as rows of text that every renderer shares: data, no
// formatting.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/audit/compare.hpp"
#include "engine/audit/conflicts.hpp"

namespace nettune::audit {

struct Row {
  const Finding* finding = nullptr;
  std::string key;
  std::string desired;           ///< the rule in raw numbers
  std::string desired_readable;  ///< "at least 16 MiB"; "" where raw says it all
  std::string live;              ///< "" where there is none
  std::string live_readable;
  std::string declared_at;          ///< "web.yaml:12"
  std::string why;                  ///< the profile's reason
  std::string reason;               ///< why the verdict is not match
  std::vector<std::string> causes;  ///< who else sets it, the kernel's range: a sentence each
  const Conflict* conflict = nullptr;
};

/// When a number is shown with its unit.
enum class Units {
  where_they_help,  ///< "16 MiB" and "1 min", but 15 for fifteen seconds
  always,           ///< "15 s" as well: beside a value that has one
};

/// Which findings a report has rows for.
enum class Rows {
  all,
  notable,  ///< what is wrong, and what is right now and will be wrong after the next boot
};

/// Who has the last word at boot.
enum class Boot {
  files,    ///< what sysctl.d and TuneD set stays
  service,  ///< nettuned puts this profile in force after them
};

/// What nettune itself left in a key when it changed it last.
struct Left {
  sysctl::Key key;
  std::string text;
};

class Report {
 public:
  const std::vector<Row>& rows() const { return rows_; }  ///< wrong ones first, then by key
  const Audit& audit() const { return audit_; }
  const std::vector<Conflict>& conflicts() const { return conflicts_; }
  /// Keys that are right now, and that something sets to another value at the next boot.
  std::size_t overridden_at_boot() const { return overridden_at_boot_; }
  /// Those that nettuned then puts right again.
  std::size_t corrected_at_boot() const { return corrected_at_boot_; }

 private:
  friend Report make_report(const profile::ResolvedProfile& resolved, Audit audit,
                            std::vector<Conflict> conflicts, Rows rows, std::span<const Left> left,
                            Boot boot);
  Audit audit_;
  std::vector<Conflict> conflicts_;
  std::vector<Row> rows_;
  std::size_t overridden_at_boot_ = 0;
  std::size_t corrected_at_boot_ = 0;
};

/// `left` is by key; a key that drifts and is not in it has no cause of that kind.
Report make_report(const profile::ResolvedProfile& resolved, Audit audit,
                   std::vector<Conflict> conflicts, Rows rows = Rows::all,
                   std::span<const Left> left = {}, Boot boot = Boot::files);

/// The numbers of a live or desired text as a person reads them, "16 MiB"; "" where that says no
/// more than the text.
std::string readable_text(std::string_view text, const sysctl::Parameter* parameter,
                          const profile::Host& host, Units units = Units::where_they_help);

}  // namespace nettune::audit
