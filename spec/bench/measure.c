/* measure.c - measure PROGRAM ARGUMENT...: runs it, and prints what it answered and what it took, in one line:
** the answer, wall seconds, CPU seconds, peak memory in MB. The program prints a line when its modules are loaded, and its answer at
** the end. The wall time is that between the two; CPU and memory are those of the whole process. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now (void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds (struct timeval t) { return (double)t.tv_sec + (double)t.tv_usec / 1e6; }

/* All that the program prints, and when its first line was there. */
static double read_all (int fd, char *text, size_t size) {
  size_t length = 0;
  double started = 0;
  ssize_t n;
  while (length < size - 1 && (n = read(fd, text + length, size - 1 - length)) > 0) {
    length += (size_t)n;
    text[length] = '\0';
    if (started == 0 && strchr(text, '\n') != NULL) started = now();
  }
  return started;
}

int main (int argc, char **argv) {
  int ends[2], status;
  char text[4096] = "";
  struct rusage used;
  if (argc < 2 || pipe(ends) != 0) return 2;
  pid_t pid = fork();
  if (pid == 0) {
    dup2(ends[1], 1);
    close(ends[0]);
    close(ends[1]);
    execvp(argv[1], argv + 1);
    _exit(127);
  }
  close(ends[1]);
  double started = read_all(ends[0], text, sizeof text);
  if (wait4(pid, &status, 0, &used) != pid || status != 0 || started == 0) return 1;
  double wall = now() - started;
  char *answer = strchr(text, '\n') + 1;
  answer[strcspn(answer, "\n")] = '\0';
  printf("%s\t%.6f\t%.6f\t%.3f\n", answer, wall, seconds(used.ru_utime) + seconds(used.ru_stime), (double)used.ru_maxrss / 1024);
  return 0;
}
