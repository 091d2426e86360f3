// SPDX-License-Identifier: MIT
// What held_after_write() says of single texts. tests/kernel/written_test.cpp holds the same
// function against the running kernel.
#include "engine/sysctl/written.hpp"

#include <doctest/doctest.h>

#include <cerrno>

#include "engine/sysctl/key.hpp"

using namespace nettune::sysctl;

namespace {

constexpr int hz = 250;

Parameter numbers(Encoding encoding, Integer minimum, Integer maximum, std::uint8_t fields = 1) {
  Parameter parameter;
  parameter.encoding = encoding;
  parameter.minimum = minimum;
  parameter.maximum = maximum;
  parameter.fields = fields;
  return parameter;
}

const Parameter integer = numbers(Encoding::int32, -2147483648LL, 2147483647);
const Parameter triple = numbers(Encoding::int32, 1, 2147483647, 3);
const Parameter byte = numbers(Encoding::uint8, 0, 255);

Value of(std::initializer_list<Integer> list) { return Value::of_numbers(list); }

std::string held(const Parameter& parameter, const Value& before, std::string_view text) {
  const auto result = held_after_write(parameter, before, text, hz);
  if (result) return result->value.to_string();
  return (result.error().number == ENOENT ? "ENOENT, holds " : "EINVAL, holds ") +
         result.error().held.to_string();
}

// The remarks, joined by semicolons; or the reason of a refusal.
std::string said(const Parameter& parameter, const Value& before, std::string_view text) {
  const auto result = held_after_write(parameter, before, text, hz);
  if (!result) return result.error().reason;
  std::string all;
  for (const Remark& remark : result->remarks) all += (all.empty() ? "" : "; ") + remark.text;
  return all;
}

}  // namespace

TEST_CASE("the first characters of a number choose its base") {
  CHECK(held(integer, of({7}), "10") == "10");
  CHECK(held(integer, of({7}), "010") == "8");
  CHECK(held(integer, of({7}), "0x10") == "16");
  CHECK(held(integer, of({7}), "0X1f") == "31");
  CHECK(held(integer, of({7}), "-010") == "-8");
  CHECK(held(integer, of({7}), "0") == "0");
  CHECK(held(integer, of({7}), "00") == "0");
  CHECK(held(integer, of({7}), "08") == "EINVAL, holds 7");
  CHECK(held(integer, of({7}), "0x") == "EINVAL, holds 7");
  CHECK(said(integer, of({7}), "010") == "octal: 010 is 8");
  CHECK(said(integer, of({7}), "0x1000") == "hexadecimal: 0x1000 is 4096");
  CHECK(said(integer, of({7}), "0") == "");
  CHECK(said(integer, of({7}), "08") ==
        "\"08\" begins with 0, which makes it octal, and has other digits");
}

TEST_CASE("six signs and the no-break space may lead a number, three may end it") {
  for (const char* text : {" 8", "\t8", "\n8", "\r8", "\v8", "\f8", "\2408"}) {
    CHECK(held(integer, of({7}), text) == "8");
  }
  for (const char* text : {"8 ", "8\t", "8\n"}) CHECK(held(integer, of({7}), text) == "8");
  for (const char* text : {"8\r\n", "8\v", "8\f", "8\xa0"}) {
    CHECK(held(integer, of({7}), text) == "EINVAL, holds 7");
  }
}

TEST_CASE("a token of 21 characters is refused, however small its number") {
  CHECK(held(integer, of({7}), "00000000000000000008") == "EINVAL, holds 7");  // 8 is not octal
  CHECK(held(integer, of({7}), "00000000000000000007") == "7");
  CHECK(held(integer, of({1}), "000000000000000000007") == "EINVAL, holds 1");
}

TEST_CASE("signs are taken where the storage has one") {
  CHECK(held(integer, of({7}), "-0") == "0");
  CHECK(held(integer, of({7}), "-2147483648") == "-2147483648");
  CHECK(held(integer, of({7}), "-2147483649") == "EINVAL, holds 7");
  CHECK(held(integer, of({7}), "+7") == "EINVAL, holds 7");
  CHECK(held(byte, of({7}), "-0") == "EINVAL, holds 7");
  CHECK(said(byte, of({7}), "-0") == "\"-0\" has a sign, and the key takes none");
}

TEST_CASE("a number outside the range is refused, never cut to it") {
  CHECK(held(byte, of({7}), "255") == "255");
  CHECK(held(byte, of({7}), "256") == "EINVAL, holds 7");
  CHECK(said(byte, of({7}), "256") == "256 is outside 0 to 255");
  CHECK(held(integer, of({7}), "4294967296") == "EINVAL, holds 7");
  CHECK(said(integer, of({7}), "18446744073709551616") ==
        "\"18446744073709551616\" needs more than 64 bits");
}

TEST_CASE("a short vector leaves the other fields, and says which") {
  const Value before = of({4096, 131072, 6291456});
  CHECK(held(triple, before, "8192") == "8192 131072 6291456");
  CHECK(held(triple, before, "8192 9000") == "8192 9000 6291456");
  CHECK(said(triple, before, "8192") == "the second and third fields keep their values");
  CHECK(said(triple, before, "8192 9000\n") == "the third field keeps its value");
  CHECK(held_after_write(triple, before, "8192 9000", hz)->written == 2);
}

