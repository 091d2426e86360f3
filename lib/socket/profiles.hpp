// SPDX-License-Identifier: MIT
// The border to libnettune-profiles.so, which reads profiles. It is a library of its own so that
// those who give their presets as lines load neither yaml-cpp nor the engine.
#pragma once

#include <cstddef>

namespace nettune::socket {

/// What that library exports as `nettune_profiles_line`. `profile`: a name, or a path where
/// `is_path`; "" for the active one. On success `line` holds the preset as a line; else a message.
/// 0, -ENOENT, -EINVAL, -ENOMEM, or -ENOBUFS where `size` is too little.
using ProfilesLine = int (*)(const char* profile, bool is_path, const char* preset, char* line,
                             std::size_t size) noexcept;
inline constexpr const char* profiles_symbol = "nettune_profiles_line";

}  // namespace nettune::socket
