/* The fork limit with output captured: keeps COUNT children running for SECONDS, each by posix_spawn with a pipe, read by poll.
 * usage: spawn-peer SECONDS COUNT PROGRAM [WORD...]; prints checks per second, the CPU time of a check in
 * microseconds, and how much of that is the program's. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

struct child {
  pid_t pid;
  int output;
};

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static double cpu(int who) {
  struct rusage usage;
  getrusage(who, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void start(struct child *child, char **words) {
  int ends[2];
  posix_spawn_file_actions_t actions;
  if (pipe2(ends, O_CLOEXEC) != 0) exit(1);
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
  if (posix_spawn(&child->pid, words[0], &actions, NULL, words, environ) != 0) exit(1);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  child->output = ends[0];
}

int main(int count, char **words) {
  if (count < 4) return 2;
  double seconds = atof(words[1]);
  int running = atoi(words[2]);
  struct child *children = calloc(running, sizeof *children);
  struct pollfd *polled = calloc(running, sizeof *polled);
  long done = 0;
  double began = now();
  for (int index = 0; index < running; index += 1) start(&children[index], words + 3);
  while (now() < began + seconds) {
    for (int index = 0; index < running; index += 1) polled[index] = (struct pollfd){.fd = children[index].output, .events = POLLIN};
    poll(polled, running, 1000);
    for (int index = 0; index < running; index += 1) {
      char text[65536];
      int status;
      if (polled[index].revents == 0 || read(children[index].output, text, sizeof text) > 0) continue;
      close(children[index].output);
      waitpid(children[index].pid, &status, 0);
      if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return 3;
      done += 1;
      start(&children[index], words + 3);
    }
  }
  double program = cpu(RUSAGE_CHILDREN);
  printf("%.1f %.1f %.1f\n", done / (now() - began), (cpu(RUSAGE_SELF) + program) / done * 1e6, program / done * 1e6);
  return 0;
}
