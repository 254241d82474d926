/*
 * hawser-cni, what a container runtime executes: hands the call to the agent over a unix socket and prints its answer.
 *
 *   request   "HCNI" u32le version=1  u32le length of environment  u32le length of standard input  environment  input
 *             (environment: the CNI_* variables, TRACEPARENT and TRACESTATE, each K=V and a NUL)
 *   response  "HCNI" u32le version=1  u32le exit code              u32le length of body            body
 *
 * Without an agent a DEL becomes a tombstone (the request in a folder that the agent replays at its start) and succeeds,
 * STATUS says 50, the others "try again". VERSION needs no agent. src/hawser-cni.ts does the same without a compiler.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "network-config.h"

enum { HEADER = 16, MAX_ENVIRONMENT = 64 << 10, MAX_TRACE = 600, MAX_INPUT = 1 << 20, MAX_BODY = 16 << 20 };
enum { E_VERSION = 1, E_ENVIRONMENT = 4, E_IO = 5, E_DECODE = 6, E_CONFIG = 7, E_AGAIN = 11, E_UNAVAILABLE = 50 };

/* What each call waits for the agent: longer than the agent may be set to take itself (src/endpoint/config.ts), then it hangs. */
static const struct { const char *command; time_t seconds; } patience[] = {{"STATUS", 10}, {"DEL", 130}, {"ADD", 250}, {"CHECK", 250}, {"", 610}};

static const char *const versions[] = {"0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"};
enum { VERSIONS = sizeof versions / sizeof *versions };

static char frame[HEADER + MAX_ENVIRONMENT + MAX_INPUT + 1];

static void put32(char *at, uint32_t value) { for (int i = 0; i < 4; i++) at[i] = (char)(value >> 8 * i); }
static uint32_t get32(const char *at) {
  uint32_t value = 0;
  for (int i = 3; i >= 0; i--) value = value << 8 | (unsigned char)at[i];
  return value;
}

/* The socket, never waited for beyond the deadline. */
static int agent = -1;
static struct timespec deadline;

/* Milliseconds until the deadline, 0 when it has passed. */
static int patience_left(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  long long left = (deadline.tv_sec - now.tv_sec) * 1000LL + (deadline.tv_nsec - now.tv_nsec) / 1000000;
  return left > 0 ? (int)left : 0;
}

/* Whether to try once more, after a wait. A pipe that answers EAGAIN was made non-blocking by somebody: it is waited for. */
static int again(int fd, short event) {
  struct pollfd one = {.fd = fd, .events = event};
  if (errno != EINTR && errno != EAGAIN) return 0;
  int limit = fd == agent ? patience_left() : -1, interrupted = errno == EINTR;
  return limit != 0 && (interrupted || poll(&one, 1, limit) > 0 || errno == EINTR);
}

/* Reads until the end, or until `size` bytes are there. -1: an error. */
static ssize_t read_full(int fd, char *to, size_t size) {
  size_t have = 0;
  while (have < size) {
    ssize_t got = read(fd, to + have, size - have);
    if (got > 0) have += (size_t)got;
    else if (got == 0) break;
    else if (!again(fd, POLLIN)) return -1;
  }
  return (ssize_t)have;
}

static int write_full(int fd, const char *from, size_t size) {
  for (ssize_t put; size > 0; from += put > 0 ? put : 0, size -= put > 0 ? (size_t)put : 0)
    if ((put = write(fd, from, size)) < 0 && !again(fd, POLLOUT)) return -1;
  return 0;
}

/* The config's version where it is one that we speak, else the newest. */
static const char *spoken_version(void) {
  for (int i = 0; i < VERSIONS; i++)
    if (strcmp(fields[2].value, versions[i]) == 0) return versions[i];
  return versions[VERSIONS - 1];
}

/* Messages are constants of this file: nothing of the input is ever in one, and no quote needs escaping. */
static void fail(int code, const char *message, const char *more) {
  char body[768];
  int size = snprintf(body, sizeof body, "{\"cniVersion\":\"%s\",\"code\":%d,\"msg\":\"%s%s\"}\n", spoken_version(), code, message, more);
  write_full(STDOUT_FILENO, body, (size_t)size);
  exit(code);
}

