// SPDX-License-Identifier: MIT
#include "polkit.hpp"

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
                        -1,
                        {},
                        false});
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
  sd_bus_reply_method_errorf(question.call.get(), error_not_authorized,
                             "not authorized for %s: root is, and whom polkit allows it",
                             question.action.c_str());
  forget(question);
}

void Polkit::allow(Question& question) {
  sd_bus_error error{};
  const int code = guarded(&error, [&] { return question.then(question.call.get(), &error); });
  if (code < 0 || sd_bus_error_is_set(&error) != 0) {
    sd_bus_reply_method_errno(question.call.get(), code, &error);
  }
  sd_bus_error_free(&error);
  forget(question);
}

void Polkit::read_credentials(sd_bus_message* answer, Question& question) {
  if (sd_bus_message_enter_container(answer, 'a', "{sv}") < 0) return;
  while (sd_bus_message_enter_container(answer, 'e', "sv") > 0) {
    const char* name = nullptr;
    std::uint32_t number = 0;
    if (sd_bus_message_read(answer, "s", &name) < 0) return;
    const std::string_view word = name;
    const bool is_number = word == "UnixUserID" || word == "ProcessID";
    if (!is_number) {
      sd_bus_message_skip(answer, "v");
    } else if (sd_bus_message_read(answer, "v", "u", &number) < 0) {
      return;
    } else if (word == "UnixUserID") {
      question.uid = number;
    } else {
      char* unit = nullptr;
      if (sd_pid_get_unit(static_cast<pid_t>(number), &unit) >= 0) question.unit = unit;
      std::free(unit);
    }
    sd_bus_message_exit_container(answer);
  }
}

int Polkit::on_credentials(sd_bus_message* answer, void* data, sd_bus_error*) {
  auto& question = *static_cast<Question*>(data);
  Polkit& self = *question.self;
  if (sd_bus_message_is_method_error(answer, nullptr) != 0) {
    self.refuse(question);  // the caller has gone
    return 0;
  }
  read_credentials(answer, question);
  const auto waiting = std::ranges::count_if(
      self.questions_, [](const Question& other) { return other.is_with_polkit; });
  const auto waiting_of_user = std::ranges::count_if(self.questions_, [&](const Question& other) {
    return other.is_with_polkit && other.uid == question.uid;
  });
  if (question.uid == 0) {
    self.allow(question);
  } else if (waiting >= max_waiting || waiting_of_user >= max_waiting_of_user) {
    sd_bus_reply_method_errorf(question.call.get(), SD_BUS_ERROR_LIMITS_EXCEEDED,
                               "too many calls wait for their authorization");
    self.forget(question);
  } else if (self.ask(question) < 0) {
    self.refuse(question);
  }
  return 0;
}

// polkit(8), CheckAuthorization().
int Polkit::ask(Question& question) {
  sd_bus_message* made = nullptr;
  int code = sd_bus_message_new_method_call(
      bus_, &made, "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
      "org.freedesktop.PolicyKit1.Authority", "CheckAuthorization");
  const Message request(made);
  if (code < 0) return code;
  const std::uint32_t may_ask_user =
      sd_bus_message_get_allow_interactive_authorization(question.call.get()) > 0 ? 1 : 0;
  code = sd_bus_message_append(request.get(), "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s",
                               sd_bus_message_get_sender(question.call.get()),
                               question.action.c_str(), 0, may_ask_user, "");
  if (code < 0) return code;
  sd_bus_slot* slot = nullptr;
  question.is_with_polkit = true;
  // A person may take minutes.
  code = sd_bus_call_async(bus_, &slot, request.get(), on_answer, &question, UINT64_MAX);
  question.slot.reset(slot);
  return code;
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
