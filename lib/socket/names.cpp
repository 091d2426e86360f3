// SPDX-License-Identifier: MIT
// What the numbers of nettune.h are called, and a row as a sentence.
#include "names.hpp"

#include <array>
#include <cstring>
#include <span>
#include <string_view>

#include "kernel_option.hpp"

// musl has no such function, and a program of its has to be able to load the preload library.
#pragma weak strerrordesc_np

namespace nettune::socket {
namespace {

constexpr auto roles =
    std::to_array<const char*>({"auto", "listener", "client", "accepted", "datagram"});

constexpr auto outcomes = std::to_array<const char*>(
    {nullptr, "applied", "already", "inherited", "adjusted", "deferred", "not-applicable",
     "unsupported", "denied", "invalid", "failed", "differs", "planned"});

struct Reason {
  const char* name;
  const char* text;
};
constexpr auto reasons = std::to_array<Reason>({
    {"none", ""},
    {"clamped-by-rmem-max", "net.core.rmem_max allows no more"},
    {"clamped-by-wmem-max", "net.core.wmem_max allows no more"},
    {"clamped-by-somaxconn", "net.core.somaxconn allows no more"},
    {"clamped-by-buffer", "half of the receive buffer is the maximum"},
    {"raised-to-minimum", "the kernel keeps no less"},
    {"rounded", "the kernel can't express it exactly"},
    {"ecn-bits", "the two low bits belong to the kernel"},
    {"autotuning-off", "a fixed size switches the kernel's autotuning off"},
    {"after-bind", "it has to be set before bind"},
    {"after-connect", "it has to be set before connect"},
    {"after-listen", "it has to be set before listen"},
    {"before-connect", "it can be set once the socket is connected"},
    {"per-connection", "accepted sockets do not inherit it: it is set on each of them"},
    {"rearm", "the kernel forgets it with each prompt reply: it is set again after every read"},
    {"wrong-role", "it belongs to another role of socket"},
    {"wrong-type", "it belongs to another type of socket"},
    {"kernel-lacks-it", "this kernel does not have it"},
    {"protocol-lacks-it", "MPTCP does not have it"},
    {"unknown-algorithm", "this kernel has no such algorithm, and no module with it"},
    {"algorithm-not-allowed",
     "net.ipv4.tcp_allowed_congestion_control does not list it, and CAP_NET_ADMIN is lacking"},
    {"needs-cap-net-admin", "it needs CAP_NET_ADMIN"},
    {"fast-open-off", "net.ipv4.tcp_fastopen does not allow it"},
    {"refused-by-sandbox", "a security module or seccomp refuses it; the kernel asks for no right"},
    {"late-for-window-scale",
     "the scale of the window was fixed at connect; set before, it would reach further"},
    {"undone", "another option failed, and all of them were to be in force or none"},
});

template <class T>
const T* at(std::span<const T> list, int number) {
  if (number < 0 || static_cast<std::size_t>(number) >= list.size()) return nullptr;
  return &list[static_cast<std::size_t>(number)];
}

}  // namespace

const char* outcome_name(int outcome) {
  const char* const* name = at<const char*>(outcomes, outcome);
  return name == nullptr ? nullptr : *name;
}

const char* role_name(int role) {
  const char* const* name = at<const char*>(roles, role);
  return name == nullptr ? nullptr : *name;
}

const char* reason_name(int reason) {
  const Reason* found = at<Reason>(reasons, reason);
  return found == nullptr ? nullptr : found->name;
}

const char* reason_text(int reason) {
  const Reason* found = at<Reason>(reasons, reason);
  return found == nullptr ? nullptr : found->text;
}

void write_result(const nettune_result& result, TextOut& out) {
  const OptionFacts* facts = find_option(result.option);
  const char* outcome = outcome_name(result.outcome);
  if (facts == nullptr || outcome == nullptr) {
    out << "not a result of this library";
    return;
  }
  out << facts->name << ": asked for ";
  write_value(*facts, result.requested, out);
  const bool was_read = result.outcome == NETTUNE_APPLIED || result.outcome == NETTUNE_ALREADY ||
                        result.outcome == NETTUNE_ADJUSTED || result.outcome == NETTUNE_DIFFERS;
  if (was_read && facts->kind != Kind::every_read) {
    out << ", is ";
    nettune_value shown = result.effective;
    if (is_buffer(*facts)) shown.number /= 2;
    if (facts->option == NETTUNE_TOS && shown.number == tos_differs) {
      out << "different for IPv4 and IPv6";
    } else {
      write_value(*facts, shown, out);
    }
  }
  out << ": " << outcome;
  const char* text = reason_text(result.reason);
  if (text != nullptr && *text != '\0') out << ", " << text;
  switch (result.reason) {
    case NETTUNE_CLAMPED_BY_RMEM_MAX:
    case NETTUNE_CLAMPED_BY_WMEM_MAX:
    case NETTUNE_CLAMPED_BY_SOMAXCONN:
      out << ": it is " << result.detail;
      break;
    case NETTUNE_AUTOTUNING_OFF:
    case NETTUNE_LATE_FOR_WINDOW_SCALE: {
      // So many bytes for each round trip, of which there are 20 a second.
      out << "; at most about " << result.detail * 8 * 20 / 1000
          << " kbit/s over a round trip of 50 ms";
      break;
    }
    default:
      break;
  }
  if (result.error != 0) out << " (" << ::strerrordesc_np(result.error) << ")";
}

}  // namespace nettune::socket
