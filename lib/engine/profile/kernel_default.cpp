// SPDX-License-Identifier: MIT
#include "engine/profile/kernel_default.hpp"

#include <algorithm>

namespace nettune::profile {
namespace {

using sysctl::Formula;
using sysctl::Integer;
using sysctl::Version;

constexpr Integer mib = 1 << 20;

// tcp_mem and udp_mem: the pressure mark, and the two others from it, truncated as the kernel does.
std::array<Integer, 3> three_marks(Integer pages) {
  const Integer pressure = std::max<Integer>(pages, 128);
  const Integer low = pressure / 4 * 3;
  return {low, pressure, 2 * low};
}

bool default_of_mem(bool is_udp, const Host& host, KernelDefault& out) {
  if (host.buffer_pages == 0) return false;
  const auto pages = static_cast<Integer>(host.buffer_pages);
  out.is_estimate = true;
  if (is_udp) {
    out.numbers = three_marks(pages / 8);
    return true;
  }
  if (host.kernel >= Version{4, 3}) {
    out.numbers = three_marks(pages / 16);
    return true;
  }
  if (host.kernel < Version{4, 2}) {
    out.numbers = three_marks(pages / 8);
    return true;
  }
  return false;
}

// Whether a share of the memory that is known within 0.5 % may be what holds, and not a bound.
bool may_lie_within(Integer share, Integer least, Integer most) {
  return share > least - least / 200 && share < most + most / 200;
}

bool default_of_buffers(bool is_receive, const Host& host, KernelDefault& out) {
  // A child namespace starts with what the host has now, not with what the kernel would choose.
  if (host.is_child_namespace || host.buffer_pages == 0) return false;
  // The first field was 4096 for a while, whatever the page; since then it is the page.
  if (host.page_size != 4096 && host.kernel < Version{6, 1}) return false;
  const Integer share = static_cast<Integer>(host.buffer_pages) * host.page_size / 128;
  if (!is_receive) {
    out.numbers = {host.page_size, 16384, std::clamp<Integer>(share, 65536, 4 * mib)};
    out.is_estimate = may_lie_within(share, 65536, 4 * mib);
    return true;
  }
  Integer initial = 131072;
  if (host.kernel < Version{4, 20}) {
    if (host.kernel >= Version{4, 19}) return false;  // the change went into some 4.19 releases
    initial = 87380;
  }
  Integer ceiling = 6 * mib;
  if (host.kernel >= Version{6, 17}) {
    ceiling = 32 * mib;
  } else if (host.kernel >= Version{6, 15} && share > ceiling) {
    return false;
  }
  out.numbers = {host.page_size, initial, std::clamp(share, initial, ceiling)};
  out.is_estimate = may_lie_within(share, initial, ceiling);
  return true;
}

bool default_by(const sysctl::Default& one, const Host& host, KernelDefault& out) {
  // One page counts as known only where it is the usual one.
  switch (one.formula) {
    case Formula::fixed:
      out.numbers = {one.numbers[0], one.numbers[1]};
      return true;
    case Formula::page:
      out.numbers = {4096};
      return host.page_size == 4096;
    case Formula::mebibyte_in_pages:
      out.numbers = {256};
      return host.page_size == 4096;
    case Formula::tcp_memory:
      return default_of_mem(false, host, out);
    case Formula::udp_memory:
      return default_of_mem(true, host, out);
    case Formula::receive_buffers:
      return default_of_buffers(true, host, out);
    case Formula::send_buffers:
      return default_of_buffers(false, host, out);
  }
  return false;
}

}  // namespace

bool has_kernel_default(const sysctl::Parameter& parameter, const Host& host, KernelDefault& out) {
  out.is_estimate = false;
  if (host.kernel == Version{}) return false;
  for (const sysctl::Default& one : parameter.defaults) {
    const bool is_its =
        one.formula != Formula::fixed || (host.kernel >= one.from && host.kernel < one.until);
    if (is_its) return default_by(one, host, out);
  }
  return false;
}

}  // namespace nettune::profile
