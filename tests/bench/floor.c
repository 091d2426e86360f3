// SPDX-License-Identifier: MIT
// The least that an audit can cost: reads "key TAB value" lines, where the key is a path below
// /proc/sys, opens, reads, compares and closes each, and says how many differ.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char* read_list(const char* path) {
  struct stat status;
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &status) != 0) return NULL;
  const size_t size = (size_t)status.st_size;
  char* text = malloc(size + 1);
  if (text == NULL || read(fd, text, size) != (ssize_t)size) return NULL;
  text[size] = '\0';
  close(fd);
  return text;
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fputs("usage: bench_floor LIST\n", stderr);
    return 2;
  }
  char* const list = read_list(argv[1]);
  const int directory = open("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (list == NULL || directory < 0) {
    perror(list == NULL ? argv[1] : "/proc/sys");
    return 2;
  }
  size_t keys = 0;
  size_t different = 0;
  for (char* line = list; *line != '\0';) {
    char* const end = strchrnul(line, '\n');
    char* const tab = memchr(line, '\t', (size_t)(end - line));
    if (tab == NULL) return 2;
    *tab = '\0';
    const char* const wanted = tab + 1;
    const size_t wanted_size = (size_t)(end - wanted);
    char live[4096];
    const int fd = openat(directory, line, O_RDONLY | O_CLOEXEC);
    const ssize_t size = fd < 0 ? -1 : read(fd, live, sizeof live);
    if (fd >= 0) close(fd);
    ++keys;
    if (size < 1 || (size_t)size - 1 != wanted_size || memcmp(live, wanted, wanted_size) != 0) {
      ++different;
    }
    line = *end == '\0' ? end : end + 1;
  }
  printf("%zu keys, %zu differ\n", keys, different);
  free(list);
  return different != 0;
}
