// SPDX-License-Identifier: MIT
// The one spelling that the kernel prints of a list of numbers or a mask of CPUs.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "engine/sysctl/catalogue/catalogue.hpp"

namespace nettune::sysctl {

/// `text` as the kernel prints it once it is written to a key of `parameter`. Of a number_list
/// "1-5,8080" for "8080,3-5,1-3" (proc_do_large_bitmap); of a cpu_mask "3" for "0000,00000003"
/// (bitmap_parse), without the zeros before it, which follow the number of CPUs. Any other text
/// stays as it is. The error is why the kernel refuses it, a clause.
std::expected<std::string, std::string> kernel_form(const Parameter& parameter,
                                                    std::string_view text);

}  // namespace nettune::sysctl
