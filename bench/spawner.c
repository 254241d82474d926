/*
 * Starts programs the cheapest way there is and times each from before its start to after its end: posix_spawn from a
 * process of a few pages, so that what is compared is the programs and not who starts them.
 *
 * standard input   a line with a number n, then n lines: program TAB file for its input TAB file for its output
 *                  (TAB name=value)*. All n are started at once, in their order.
 * standard output  a line: nanoseconds for all, then for each nanoseconds:wait-status, divided by blanks.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

enum { MAX_PROGRAMS = 1024, MAX_ENVIRONMENT = 64 };

struct program {
  char *line, *path, *input, *output, *environment[MAX_ENVIRONMENT + 1];
  pid_t pid;
  long long start, end;
  int status;
};

static struct program programs[MAX_PROGRAMS];

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void parse(struct program *program) {
  size_t capacity = 0;
  int count = 0;
  if (getline(&program->line, &capacity, stdin) < 0) fail("a line is missing");
  program->line[strcspn(program->line, "\n")] = 0;
  program->path = strtok(program->line, "\t");
  program->input = strtok(NULL, "\t");
  program->output = strtok(NULL, "\t");
  if (program->output == NULL) fail("a line is too short");
  while (count < MAX_ENVIRONMENT && (program->environment[count] = strtok(NULL, "\t")) != NULL) count++;
  program->environment[count] = NULL;
}

static void start(struct program *program) {
  posix_spawn_file_actions_t files;
  char *arguments[] = {program->path, NULL};
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, program->input, O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, program->output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  program->start = now();
  if (posix_spawn(&program->pid, program->path, &files, NULL, arguments, program->environment) != 0) fail(program->path);
  posix_spawn_file_actions_destroy(&files);
}

static void await(int count) {
  for (int left = count; left > 0;) {
    int status;
    pid_t pid = waitpid(-1, &status, 0);
    if (pid < 0) fail("waitpid");
    for (int i = 0; i < count; i++) {
      if (programs[i].pid != pid) continue;
      programs[i].end = now();
      programs[i].status = status;
      left--;
      break;
    }
  }
}

int main(void) {
  char line[32];
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  while (fgets(line, sizeof line, stdin) != NULL) {
    int count = atoi(line);
    if (count < 1 || count > MAX_PROGRAMS) fail("number of programs");
    for (int i = 0; i < count; i++) parse(&programs[i]);
    long long begin = now();
    for (int i = 0; i < count; i++) start(&programs[i]);
    await(count);
    printf("%lld", now() - begin);
    for (int i = 0; i < count; i++) {
      printf(" %lld:%d", programs[i].end - programs[i].start, programs[i].status);
      free(programs[i].line);
      programs[i].line = NULL;
    }
    putchar('\n');
    fflush(stdout);
  }
  return 0;
}
