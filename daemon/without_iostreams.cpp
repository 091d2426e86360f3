// SPDX-License-Identifier: MIT
// Skips the initialization of std::cin, cout, cerr and clog. yaml-cpp's and CLI11's files include
// <iostream>, so each start would set up cin, cout, cerr, clog, their wide twins and all of the
// locale's facets, and keep that code in memory: 200 KiB of nettuned's 3.4 MiB, 0.03 ms of each
// command. Nothing that nettuned and nettunectl hold uses one of them, which tests/streams_test.sh
// holds true. The programs' links lead the calls of std::ios_base::Init's constructor and
// destructor here (--wrap); other streams set up on first use what they need.

void leave_streams_closed(void*) __asm__("__wrap__ZNSt8ios_base4InitC1Ev");
void close_no_streams(void*) __asm__("__wrap__ZNSt8ios_base4InitD1Ev");

// "used": the linker alone calls them.
__attribute__((used)) void leave_streams_closed(void*) {}
__attribute__((used)) void close_no_streams(void*) {}
