-- The command :ApifyRuns. Nothing else is loaded before it is used.
if vim.g.loaded_apify_runs then return end
vim.g.loaded_apify_runs = true

vim.api.nvim_create_user_command("ApifyRuns", function(command)
  require("apify_runs").open(command.args)
end, {
  nargs = "?",
  complete = function(lead) return require("apify_runs").complete(lead) end,
  desc = "Runs of an Apify Actor, or of the account",
})
