// SPDX-License-Identifier: MIT
// Joins the tables of the parts into one, while compiling: no work is left for the start-up.
#include "engine/sysctl/catalogue_data.hpp"

#include <algorithm>
#include <array>

#include "engine/sysctl/catalogue_core.hpp"
#include "engine/sysctl/catalogue_ipv4.hpp"
#include "engine/sysctl/catalogue_ipv6.hpp"
#include "engine/sysctl/catalogue_netfilter.hpp"
#include "engine/sysctl/catalogue_tcp.hpp"

namespace nettune::sysctl {
namespace {

template <std::size_t... Sizes>
consteval auto join(const Parameter (&... parts)[Sizes]) {
  std::array<Parameter, (Sizes + ...)> all{};
  auto* end = all.data();
  ((end = std::ranges::copy(parts, end).out), ...);
  return all;
}

constexpr auto parameters = join(data::core_parameters, data::ipv4_parameters, data::tcp_parameters,
                                 data::ipv6_parameters, data::netfilter_parameters);

// find_parameter() searches by halves.
static_assert(std::ranges::is_sorted(parameters, {}, &Parameter::pattern));
static_assert(std::ranges::adjacent_find(parameters, {}, &Parameter::pattern) == parameters.end());

}  // namespace

std::span<const Parameter> catalogue_data() { return parameters; }

}  // namespace nettune::sysctl