static int dial(const char *path, const char *command) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (path[0] != '/' || strlen(path) >= sizeof address.sun_path) fail(E_CONFIG, "socket must be an absolute path of at most 107 bytes", "");
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), kind = 0;
  while (*patience[kind].command && strcmp(patience[kind].command, command) != 0) kind++;
  const struct timeval limit = {.tv_sec = patience[kind].seconds};
  clock_gettime(CLOCK_MONOTONIC, &deadline);
  deadline.tv_sec += limit.tv_sec;
  /* Connecting waits where the backlog is full, and only a socket that blocks waits for that. */
  if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0) return close(fd), -1;
  while (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
    if (errno != EINTR || patience_left() == 0) return close(fd), -1;
  return fd < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ? -1 : fd;
}

/* Ends the program with the agent's answer; returns when there is none. A refused write may still have its reason to read. */
static void exchange(int fd, size_t size, int must_print) {
  char header[HEADER];
  write_full(fd, frame, size);
  if (read_full(fd, header, HEADER) != HEADER || memcmp(header, "HCNI", 4) != 0 || get32(header + 4) != 1) return;
  uint32_t code = get32(header + 8), length = get32(header + 12);
  char *body = length <= MAX_BODY ? malloc(length + 1) : NULL;
  if (body == NULL || read_full(fd, body, length) != (ssize_t)length || code > 255 || (must_print && code == 0 && length == 0)) return;
  if (write_full(STDOUT_FILENO, body, length) < 0 && code == 0) exit(E_IO);
  exit((int)code);
}

/* Opens a folder; makes what is missing of its path, each durable in its parent. Those on the way need not be readable. */
static int open_folder(char *path) {
  enum { FLAGS = O_RDONLY | O_DIRECTORY | O_CLOEXEC };
  int folder = open(path, FLAGS);
  if (folder >= 0 || errno != ENOENT) return folder;
  int at = open("/", O_PATH | FLAGS);
  for (char *name = strtok(path, "/"); name && at >= 0; name = strtok(NULL, "/")) {
    int made = mkdirat(at, name, 0700), next = made < 0 && errno != EEXIST ? -1 : openat(at, name, O_PATH | FLAGS), error = errno;
    if (made == 0 && (folder = openat(at, ".", FLAGS)) >= 0) fsync(folder), close(folder);
    close(at);
    at = next, errno = error;
  }
  if (at < 0) return -1;
  folder = openat(at, ".", FLAGS);
  close(at);
  return folder;
}

/* Writes the request where the agent finds it at its next start. Durable when it returns 0. */
static int bury(char *folder, size_t size) {
  char name[64], temporary[80];
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  snprintf(name, sizeof name, "%011lld%09ld-%ld.del", (long long)now.tv_sec, now.tv_nsec, (long)getpid());
  snprintf(temporary, sizeof temporary, ".%s.tmp", name);
  int directory = open_folder(folder);
  int fd = directory < 0 ? -1 : openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return -1;
  if (write_full(fd, frame, size) == 0 && fsync(fd) == 0 && close(fd) == 0 && renameat(directory, temporary, directory, name) == 0)
    return fsync(directory);
  int error = errno;
  unlinkat(directory, temporary, 0);
  return errno = error, -1;
}

/* What the agent would refuse is refused without it too: it would be put off for nothing, and a DEL kept that nobody can carry out. */
static void judge(const char *command, int is_object) {
  static const char *const required[] = {"CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"};
  const int del = strcmp(command, "DEL") == 0, gc = strcmp(command, "GC") == 0;
  const int known = del || gc || strcmp(command, "ADD") == 0 || strcmp(command, "CHECK") == 0;
  char missing[64] = "";
  if (!*command) strcpy(missing, "CNI_COMMAND");
  for (int i = gc ? 3 : 0; known && i < 4; i++) {
    const char *value = getenv(required[i]);
    if ((value == NULL || !*value) && !(del && i == 1)) strcat(strcat(missing, *missing ? ", " : ""), required[i]);
  }
  if (*missing) fail(E_ENVIRONMENT, "required environment variables are missing: ", missing);
  if (!is_object) fail(E_DECODE, "the network config on standard input is not valid JSON", "");
  if (!*fields[3].value) fail(E_CONFIG, "the network config has no name", "");
  if (!known) fail(E_ENVIRONMENT, "CNI_COMMAND is none of ADD, DEL, CHECK, GC, STATUS, VERSION", "");
  if (*fields[2].value && strcmp(fields[2].value, spoken_version()) != 0) fail(E_VERSION, "the cniVersion of the network config is not supported", "");
}

