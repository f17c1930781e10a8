/* sequential.c - the plain way to read a list: one page after the other with one easy handle.
** sequential URL TOTAL: asks for pages of 1000 rows, lets libcurl decode gzip, throws the bytes away. Prints the seconds. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static size_t on_body (char *data, size_t size, size_t count, void *user) {
  (void)data;
  *(size_t *)user += size * count;
  return size * count;
}

static double now (void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main (int argc, char **argv) {
  if (argc != 3) return 2;
  long total = atol(argv[2]);
  size_t bytes = 0;
  char url[512];
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CURL *easy = curl_easy_init();
  if (easy == NULL) return 1;
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &bytes);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
  double start = now();
  for (long offset = 0; offset < total; offset += 1000) {
    snprintf(url, sizeof url, "%s?offset=%ld&limit=1000", argv[1], offset);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    if (curl_easy_perform(easy) != CURLE_OK) return 1;
  }
  printf("%.6f %zu\n", now() - start, bytes);
  curl_easy_cleanup(easy);
  return 0;
}
