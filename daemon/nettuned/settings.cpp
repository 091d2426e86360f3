// SPDX-License-Identifier: MIT
#include "settings.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/file/read.hpp"
#include "engine/profile/correction.hpp"
#include "engine/profile/document.hpp"
#include "engine/profile/quantity.hpp"
#include "engine/profile/store.hpp"

namespace nettune::daemon {
namespace {

using profile::Node;
using std::chrono::nanoseconds;

constexpr auto words = std::to_array<std::string_view>({"profile", "on-drift", "sweep", "contest"});
constexpr auto contest_words = std::to_array<std::string_view>({"restores", "within"});
constexpr nanoseconds longest = std::chrono::hours(24);

class Reader {
 public:
  explicit Reader(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  std::optional<Settings> read(const Node& root) {
    if (root.kind != Node::Kind::mapping) {
      fault(root.origin, "the settings must be a mapping",
            fmt::format("one setting to a line: {}", fmt::join(words, ", ")));
      return std::nullopt;
    }
    for (const Node::Entry& entry : root.entries()) read_entry(entry);
    if (has_fault_) return std::nullopt;
    return settings_;
  }

 private:
  void fault(const Origin& origin, std::string message, std::string help = {}) {
    has_fault_ = true;
    diagnostics_.list.push_back({Severity::error, origin, std::move(message), std::move(help), {}});
  }

  void unknown(const Node& key, std::span<const std::string_view> known) {
    const std::string_view near = nearest(key.text, known);
    fault(key.origin, fmt::format("unknown setting \"{}\"", printable(key.text)),
          near.empty() ? fmt::format("there are {}", fmt::join(known, ", "))
                       : fmt::format("did you mean \"{}\"?", near));
  }

  void read_entry(const Node::Entry& entry) {
    const std::string_view word = entry.key.text;
    if (word == "profile") {
      if (is_text(entry)) settings_.profile = entry.value.text;
    } else if (word == "on-drift") {
      read_on_drift(entry);
    } else if (word == "sweep") {
      if (const auto time = duration(entry, std::chrono::seconds(1))) settings_.sweep = *time;
    } else if (word == "contest") {
      read_contest(entry.value);
    } else {
      unknown(entry.key, words);
    }
  }

  bool is_text(const Node::Entry& entry) {
    if (entry.value.kind == Node::Kind::scalar && !entry.value.empty) return true;
    fault(entry.value.origin, fmt::format("\"{}\" must be a word", entry.key.text));
    return false;
  }

  void read_on_drift(const Node::Entry& entry) {
    if (!is_text(entry)) return;
    if (entry.value.text == "restore") {
      settings_.on_drift = profile::OnDrift::restore;
    } else if (entry.value.text == "report") {
      settings_.on_drift = profile::OnDrift::report;
    } else {
      fault(entry.value.origin, fmt::format("\"{}\" is neither \"restore\" nor \"report\"",
                                            printable(entry.value.text)));
    }
  }

  static bool is_time(const profile::Expression& expression) {
    return expression.kind == profile::Expression::Kind::literal &&
           expression.quantity.dimension == profile::Dimension::duration;
  }

  // What to write instead of `text`; a lone number counts seconds.
  static std::string time_help(std::string_view text) {
    std::vector<profile::Reading> readings =
        profile::readings_of_amount(text, {.unit = sysctl::Unit::seconds});
    std::erase_if(readings, [](profile::Reading& reading) {
      auto expression = profile::parse_expression(reading.text, Origin{});
      if (expression && expression->quantity.dimension == profile::Dimension::number) {
        reading.text += " s";
        expression = profile::parse_expression(reading.text, Origin{});
      }
      return !expression || !is_time(*expression);
    });
    return readings.empty() ? "the units are us, ms, s and min" : profile::help_of(readings);
  }

  std::optional<nanoseconds> duration(const Node::Entry& entry, nanoseconds shortest) {
    if (!is_text(entry)) return std::nullopt;
    const auto expression = profile::parse_expression(entry.value.text, entry.value.origin);
    if (!expression) {
      fault(entry.value.origin, expression.error().message, time_help(entry.value.text));
      return std::nullopt;
    }
    if (!is_time(*expression)) {
      fault(entry.value.origin, fmt::format("\"{}\" must be a time with its unit", entry.key.text),
            time_help(entry.value.text));
      return std::nullopt;
    }
    const profile::Quantity& quantity = expression->quantity;
    const sysctl::Integer time = quantity.numerator / quantity.denominator;
    if (time < shortest.count() || time > longest.count()) {
      fault(entry.value.origin,
            fmt::format("\"{}\" must be from {} s to 24 h", entry.key.text,
                        std::chrono::duration_cast<std::chrono::seconds>(shortest).count()));
      return std::nullopt;
    }
    return nanoseconds(static_cast<std::int64_t>(time));
  }

  void read_contest(const Node& node) {
    if (node.kind != Node::Kind::mapping) {
      fault(node.origin, "\"contest\" must be a mapping",
            "its form is {restores: NUMBER, within: TIME}");
      return;
    }
    for (const Node::Entry& entry : node.entries()) {
      if (entry.key.text == "restores") {
        read_restores(entry);
      } else if (entry.key.text == "within") {
        if (const auto time = duration(entry, std::chrono::seconds(1))) {
          settings_.contest_within = *time;
        }
      } else {
        unknown(entry.key, contest_words);
      }
    }
  }

  void read_restores(const Node::Entry& entry) {
    if (!is_text(entry)) return;
    const std::string_view text = entry.value.text;
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number < 1 || number > 1000) {
      fault(entry.value.origin, "\"restores\" must be a number from 1 to 1000");
      return;
    }
    settings_.contest_restores = number;
  }

  Diagnostics& diagnostics_;
  Settings settings_;
  bool has_fault_ = false;
};

}  // namespace

std::optional<Settings> parse_settings(std::string name, std::string text,
                                       Diagnostics& diagnostics) {
  // A file of comments alone is the one that is installed.
  const auto is_comment_or_blank = [](std::string_view rest) {
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      const std::size_t first = rest.find_first_not_of(" \t\r");
      if (first < end && rest[first] != '#') return false;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return true;
  };
  if (is_comment_or_blank(text)) return Settings{};
  const std::size_t before = diagnostics.list.size();
  const std::optional<profile::Document> document =
      profile::parse_document(std::move(name), std::move(text), diagnostics);
  if (!document) return std::nullopt;
  std::optional<Settings> settings = Reader(diagnostics).read(document->root());
  for (std::size_t i = before; i < diagnostics.list.size(); ++i) {
    if (diagnostics.list[i].severity == Severity::error) return std::nullopt;
  }
  return settings;
}

std::optional<Settings> load_settings(const std::string& path, Diagnostics& diagnostics) {
  Result<std::string> text = read_file(path, profile::max_file_size);
  if (!text && text.error().number == ENOENT) return Settings{};
  if (!text) {
    diagnostics.list.push_back({Severity::error,
                                Origin{},
                                fmt::format("{} can't be read: {}", path,
                                            why_unreadable(text.error(), profile::max_file_size)),
                                {},
                                {}});
    return std::nullopt;
  }
  return parse_settings(path, *std::move(text), diagnostics);
}

}  // namespace nettune::daemon
