// SPDX-License-Identifier: MIT
// The catalogue's table: for catalogue.cpp alone.
#pragma once

#include <span>

#include "engine/sysctl/catalogue/catalogue.hpp"

namespace nettune::sysctl {

/// Sorted by pattern.
std::span<const Parameter> catalogue_data();

}  // namespace nettune::sysctl
