# Builds the C core for every Lua that is found, and runs what checks it. `make help` lists the verbs.
# Nothing is written outside build/, but by `make install` and where a verb says that it sets up: apt-get then brings what is missing.

CC       ?= cc
CFLAGS   ?= -O2
WERROR   ?= -Werror
BUILD    ?= build
LUA      ?= lua5.4
PREFIX   ?= /usr/local
DATADIR  ?= $(PREFIX)/share
LIBDIR   ?= $(PREFIX)/lib

# Where the headers are: the first of these folders that has lua.h. Give another by LUA54_INCDIR=... or LUAJIT_INCDIR=...
roots         = /usr/include /usr/local/include /opt/homebrew/include
has_lua       = $(patsubst %/lua.h,%,$(firstword $(wildcard $(addsuffix /lua.h,$(1)))))
LUA54_INCDIR  ?= $(call has_lua,$(addsuffix /lua5.4,$(roots)) $(addsuffix /lua-5.4,$(roots)))
LUAJIT_INCDIR ?= $(call has_lua,$(addsuffix /luajit-2.1,$(roots)))

found   := $(if $(LUA54_INCDIR),5.4) $(if $(LUAJIT_INCDIR),luajit)
cores   := $(patsubst %,$(BUILD)/%/apify/core.so,$(found))
sources := $(wildcard src/*.c)
flags    = -std=gnu11 $(CFLAGS) -fPIC -fvisibility=hidden -Wall -Wextra -Wpedantic $(WERROR)
shared   = $(if $(filter Darwin,$(shell uname)),-bundle -undefined dynamic_lookup,-shared)
libs     = -lcurl -lz -lpthread

owner    = sh spec/setup/owner
submake  = $(MAKE) --no-print-directory
packages = sh spec/setup/packages
run      = sh spec/setup/test
install  = DESTDIR='$(DESTDIR)' DATADIR='$(DATADIR)' LIBDIR='$(LIBDIR)' sh spec/setup/install
wanted   = $(if $(filter file,$(origin LUA)),$(patsubst 5.4,lua5.4,$(found)),$(LUA))

.PHONY: writable build install uninstall env nvim setup demo api picture docs test
.PHONY: lint analyze conformance clang asan valgrind fuzz faults torture bench peers soak mutants rock ci clean help
.DELETE_ON_ERROR:

build: $(BUILD)/checked $(cores)      ## compile the core for every Lua found (the default)
	@$(owner) give

install: build                        ## install without LuaRocks, for each Lua found [PREFIX= DESTDIR= LUA=luajit]
	@$(install) '$(BUILD)' $(wanted)

uninstall:                            ## remove what `make install` with the same variables has installed
	@$(install) -u '$(BUILD)' $(wanted)

env:                                  ## print LUA_PATH and LUA_CPATH of this checkout [LUA=luajit]
	@sh spec/setup/env '$(LUA)'

nvim:                                 ## build the core for Neovim, where its 'runtimepath' finds it
	@test -n '$(LUAJIT_INCDIR)' || { echo 'cannot build for Neovim; missing: LuaJIT'"'"'s lua.h (Debian package: libluajit2-5.1-dev)' >&2; exit 1; }
	@$(submake) -s $(BUILD)/luajit/apify/core.so WERROR=
	@cp $(BUILD)/luajit/apify/core.so lua/apify/core.so.new && mv lua/apify/core.so.new lua/apify/core.so
	@! command -v nvim >/dev/null || nvim --headless -u NONE -i NONE --cmd 'helptags examples/neovim/doc' --cmd 'quitall'

setup:                                ## install by apt-get what building, the demo, the local API and the tests need
	@$(packages) build demo test

demo:                                 ## set up, build, and run the demo against the local API
	@$(packages) build demo
	@$(submake) -s build
	@eval "$$(sh spec/setup/env lua5.4)" && exec lua5.4 examples/demo.lua

api:                                  ## set up, build, and start the local API with something in it, until Ctrl-C
	@$(packages) build demo
	@$(submake) -s build
	@eval "$$(sh spec/setup/env lua5.4)" && exec lua5.4 spec/local_api/serve.lua

picture: build                        ## run the demo in a terminal and draw docs/demo.svg
	@sh spec/setup/picture

docs: writable                        ## make a site of the documents, in build/docs, by pandoc
	@$(packages) docs
	@sh spec/setup/docs

test:                                 ## set up, build, and run every spec on Lua 5.4 and LuaJIT [SPEC="files or folders"]
	@$(packages) build demo test
	@$(submake) -s build
	@$(run) -i lua5.4 -i luajit $(SPEC)

conformance: build                    ## the cases of JSONTestSuite in figures, whole and row by row, on each Lua
	@sh spec/setup/conformance

lint:                                 ## luacheck
	@luacheck --quiet .

analyze:                              ## clang-tidy and cppcheck: clean, but for what spec/setup/analyze explains [GCC=1: its analyzer, too]
	@sh spec/setup/analyze $(if $(GCC),gcc)

clang:                                ## build with clang, and run the core's specs; undefined behaviour traps
	@$(submake) -s build BUILD=build/clang CC=clang CFLAGS='-O1 -g -fsanitize=undefined -fsanitize-trap=undefined'
	@$(run) -b build/clang -i lua5.4 -i luajit core

asan:                                 ## the specs with AddressSanitizer and UBSan, but those of spec/setup/unwrapped [ALL=1: LuaJIT, too]
	@$(submake) -s build BUILD=build/asan CC=gcc CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover'
	@$(run) -b build/asan -i lua5.4 $(if $(ALL),-i luajit) -w 'sh spec/setup/under_asan' memory

valgrind:                             ## the core's specs under memcheck: no error, nothing lost [ALL=1: all but those of spec/setup/unwrapped]
	@$(submake) -s build BUILD=build/valgrind CFLAGS='-O1 -g'
	@$(run) -b build/valgrind -i lua5.4 -w 'sh spec/setup/under_valgrind' $(if $(ALL),memory,core)

fuzz:                                 ## the fuzzers of spec/fuzz, on both Luas [SECS=60 in all, FUZZ="rows url", FAST=1]
	@SECS='$(or $(SECS),60)' FAST='$(FAST)' sh spec/fuzz/run $(FUZZ)

faults: build                         ## every kind of call times every kind of fault, as a table [QUICK=1]
	@sh spec/setup/faults

torture:                              ## every allocation fails once, in the core's specs and in whole programs [QUICK=1 LUA=luajit ONLY=name]
	@QUICK='$(QUICK)' LUA='$(if $(filter file,$(origin LUA)),,$(patsubst lua5.4,5.4,$(LUA)))' ONLY='$(ONLY)' sh spec/setup/torture

bench: build                          ## beside the official JavaScript client and others, in 8 minutes [QUICK=1: in two]
	@LUA54_INCDIR='$(LUA54_INCDIR)' LUAJIT_INCDIR='$(LUAJIT_INCDIR)' QUICK='$(QUICK)' sh spec/setup/bench

peers: build                          ## beside the official JavaScript client, and before the API's own description (npm)
	@sh spec/setup/peers

soak: build                           ## 100,000 calls of all kinds, a tenth of them failing, in four hosts: nothing grows [REQUESTS=3000]
	@eval "$$(sh spec/setup/env lua5.4)" && exec lua5.4 spec/soak/run.lua $(REQUESTS)

mutants: build                        ## small changes to the code, each of which must fail a spec [MUTANTS="-n 25" or files]
	@eval "$$(sh spec/setup/env lua5.4)" && exec lua5.4 spec/mutants/run.lua $(MUTANTS)

rock: writable                        ## install the rock for both Luas into build/rocks, offline
	@sh spec/setup/rock

ci:                                   ## everything that an unattended check runs
	@bash .ci/run

clean: writable                       ## remove build/, and what `luarocks make` and `make nvim` leave beside the sources
	rm -rf build
	rm -f src/*.o apify/core.so lua/apify/core.so examples/neovim/doc/tags

help:                                 ## this list
	@sed -n 's/^\([a-z]*\):.*##  */  make \1	/p' Makefile | expand -t 19

writable:
	@$(owner) check $(BUILD)

# Once per build folder: a clear word about a header that is missing, before the compiler's many.
$(BUILD)/checked: spec/setup/headers | writable
	@sh spec/setup/headers '$(found)' $(CC) $(CPPFLAGS)
	@mkdir -p $(@D) && touch $@
	@test -z '$(findstring s,$(firstword -$(MAKEFLAGS)))' || echo 'Building the core for $(found)'

# $(1): the folder's name; $(2): where its lua.h is. The core is renamed into place: another process may have the old one mapped.
define core_rules
$(BUILD)/$(1)/apify/core.so: $(sources:src/%.c=$(BUILD)/$(1)/obj/%.o)
	@mkdir -p $$(@D)
	$$(CC) $$(shared) $$(CFLAGS) $$(LDFLAGS) -o $$@.new $$^ $$(libs)
	@mv $$@.new $$@

$(BUILD)/$(1)/obj/%.o: src/%.c Makefile | $(BUILD)/checked
	@mkdir -p $$(@D)
	$$(CC) $$(flags) $$(CPPFLAGS) -I'$(2)' -MMD -MP -c -o $$@ $$<

-include $(wildcard $(BUILD)/$(1)/obj/*.d)
endef
$(eval $(call core_rules,5.4,$(LUA54_INCDIR)))
$(eval $(call core_rules,luajit,$(LUAJIT_INCDIR)))
