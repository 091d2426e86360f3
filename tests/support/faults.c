// SPDX-License-Identifier: MIT
// Makes system calls and allocations of one process fail: those of one kind, from the first-th to
// the last-th. For LD_PRELOAD. NETTUNE_FAULTS names the file with the orders, see faults.py, which
// may change while the process runs; it counts what was called and what was made to fail as well.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { OPEN, READ, WRITE, SYNC, RENAME, STAT, LIST, UNLINK, MODE, LOCK, MEMORY, KINDS };

struct orders {
  uint32_t kind;   // KINDS: none
  uint32_t first;  // from 1
  uint32_t last;
  uint32_t number;          // the errno
  uint32_t failed;          // how many were made to fail
  uint32_t counted[KINDS];  // how many were called
};

static struct orders *orders;

static int fails(enum kind kind) {
  if (orders == NULL) return 0;
  const uint32_t count = __atomic_add_fetch(&orders->counted[kind], 1, __ATOMIC_RELAXED);
  if (orders->kind != (uint32_t)kind || count < orders->first || count > orders->last) return 0;
  __atomic_add_fetch(&orders->failed, 1, __ATOMIC_RELAXED);
  errno = (int)orders->number;
  return 1;
}

// What the program calls, by the names under which libc has it; each fails before anything is done.
#define REAL(name)                                                                    \
  static __typeof__(name) *real;                                                      \
  if (real == NULL) real = __extension__(__typeof__(name) *) dlsym(RTLD_NEXT, #name); \
  if (real == NULL) abort()

#define OPENS(name, parameters, arguments)    \
  int name parameters {                       \
    mode_t mode = 0;                          \
    if (__OPEN_NEEDS_MODE(flags)) {           \
      va_list rest;                           \
      va_start(rest, flags);                  \
      mode = va_arg(rest, mode_t);            \
      va_end(rest);                           \
    }                                         \
    REAL(name);                               \
    return fails(OPEN) ? -1 : real arguments; \
  }
OPENS(open, (const char *path, int flags, ...), (path, flags, mode))
OPENS(open64, (const char *path, int flags, ...), (path, flags, mode))
OPENS(openat, (int folder, const char *path, int flags, ...), (folder, path, flags, mode))
OPENS(openat64, (int folder, const char *path, int flags, ...), (folder, path, flags, mode))

#define CALLS(kind, result, failure, name, parameters, arguments) \
  result name parameters {                                        \
    REAL(name);                                                   \
    return fails(kind) ? (failure) : real arguments;              \
  }
CALLS(OPEN, DIR *, NULL, opendir, (const char *path), (path))

CALLS(READ, ssize_t, -1, read, (int fd, void *buffer, size_t size), (fd, buffer, size))
CALLS(READ, ssize_t, -1, pread, (int fd, void *buffer, size_t size, off_t at),
      (fd, buffer, size, at))
CALLS(READ, ssize_t, -1, pread64, (int fd, void *buffer, size_t size, off64_t at),
      (fd, buffer, size, at))
ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room);
CALLS(READ, ssize_t, -1, __read_chk, (int fd, void *buffer, size_t size, size_t room),
      (fd, buffer, size, room))
ssize_t __pread_chk(int fd, void *buffer, size_t size, off_t at, size_t room);
CALLS(READ, ssize_t, -1, __pread_chk, (int fd, void *buffer, size_t size, off_t at, size_t room),
      (fd, buffer, size, at, room))
ssize_t __pread64_chk(int fd, void *buffer, size_t size, off64_t at, size_t room);
CALLS(READ, ssize_t, -1, __pread64_chk,
      (int fd, void *buffer, size_t size, off64_t at, size_t room), (fd, buffer, size, at, room))

// What went wrong can always be said.
ssize_t write(int fd, const void *buffer, size_t size) {
  REAL(write);
  return fd > STDERR_FILENO && fails(WRITE) ? -1 : real(fd, buffer, size);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(writev);
  return fd > STDERR_FILENO && fails(WRITE) ? -1 : real(fd, parts, count);
}
CALLS(WRITE, ssize_t, -1, pwrite, (int fd, const void *buffer, size_t size, off_t at),
      (fd, buffer, size, at))
