// SPDX-License-Identifier: MIT
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <sys/stat.h>

int main(int argc, char** argv) {
  ::umask(022);  // some systems give a user who is alone in a group 002
  return doctest::Context(argc, argv).run();
}
