// SPDX-License-Identifier: MIT
#include "polkit.hpp"

#include <fmt/format.h>
#include <systemd/sd-login.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include "bus_error.hpp"
#include "dispatch.hpp"
#include "journal.hpp"

namespace nettune::daemon {
namespace {

// The bus answers at once who a caller is; polkit may wait for a person. One user's calls leave
// room for the others', and root does not wait at all.
constexpr std::size_t max_questions = 1024;
constexpr std::ptrdiff_t max_waiting_of_user = 8;
constexpr std::ptrdiff_t max_waiting = 64;

struct Action {
  std::string_view method;
  std::string_view action;
};
constexpr auto actions = std::to_array<Action>({
    {"Activate", "org.nettune1.activate"},
    {"Confirm", "org.nettune1.activate"},
    {"Deactivate", "org.nettune1.deactivate"},
    {"Revert", "org.nettune1.revert"},
    {"Reload", "org.nettune1.reload"},
});

}  // namespace

std::string_view action_of(std::string_view method) {
  const auto* const found = std::ranges::find(actions, method, &Action::method);
  return found == actions.end() ? std::string_view{} : found->action;
}

int Polkit::authorize(sd_bus_message* call, std::string_view action, Then then,
                      sd_bus_error* error) {
  if (questions_.size() >= max_questions) {
    return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
                            "too many calls wait for their authorization");
  }
  questions_.push_back({this,
                        Message(sd_bus_message_ref(call)),
                        std::string(action),
                        std::move(then),
                        {},
                        {},
                        -1,
                        {},
                        false,
                        {}});
  Question& question = questions_.back();
  const char* sender = sd_bus_message_get_sender(call);
  sd_bus_slot* slot = nullptr;
  // The bus tells who the caller is; sd-bus would wait for its answer.
  const int code = sd_bus_call_method_async(
      bus_, &slot, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      "GetConnectionCredentials", on_credentials, &question, "s", sender == nullptr ? "" : sender);
  question.slot.reset(slot);
  if (code < 0) {
    questions_.pop_back();
    return code;
  }
  return 1;
}

void Polkit::forget(const Question& question) {
  questions_.remove_if([&](const Question& other) { return &other == &question; });
}

void Polkit::refuse(Question& question) {
  const char* method = sd_bus_message_get_member(question.call.get());
  log_denied({method == nullptr ? "" : method, question.action, question.unit, question.uid});
  // It fails where the caller or the bus has gone: then nobody waits.
  static_cast<void>(sd_bus_reply_method_errorf(
      question.call.get(), error_not_authorized,
      "not authorized for %s (it needs root or a polkit authorization)", question.action.c_str()));
  forget(question);
}

void Polkit::allow(Question& question) {
  log_debug("user {} in unit {} is authorized for {}", question.uid, question.unit,
            question.action);
  sd_bus_error error{};
  const int code = guarded(&error, [&] { return question.then(question.call.get(), &error); });
  if (code < 0 || sd_bus_error_is_set(&error) != 0) {
    static_cast<void>(sd_bus_reply_method_errno(question.call.get(), code, &error));
  }
  sd_bus_error_free(&error);
  forget(question);
}

// Negative: what the bus says is not understood.
int Polkit::read_credentials(sd_bus_message* answer, Question& question) {
  int code = sd_bus_message_enter_container(answer, 'a', "{sv}");
  while (code >= 0 && (code = sd_bus_message_enter_container(answer, 'e', "sv")) > 0) {
    const char* name = nullptr;
    std::uint32_t number = 0;
    code = sd_bus_message_read(answer, "s", &name);
    if (code < 0) break;
    const std::string_view word = name;
    const bool is_number = word == "UnixUserID" || word == "ProcessID";
    code = is_number ? sd_bus_message_read(answer, "v", "u", &number)
                     : sd_bus_message_skip(answer, "v");
    if (code < 0) break;
    if (word == "UnixUserID") {
      question.uid = number;
    } else if (word == "ProcessID") {
      char* unit = nullptr;
      if (sd_pid_get_unit(static_cast<pid_t>(number), &unit) >= 0) question.unit = unit;
      std::free(unit);
    }
    code = sd_bus_message_exit_container(answer);
  }
  return code;
}

