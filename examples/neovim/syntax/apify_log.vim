" Colours of the log of a run.
if exists("b:current_syntax") | finish | endif

syntax match apifyLogTime /^\d\{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\+Z/
syntax match apifyLogError /\<ERROR\>/
syntax match apifyLogWarning /\<WARN\%(ING\)\?\>/
syntax match apifyLogInfo /\<\%(INFO\|DEBUG\)\>/

highlight default link apifyLogTime Comment
highlight default link apifyLogError DiagnosticError
highlight default link apifyLogWarning DiagnosticWarn
highlight default link apifyLogInfo DiagnosticInfo

let b:current_syntax = "apify_log"
