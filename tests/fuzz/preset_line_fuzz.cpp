// SPDX-License-Identifier: MIT
// A preset's line: what parses prints as a line that parses and prints as the same; what does not
// parse has a reason.
#include <nettune/nettune.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>

#include "invariant.hpp"

using nettune::fuzz::invariant;

namespace {

std::string text(const nettune_preset* preset) {
  std::string line(static_cast<std::size_t>(nettune_preset_text(preset, nullptr, 0)), '\0');
  const int length = nettune_preset_text(preset, line.data(), line.size() + 1);
  invariant(length == static_cast<int>(line.size()), "the length is that of the whole line");
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string line(reinterpret_cast<const char*>(data), size);
  nettune_preset* preset = nullptr;
  std::array<char, 256> message{};
  const int status = nettune_preset_line(line.c_str(), &preset, message.data(), message.size());
  if (status != 0) {
    invariant(status == -EINVAL && preset == nullptr, "a fault is -EINVAL, and no preset");
    invariant(message[0] != '\0', "a fault says something");
    return 0;
  }
  const std::string printed = text(preset);
  nettune_preset* again = nullptr;
  invariant(nettune_preset_line(printed.c_str(), &again, nullptr, 0) == 0,
            "what is printed parses");
  invariant(text(again) == printed, "what is printed parses to the same");
  nettune_preset_unref(again);
  nettune_preset_unref(preset);
  return 0;
}
