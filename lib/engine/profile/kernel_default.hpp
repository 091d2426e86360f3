// SPDX-License-Identifier: MIT
// The value that the kernel itself starts with on a host.
#pragma once

#include <array>

#include "engine/profile/host.hpp"
#include "engine/sysctl/catalogue/catalogue.hpp"

namespace nettune::profile {

/// The value the kernel itself starts with on `host`, where that is known for this kernel version
/// and memory size; nullopt otherwise. Derived from the facts of the host, never from live values.
struct KernelDefault {
  std::array<sysctl::Integer, 3> numbers{};  ///< as many as the key has fields
  /// One of them follows the memory, as it is seen now: within 0.5 % of what the kernel chose.
  bool is_estimate = false;
};
bool has_kernel_default(const sysctl::Parameter& parameter, const Host& host, KernelDefault& out);

}  // namespace nettune::profile
