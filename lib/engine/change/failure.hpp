// SPDX-License-Identifier: MIT
// Failure: why a change was not made, for the one who asked for it.
#pragma once

#include <string>

namespace nettune::change {

struct Failure {
  enum class Kind {
    busy,    ///< another writer is at work, or a change waits for its confirmation
    denied,  ///< the caller lacks a right
    state,   ///< the files in /run/nettune can't be read, understood or written
    stale,   ///< the live values are no longer those that the plan was made for
    system,  ///< a key can't be looked at just now: too many open files, no memory
  };
  Kind kind;
  std::string message;  ///< one sentence without a full stop
};

}  // namespace nettune::change
