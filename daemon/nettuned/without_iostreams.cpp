// SPDX-License-Identifier: MIT
// The C++ library's standard streams are opened by nobody. yaml-cpp's files include <iostream>, so
// each start of the service would set up cin, cout, cerr, clog, their wide twins and all of the
// locale's facets, and keep that code in memory: 200 KiB of 3.4 MiB. Neither yaml-cpp's parser nor
// the service uses one of them, which tests/structure_test.sh holds true. The program's
// link leads the calls here (--wrap); other streams set up on first use what they need.

// The names are the linker's: __wrap_ and std::ios_base::Init's constructor and destructor.
#ifdef __clang__
#pragma clang diagnostic ignored "-Wreserved-identifier"
#endif
// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
extern "C" {
__attribute__((used)) void __wrap__ZNSt8ios_base4InitC1Ev(void*) {}
__attribute__((used)) void __wrap__ZNSt8ios_base4InitD1Ev(void*) {}
}
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
