--- A task's handle: each method goes to its own path and has its own name in messages. What they do together is in run_start_spec.
local cases_of = require "spec.support.start_handles"

cases_of { noun = "task", title = "a task", name = "my-task", path = "/v2/actor-tasks/", other = "actor" }
