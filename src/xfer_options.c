/* xfer_options.c - the options of one transfer, as one table.
** What every transfer must have is set first, with the reason; then those that were given. */
#include "xfer_options.h"

#include <string.h>
#include <unistd.h>

#include "core.h"
#include "secret_lua.h"

typedef enum kind {
  KIND_STRING,         /* copied by libcurl */
  KIND_HEADERS,        /* a list of "Name: value" lines */
  KIND_SECRET,         /* sent as a bearer token */
  KIND_HTTP1,          /* true: HTTP/1.1 only */
  KIND_OTHER           /* read by the transfer or the multi itself */
} kind;

typedef struct option {
  const char *name;
  kind kind;
  CURLoption id;
} option;

static const option options[] = {
  { "body", KIND_OTHER, 0 },
  { "ca_file", KIND_STRING, CURLOPT_CAINFO },
  { "headers", KIND_HEADERS, 0 },
  { "http1", KIND_HTTP1, CURLOPT_HTTP_VERSION },
  { "max_body_size", KIND_OTHER, 0 },
  { "max_connections", KIND_OTHER, 0 },
  { "method", KIND_STRING, CURLOPT_CUSTOMREQUEST },
  { "owner", KIND_OTHER, 0 },
  { "proxy", KIND_STRING, CURLOPT_PROXY },
  { "raw", KIND_OTHER, 0 },
  { "secret", KIND_SECRET, 0 },
  { "send_once", KIND_OTHER, 0 },
  { "stream", KIND_OTHER, 0 },
  { "upload", KIND_OTHER, 0 },
  { "upload_size", KIND_OTHER, 0 },
  { "url", KIND_STRING, CURLOPT_URL },
  { "user_agent", KIND_STRING, CURLOPT_USERAGENT },
  { NULL, KIND_OTHER, 0 }
};

/* Can the bundle that libcurl was built with be read? Looked at once: not for each request. */
static int has_ca_file (void) {
  static int known = -1;
  if (known >= 0) return known;
  const char *file = NULL;
#if LIBCURL_VERSION_NUM >= 0x075400
  const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
  if (v->age >= CURLVERSION_TENTH) file = v->cainfo;
#endif
  known = file != NULL && access(file, R_OK) == 0;
  return known;
}

static void set_protocols (CURL *easy) {
#if LIBCURL_VERSION_NUM >= 0x075500
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/* What holds for every transfer. */
static void set_common (CURL *easy) {
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);                  /* signals belong to the host program */
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);                /* never squash a key such as ".." into another path */
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);            /* redirects are followed in Lua, where the token is guarded */
  curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);     /* inflate.c decodes, as bytes are wanted */
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);  /* a proxy's answer to CONNECT is not the answer */
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);             /* a long poll is silent for a minute */
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 30L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 15L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 86400000L);  /* deadlines are ours: libcurl's clock also runs while nobody drives it */
#if LIBCURL_VERSION_NUM >= 0x075700
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);                /* cancelling must not join a thread that resolves a name */
#endif
  if (has_ca_file()) curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);   /* with a CApath, libcurl parses the bundle anew for each connection */
  set_protocols(easy);
}

static err_code add_header (struct curl_slist **list, const char *line) {
  struct curl_slist *longer = curl_slist_append(*list, line);
  if (longer == NULL) return ERR_MEMORY;
  *list = longer;
  return ERR_OK;
}

/* A line that carries a line break would be two headers. Raises for it. */
static const char *check_header (lua_State *L, int idx) {
  size_t len;
  const char *line = lua_tolstring(L, idx, &len);
  if (line == NULL || strlen(line) != len || strpbrk(line, "\r\n") != NULL)
    luaL_error(L, "option 'headers' has a line that is not a header");
  return line;
}

static err_code apply_headers (lua_State *L, int idx, struct curl_slist **list) {
  luaL_checktype(L, idx, LUA_TTABLE);
  size_t n = lua_rawlen(L, idx);
  for (size_t i = 1; i <= n; i++) {
    lua_rawgeti(L, idx, (int)i);
    err_code rc = add_header(list, check_header(L, -1));
    lua_pop(L, 1);
    if (rc != ERR_OK) return rc;
  }
  return ERR_OK;
}

