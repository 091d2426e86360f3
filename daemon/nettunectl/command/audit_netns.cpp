// SPDX-License-Identifier: MIT
#include "command/audit_netns.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <optional>
#include <span>
#include <utility>

#include "command.hpp"
#include "engine/audit/report.hpp"
#include "engine/sysctl/net_namespace.hpp"
#include "engine/sysctl/net_namespace_list.hpp"
#include "engine/sysctl/proc_tree.hpp"
#include "output/output.hpp"
#include "render/audit_netns.hpp"

namespace nettune::ctl {
namespace {

using sysctl::ListedNetNamespace;

// The folders that the profile's keys are in, as far as it names them.
std::vector<std::string> folders_of(const profile::Profile& profile) {
  std::vector<std::string> folders;
  for (const profile::Entry& entry : profile.entries()) {
    const std::string_view below_net = entry.key.pattern().substr(4);
    std::string folder(below_net.substr(0, below_net.find('/')));
    if (folder.find_first_of("*?[") == std::string::npos) folders.push_back(std::move(folder));
  }
  std::ranges::sort(folders);
  const auto repeated = std::ranges::unique(folders);
  folders.erase(repeated.begin(), repeated.end());
  return folders;
}

class Walk {
 public:
  using Seen = std::function<void(const NamespaceView&)>;

  Walk(const NamespacesAudit& what, const sysctl::NetNamespace& own, Seen seen)
      : what_(what),
        own_(own),
        seen_(std::move(seen)),
        held_(folders_of(what.resolved.profile())),
        has_globs_(std::ranges::any_of(
            what.resolved.profile().entries(),
            [](const profile::Entry& entry) { return !entry.key.is_literal(); })) {}

  NamespaceTotals& totals() { return totals_; }

  /// False: the way back into the own namespace failed, and nothing is to be read any more.
  bool look_into(const ListedNetNamespace& listed) {
    if (listed.is_own) {
      conclude(listed, read(listed));
      return true;
    }
    const Result<UniqueFd> fd = sysctl::open_listed(listed, what_.machine.root);
    if (!fd) {
      conclude(listed, std::unexpected(fd.error()));
      return true;
    }
    const Result<void> done = sysctl::in_net_namespace(fd->get(), [&] { return read(listed); });
    if (done) return true;
    const Result<sysctl::NetNamespace> now = sysctl::current_net_namespace();
    if (!now || *now != own_) return false;
    conclude(listed, done);
    return true;
  }

  void pass_over(const ListedNetNamespace& listed, std::string reason) {
    ++totals_.unreadable;
    seen_({.listed = listed,
           .state = NamespaceState::unreadable,
           .reason = std::move(reason),
           .resolved = nullptr,
           .report = nullptr});
  }

 private:
  // In the namespace that the calling thread is in now.
  Result<void> read(const ListedNetNamespace& listed) {
    const std::string directory = what_.machine.root + "/proc/sys";
    const Result<sysctl::ProcTree> tree = sysctl::ProcTree::open(directory, held_);
    if (!tree) return std::unexpected(tree.error());
    std::optional<profile::ResolvedProfile> of_this;
    if (has_globs_ && !listed.is_own) {
      Diagnostics diagnostics;
      of_this = profile::resolve_again(what_.resolved, *tree, diagnostics);
      if (!of_this || diagnostics.has_errors()) {
        pass_over(listed, diagnostics.list.empty() ? "the profile does not fit it"
                                                   : diagnostics.list.front().message);
        return {};
      }
    }
    const profile::ResolvedProfile& resolved = of_this ? *of_this : what_.resolved;
    const bool wants_all = what_.all || what_.format != "table";
    const audit::Report report =
        audit::make_report(resolved, audit::compare(resolved, *tree), {},
                           wants_all ? audit::Rows::all : audit::Rows::notable);
    const bool is_in_sync = report.audit().is_in_sync();
    ++(is_in_sync ? totals_.in_sync : totals_.differing);
    seen_({.listed = listed,
           .state = is_in_sync ? NamespaceState::in_sync : NamespaceState::differs,
           .reason = {},
           .resolved = &resolved,
           .report = &report});
    return {};
  }

