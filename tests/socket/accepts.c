/* SPDX-License-Identifier: MIT */
/* accepts LINE: tunes a listener, has 100 clients connect to it, and accepts all of them between
 * the two lines that it prints. accepts_test.sh counts the system calls in between. */
#include <netinet/in.h>
#include <nettune/nettune.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { connections = 100 };

static int say(const char *line) { return write(1, line, strlen(line)) < 0; }

int main(int argc, char **argv) {
  nettune_preset *preset;
  char why[256] = "usage: accepts LINE";
  if (argc != 2 || nettune_preset_line(argv[1], &preset, why, sizeof why) != 0) {
    fprintf(stderr, "%s\n", why);
    return 2;
  }
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (nettune_apply(preset, listener, NETTUNE_LISTENER, 0, NULL, 0, NULL) != 0 ||
      bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 128) != 0 ||
      getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
    perror("listener");
    return 1;
  }
  for (int i = 0; i < connections; i++) {
    const int client = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(client, (struct sockaddr *)&address, size) != 0) {
      perror("connect");
      return 1;
    }
  }
  int failed = say("begin\n");
  for (int i = 0; i < connections; i++) {
    nettune_result rows[NETTUNE_MOST_RESULTS];
    size_t count;
    const int fd =
        nettune_accept(preset, listener, NULL, NULL, 0, rows, NETTUNE_MOST_RESULTS, &count);
    failed += fd < 0 || count == 0;
  }
  failed += say("end\n");
  return failed;
}
