/* floor.c - floor URL COUNT STEP PARALLEL: asks for COUNT rows, STEP in an answer, so many answers at a time, by libcurl and zlib, and
** throws the bytes away. What is left to no client that wants the bytes. Prints how many there were. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST 64

static size_t on_body (char *data, size_t size, size_t count, void *user) {
  (void)data;
  *(size_t *)user += size * count;
  return size * count;
}

static CURL *new_easy (size_t *bytes) {
  CURL *easy = curl_easy_init();
  if (easy == NULL) exit(1);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, bytes);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
  return easy;
}

static void ask (CURLM *multi, CURL *easy, const char *url, long offset) {
  char full[512];
  snprintf(full, sizeof full, "%s?offset=%ld", url, offset);
  curl_easy_setopt(easy, CURLOPT_URL, full);
  curl_multi_add_handle(multi, easy);
}

int main (int argc, char **argv) {
  if (argc != 5) return 2;
  long count = atol(argv[2]), step = atol(argv[3]), parallel = atol(argv[4]), offset = 0;
  size_t bytes = 0;
  int running, left;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM *multi = curl_multi_init();
  puts("ready");
  fflush(stdout);
  for (long i = 0; i < parallel && i < MOST && offset < count; i++, offset += step) ask(multi, new_easy(&bytes), argv[1], offset);
  do {
    CURLMsg *message;
    curl_multi_perform(multi, &running);
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
      CURL *easy = message->easy_handle;
      if (message->msg != CURLMSG_DONE || message->data.result != CURLE_OK) return 1;
      curl_multi_remove_handle(multi, easy);
      if (offset >= count) continue;
      ask(multi, easy, argv[1], offset);
      offset += step;
      running = 1;
    }
    if (running > 0) curl_multi_poll(multi, NULL, 0, 1000, NULL);
  } while (running > 0);
  printf("%zu bytes\n", bytes);
  return 0;
}
