/* descriptors.c - asks by taking: the limit alone does not say what is used. */
#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define MAX_PROBE 4

int descriptors_lack (int n) {
  int held[MAX_PROBE], count = 0, reason = 0;
  while (count < n && count < MAX_PROBE && reason == 0) {
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) held[count++] = fd;
    else reason = errno;
  }
  /* cppcheck-suppress uninitvar ; as many were set as are counted */
  while (count > 0) close(held[--count]);
  return descriptors_is_lack(reason) ? reason : 0;      /* another reason is not about descriptors */
}

int descriptors_is_lack (int sys_errno) {
  return sys_errno == EMFILE || sys_errno == ENFILE;
}

void descriptors_explain (int sys_errno, char *text, size_t size) {
  struct rlimit limit = { 0, 0 };
  getrlimit(RLIMIT_NOFILE, &limit);
  if (sys_errno == EMFILE)
    snprintf(text, size, "no file descriptor is left (EMFILE): the limit of open files is %llu", (unsigned long long)limit.rlim_cur);
  else
    snprintf(text, size, "the system has no file descriptor left (ENFILE): its limit is fs.file-max");
}
