" Colours of the items of a dataset: JSON.
if exists("b:current_syntax") | finish | endif

runtime! syntax/json.vim
setlocal conceallevel=0 synmaxcol=1000

let b:current_syntax = "apify_dataset"
