// SPDX-License-Identifier: MIT
// The one-line form: what it reads, what it writes, what it says of a mistake.
#include <doctest/doctest.h>

#include <array>
#include <string>

#include "nettune/nettune.h"

namespace {

std::string message_of(const char* line) {
  nettune_preset* preset = nullptr;
  std::array<char, 2048> message{};
  const int status = nettune_preset_line(line, &preset, message.data(), message.size());
  CHECK(preset == nullptr);
  CHECK(status == -22);  // EINVAL
  return message.data();
}

std::string round_trip(const char* line) {
  nettune_preset* preset = nullptr;
  std::array<char, 4096> text{};
  const int status = nettune_preset_line(line, &preset, text.data(), text.size());
  if (status != 0) return text.data();
  const int length = nettune_preset_text(preset, text.data(), text.size());
  nettune_preset_unref(preset);
  CHECK(static_cast<std::size_t>(length) == std::string(text.data()).size());
  return text.data();
}

}  // namespace

TEST_CASE("a line is read, and written in the largest whole unit") {
  CHECK(round_trip("nodelay=1") == "nodelay=1");
  CHECK(round_trip(" nodelay = true , notsent-lowat = 16384 ") == "nodelay=1,notsent-lowat=16KiB");
  CHECK(round_trip("quickack=every-read,nodelay=0") == "nodelay=0,quickack=every-read");
  CHECK(round_trip("user-timeout=1500ms") == "user-timeout=1500ms");
  CHECK(round_trip("user-timeout=120s") == "user-timeout=2min");
  CHECK(round_trip("user-timeout=0") == "user-timeout=0");
  CHECK(round_trip("notsent-lowat=kernel") == "notsent-lowat=kernel");
  CHECK(round_trip("notsent-lowat=16385") == "notsent-lowat=16385");
  CHECK(round_trip("notsent-lowat=1MB") == "notsent-lowat=1000000");
  CHECK(round_trip("max-pacing-rate=100Mbit/s") == "max-pacing-rate=100Mbit/s");
  CHECK(round_trip("max-pacing-rate=unlimited") == "max-pacing-rate=unlimited");
  CHECK(round_trip("tos=0x1C,mark=4294967295") == "tos=0x1c,mark=0xffffffff");
  CHECK(round_trip("keepalive=off") == "keepalive=off");
  CHECK(round_trip("congestion-control=bbr") == "congestion-control=bbr");
  CHECK(round_trip("write-buffer-high=16KiB,write-buffer-low=0,read-limit=64KiB") ==
        "write-buffer-high=16KiB,write-buffer-low=0,read-limit=64KiB");
}

TEST_CASE("every option is read by its own name") {
  for (int option = 1; nettune_option_name(option) != nullptr; ++option) {
    const std::string name = nettune_option_name(option);
    const std::string value = option == NETTUNE_CONGESTION_CONTROL ? "reno"
                              : option == NETTUNE_QUICKACK         ? "every-read"
                              : option == NETTUNE_MAX_PACING_RATE  ? "8bit/s"
                              : option == NETTUNE_RECEIVE_BUFFER || option == NETTUNE_SEND_BUFFER ||
                                      option == NETTUNE_WINDOW_CLAMP
                                  ? "64KiB"
                              : option == NETTUNE_MAX_SEGMENT                   ? "1000"
                              : option == NETTUNE_TOS || option == NETTUNE_MARK ? "0x10"
                                                                                : "";
    const std::string line = name + "=" + (value.empty() ? "1" : value);
    const std::string text = round_trip(line.c_str());
    if (!value.empty() && option != NETTUNE_MAX_SEGMENT) {
      CHECK(text == line);
    } else if (text != line) {
      // A time has to have its unit.
      CHECK(text == "character " + std::to_string(name.size() + 2) +
                        ": \"1\" has no unit; write a time, such as " +
                        (option == NETTUNE_USER_TIMEOUT ? "30s or 1500ms"
                         : option == NETTUNE_BUSY_POLL  ? "50us"
                                                        : "30s"));
    }
  }
}

