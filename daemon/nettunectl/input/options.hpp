// SPDX-License-Identifier: MIT
// Options: what a command takes, said once: parsed by CLI11 and printed as the command's --help.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "command.hpp"

namespace nettune::ctl {

class Options {
 public:
  explicit Options(const Command& command) : command_(command) {}
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;

  /// The targets must outlive parse(). `names` as CLI11 has them: "-q,--quiet".
  void flag(const char* names, bool& target, std::string_view meaning);
  void option(const char* names, std::string_view value, std::string& target,
              std::string_view meaning);
  /// `target` holds the default, and afterwards one of `choices`.
  void choice(const char* names, std::string& target, std::initializer_list<const char*> choices,
              std::string_view meaning);
  void argument(const char* name, std::string& target, bool required = false);
  void arguments(const char* name, std::vector<std::string>& target, bool required = true);

  /// nullopt: go on. Otherwise there is nothing left to do but to exit with that status: --help was
  /// printed, or what is wrong.
  std::optional<int> parse(Arguments arguments);

  /// Says on standard error what is wrong with the arguments and where the help is.
  int refuse(std::string_view message) const;

 private:
  struct Option {
    const char* names;  // of an argument: what stands in the usage
    std::string_view value;
    std::string meaning;
    std::variant<bool*, std::string*, std::vector<std::string>*> target;
    std::vector<const char*> choices{};
    std::string usual{};  // the default of a choice
    bool is_required = false;

    bool is_argument() const { return names[0] != '-'; }
  };

  bool take_plain(Arguments arguments) const;
  std::optional<int> take_with_options(Arguments arguments) const;
  std::string help() const;
  std::string name_near(std::string_view word) const;

  const Command& command_;
  std::vector<Option> options_;
};

}  // namespace nettune::ctl
