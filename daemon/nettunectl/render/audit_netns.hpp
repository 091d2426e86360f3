// SPDX-License-Identifier: MIT
// The audit of every network namespace as text. Each namespace is rendered by itself, as soon as it
// was read: what is kept of a thousand of them is text. The frame around the parts comes last.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "engine/sysctl/net_namespace_list.hpp"
#include "render/audit.hpp"

namespace nettune::ctl {

enum class NamespaceState { in_sync, differs, unreadable, vanished };

struct NamespaceView {
  const sysctl::ListedNetNamespace& listed;
  NamespaceState state = NamespaceState::unreadable;
  std::string reason;  ///< unreadable: why; one clause
  /// Both are null where it was not read.
  const profile::ResolvedProfile* resolved = nullptr;
  const audit::Report* report = nullptr;
};

struct NamespaceTotals {
  std::size_t in_sync = 0, differing = 0, unreadable = 0, vanished = 0;
  std::size_t hidden_processes = 0;  ///< whose namespaces may be among those, or others

  std::size_t all() const { return in_sync + differing + unreadable + vanished; }
  bool is_complete() const { return unreadable == 0 && hidden_processes == 0; }
};

struct NamespacesView {
  const profile::ResolvedProfile& resolved;  ///< in the caller's own namespace
  const Machine& machine;
  ChosenBy chosen_by = ChosenBy::argument;
  const std::vector<std::string>& profile_directories;
  const NamespaceTotals& totals;
};

/// "blue", "nginx[812]", "inode 4026532000"; fit for a terminal.
std::string name_of(const sysctl::ListedNetNamespace& listed);

/// "the namespaces of 3 processes are not shown to this user …"
std::string hidden_text(std::size_t processes);

/// A line for each namespace, and below it the rows that differ, or the name of the first namespace
/// with the same rows; with `all`, every row.
class NamespaceTable {
 public:
  NamespaceTable(const Terminal& terminal, bool all,
                 const std::vector<sysctl::ListedNetNamespace>& namespaces);
  void add(const NamespaceView& view);
  std::string finish(const NamespacesView& view) const;

 private:
  std::string rows_of(const audit::Report& report) const;

  Terminal terminal_;
  bool all_;
  std::size_t name_width_;
  std::string parts_;
  std::map<std::string, std::string> first_with_;  // rows -> the namespace that shows them
  std::string first_differing_;                    // as --netns takes it; "." is the own one
};

/// packaging/schema/nettune-audit-netns.schema.json; `parts` are those of all namespaces, joined.
std::string render_netns_json_part(const NamespaceView& view, bool is_first);
std::string render_netns_json(const NamespacesView& view, const std::string& parts);

/// A test suite for each namespace, a test case for each of its keys.
struct JunitPart {
  std::string text;
  std::size_t tests = 0, failures = 0, errors = 0;
};
void append_netns_junit(JunitPart& sum, const NamespaceView& view);
std::string render_netns_junit(const NamespacesView& view, const JunitPart& sum);

}  // namespace nettune::ctl