TEST_CASE("a mistake is named with its place and what would be right") {
  CHECK(message_of("") == "the line is empty; write, for example, nodelay=1,notsent-lowat=16KiB");
  CHECK(message_of("nodelay") ==
        "character 1: \"nodelay\" has no value; write NAME=VALUE, for example nodelay=1");
  CHECK(message_of("nodelay=yes") == "character 9: nodelay is 1 or 0, not \"yes\"");
  CHECK(message_of("nodelay=1,nodelay=1") == "character 11: nodelay appears twice");
  CHECK(message_of("nodelay=1,") ==
        "character 11: an option is missing between two commas, or at the end");
  CHECK(message_of("notsent-lowat=16M") ==
        "character 15: notsent-lowat takes an amount of bytes, such as 16KiB or 16384, not "
        "\"16M\"; or kernel");
  CHECK(message_of("notsent-lowat=0") ==
        "character 15: notsent-lowat takes 1 to 4294967295 bytes; to follow "
        "net.ipv4.tcp_notsent_lowat, write kernel");
  CHECK(message_of("user-timeout=30") ==
        "character 14: \"30\" has no unit; write a time, such as 30s or 1500ms");
  CHECK(message_of("user-timeout=1us") ==
        "character 14: \"1us\" is not a whole number of milliseconds");
  CHECK(message_of("keepalive-probes=128") == "character 18: keepalive-probes takes 1 to 127");
  CHECK(message_of("keepalive-probes=010") ==
        "character 18: keepalive-probes takes a number, not \"010\"");
  CHECK(message_of("tos=0x") ==
        "character 5: \"0x\" is not a hexadecimal number of at most 8 digits");
  CHECK(message_of("mark=0x100000000") ==
        "character 6: \"0x100000000\" is not a hexadecimal number of at most 8 digits");
  CHECK(message_of("receive-lowat=99999999999999999999") ==
        "character 15: \"99999999999999999999\" is too large");
  CHECK(message_of("congestion-control=a b") ==
        "character 20: \"a b\" is not the name of an algorithm; write, for example, "
        "congestion-control=bbr");
  CHECK(message_of("write-buffer-low=1") == "write-buffer-low needs write-buffer-high");
  CHECK(message_of("write-buffer-low=2,write-buffer-high=1") ==
        "write-buffer-low is 2, more than write-buffer-high with 1");
  CHECK(message_of("cork=1").starts_with("character 1: cork can't stand in a preset"));
  CHECK(message_of("linger=1").starts_with("character 1: linger can't stand in a preset"));
  CHECK(message_of("x\x01y=1")
            .starts_with("character 1: there is no socket option \"x?y\"; known are reuse-port, "));
  CHECK(message_of("nodely=1") ==
        "character 1: there is no socket option \"nodely\"; did you mean nodelay?");
  CHECK(message_of("nodelay=1,writebufferhigh=2") ==
        "character 11: there is no socket option \"writebufferhigh\"; did you mean "
        "write-buffer-high?");
  CHECK(message_of(std::string(5000, 'a').c_str()) == "a line has at most 4096 characters");
}

TEST_CASE("a list of options is given as a whole, or not at all") {
  nettune_preset* preset = nullptr;
  std::array<char, 256> message{};
  CHECK(nettune_preset_line("nonsense=1", &preset, message.data(), message.size()) == -EINVAL);
  CHECK(std::string_view(message.data()) ==
        "character 1: there is no socket option \"nonsense\"; libnettune(3) lists them");
}

TEST_CASE("a message is cut to the room there is") {
  nettune_preset* preset = nullptr;
  std::array<char, 8> message{};
  message.fill('#');
  CHECK(nettune_preset_line("", &preset, message.data(), 5) == -22);
  CHECK(std::string(message.data()) == "the ");
  CHECK(message[5] == '#');
  CHECK(nettune_preset_line("", &preset, nullptr, 0) == -22);
}
