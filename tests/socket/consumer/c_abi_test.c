/* SPDX-License-Identifier: MIT */
/* A plain C11 program that calls each function of nettune.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nettune/nettune.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHECK(condition) check((condition), #condition, __LINE__)

static void check(int holds, const char *condition, int line) {
  if (holds) return;
  fprintf(stderr, "c_abi_test.c:%d: does not hold: %s\n", line, condition);
  exit(1);
}

static int option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  CHECK(getsockopt(fd, level, name, &value, &size) == 0);
  return value;
}

static void check_presets(void) {
  char text[256];
  char message[256] = "";
  nettune_preset *preset = NULL;
  CHECK(nettune_preset_line("nodelai=1", &preset, message, sizeof message) == -EINVAL);
  CHECK(preset == NULL && strstr(message, "nodelai") != NULL);
  CHECK(nettune_preset_named("latency", "no-such-profile", &preset, NULL, 0) < 0);
  CHECK(nettune_preset_load("/nonexistent/profile.yaml", NULL, &preset, NULL, 0) < 0);
  CHECK(preset == NULL);
  nettune_preset_unref(NULL);

  CHECK(nettune_preset_line("nodelay=1,read-limit=64KiB", &preset, NULL, 0) == 0);
  CHECK(nettune_preset_ref(preset) == preset);
  nettune_preset_unref(preset);
  CHECK(nettune_preset_text(preset, text, sizeof text) == (int)strlen(text));

  nettune_hints hints = {.struct_size = sizeof hints};
  CHECK(nettune_buffer_hints(preset, &hints) == 0);
  CHECK(hints.read_limit == 65536 && hints.write_high == -1 && hints.write_low == -1);
  hints.struct_size = 31;
  CHECK(nettune_buffer_hints(preset, &hints) == -EINVAL);
  nettune_preset_unref(preset);
}

static void check_sockets(void) {
  nettune_preset *preset = NULL;
  nettune_result rows[NETTUNE_MOST_RESULTS];
  size_t count = 0;
  char text[256];
  CHECK(nettune_preset_line("nodelay=1,user-timeout=30s,quickack=every-read", &preset, NULL, 0) ==
        0);
  CHECK(nettune_plan(preset, NETTUNE_CLIENT, rows, NETTUNE_MOST_RESULTS, &count) >= 2);
  CHECK(count == 3 && rows[0].option == NETTUNE_NODELAY && rows[0].outcome == NETTUNE_PLANNED);

  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t length = sizeof address;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof address) == 0);
  CHECK(nettune_apply(preset, listener, NETTUNE_LISTENER, 0, rows, NETTUNE_MOST_RESULTS, &count) ==
        0);
  CHECK(nettune_result_text(&rows[0], text, sizeof text) == (int)strlen(text));
  CHECK(listen(listener, 1) == 0);
  CHECK(getsockname(listener, (struct sockaddr *)&address, &length) == 0);

  const int client = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(client >= 0);
  CHECK(nettune_apply(preset, client, NETTUNE_CLIENT, 0, rows, NETTUNE_MOST_RESULTS, &count) == 0);
  CHECK(option(client, IPPROTO_TCP, TCP_NODELAY) == 1);
  CHECK(connect(client, (struct sockaddr *)&address, sizeof address) == 0);

  const int accepted = nettune_accept(preset, listener, NULL, NULL, SOCK_CLOEXEC, rows,
                                      NETTUNE_MOST_RESULTS, &count);
  CHECK(accepted >= 0);
  CHECK(option(accepted, IPPROTO_TCP, TCP_NODELAY) == 1);
  CHECK(option(accepted, IPPROTO_TCP, TCP_USER_TIMEOUT) == 30000);
  CHECK(nettune_quickack_rearm(preset, accepted) == 0);

  const int fresh = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(fresh >= 0);
  CHECK(nettune_apply(preset, fresh, NETTUNE_CLIENT, NETTUNE_ATOMIC, rows, NETTUNE_MOST_RESULTS,
                      &count) == 0);
  CHECK(nettune_undo(fresh, rows, count) == 0);
  CHECK(option(fresh, IPPROTO_TCP, TCP_NODELAY) == 0);
  CHECK(nettune_apply(preset, -1, NETTUNE_AUTO, 0, NULL, 0, NULL) == -EBADF);
  CHECK(close(fresh) == 0 && close(accepted) == 0 && close(client) == 0 && close(listener) == 0);
  nettune_preset_unref(preset);
}

static void check_names(void) {
  CHECK(strcmp(nettune_option_name(NETTUNE_NOTSENT_LOWAT), "notsent-lowat") == 0);
  CHECK(strcmp(nettune_option_constant(NETTUNE_NOTSENT_LOWAT), "TCP_NOTSENT_LOWAT") == 0);
  CHECK(strcmp(nettune_outcome_name(NETTUNE_APPLIED), "applied") == 0);
  CHECK(strcmp(nettune_reason_name(NETTUNE_CLAMPED_BY_RMEM_MAX), "clamped-by-rmem-max") == 0);
  CHECK(strcmp(nettune_role_name(NETTUNE_AUTO), "auto") == 0);
  CHECK(strcmp(nettune_reason_text(NETTUNE_NO_REASON), "") == 0);
  CHECK(nettune_option_name(0) == NULL && nettune_option_name(1000) == NULL);
  CHECK(strlen(nettune_version()) > 0);
}

int main(void) {
  check_presets();
  check_sockets();
  check_names();
  return 0;
}
