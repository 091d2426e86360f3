// SPDX-License-Identifier: MIT
// Which keys the kernel changes when another one is written: what a rollback must look after.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "engine/sysctl/key.hpp"

namespace nettune::sysctl {

/// The keys that a write of `key` may change besides it, none for most. Found by writing each key
/// of Linux 6.18 and reading all others (tests/kernel/side_effects_test.cpp does it again).
std::vector<KeyGlob> side_effects_of(const Key& key);

/// The folders beside `folder`, a link's, that hold keys whose write may change the keys in it.
/// Static storage.
std::span<const std::string_view> folders_that_change(std::string_view folder);

}  // namespace nettune::sysctl
