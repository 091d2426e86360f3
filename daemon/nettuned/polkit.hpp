// SPDX-License-Identifier: MIT
// Polkit: may this caller do that? Asked of the bus and of polkit, and answered later; nothing
// waits.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <string_view>

#include "handles.hpp"

namespace nettune::daemon {

/// The action that a member of org.nettune1.Manager needs: "org.nettune1.activate", …; "" for one
/// that anybody may call. All others of this service are such.
std::string_view action_of(std::string_view method);

class Polkit {
 public:
  /// Goes on with a call that was allowed. Negative: an errno value, as for a handler of sd-bus.
  using Then = std::function<int(sd_bus_message* call, sd_bus_error* error)>;

  /// The bus outlives this.
  explicit Polkit(sd_bus* bus) : bus_(bus) {}
  Polkit(const Polkit&) = delete;
  Polkit& operator=(const Polkit&) = delete;

  /// Keeps `call` and runs `then` once it is allowed; refuses it otherwise. Root needs no polkit,
  /// and without polkit only root is let in. A caller who has left before polkit answers is
  /// forgotten, and polkit is told. What it returns is what the handler is to return.
  int authorize(sd_bus_message* call, std::string_view action, Then then, sd_bus_error* error);

 private:
  struct Question {
    Polkit* self;
    Message call;
    std::string action;
    Then then;
    Slot slot;  // of the answer that is waited for
    Slot left;  // of the word that the caller has left
    long uid = -1;
    std::string unit;
    bool is_with_polkit = false;
    std::string id;  // for polkit, where it is to be cancelled
  };
  using Questions = std::list<Question>;

  static int on_credentials(sd_bus_message* answer, void* question, sd_bus_error* error);
  static int on_answer(sd_bus_message* answer, void* question, sd_bus_error* error);
  static int on_left(sd_bus_message* signal, void* question, sd_bus_error* error);
  static int read_credentials(sd_bus_message* answer, Question& question);
  int ask(Question& question);
  int watch_caller(Question& question);
  void cancel(const Question& question);
  void refuse(Question& question);
  void allow(Question& question);
  void forget(const Question& question);

  sd_bus* bus_;
  Questions questions_;
  std::uint64_t asked_ = 0;  // of polkit, ever
};

}  // namespace nettune::daemon
