// SPDX-License-Identifier: MIT
// What the file of a program says of how it is loaded.
#pragma once

#include <optional>
#include <string>

namespace nettune::ctl {

struct ElfFile {
  bool is_own_word_size = false;  ///< else nothing more is read
  unsigned machine = 0;           ///< EM_X86_64, ...
  bool is_own_byte_order = false;
  std::string loader;  ///< of PT_INTERP: "/lib64/ld-linux-x86-64.so.2"; "" where it has none
  bool is_go = false;  ///< gc's; gccgo's programs call libc
};

/// nullopt: it is no ELF file, or can't be read.
std::optional<ElfFile> read_elf_file(int fd);

}  // namespace nettune::ctl
