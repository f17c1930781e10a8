" Colours of the list of runs.
if exists("b:current_syntax") | finish | endif

syntax match apifyTitle /\%1l.*/
syntax match apifyKeys /\%2l.*/
syntax match apifyColumns /\%3l.*/
syntax match apifyDone /^SUCCEEDED\>/
syntax match apifyFailed /^FAILED\>/
syntax match apifyStopped /^\%(ABORTED\|ABORTING\|TIMED-OUT\|TIMING-OUT\)\>/
syntax match apifyGoesOn /^\%(READY\|RUNNING\)\>/

highlight default link apifyTitle Title
highlight default link apifyKeys Comment
highlight default link apifyColumns Statement
highlight default link apifyDone MoreMsg
highlight default link apifyFailed DiagnosticError
highlight default link apifyStopped DiagnosticWarn
highlight default link apifyGoesOn DiagnosticInfo

let b:current_syntax = "apify_runs"
