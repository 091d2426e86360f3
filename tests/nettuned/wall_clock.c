// SPDX-License-Identifier: MIT
// A wall clock that jumps, for one process that has this preloaded: CLOCK_REALTIME is ahead of the
// machine's by as many seconds as the file named by TEST_WALL_CLOCK says at that moment. The other
// clocks are the machine's, as after date(1) has set the time. (libfaketime moves CLOCK_BOOTTIME as
// well.)
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
  const long code = syscall(SYS_clock_gettime, clock, now);
  const char *path = getenv("TEST_WALL_CLOCK");
  if (code != 0 || clock != CLOCK_REALTIME || path == NULL) return (int)code;
  char text[32] = "";
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0 || read(file, text, sizeof text - 1) <= 0) abort();
  close(file);
  now->tv_sec += strtoll(text, NULL, 10);
  return 0;
}