/* The verdict without an agent. Messages of DEL avoid the words that runtimes take for success, so no strerror(). */
static void alone(const char *command, size_t size, int is_object) {
  if (strcmp(command, "STATUS") == 0) fail(E_UNAVAILABLE, "the hawser agent is not running; start it with: hawser run", "");
  judge(command, is_object);
  if (strcmp(command, "DEL") != 0) fail(E_AGAIN, "the hawser agent does not answer at its socket; try again once it runs (hawser run)", "");
  signal(SIGXFSZ, SIG_IGN);
  if (fields[1].value[0] != '/') fail(E_CONFIG, "tombstones must be an absolute path", "");
  if (bury(fields[1].value, size) == 0) exit(0);
  char why[96];
  snprintf(why, sizeof why, "%s (errno %d)", errno == ENOSPC || errno == EDQUOT ? "the disk is full" : errno == EROFS ? "the file system is read-only"
      : errno == EACCES || errno == EPERM ? "permission denied" : "the folder of tombstones cannot be written", errno);
  fail(E_IO, "the hawser agent does not answer and this DEL cannot be kept for it: ", why);
}

/* The CNI_* variables, and the caller's trace: that one must harm no call, so anything odd about it is left out. */
static int passes(const char *entry, size_t length) {
  if (strncmp(entry, "CNI_", 4) == 0) return 1;
  if (strncmp(entry, "TRACEPARENT=", 12) != 0 && strncmp(entry, "TRACESTATE=", 11) != 0) return 0;
  for (const char *at = entry; *at; at++)
    if (*at < ' ' || *at > '~') return 0;
  return length <= MAX_TRACE;
}

int main(void) {
  /* Where a standard stream is closed, nothing of ours takes its number: what can be neither read nor written has it. */
  for (int held = 0; held >= 0 && held <= STDERR_FILENO;) held = open("/", O_PATH | O_CLOEXEC);
  signal(SIGPIPE, SIG_IGN);
  const char *command = getenv("CNI_COMMAND") ? getenv("CNI_COMMAND") : "";
  size_t size = HEADER;
  int fits = 1;
  for (char **entry = environ; *entry; entry++) {
    size_t length = strlen(*entry) + 1;
    if (!passes(*entry, length)) continue;
    fits = fits && size + length <= HEADER + MAX_ENVIRONMENT;
    if (!fits) break;
    memcpy(frame + size, *entry, length);
    size += length;
  }
  const size_t environment = size - HEADER;
  ssize_t input = read_full(STDIN_FILENO, frame + size, MAX_INPUT + 1);
  const int is_object = input > 0 && scan(frame + size, frame + size + input);
  if (strcmp(command, "VERSION") == 0) {
    printf("{\"cniVersion\":\"%s\",\"supportedVersions\":[", spoken_version());
    for (int i = 0; i < VERSIONS; i++) printf("%s\"%s\"", i ? "," : "", versions[i]);
    return puts("]}") < 0 || fflush(stdout) != 0 ? E_IO : 0;
  }
  if (input < 0) fail(E_IO, "standard input cannot be read", "");
  if (input > MAX_INPUT) fail(E_DECODE, "standard input is larger than 1 MiB", "");
  if (!fits) fail(E_ENVIRONMENT, "the CNI_ environment variables are larger than 64 KiB", "");
  memcpy(frame, "HCNI\1\0\0", 8);
  put32(frame + 8, (uint32_t)environment);
  put32(frame + 12, (uint32_t)input);
  size += (size_t)input;
  agent = dial(fields[0].value, command);
  if (agent >= 0) exchange(agent, size, strcmp(command, "ADD") == 0);
  alone(command, size, is_object);
}