TEST_CASE("what stands behind the last field is dropped, and said") {
  CHECK(held(integer, of({7}), "8 9") == "8");
  CHECK(said(integer, of({7}), "8 9") == "the key has 1 field: \"9\" is dropped without a word");
  CHECK(held(integer, of({7}), "8 # note") == "8");
  CHECK(said(integer, of({7}), "8 # note\n") ==
        "\"# note\" is trailing text: the kernel drops it without a word");
  CHECK(held(integer, of({7}), "8abc") == "EINVAL, holds 7");
}

TEST_CASE("fields before a bad one are stored all the same") {
  const Value before = of({4096, 131072, 6291456});
  CHECK(held(triple, before, "5000 junk 7000") == "EINVAL, holds 5000 131072 6291456");
  CHECK(held(triple, before, "5000 6000 0") == "EINVAL, holds 5000 6000 6291456");
  CHECK(held(triple, before, "5000,6000,7000") == "EINVAL, holds 4096 131072 6291456");
  const auto refused = held_after_write(triple, before, "5000 junk 7000", hz);
  CHECK(refused.error().offset == 5);
  CHECK(refused.error().length == 4);
}

TEST_CASE("a port range is stored as a whole or not at all") {
  const Parameter* range = find_parameter("net/ipv4/ip_local_port_range");
  REQUIRE(range != nullptr);
  const Value before = of({32768, 60999});
  CHECK(held(*range, before, "40000") == "40000 60999");
  CHECK(held(*range, before, "40000 x") == "EINVAL, holds 32768 60999");
  CHECK(held(*range, before, "61000") == "EINVAL, holds 32768 60999");
  CHECK(said(*range, before, "60000 50000") == "the low end 60000 is above the high end 50000");
}

TEST_CASE("an empty write changes nothing, a blank one is refused") {
  CHECK(held(integer, of({7}), "") == "7");
  CHECK(said(integer, of({7}), "") == "an empty write changes nothing");
  CHECK(held(integer, of({7}), "\n") == "EINVAL, holds 7");
  CHECK(held(triple, of({1, 2, 3}), " \t ") == "EINVAL, holds 1 2 3");
}

TEST_CASE("milliseconds are rounded up to a tick where the rate of ticks is known") {
  const Parameter key = numbers(Encoding::milliseconds, 0, 2147483647);
  CHECK(held(key, of({0}), "1") == "4");
  CHECK(held(key, of({0}), "1000") == "1000");
  CHECK(held(key, of({7}), "4294967297") == "4");
  CHECK(held(key, of({8}), "-1") == "EINVAL, holds 8");
  CHECK(said(key, of({0}), "1") == "the kernel's timer ticks 250 times a second, so 1 becomes 4");
  CHECK(held_after_write(key, of({0}), "1", 1000)->value == of({1}));
  CHECK(held_after_write(key, of({0}), "1", 0)->value == of({1}));
}

TEST_CASE("seconds must fit into 32 bits of ticks, with either sign") {
  const Parameter key = numbers(Encoding::seconds, -21474836, 21474836);
  CHECK(held(key, of({1}), "8589934") == "8589934");
  CHECK(held(key, of({1}), "-8589934") == "-8589934");
  CHECK(held(key, of({1}), "8589935") == "EINVAL, holds 1");
  CHECK(held_after_write(key, of({1}), "8589935", 100)->value == of({8589935}));
}

TEST_CASE("hundredths of a second lose what is no whole tick") {
  const Parameter key = numbers(Encoding::userhz, 0, 2147483647);
  CHECK(held(key, of({1}), "100") == "100");
  CHECK(held(key, of({1}), "1") == "0");
  CHECK(held(key, of({1}), "3") == "2");
}

TEST_CASE("64 bits are a number of their own") {
  const Parameter key = numbers(Encoding::ulong, 0, (static_cast<Integer>(1) << 64) - 1);
  CHECK(held(key, of({1}), "18446744073709551615") == "18446744073709551615");
  CHECK(held(key, of({1}), "-1") == "EINVAL, holds 1");
}

TEST_CASE("a blank is a part of a name, and a line feed ends it") {
  const Parameter name = numbers(Encoding::word, 0, 0);
  const Value before = Value::of_text("cubic");
  CHECK(held(name, before, "reno") == "reno");
  CHECK(held(name, before, "reno\n") == "reno");
  CHECK(held(name, before, "reno\nbbr") == "reno");
  CHECK(held(name, before, "reno ") == "ENOENT, holds cubic");
  CHECK(held(name, before, "reno # note") == "ENOENT, holds cubic");
  CHECK(held(name, before, "\n") == "ENOENT, holds cubic");
  CHECK(held(name, before, "") == "cubic");
  CHECK(held(name, before, "abcdefghijklmnopq") == "abcdefghijklmno");
  CHECK(said(name, before, "abcdefghijklmnopq") == "the kernel cuts a name behind 15 characters");
}

TEST_CASE("two blanks end a list of names") {
  const Parameter names = numbers(Encoding::words, 0, 0);
  const Value before = Value::of_text("reno cubic");
  CHECK(held(names, before, "reno bbr") == "reno bbr");
  CHECK(held(names, before, "reno  bbr") == "reno");
  CHECK(said(names, before, "reno  bbr") ==
        "the kernel ends the list at a blank that no name precedes");
  CHECK(held(names, before, "reno bbr \n") == "reno bbr");
}

TEST_CASE("the kernel reads 4095 bytes of a number and no more") {
  CHECK(held(integer, of({7}), std::string(4094, ' ') + "8") == "8");
  CHECK(held(integer, of({7}), std::string(4095, ' ') + "8") == "EINVAL, holds 7");
}
