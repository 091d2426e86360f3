// SPDX-License-Identifier: MIT
#include "bus_error.hpp"

#include <systemd/sd-bus-protocol.h>

namespace nettune::daemon {

const char* bus_error_name(Refusal::Kind kind) {
  using Kind = Refusal::Kind;
  switch (kind) {
    case Kind::no_such_profile:
      return "org.nettune1.Error.NoSuchProfile";
    case Kind::invalid_profile:
      return "org.nettune1.Error.InvalidProfile";
    case Kind::not_applicable:
      return "org.nettune1.Error.NotApplicable";
    case Kind::stale:
      return "org.nettune1.Error.Stale";
    case Kind::kernel_refused:
      return "org.nettune1.Error.KernelRefused";
    case Kind::busy:
      return "org.nettune1.Error.Busy";
    case Kind::denied:
    case Kind::failed:
      break;
  }
  return SD_BUS_ERROR_FAILED;
}

}  // namespace nettune::daemon
