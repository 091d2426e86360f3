// SPDX-License-Identifier: MIT
// What a function returns that may be refused by the system. A fault in a profile is a Diagnostic.
#pragma once

#include <expected>
#include <string>

namespace nettune {

/// A refusal by the system.
struct Error {
  int number;          ///< an errno value, always positive
  std::string action;  ///< what was being done: "write"
  std::string object;  ///< to what: "net.core.rmem_max"
};

/// "read net.core.rmem_max: Permission denied"
std::string describe(const Error& error);

template <class T>
using Result = std::expected<T, Error>;

}  // namespace nettune
