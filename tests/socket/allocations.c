/* SPDX-License-Identifier: MIT */
/* A line becomes a preset with one allocation, its handle; what is done with it takes no memory.
 * The allocator of libc stands behind one that counts. */
#include <netinet/in.h>
#include <nettune/nettune.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *memory);

static int taken, freed;

void *malloc(size_t size) {
  taken++;
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  taken++;
  return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
  taken++;
  return __libc_realloc(old, size);
}

void free(void *memory) {
  freed++;
  __libc_free(memory);
}

static int failures;

static void expect(const char *what, int is_right) {
  if (is_right) return;
  failures++;
  fprintf(stderr, "%s: %d taken, %d freed\n", what, taken, freed);
}

int main(void) {
  taken = freed = 0;
  void *volatile probe = malloc(1);
  free(probe);
  expect("the count counts", taken == 1 && freed == 1);
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  nettune_preset *preset;
  nettune_result rows[NETTUNE_MOST_RESULTS];
  size_t count;
  char text[4096];

  taken = freed = 0;
  int done = nettune_preset_line("nodelay=2", &preset, text, sizeof text);
  expect("a faulty line leaves nothing", done < 0 && taken == freed && taken <= 1);
  taken = freed = 0;
  done = nettune_preset_line(
      "receive-buffer=64KiB,congestion-control=reno,nodelay=1,notsent-lowat=16KiB,user-timeout=30s,"
      "keepalive-idle=60s,keepalive=1,tos=0x10,priority=5,quickack=every-read,read-limit=64KiB",
      &preset, text, sizeof text);
  expect("a line is one allocation", done == 0 && taken == 1 && freed == 0);

  taken = freed = 0;
  nettune_hints hints = {.struct_size = sizeof hints};
  nettune_apply(preset, listener, NETTUNE_LISTENER, 0, rows, NETTUNE_MOST_RESULTS, &count);
  if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 1) != 0 ||
      getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
    return 1;
  }
  nettune_apply(preset, client, NETTUNE_CLIENT, NETTUNE_ATOMIC, rows, NETTUNE_MOST_RESULTS, &count);
  for (size_t i = 0; i < count; i++) nettune_result_text(&rows[i], text, sizeof text);
  nettune_undo(client, rows, count);
  if (connect(client, (struct sockaddr *)&address, size) != 0) return 1;
  const int accepted =
      nettune_accept(preset, listener, NULL, NULL, 0, rows, NETTUNE_MOST_RESULTS, &count);
  done = nettune_quickack_rearm(preset, accepted);
  nettune_plan(preset, NETTUNE_ACCEPTED, rows, NETTUNE_MOST_RESULTS, &count);
  nettune_buffer_hints(preset, &hints);
  nettune_preset_text(preset, text, sizeof text);
  nettune_apply(preset, -1, NETTUNE_AUTO, 0, NULL, 0, NULL);
  nettune_preset_unref(nettune_preset_ref(preset));
  expect("its use takes none", accepted >= 0 && done == 0 && taken == 0 && freed == 0);
  nettune_preset_unref(preset);
  expect("the last owner frees it", freed == 1);
  return failures;
}
