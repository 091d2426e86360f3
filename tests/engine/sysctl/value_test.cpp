// SPDX-License-Identifier: MIT
#include "engine/sysctl/value.hpp"

#include <doctest/doctest.h>

using namespace nettune::sysctl;

TEST_CASE("white space between the fields of a tuple does not count") {
  const Parameter* tcp_rmem = find_parameter("net/ipv4/tcp_rmem");
  REQUIRE(tcp_rmem != nullptr);
  const auto tabs = Value::parse(tcp_rmem, "4096\t131072\t33554432");
  const auto blanks = Value::parse(tcp_rmem, "  4096 131072   33554432\n");
  REQUIRE(tabs);
  REQUIRE(blanks);
  CHECK(*tabs == *blanks);
  CHECK(tabs->to_string() == "4096 131072 33554432");
}

TEST_CASE("what is not of the parameter's shape is said") {
  const Parameter* tcp_mem = find_parameter("net/ipv4/tcp_mem");
  CHECK(Value::parse(tcp_mem, "1 2").error() == "has 2 numbers where the key holds 3");
  CHECK(Value::parse(tcp_mem, "1 2 3 4").error() == "has 4 numbers where the key holds 3");
  CHECK(Value::parse(tcp_mem, "1 two 3").error() == "\"two\" is not a whole number");
  CHECK(Value::parse(tcp_mem, "").error() == "has 0 numbers where the key holds 3");
  CHECK(Value::parse(tcp_mem, "1 2 0x3").error() == "\"0x3\" is not a whole number");
}

TEST_CASE("the largest number of the kernel is held exactly") {
  const auto value = Value::parse(find_parameter("net/ipv4/tcp_mem"), "0 1 18446744073709551615");
  REQUIRE(value);
  CHECK(value->to_string() == "0 1 18446744073709551615");
}

TEST_CASE("a key outside the catalogue is numbers, or else a text") {
  CHECK(Value::parse(nullptr, "1\t2")->numbers().size() == 2);
  CHECK(Value::parse(nullptr, "fq  codel\n")->text() == "fq codel");
  CHECK(*Value::parse(nullptr, "7") == Value::of_numbers({7}));
  CHECK_FALSE(*Value::parse(nullptr, "07x") == Value::of_numbers({7}));
}

TEST_CASE("a list of names is compared as a set") {
  CHECK(Value::of_text("reno cubic").same_words(Value::of_text("cubic  reno")));
  CHECK_FALSE(Value::of_text("reno cubic").same_words(Value::of_text("reno")));
}

TEST_CASE("numbers print in decimal") {
  CHECK(to_string(Integer{0}) == "0");
  CHECK(to_string(Integer{-2147483648LL}) == "-2147483648");
  CHECK(to_string((static_cast<Integer>(1) << 64) - 1) == "18446744073709551615");
}

TEST_CASE("a list of numbers and a mask are read in the kernel's own spelling") {
  struct Row {
    const char* key;
    const char* text;
    const char* value;  // or why it is none
  };
  const Row rows[] = {
      {"net/ipv4/ip_local_reserved_ports", "8080,1-5", "1-5,8080"},
      {"net/ipv4/ip_local_reserved_ports", "4-6,1-3,80,80", "1-6,80"},
      {"net/ipv4/ip_local_reserved_ports", "", ""},
      {"net/ipv4/ip_local_reserved_ports", "70000", "70000 is above 65535"},
      {"net/ipv4/ip_local_reserved_ports", "9-1", "9-1 runs backwards"},
      {"net/ipv4/ip_local_reserved_ports", "1,,2", "a number is missing in it"},
      {"net/ipv4/ip_local_reserved_ports", "http", "\"http\" is not a number"},
      {"net/core/rps_default_mask", "00000003", "3"},
      {"net/core/rps_default_mask", "00000000,0000000F", "f"},
      {"net/core/rps_default_mask", "1,0", "1,00000000"},
      {"net/core/rps_default_mask", "00000000,00000000", "0"},
      {"net/core/rps_default_mask", "f,00000000,1", "f,00000000,00000001"},
      {"net/core/rps_default_mask", "0x3",
       "\"0x3\" is not a hexadecimal number, written without 0x"},
      {"net/core/rps_default_mask", "000000003",
       "\"000000003\" has more than 8 digits between its commas"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto value = Value::parse(find_parameter(row.key), row.text);
    CHECK((value ? value->to_string() : value.error()) == row.value);
  }
}

TEST_CASE("a mask of more CPUs than there can be is refused, however long") {
  std::string mask;
  for (int i = 0; i < 200'000; ++i) mask += "f,";
  const auto value = Value::parse(find_parameter("net/core/rps_default_mask"), mask + "1");
  REQUIRE_FALSE(value.has_value());
  CHECK(value.error() == "no kernel has that many CPUs");
}
