/* xfer_options.h - from a Lua table of options to a configured easy handle. */
#ifndef APIFY_XFER_OPTIONS_H
#define APIFY_XFER_OPTIONS_H

#include <curl/curl.h>
#include "err.h"

#pragma GCC visibility push(hidden)

/* Apply the table at 'idx' to 'easy', and append its header lines to *headers.
** An option that is unknown or of a wrong type raises an error that names it; the caller's handle and list must be owned by then.
** ERR_OK or ERR_MEMORY; the stack stays as it was. The strings are copied by libcurl, but for 'body', which the caller keeps. */
err_code xfer_apply_options (lua_State *L, int idx, CURL *easy, struct curl_slist **headers);

#pragma GCC visibility pop

#endif
