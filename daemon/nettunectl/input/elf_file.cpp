// SPDX-License-Identifier: MIT
#include "input/elf_file.hpp"

#include <elf.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace nettune::ctl {
namespace {

constexpr std::uint64_t most_bytes = 1 << 20;  // of one table: a file may claim any size

// `size` bytes at `place`, cut where the file ends; "" where they can't be read.
std::string bytes_at(int fd, std::uint64_t place, std::uint64_t size) {
  std::string bytes(std::min(size, most_bytes), '\0');
  const ssize_t got = ::pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(place));
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

// As many whole entries of a table as are there.
template <class Entry>
std::vector<Entry> table_at(int fd, std::uint64_t place, std::uint64_t count) {
  const std::string bytes = bytes_at(fd, place, count * sizeof(Entry));
  std::vector<Entry> table(bytes.size() / sizeof(Entry));
  if (!table.empty()) std::memcpy(table.data(), bytes.data(), table.size() * sizeof(Entry));
  return table;
}

// The text that begins at `place` of a table of texts.
std::string_view text_at(std::string_view texts, std::uint64_t place) {
  if (place >= texts.size()) return "";
  return texts.substr(place, texts.find('\0', place) - place);
}

// gc's linker marks what it has made, and strip(1) keeps the marks.
bool has_go_section(int fd, const ElfW(Ehdr) & head) {
  const auto sections = table_at<ElfW(Shdr)>(fd, head.e_shoff, head.e_shnum);
  if (head.e_shstrndx >= sections.size()) return false;
  const ElfW(Shdr)& names_section = sections[head.e_shstrndx];
  const std::string names = bytes_at(fd, names_section.sh_offset, names_section.sh_size);
  return std::ranges::any_of(sections, [&](const ElfW(Shdr) & section) {
    const std::string_view name = text_at(names, section.sh_name);
    return name == ".go.buildinfo" || name == ".note.go.buildid";
  });
}

bool has_go_note(std::string_view notes) {
  ElfW(Nhdr) note{};
  const auto padded = [](std::uint64_t size) { return (size + 3) & ~std::uint64_t{3}; };
  while (notes.size() >= sizeof note) {
    std::memcpy(&note, notes.data(), sizeof note);
    notes.remove_prefix(sizeof note);
    if (notes.substr(0, note.n_namesz) == std::string_view("Go\0\0", 4)) return true;
    const std::uint64_t size = padded(note.n_namesz) + padded(note.n_descsz);
    notes.remove_prefix(std::min<std::uint64_t>(size, notes.size()));
  }
  return false;
}

}  // namespace

std::optional<ElfFile> read_elf_file(int fd) {
  const std::vector<ElfW(Ehdr)> heads = table_at<ElfW(Ehdr)>(fd, 0, 1);
  if (heads.empty() || std::memcmp(heads[0].e_ident, ELFMAG, SELFMAG) != 0) return std::nullopt;
  const ElfW(Ehdr)& head = heads[0];
  ElfFile file;
  file.is_own_word_size = head.e_ident[EI_CLASS] == (sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32);
  file.is_own_byte_order = head.e_ident[EI_DATA] ==
                           (std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB);
  if (!file.is_own_word_size || !file.is_own_byte_order) return file;
  file.machine = head.e_machine;
  file.is_go = has_go_section(fd, head);
  for (const ElfW(Phdr) & part : table_at<ElfW(Phdr)>(fd, head.e_phoff, head.e_phnum)) {
    if (part.p_type != PT_INTERP && part.p_type != PT_NOTE) continue;
    const std::string bytes = bytes_at(fd, part.p_offset, part.p_filesz);
    if (part.p_type == PT_INTERP) file.loader = text_at(bytes, 0);
    if (part.p_type == PT_NOTE) file.is_go = file.is_go || has_go_note(bytes);
  }
  return file;
}

}  // namespace nettune::ctl
