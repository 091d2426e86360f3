// SPDX-License-Identifier: MIT
// The facts, one entry for each parameter, sorted by pattern.
#include "engine/sysctl/catalogue_data.hpp"

namespace nettune::sysctl {
namespace {

constexpr Integer int_max = 2147483647;
constexpr Integer ulong_max = (static_cast<Integer>(1) << 64) - 1;

constexpr Parameter parameters[] = {
    {.pattern = "net/core/netdev_max_backlog", .encoding = Encoding::int32, .unit = Unit::packets,
     .minimum = -int_max - 1, .maximum = int_max, .scope = Scope::host},
    {.pattern = "net/core/optmem_max", .encoding = Encoding::int32, .unit = Unit::bytes,
     .minimum = 0, .maximum = int_max},
    {.pattern = "net/core/rmem_default", .encoding = Encoding::int32, .unit = Unit::bytes,
     .minimum = 2304, .maximum = int_max, .scope = Scope::host_read_only},
    {.pattern = "net/core/rmem_max", .encoding = Encoding::int32, .unit = Unit::bytes,
     .minimum = 2304, .maximum = int_max, .scope = Scope::host_read_only},
    {.pattern = "net/core/wmem_default", .encoding = Encoding::int32, .unit = Unit::bytes,
     .minimum = 4608, .maximum = int_max, .scope = Scope::host_read_only},
    {.pattern = "net/core/wmem_max", .encoding = Encoding::int32, .unit = Unit::bytes,
     .minimum = 4608, .maximum = int_max, .scope = Scope::host_read_only},
    {.pattern = "net/ipv4/tcp_mem", .encoding = Encoding::ulong, .fields = 3, .unit = Unit::pages,
     .minimum = 0, .maximum = ulong_max, .scope = Scope::host,
     .field_names = {"low", "pressure", "high"}, .ordered = true},
    {.pattern = "net/ipv4/tcp_no_metrics_save", .encoding = Encoding::uint8, .unit = Unit::flag,
     .minimum = 0, .maximum = 255},
};

}  // namespace

std::span<const Parameter> catalogue_data() { return parameters; }

}  // namespace nettune::sysctl