  void conclude(const ListedNetNamespace& listed, const Result<void>& done) {
    if (done) return;
    const int number = done.error().number;
    if (number == ENOENT && !listed.is_own) {
      ++totals_.vanished;
      seen_({.listed = listed,
             .state = NamespaceState::vanished,
             .reason = {},
             .resolved = nullptr,
             .report = nullptr});
    } else if (number == EPERM || number == EACCES) {
      pass_over(listed, "no right to enter it; it needs root (CAP_SYS_ADMIN, CAP_SYS_PTRACE)");
    } else {
      pass_over(listed, describe(done.error()));
    }
  }

  const NamespacesAudit& what_;
  const sysctl::NetNamespace& own_;
  Seen seen_;
  std::vector<std::string> held_;
  bool has_globs_;
  NamespaceTotals totals_;
};

ListedNetNamespace of_name(const Error& error) {
  ListedNetNamespace listed;
  listed.names.push_back(error.object.substr(error.object.rfind('/') + 1));
  return listed;
}

std::string reason_of_name(const Error& error) {
  if (error.number != EINVAL) return describe(error);
  return "no network namespace is mounted there for this process; \"ip netns\" left the name "
         "behind, or mounted it elsewhere";
}

}  // namespace

int audit_namespaces(const NamespacesAudit& what) {
  const Result<sysctl::NetNamespaceList> list = sysctl::list_net_namespaces(what.machine.root);
  if (!list) {
    complain(fmt::format("cannot list the network namespaces: {}", describe(list.error())));
    return exit_trouble;
  }
  if (list->namespaces.empty() && list->unreadable.empty() && list->hidden_processes == 0) {
    complain(fmt::format("no network namespace is shown by {0}/proc and {0}/run/netns",
                         what.machine.root));
    return exit_trouble;
  }
  const Terminal terminal = look_at_terminal(STDOUT_FILENO);
  NamespaceTable table(terminal, what.all, list->namespaces);
  std::string json;
  JunitPart junit;
  const Result<sysctl::NetNamespace> own = sysctl::current_net_namespace();
  if (!own) {
    complain(describe(own.error()));
    return exit_trouble;
  }
  Walk walk(what, *own, [&](const NamespaceView& view) {
    if (what.quiet) return;
    if (what.format == "json") {
      json += render_netns_json_part(view, json.empty());
    } else if (what.format == "junit") {
      append_netns_junit(junit, view);
    } else {
      table.add(view);
    }
  });
  walk.totals().hidden_processes = list->hidden_processes;
  for (const ListedNetNamespace& listed : list->namespaces) {
    if (walk.look_into(listed)) continue;
    complain("cannot return to the original network namespace; there is no result");
    return exit_trouble;
  }
  for (const Error& error : list->unreadable) walk.pass_over(of_name(error), reason_of_name(error));

  const NamespaceTotals& totals = walk.totals();
  int status = totals.differing > 0 ? exit_differs : exit_ok;
  if (!totals.is_complete() || totals.in_sync + totals.differing == 0) status = exit_trouble;
  if (what.quiet) {
    if (totals.unreadable > 0) {
      complain(fmt::format("{} of {} could not be read", totals.unreadable,
                           count_of(totals.all(), "network namespace")));
    }
    if (totals.hidden_processes > 0) complain(hidden_text(totals.hidden_processes));
    return status;
  }
  const NamespacesView view{what.resolved, what.machine, what.chosen_by, what.profile_directories,
                            totals};
  if (what.format == "json") return print(render_netns_json(view, json), status);
  if (what.format == "junit") return print(render_netns_junit(view, junit), status);
  return print(table.finish(view), status);
}

}  // namespace nettune::ctl
