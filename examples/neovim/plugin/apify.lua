-- The command :ApifyRuns, and whatever is needed so that the plugin and the Lua module "apify" are found. Nothing is loaded before it is used.
if vim.g.loaded_apify_runs then return end
vim.g.loaded_apify_runs = true

--- Have the folder in the 'runtimepath' if the file is not found there without it.
local function need(file, folder)
  if not vim.api.nvim_get_runtime_file(file, false)[1] then vim.opt.runtimepath:append(folder) end
end

--- Plugin managers know either the top of the repository, where the module is, or this plugin, two folders below. Whoever has installed
--- the module by LuaRocks finds it there.
local here = vim.fn.simplify(vim.fn.fnamemodify(debug.getinfo(1, "S").source:sub(2), ":p:h:h"))
need("lua/apify_runs/init.lua", here)
if not package.searchpath("apify.core", package.cpath) then need("lua/apify/init.lua", vim.fn.fnamemodify(here, ":h:h")) end

vim.api.nvim_create_user_command("ApifyRuns", function(command)
  require("apify_runs").open(command.args)
end, {
  nargs = "?",
  complete = function(lead) return require("apify_runs").complete(lead) end,
  desc = "Runs of an Apify Actor, or of the account",
})