static err_code apply_secret (lua_State *L, int idx, struct curl_slist **list) {
  const char *line = secret_header(L, idx);
  if (line == NULL) luaL_error(L, "option 'secret' is not a secret");
  return add_header(list, line);
}

static err_code apply_string (lua_State *L, int idx, CURL *easy, const option *o) {
  size_t len;
  const char *s = lua_tolstring(L, idx, &len);
  if (s == NULL || strlen(s) != len) luaL_error(L, "option '%s' is not a plain string", o->name);
  if (o->id == CURLOPT_CAINFO) curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);   /* this file alone is trusted */
  return curl_easy_setopt(easy, o->id, s) == CURLE_OK ? ERR_OK : ERR_MEMORY;
}

static err_code apply_option (lua_State *L, int idx, CURL *easy, struct curl_slist **headers, const option *o) {
  switch (o->kind) {                                            /* NOLINT: not NULL; the analyzer does not know that luaL_error raises */
    case KIND_STRING: return apply_string(L, idx, easy, o);
    case KIND_HEADERS: return apply_headers(L, idx, headers);
    case KIND_SECRET: return apply_secret(L, idx, headers);
    case KIND_HTTP1:
      if (lua_toboolean(L, idx)) curl_easy_setopt(easy, o->id, (long)CURL_HTTP_VERSION_1_1);
      return ERR_OK;
    case KIND_OTHER: return ERR_OK;
  }
  return ERR_OK;
}

static const option *find_option (const char *name) {
  for (const option *o = options; o->name != NULL; o++)
    if (strcmp(o->name, name) == 0) return o;
  return NULL;
}

/* May the text stand in a request line as it is? */
static int is_plain_target (const char *text) {
  while (*text > ' ' && *text < 127 && *text != '#') text++;
  return *text == '\0';
}

/* Say in so many words what to ask for: libcurl leaves the query of a URL out where it has no memory for it, and asks for something else.
** A proxy for plain http wants more than that, so it is left to libcurl where there might be one. */
static err_code apply_target (lua_State *L, int idx, CURL *easy) {
  lua_getfield(L, idx, "url");
  lua_getfield(L, idx, "proxy");
  const char *url = lua_tostring(L, -2), *proxy = lua_tostring(L, -1);
  int is_direct = url != NULL && (strncmp(url, "https:", 6) == 0 || (proxy != NULL && *proxy == '\0'));
  const char *host = is_direct ? strstr(url, "://") : NULL;
  const char *target = host == NULL ? "" : host + 3 + strcspn(host + 3, "/?#");
  err_code rc = ERR_OK;
  if (*target == '/' && is_plain_target(target) && curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, target) != CURLE_OK) rc = ERR_MEMORY;
  lua_pop(L, 2);
  return rc;
}

/* What a body may be compressed with: nothing, if it is wanted as it is stored. */
static const char *accepted (lua_State *L, int idx) {
  return core_flag(L, idx, "raw") ? "Accept-Encoding: identity" : "Accept-Encoding: gzip";
}

err_code xfer_apply_options (lua_State *L, int idx, CURL *easy, struct curl_slist **headers) {
  idx = lua_absindex(L, idx);
  set_common(easy);
  err_code rc = add_header(headers, accepted(L, idx));
  if (rc == ERR_OK) rc = add_header(headers, "Expect:");         /* no pause before a larger body */
  if (rc == ERR_OK) rc = add_header(headers, "Content-Type:");   /* none but the caller's: libcurl would call any body a form */
  if (rc == ERR_OK) rc = apply_target(L, idx, easy);
  lua_pushnil(L);
  while (rc == ERR_OK && lua_next(L, idx) != 0) {
    const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
    const option *o = find_option(name);
    if (o == NULL) luaL_error(L, "unknown option '%s' of a transfer", name);
    rc = apply_option(L, lua_gettop(L), easy, headers, o);
    lua_pop(L, rc == ERR_OK ? 1 : 2);
  }
  return rc;
}
