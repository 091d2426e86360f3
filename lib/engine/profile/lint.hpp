// SPDX-License-Identifier: MIT
// Lint: what is legal in a profile and yet wrong, or worth knowing before it is applied.
#pragma once

#include "engine/diagnostic.hpp"
#include "engine/profile/resolve.hpp"

namespace nettune::profile {

/// Values that the kernel takes and that do harm, inverted triples (errors); pages for bytes,
/// limits that contradict each other, dead keys, values below the kernel's own default for this
/// host, side effects, lock-out risk, worst-case memory, socket buffers that switch autotuning off
/// (warnings). Each has a name in Diagnostic::lint.
void lint(const ResolvedProfile& resolved, Diagnostics& diagnostics);

}  // namespace nettune::profile
