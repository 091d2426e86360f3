// SPDX-License-Identifier: MIT
// The words for the numbers of nettune.h; nullptr where a number has none.
#pragma once

#include "preset.hpp"

namespace nettune::socket {

const char* role_name(int role);
const char* outcome_name(int outcome);
const char* reason_name(int reason);
const char* reason_text(int reason);
/// As nettune_result_text().
void write_result(const nettune_result& result, TextOut& out);

}  // namespace nettune::socket
