# SPDX-License-Identifier: MIT
# find_package(nettune) gives nettune::nettune: the library, nettune.h and nettune.hpp (C++20).
include(${CMAKE_CURRENT_LIST_DIR}/nettuneTargets.cmake)