CALLS(WRITE, ssize_t, -1, pwrite64, (int fd, const void *buffer, size_t size, off64_t at),
      (fd, buffer, size, at))

CALLS(SYNC, int, -1, fsync, (int fd), (fd))
CALLS(SYNC, int, -1, fdatasync, (int fd), (fd))

CALLS(RENAME, int, -1, rename, (const char *from, const char *to), (from, to))
CALLS(RENAME, int, -1, renameat, (int one, const char *from, int other, const char *to),
      (one, from, other, to))

CALLS(STAT, int, -1, stat, (const char *path, struct stat *status), (path, status))
CALLS(STAT, int, -1, lstat, (const char *path, struct stat *status), (path, status))
CALLS(STAT, int, -1, fstat, (int fd, struct stat *status), (fd, status))
CALLS(STAT, int, -1, fstatat, (int folder, const char *path, struct stat *status, int flags),
      (folder, path, status, flags))
CALLS(STAT, int, -1, stat64, (const char *path, struct stat64 *status), (path, status))
CALLS(STAT, int, -1, lstat64, (const char *path, struct stat64 *status), (path, status))
CALLS(STAT, int, -1, fstat64, (int fd, struct stat64 *status), (fd, status))
CALLS(STAT, int, -1, fstatat64, (int folder, const char *path, struct stat64 *status, int flags),
      (folder, path, status, flags))
CALLS(STAT, int, -1, statx,
      (int folder, const char *restrict path, int flags, unsigned mask,
       struct statx *restrict status),
      (folder, path, flags, mask, status))
CALLS(STAT, int, -1, access, (const char *path, int mode), (path, mode))

CALLS(LIST, DIR *, NULL, fdopendir, (int fd), (fd))
CALLS(LIST, struct dirent *, NULL, readdir, (DIR * folder), (folder))
CALLS(LIST, struct dirent64 *, NULL, readdir64, (DIR * folder), (folder))

CALLS(UNLINK, int, -1, unlink, (const char *path), (path))
CALLS(UNLINK, int, -1, unlinkat, (int folder, const char *path, int flags), (folder, path, flags))

CALLS(MODE, int, -1, chmod, (const char *path, mode_t mode), (path, mode))
CALLS(MODE, int, -1, fchmod, (int fd, mode_t mode), (fd, mode))
CALLS(MODE, int, -1, fchown, (int fd, uid_t owner, gid_t group), (fd, owner, group))
CALLS(MODE, int, -1, mkdir, (const char *path, mode_t mode), (path, mode))

#define CONTROLS(name)                     \
  int name(int fd, int command, ...) {     \
    va_list rest;                          \
    va_start(rest, command);               \
    void *argument = va_arg(rest, void *); \
    va_end(rest);                          \
    REAL(name);                            \
    const int locks = command == F_SETLK;  \
    if (locks && fails(LOCK)) return -1;   \
    return real(fd, command, argument);    \
  }
CONTROLS(fcntl)
CONTROLS(fcntl64)

// dlsym(3) asks for memory itself.
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *malloc(size_t size) { return fails(MEMORY) ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) {
  return fails(MEMORY) ? NULL : __libc_calloc(count, size);
}
void *realloc(void *memory, size_t size) {
  return fails(MEMORY) ? NULL : __libc_realloc(memory, size);
}

// What the loader does before main() is not the program's. The mark is for who compares what was
// counted with a trace.
__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("NETTUNE_FAULTS");
  if (path == NULL) return;
  const long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
  if (fd < 0) abort();
  void *memory = mmap(NULL, sizeof(struct orders), PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, 0);
  if (memory == MAP_FAILED) abort();
  syscall(SYS_close, (int)fd);
  syscall(SYS_faccessat, AT_FDCWD, "/nettune-faults-begin", F_OK);
  orders = memory;
}
