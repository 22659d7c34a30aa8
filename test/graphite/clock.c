/* Lets a program live at a moment that a file tells: ten digits, seconds since 1970. Time stands still there until the file is written anew. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t told(void) {
  static const char *text;
  if (text == NULL) {
    int fd = open(getenv("OPSBRO_CLOCK"), O_RDONLY);
    void *map = fd < 0 ? MAP_FAILED : mmap(NULL, 11, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) abort();
    close(fd);
    text = map;
  }
  return atoll(text);
}

int clock_gettime(clockid_t id, struct timespec *at) {
  if (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE) return syscall(SYS_clock_gettime, id, at);
  at->tv_sec = told();
  at->tv_nsec = 0;
  return 0;
}

int gettimeofday(struct timeval *at, void *zone) {
  (void)zone;
  at->tv_sec = told();
  at->tv_usec = 0;
  return 0;
}

time_t time(time_t *at) {
  time_t now = told();
  if (at != NULL) *at = now;
  return now;
}
