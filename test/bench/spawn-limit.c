/* What this host gives at most: COUNT processes that each start the program, output to /dev/null, wait for it, and do nothing else.
 * usage: spawn-limit SECONDS COUNT PROGRAM [WORD...]; prints checks per second. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

/* Tells by PIPE how many it has started. */
static void spawn(int pipe, double until, char **words) {
  posix_spawn_file_actions_t actions;
  long done = 0;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  for (; now() < until; done += 1) {
    pid_t pid;
    int status;
    if (posix_spawn(&pid, words[0], &actions, NULL, words, environ) != 0) exit(1);
    waitpid(pid, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) exit(3);
  }
  exit(write(pipe, &done, sizeof done) == sizeof done ? 0 : 1);
}

int main(int count, char **words) {
  if (count < 4) return 2;
  int ends[2];
  long done = 0, one;
  double began = now();
  if (pipe(ends) != 0) return 1;
  for (int index = 0; index < atoi(words[2]); index += 1)
    if (fork() == 0) spawn(ends[1], began + atof(words[1]), words + 3);
  close(ends[1]);
  while (read(ends[0], &one, sizeof one) == sizeof one) done += one;
  printf("%.1f\n", done / (now() - began));
  return 0;
}
