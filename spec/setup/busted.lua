--- Runs busted under whichever interpreter runs this file: the `busted` in PATH may be a wrapper that chooses its own.
require "busted.runner" { standalone = false }
