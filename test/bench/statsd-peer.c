/* Sends datagrams at a steady rate: PORT RATE SECONDS FILE, with one packet a line of FILE, `\x1f` in place of line ends within it.
   Prints how many it sent. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define BATCH 16
#define MOST 65536

static char *packets[MOST];
static size_t lengths[MOST];

static size_t load(const char *path) {
  FILE *file = fopen(path, "r");
  if (file == NULL) exit(2);
  size_t count = 0, room = 0;
  char *line = NULL;
  ssize_t length;
  while (count < MOST && (length = getline(&line, &room, file)) > 0) {
    if (line[length - 1] == '\n') length--;
    packets[count] = malloc(length);
    memcpy(packets[count], line, length);
    for (ssize_t at = 0; at < length; at++)
      if (packets[count][at] == '\x1f') packets[count][at] = '\n';
    lengths[count++] = length;
  }
  fclose(file);
  return count;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  double rate = atof(argv[2]), seconds = atof(argv[3]);
  size_t count = load(argv[4]);
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
  inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
  if (count == 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0) return 1;
  struct mmsghdr messages[BATCH];
  struct iovec parts[BATCH];
  memset(messages, 0, sizeof messages);
  unsigned long sent = 0, skipped = 0;
  double began = now(), elapsed;
  while ((elapsed = now() - began) < seconds) {
    long due = (long)(elapsed * rate) - (long)(sent + skipped);
    /* A pause that the machine forced on this program is no burst of the rate that was asked for. */
    if (due > rate / 200) {
      skipped += due - (long)(rate / 1000);
      continue;
    }
    if (due < BATCH) {
      struct timespec pause = {0, 20000};
      nanosleep(&pause, NULL);
      continue;
    }
    for (int at = 0; at < BATCH; at++) {
      size_t which = (sent + at) % count;
      parts[at] = (struct iovec){packets[which], lengths[which]};
      messages[at].msg_hdr.msg_iov = &parts[at];
      messages[at].msg_hdr.msg_iovlen = 1;
    }
    int done = sendmmsg(fd, messages, BATCH, 0);
    if (done > 0) sent += done;
  }
  printf("%lu\n", sent);
  return 0;
}
