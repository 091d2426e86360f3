// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string_view>

namespace nettune {

/// The word of `candidates` that was probably meant by `word`, or "" where none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace nettune
