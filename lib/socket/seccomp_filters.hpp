// SPDX-License-Identifier: MIT
// How many seccomp filters a process has: nettunectl run tells the preload library how many were
// there before the program, and that looks whether there are more.
#pragma once

namespace nettune::socket {

/// Set by nettunectl run where it has filters itself, to their number.
inline constexpr const char* known_filters_variable = "NETTUNE_SECCOMP_FILTERS";

/// Those of the calling thread; -1: it can't be known, as without /proc. No memory, no lock; and no
/// call that the dynamic linker has not made before, so that no filter kills for it.
int seccomp_filters();

}  // namespace nettune::socket
