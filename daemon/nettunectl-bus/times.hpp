// SPDX-License-Identifier: MIT
// Times as a person reads and writes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace nettune::ctl {

/// "2026-11-23 13:10:02" in the local time zone, of microseconds since 1970.
std::string local_time(std::uint64_t microseconds);

/// What `text` means, in microseconds since 1970: "2026-11-23 13:10[:02]", "2026-11-23", "13:10",
/// "today", "yesterday", or "2 h ago" as "-2h", "-30min", "-90s", "-3d". nullopt for anything else.
std::optional<std::uint64_t> parse_time(const std::string& text, std::uint64_t now);

}  // namespace nettune::ctl
