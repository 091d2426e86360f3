// SPDX-License-Identifier: MIT
#include "engine/profile/quantity.hpp"

#include <doctest/doctest.h>

#include "engine/sysctl/value.hpp"

using namespace nettune;
using namespace nettune::profile;
using sysctl::Unit;

namespace {

constexpr std::uint64_t gib = 1ull << 30;

Host host_with(std::uint64_t memory, std::uint32_t page_size = 4096) {
  Host host;
  host.memory_bytes = memory;
  host.page_size = page_size;
  return host;
}

// The number, or the message and the help of what is wrong.
std::string evaluated(std::string_view text, Unit unit, const Host& host = host_with(8 * gib)) {
  const auto expression = parse_expression(text, Origin{nullptr, 1, 1, 1});
  if (!expression) return expression.error().message + " | " + expression.error().help;
  const auto number = evaluate(*expression, unit, host);
  if (!number) return number.error().message + " | " + number.error().help;
  return sysctl::to_string(*number);
}

}  // namespace

TEST_CASE("amounts are what they say, to the byte") {
  struct Row {
    std::string_view text;
    Unit unit;
    std::string_view number;
  };
  const Row rows[] = {
      {"0", Unit::bytes, "0"},
      {"4096", Unit::bytes, "4096"},
      {"999999999999999999", Unit::bytes, "999999999999999999"},
      {"9999999999999999999", Unit::bytes, "9999999999999999999"},
      {"-2", Unit::log2, "-2"},
      {"16 MiB", Unit::bytes, "16777216"},
      {"16MiB", Unit::bytes, "16777216"},
      {"16 MB", Unit::bytes, "16000000"},
      {"208 KiB", Unit::bytes, "212992"},
      {"1.5 GiB", Unit::bytes, "1610612736"},
      {"0.1 kB", Unit::bytes, "100"},
      {"7 B", Unit::bytes, "7"},
      {"64 MiB", Unit::pages, "16384"},
      {"16384 pages", Unit::pages, "16384"},
      {"16384 pages", Unit::bytes, "67108864"},
      {"2 min", Unit::seconds, "120"},
      {"1500 ms", Unit::milliseconds, "1500"},
      {"1.5 s", Unit::milliseconds, "1500"},
      {"50 us", Unit::microseconds, "50"},
      {"1 ms", Unit::nanoseconds, "1000000"},
      {"1 s", Unit::centiseconds, "100"},
      {"bdp(10 Gbit/s, 20 ms)", Unit::bytes, "25000000"},
      {"bdp(10 Gbit/s,17 ms)", Unit::bytes, "21250000"},
      {"max(16 MiB, bdp(10 Gbit/s, 20 ms))", Unit::bytes, "25000000"},
      {"min(16 MiB, bdp(10 Gbit/s, 20 ms))", Unit::bytes, "16777216"},
      {"max(1, 5, 3)", Unit::packets, "5"},
      {"min(4 GiB, 25% ram)", Unit::bytes, "2147483648"},
      {"max(1000 pages, 1 MiB)", Unit::bytes, "4096000"},
      {"18446744073709551615", Unit::pages, "18446744073709551615"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(evaluated(row.text, row.unit) == row.number);
  }
}

TEST_CASE("pages and shares of memory round down, a bandwidth-delay product rounds up") {
  CHECK(evaluated("100 kB", Unit::pages) == "24");
  CHECK(evaluated("100 kB", Unit::pages, host_with(gib, 65536)) == "1");
  CHECK(evaluated("6% ram", Unit::pages, host_with(1'000'000'000)) == "14648");
  CHECK(evaluated("4.5% ram", Unit::bytes, host_with(1'000'001)) == "45000");
  CHECK(evaluated("bdp(1 bit/s, 1 s)", Unit::bytes) == "1");
  CHECK(evaluated("bdp(3 kbit/s, 3 ms)", Unit::bytes) == "2");
}

TEST_CASE("a literal that is not a whole number of the key's unit is refused with its neighbours") {
  CHECK(evaluated("1500 ms", Unit::seconds) ==
        "the key counts whole seconds, and this is not one | the nearest are 1 and 2");
  CHECK(evaluated("0.5 B", Unit::bytes) ==
        "the key counts whole bytes, and this is not one | the nearest are 0 and 1");
  CHECK(evaluated("100 B", Unit::pages) == "that is less than one page | a page has 4096 bytes");
}

TEST_CASE("what YAML or the kernel would read otherwise is refused with the reason") {
  struct Row {
    std::string_view text;
    std::string answer;
  };
  const std::string units =
      "the units are B KiB MiB GiB, kB MB GB, bit/s kbit/s Mbit/s Gbit/s, us ms s min, % ram, "
      "pages";
  const Row rows[] = {
      {"010", "\"010\" begins with a zero | the kernel would read it as octal"},
      {"08", "\"08\" begins with a zero | the kernel would read it as octal"},
      {"0x10", "\"0x10\" is not a decimal number | write the number in decimal"},
      {"0x0F0x0FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
       "\"0x0F0x0FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\" is not a decimal number | write the number "
       "in decimal"},
      {"1e3", "\"1e3\" is not a plain decimal number | write all digits"},
      {"16_000", "\"16_000\" is not a plain decimal number | write all digits"},
      {"+7", "a number has no plus sign | the kernel refuses one"},
      {"16,000", "a number holds no comma | write its digits alone"},
      {"16M", "unknown unit \"M\" | " + units},
      {"10 Gbps", "unknown unit \"Gbps\" | " + units},
      {"5 sec", "unknown unit \"sec\" | " + units},
      {"16 MiBB", "unknown unit \"MiBB\" | " + units},
      {"5.000", "a point and three digits may also mean thousands | "},
      {"1.500 MiB", "a point and three digits may also mean thousands | "},
      {"50%", "a percentage is one of the host's memory | "},
      {"101% ram", "a share of memory is between 0% and 100% | "},
      {"bdp(10 Gbit/s",
       "the \")\" of bdp(..) is missing | inside [..] YAML's own commas win: quote "
       "an expression that holds a comma"},
      {"med(1, 2)",
       "\"med\" is not a function | the functions are bdp(rate, rtt), min(..) and max(..)"},
      {"", "a value is missing | "},
      {"1 MiB more", "\"more\" is left over after the value | "},
      {"1 MiB 2 MiB", "\"2 MiB\" is left over after the value | "},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(evaluated(row.text, Unit::bytes) == row.answer);
  }
}

TEST_CASE("kinds of units are never mixed") {
  CHECK(evaluated("max(1 MiB, 20 ms)", Unit::bytes) ==
        "an amount of bytes and a time can't be compared | give every argument a unit of the same "
        "kind");
  CHECK(evaluated("bdp(20 ms, 10 Gbit/s)", Unit::bytes) ==
        "bdp() takes a bit rate here, not a time | bdp(rate, rtt): a number of bit/s, kbit/s, "
        "Mbit/s or Gbit/s, and a time in ms or s");
  CHECK(
      evaluated("10 Gbit/s", Unit::bytes) ==
      "a bit rate does not fit a key that counts bytes | a bit rate stands within bdp(rate, rtt)");
  CHECK(evaluated("16 MiB", Unit::packets) ==
        "an amount of bytes does not fit a key that counts packets | write a plain number");
}

TEST_CASE("overflow is a fault, not a wrapped number") {
  CHECK(evaluated("999999999999999999999999999999 GiB", Unit::bytes) ==
        "the amount is too large | ");
  CHECK(evaluated("9999999999999999999999999999999", Unit::bytes) ==
        "a number has at most 30 digits | ");
  CHECK(evaluated("bdp(9999999999999999999 Gbit/s, 9999999999999999999 s)", Unit::bytes) ==
        "the amount is too large to be computed | ");
  CHECK(evaluated("99999999999999999999999999999 pages", Unit::bytes, host_with(gib)) ==
        "409599999999999999999999999995904");
}

TEST_CASE("nesting has an end") {
  std::string text;
  for (int i = 0; i < 5000 / 4; ++i) text += "min(";
  CHECK(evaluated(text, Unit::bytes) == "an expression has at most 4096 bytes | ");
  text.resize(400);
  CHECK(evaluated(text, Unit::bytes) == "the expression is nested too deeply | ");
}

TEST_CASE("a share of unknown memory says how to give it") {
  CHECK(evaluated("4% ram", Unit::pages, host_with(0)) ==
        "the memory size of that machine is not known | give it with --memory");
}

TEST_CASE("faults point at their place in the text") {
  const auto unit = parse_expression("max(1 MiB, 16M)", Origin{nullptr, 3, 10, 1});
  REQUIRE_FALSE(unit);
  CHECK(unit.error().offset == 13);
  CHECK(unit.error().length == 1);
  const auto mixed = parse_expression("max(1 MiB, 20 ms)", Origin{nullptr, 3, 10, 1});
  REQUIRE(mixed);
  CHECK(dimension_of(*mixed).error().offset == 11);
  CHECK(dimension_of(*mixed).error().length == 5);
}

TEST_CASE("numbers are shown as a person reads them") {
  CHECK(readable(16777216, Unit::bytes, 4096) == "16 MiB");
  CHECK(readable(212992, Unit::bytes, 4096) == "208 KiB");
  CHECK(readable(25000000, Unit::bytes, 4096) == "~23.84 MiB");
  CHECK(readable(1610612736, Unit::bytes, 4096) == "1.5 GiB");
  CHECK(readable(100, Unit::bytes, 4096).empty());
  CHECK(readable(16384, Unit::pages, 4096) == "64 MiB");
  CHECK(readable(16384, Unit::pages, 65536) == "1 GiB");
  CHECK(readable((static_cast<sysctl::Integer>(1) << 64) - 1, Unit::pages, 4096) == "no limit");
  CHECK(readable(7200, Unit::seconds, 4096) == "2 h");
  CHECK(readable(75, Unit::seconds, 4096).empty());
  CHECK(readable(200000, Unit::microseconds, 4096) == "200 ms");
  CHECK(readable(1000, Unit::packets, 4096).empty());
}
