// SPDX-License-Identifier: MIT
// The text of a sysctl.d file on its whole way into a profile: what is made of it is a profile
// without a fault, on a machine whose keys match its globs.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "command/import.hpp"
#include "engine/profile/document.hpp"
#include "engine/profile/profile.hpp"
#include "engine/sysctl/saved_tree.hpp"
#include "engine/text/characters.hpp"
#include "invariant.hpp"

namespace {

using nettune::Diagnostics;
using nettune::fuzz::invariant;
namespace ctl = nettune::ctl;
namespace profile = nettune::profile;
namespace sysctl = nettune::sysctl;

const ctl::Machine& machine() {
  static const ctl::Machine made = [] {
    std::vector<sysctl::SavedTree::Fault> faults;
    ctl::Machine machine;
    machine.tree = std::make_unique<sysctl::SavedTree>(sysctl::SavedTree::parse(
        "net.core.rmem_max = 212992\nnet.core.somaxconn = 4096\n"
        "net.ipv4.icmp_echo_ignore_all = 0\nnet.ipv4.icmp_echo_ignore_broadcasts = 1\n"
        "net.ipv4.ip_default_ttl = 64\nnet.ipv4.ip_forward = 0\n"
        "net.ipv4.tcp_congestion_control = cubic\nnet.ipv4.tcp_rmem = 4096\t131072\t6291456\n"
        "net.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.eth0.rp_filter = 2\n"
        "net.ipv4.conf.all.forwarding = 0\nnet.ipv6.conf.eth0.disable_ipv6 = 0\n"
        "net/ipv4/conf/eth0.100/rp_filter = 1\n",
        faults));
    machine.host.memory_bytes = 8ull << 30;
    machine.host.kernel = {6, 1};
    machine.host.kernel_release = "6.1.0";
    machine.host.timer_hz = 250;
    return machine;
  }();
  return made;
}

// One file for all inputs.
int file() {
  static const int fd = ::memfd_create("fuzz.conf", MFD_CLOEXEC);
  return fd;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  invariant(
      ::ftruncate(file(), 0) == 0 && ::pwrite(file(), data, size, 0) == static_cast<ssize_t>(size),
      "the input can be written");
  Diagnostics diagnostics;
  const std::optional<ctl::ImportedProfile> made = ctl::import_profile(
      "sysctl.d", {fmt::format("/proc/self/fd/{}", file())}, machine(), diagnostics);
  if (!made) {
    invariant(diagnostics.has_errors(), "a refused file has a reason");
    return 0;
  }
  invariant(!nettune::find_stranger(made->text, nettune::TextKind::prose),
            "a profile that was made holds what a profile may hold");
  Diagnostics faults;
  const auto document = profile::parse_document("made.yaml", made->text, faults);
  invariant(document && profile::ProfileBuilder::check(*document, faults, {6, 1}).has_value() &&
                !faults.has_errors(),
            "a profile that was made has no fault");
  for (const ctl::LeftOut& one : made->left_out) {
    invariant(!one.reason.empty(), "what is left out has a reason");
  }
  return 0;
}
