#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# installed_test.sh BUILD-DIR: what is installed of libnettune suffices to build against it and to run,
# by pkg-config and by find_package, in C11 and in C++20.
[[ ${1-} != --help ]] || exec sed -n '3,/^[^#]/s/^# \?//p' "$0"
set -euo pipefail
build=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command -v pkg-config >/dev/null || { echo 'skipped: there is no pkg-config'; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# By its component: the test needs no other target built.
libdir=$(sed -n 's/^CMAKE_INSTALL_LIBDIR:[A-Z]*=//p' "$build/CMakeCache.txt")
cmake --install "$build" --prefix "$work/root" --component libnettune >/dev/null
export PKG_CONFIG_PATH=$work/root/$libdir/pkgconfig LD_LIBRARY_PATH=$work/root/$libdir

read -ra flags < <(pkg-config --define-variable=prefix="$work/root" --cflags --libs nettune)
warnings=(-Wall -Wextra -Wpedantic -Werror)
"${CC:-cc}" -std=c11 -D_GNU_SOURCE "${warnings[@]}" "$here/c_abi_test.c" -o "$work/c" "${flags[@]}"
"${CXX:-c++}" -std=c++20 "${warnings[@]}" "$here/consumer.cpp" -o "$work/cpp" "${flags[@]}"
"$work/c"
"$work/cpp"

cmake -S "$here/project" -B "$work/project" -DCMAKE_PREFIX_PATH="$work/root" >/dev/null
cmake --build "$work/project" >/dev/null
"$work/project/consumer_c"
"$work/project/consumer_cpp"
