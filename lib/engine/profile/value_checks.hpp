// SPDX-License-Identifier: MIT
// What is wrong with the numbers that a rule could write, judged by the catalogue alone: outside
// the kernel's range, harmful, or in the wrong order. profile.cpp asks for what a file states
// plainly, resolve.cpp for what a host's memory decides.
#pragma once

#include "engine/profile/profile.hpp"
#include "engine/sysctl/catalogue/catalogue.hpp"

namespace nettune::profile {

/// One field's rule in numbers; `known` is false where it is not a number yet, or is `keep`.
struct FieldBounds {
  bool known = false;
  const Rule* rule = nullptr;
  std::vector<sysctl::Integer> operands;  ///< as Rule::operands

  /// Nothing is known of `of` yet.
  void begin(const Rule& of) {
    known = false;
    rule = &of;
    operands.clear();
  }
};

/// Adds the errors of `fields`, one for each field of `parameter`, or one in all for a lone rule.
/// `range` is what the kernel takes of each field, `hz` its timer's rate: 0 where it is not known.
void check_values(const sysctl::Parameter& parameter, const sysctl::Range& range, int hz,
                  const std::vector<FieldBounds>& fields, Diagnostics& diagnostics);

/// The range over all kernel versions that the catalogue knows.
sysctl::Range widest_range(const sysctl::Parameter& parameter);

}  // namespace nettune::profile
