// SPDX-License-Identifier: MIT
// The functions of nettune.h: they keep errno, copy rows out, and leave the work to the other
// files.
#define NETTUNE_NO_INLINE  // it is defined here
#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>

#include "apply.hpp"
#include "names.hpp"
#include "nettune/nettune.h"
#include "preset.hpp"
#include "profiles.hpp"

using namespace nettune::socket;

namespace {

class ErrnoKeeper {
 public:
  ErrnoKeeper() = default;
  ~ErrnoKeeper() { errno = kept_; }
  ErrnoKeeper(const ErrnoKeeper&) = delete;
  ErrnoKeeper& operator=(const ErrnoKeeper&) = delete;

 private:
  int kept_ = errno;
};

void hand_out(const Rows& rows, nettune_result* results, std::size_t capacity, std::size_t* count) {
  const std::size_t fits = std::min(rows.count, capacity);
  if (fits > 0) std::memcpy(results, rows.list.data(), fits * sizeof *results);
  if (count != nullptr) *count = rows.count;
}

int make_preset(std::string_view line, nettune_preset** preset, TextOut& message) {
  auto* made = new (std::nothrow) nettune_preset;
  if (made == nullptr) {
    message << "out of memory";
    return -ENOMEM;
  }
  if (!read_line(line, *made, message)) {
    delete made;
    return -EINVAL;
  }
  *preset = made;
  return 0;
}

// Loaded once, and never unloaded: the libraries behind it may not like that.
ProfilesLine profiles_reader(TextOut& message) {
  static const ProfilesLine reader = [] {
    void* library = ::dlopen(NETTUNE_PROFILES_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    // A build tree, or a system that was moved, has it beside this library, below nettune/.
    Dl_info self{};
    std::array<char, 4096> path{};
    if (library == nullptr &&
        ::dladdr(reinterpret_cast<const void*>(&nettune_version), &self) != 0) {
      const std::string_view file = self.dli_fname;
      const std::size_t slash = file.rfind('/');
      TextOut out(path.data(), path.size());
      out << file.substr(0, slash == std::string_view::npos ? 0 : slash + 1)
          << "nettune/libnettune-profiles.so";
      if (slash != std::string_view::npos && out.length() < path.size()) {
        library = ::dlopen(path.data(), RTLD_NOW | RTLD_LOCAL);
      }
    }
    return library == nullptr ? nullptr
                              : reinterpret_cast<ProfilesLine>(::dlsym(library, profiles_symbol));
  }();
  if (reader == nullptr) {
    message << "the reader of profiles is not installed: " << NETTUNE_PROFILES_LIBRARY;
  }
  return reader;
}

int read_profile(const char* profile, bool is_path, const char* name, nettune_preset** preset,
                 char* text, std::size_t size) {
  TextOut message(text, size);
  const ProfilesLine reader = profiles_reader(message);
  if (reader == nullptr) return -ELIBACC;
  // A line has at most 4096 characters; the faults of a profile may be longer, and are cut.
  std::array<char, 16384> answer{};
  const int failed = reader(profile == nullptr ? "" : profile, is_path,
                            name == nullptr ? "default" : name, answer.data(), answer.size());
  if (failed == 0) return make_preset(answer.data(), preset, message);
  message << answer.data();
  return failed;
}

}  // namespace

extern "C" {

int nettune_preset_line(const char* line, nettune_preset** preset, char* message,
                        size_t size) noexcept {
  const ErrnoKeeper keeper;
  TextOut out(message, size);
  return make_preset(line, preset, out);
}

int nettune_preset_named(const char* name, const char* profile, nettune_preset** preset,
                         char* message, size_t size) noexcept {
  const ErrnoKeeper keeper;
  return read_profile(profile, false, name, preset, message, size);
}

int nettune_preset_load(const char* path, const char* name, nettune_preset** preset, char* message,
                        size_t size) noexcept {
  const ErrnoKeeper keeper;
  return read_profile(path, true, name, preset, message, size);
}

nettune_preset* nettune_preset_ref(nettune_preset* preset) noexcept {
  preset->owners.fetch_add(1, std::memory_order_relaxed);
  return preset;
}

void nettune_preset_unref(nettune_preset* preset) noexcept {
  if (preset != nullptr && preset->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    delete preset;
  }
}

int nettune_preset_text(const nettune_preset* preset, char* line, size_t size) noexcept {
  TextOut out(line, size);
  write_line(*preset, out);
  return static_cast<int>(out.length());
}

int nettune_apply(const nettune_preset* preset, int fd, nettune_role role, unsigned flags,
                  nettune_result* results, size_t capacity, size_t* count) noexcept {
  const ErrnoKeeper keeper;
  Rows rows;
  const int done = apply(*preset, fd, role, flags, rows);
  hand_out(rows, results, capacity, count);
  return done;
}

int nettune_plan(const nettune_preset* preset, nettune_role role, nettune_result* results,
                 size_t capacity, size_t* count) noexcept {
  Rows rows;
  const int planned = plan(*preset, role, rows);
  hand_out(rows, results, capacity, count);
  return planned;
}

int nettune_undo(int fd, const nettune_result* results, size_t count) noexcept {
  const ErrnoKeeper keeper;
  return undo(fd, results, count);
}

int nettune_accept(const nettune_preset* preset, int listener, struct sockaddr* address,
                   socklen_t* length, int flags, nettune_result* results, size_t capacity,
                   size_t* count) noexcept {
  const ErrnoKeeper keeper;
  Rows rows;
  const int fd = accept_tuned(*preset, listener, address, length, flags, rows);
  hand_out(rows, results, capacity, count);
  return fd;
}

int nettune_quickack_rearm(const nettune_preset* preset, int fd) noexcept {
  if (!preset->rearms_quickack) return 0;
  return rearm_quickack(fd);
}

int nettune_buffer_hints(const nettune_preset* preset, nettune_hints* hints) noexcept {
  if (hints->struct_size < sizeof(nettune_hints)) return -EINVAL;
  hints->write_high = preset->hints[write_high];
  hints->write_low = preset->hints[write_low];
  if (hints->write_low < 0 && hints->write_high >= 0) hints->write_low = hints->write_high / 4;
  hints->read_limit = preset->hints[read_limit];
  return 0;
}

const char* nettune_option_name(int option) noexcept {
  const OptionFacts* facts = find_option(option);
  return facts == nullptr ? nullptr : facts->name.data();
}

const char* nettune_option_constant(int option) noexcept {
  const OptionFacts* facts = find_option(option);
  return facts == nullptr ? nullptr : facts->constant.data();
}

const char* nettune_outcome_name(int outcome) noexcept { return outcome_name(outcome); }
const char* nettune_reason_name(int reason) noexcept { return reason_name(reason); }
const char* nettune_reason_text(int reason) noexcept { return reason_text(reason); }
const char* nettune_role_name(int role) noexcept { return role_name(role); }

int nettune_result_text(const nettune_result* result, char* text, size_t size) noexcept {
  TextOut out(text, size);
  write_result(*result, out);
  return static_cast<int>(out.length());
}

const char* nettune_version(void) noexcept { return NETTUNE_VERSION; }

}  // extern "C"