int Polkit::on_credentials(sd_bus_message* answer, void* data, sd_bus_error*) {
  auto& question = *static_cast<Question*>(data);
  Polkit& self = *question.self;
  // An error: the caller has gone.
  if (sd_bus_message_is_method_error(answer, nullptr) != 0 ||
      read_credentials(answer, question) < 0) {
    self.refuse(question);
    return 0;
  }
  const auto waiting = std::ranges::count_if(
      self.questions_, [](const Question& other) { return other.is_with_polkit; });
  const auto waiting_of_user = std::ranges::count_if(self.questions_, [&](const Question& other) {
    return other.is_with_polkit && other.uid == question.uid;
  });
  if (question.uid == 0) {
    self.allow(question);
  } else if (waiting >= max_waiting || waiting_of_user >= max_waiting_of_user) {
    static_cast<void>(sd_bus_reply_method_errorf(question.call.get(), SD_BUS_ERROR_LIMITS_EXCEEDED,
                                                 "too many calls wait for their authorization"));
    self.forget(question);
  } else if (self.ask(question) < 0) {
    self.refuse(question);
  }
  return 0;
}

// polkit(8), CheckAuthorization().
int Polkit::ask(Question& question) {
  sd_bus_message* made = nullptr;
  // Before polkit looks for the caller: one who leaves in between is not found there.
  int code = watch_caller(question);
  if (code < 0) return code;
  code = sd_bus_message_new_method_call(
      bus_, &made, "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
      "org.freedesktop.PolicyKit1.Authority", "CheckAuthorization");
  const Message request(made);
  if (code < 0) return code;
  const std::uint32_t may_ask_user =
      sd_bus_message_get_allow_interactive_authorization(question.call.get()) > 0 ? 1 : 0;
  question.id = fmt::format("nettuned-{}", ++asked_);
  code = sd_bus_message_append(request.get(), "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s",
                               sd_bus_message_get_sender(question.call.get()),
                               question.action.c_str(), 0, may_ask_user, question.id.c_str());
  if (code < 0) return code;
  sd_bus_slot* slot = nullptr;
  question.is_with_polkit = true;
  // A person may take minutes.
  code = sd_bus_call_async(bus_, &slot, request.get(), on_answer, &question, UINT64_MAX);
  question.slot.reset(slot);
  return code;
}

// What nobody waits for is not to be applied, and not to take the place of another's call.
int Polkit::watch_caller(Question& question) {
  const char* sender = sd_bus_message_get_sender(question.call.get());
  if (sender == nullptr) return 0;
  const std::string match = fmt::format(
      "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
      "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='{}'",
      sender);
  sd_bus_slot* slot = nullptr;
  const int code = sd_bus_add_match_async(bus_, &slot, match.c_str(), on_left, nullptr, &question);
  question.left.reset(slot);
  return code;
}

int Polkit::on_left(sd_bus_message* signal, void* data, sd_bus_error*) {
  auto& question = *static_cast<Question*>(data);
  const char* name = nullptr;
  const char* before = nullptr;
  const char* after = nullptr;
  const int code = sd_bus_message_read(signal, "sss", &name, &before, &after);
  if (code < 0) return code;
  if (*after != '\0') return 0;
  Polkit& self = *question.self;
  self.cancel(question);
  self.forget(question);
  return 0;
}

// polkit(8), CancelCheckAuthorization(): it asks no user any more. What it answers is of no use,
// and where it can't be told it goes on in vain.
void Polkit::cancel(const Question& question) {
  static_cast<void>(sd_bus_call_method_async(
      bus_, nullptr, "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
      "org.freedesktop.PolicyKit1.Authority", "CancelCheckAuthorization", nullptr, nullptr, "s",
      question.id.c_str()));
}

int Polkit::on_answer(sd_bus_message* answer, void* data, sd_bus_error*) {
  auto& question = *static_cast<Question*>(data);
  int is_authorized = 0;
  int is_challenge = 0;
  // Without polkit the bus answers with an error: only root is let in.
  const bool is_answer = sd_bus_message_is_method_error(answer, nullptr) == 0 &&
                         sd_bus_message_enter_container(answer, 'r', "bba{ss}") >= 0 &&
                         sd_bus_message_read(answer, "bb", &is_authorized, &is_challenge) >= 0;
  if (is_answer && is_authorized != 0) {
    question.self->allow(question);
  } else {
    question.self->refuse(question);
  }
  return 0;
}

}  // namespace nettune::daemon
