// SPDX-License-Identifier: MIT
// The profile that the service is to put in force after the next boot: one line in a file.
#pragma once

#include <optional>
#include <string>

#include "engine/result.hpp"

namespace nettune::daemon {

/// The first line of the file; nullopt where there is no file.
Result<std::optional<std::string>> read_choice(const std::string& path);

/// Makes the file and its folder where they are not there. On disk when this returns.
Result<void> write_choice(const std::string& path, const std::string& choice);

}  // namespace nettune::daemon
