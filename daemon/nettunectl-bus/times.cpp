// SPDX-License-Identifier: MIT
#include "times.hpp"

#include <array>
#include <charconv>
#include <ctime>
#include <string_view>

namespace nettune::ctl {
namespace {

constexpr std::uint64_t second = 1'000'000;  // microseconds

struct Unit {
  std::string_view name;
  std::uint64_t seconds;
};
constexpr auto units = std::to_array<Unit>({{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86'400}});

std::tm local(std::time_t time) {
  std::tm parts{};
  ::localtime_r(&time, &parts);
  return parts;
}

// Of midnight on that day.
std::uint64_t midnight(std::tm parts) {
  parts.tm_hour = parts.tm_min = parts.tm_sec = 0;
  parts.tm_isdst = -1;
  return static_cast<std::uint64_t>(std::mktime(&parts)) * second;
}

}  // namespace

std::string local_time(std::uint64_t microseconds) {
  const std::tm parts = local(static_cast<std::time_t>(microseconds / second));
  char text[64];
  return {text, std::strftime(text, sizeof text, "%F %T", &parts)};
}

std::optional<std::uint64_t> parse_time(const std::string& text, std::uint64_t now) {
  const std::tm today = local(static_cast<std::time_t>(now / second));
  if (text == "today") return midnight(today);
  if (text == "yesterday") {
    std::tm before = today;
    --before.tm_mday;
    return midnight(before);
  }
  if (text.starts_with('-')) {
    std::uint64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data() + 1, end, number);
    if (error != std::errc{} || number > 1'000'000'000) return std::nullopt;
    for (const Unit& unit : units) {
      if (std::string_view(rest, end) == unit.name) {
        return now - std::min(now, number * unit.seconds * second);
      }
    }
    return std::nullopt;
  }
  for (const char* format :
       {"%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%H:%M:%S", "%H:%M"}) {
    std::tm parts = today;
    parts.tm_hour = parts.tm_min = parts.tm_sec = 0;
    parts.tm_isdst = -1;
    const char* rest = ::strptime(text.c_str(), format, &parts);
    if (rest != nullptr && *rest == '\0') {
      return static_cast<std::uint64_t>(std::mktime(&parts)) * second;
    }
  }
  return std::nullopt;
}

}  // namespace nettune::ctl
