--- An Actor's handle: each method goes to its own path and has its own name in messages. What they do together is in run_start_spec.
local cases_of = require "spec.support.start_handles"

cases_of { noun = "actor", title = "an Actor", name = "my-actor", path = "/v2/acts/", other = "task" }
