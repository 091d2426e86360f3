// SPDX-License-Identifier: MIT
// Machine: what a command looks at: the keys and the facts of this host, of another network
// namespace, of a folder, or of what `sysctl -a` printed elsewhere.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/file/unique_fd.hpp"
#include "engine/profile/host.hpp"
#include "engine/sysctl/tree.hpp"
#include "input/options.hpp"

namespace nettune::ctl {

/// The options that say which machine. Each command offers those that it can honour.
struct MachineOptions {
  std::string root;    ///< "" is this host's /
  std::string live;    ///< a file, or "-" for standard input
  std::string netns;   ///< a name below /run/netns, a process id or a path
  std::string memory;  ///< "24 GiB"
  std::string kernel;  ///< "6.1"

  void add_live(Options& options) {
    options.option("--live", "FILE", live,
                   "audit what \"sysctl -a\" printed on another machine; - is standard input");
  }
  void add_netns(Options& options, std::string_view does = "look at") {
    options.option(
        "--netns", "NAME|PID|PATH", netns,
        std::string(does) + " another network namespace: one of \"ip netns\", a process's, a file");
  }
  /// For a command that knows what to do with "all".
  void add_netns_or_all(Options& options) {
    options.option("--netns", "NAME|PID|PATH|all", netns,
                   "look at another network namespace: one of \"ip netns\", a process's, a file; "
                   "or at all of this host");
  }
  void add_facts(Options& options) {
    options.option("--memory", "SIZE", memory,
                   "the machine's memory, such as \"24 GiB\" (default: what it has)");
    options.option("--kernel", "VERSION", kernel,
                   "the machine's Linux version, such as 6.1 (default: what it runs)");
  }
  void add_root(Options& options) {
    options.option("--root", "DIR", root,
                   "look at the machine whose /proc, /sys, /etc and /usr are below DIR");
  }
};

struct Machine {
  std::unique_ptr<sysctl::Tree> tree;
  profile::Host host;
  std::string root;              ///< without a slash at its end
  std::string description;       ///< "this machine", "saved values of db1.txt", …
  bool is_saved = false;         ///< from --live: nothing but the keys is known
  bool is_other_kernel = false;  ///< of --kernel: the tree does not tell its keys
  UniqueFd netns{};              ///< of --netns; none: this process's own namespace
};

/// nullopt: it cannot be looked at, and why was said on standard error.
std::optional<Machine> open_machine(const MachineOptions& options);

}  // namespace nettune::ctl
