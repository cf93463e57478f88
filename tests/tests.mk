# SPDX-License-Identifier: Apache-2.0
# `make check` and its parts; tests/README says what lies where. An empty folder of tests fails.

# Unit tests: tests/unit/test_MODULE.c, one program each, linked with the library.
UNIT_C := $(sort $(wildcard tests/unit/test_*.c))
UNIT   := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(UNIT_C))

$(UNIT): $(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(CGI_LIB) $(ADMIN_LIB) $(WORKER_LIB) $(LIB)
	$(link) -lcmocka

.PHONY: check
check: ## all tests, in under ten minutes
	@$(MAKE_ALL)
	@MAKE='$(MAKE)' JOBS=$(JOBS) sh tests/check format headers unit fuzz sql system browser

.PHONY: check-unit
check-unit: $(UNIT) ## unit tests
	@sh tests/check-unit $(UNIT)

# Small programs that tests in other languages ask: tests/tools/NAME.c.
TOOLS := $(patsubst tests/tools/%.c,$(BUILD)/tests/tools/%,$(sort $(wildcard tests/tools/*.c)))

$(TOOLS): $(BUILD)/tests/tools/%: $(BUILD)/tests/tools/%.o $(LIB)
	$(link)

# Fuzz targets: `make check-fuzz` replays their corpora, `make fuzz` lets libFuzzer look for more.
FUZZ_C  := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ    := $(patsubst tests/fuzz/fuzz_%.c,%,$(FUZZ_C))
FUZZ_SECONDS ?= 30

$(addprefix $(BUILD)/tests/fuzz/,$(FUZZ)): $(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/replay.o $(CGI_LIB) $(LIB)
	$(link) -lfcgi

.PHONY: check-fuzz
check-fuzz: $(addprefix $(BUILD)/tests/fuzz/,$(FUZZ)) ## replay the corpora of the fuzz targets
	@[ -n "$(FUZZ)" ] || { echo "tests/fuzz: no test there"; exit 1; }
	@for t in $(FUZZ); do $(BUILD)/tests/fuzz/$$t tests/fuzz/corpus/$$t/* || exit 1; done
	@echo "fuzz: $(words $(FUZZ)) targets replayed"

# One libFuzzer program a target, all sources compiled with it; a finding stays in build/fuzz.
FUZZ_FLAGS := -g -O1 -fno-omit-frame-pointer -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
FUZZ_O := $(addprefix build/fuzz/o/,$(patsubst %.c,%.o,$(CORE_C) $(HTTP_C) $(filter-out cgi/hook/main.c,$(HOOK_C)) \
  gen/queries.c gen/scripts.c))
FUZZ_RUN = $(if $(FUZZ_RUNS),-runs=$(FUZZ_RUNS),-max_total_time=$(FUZZ_SECONDS))
FUZZ_C_LINE = @mkdir -p $(@D); clang $(CPPFLAGS) -std=c11 -w $(FUZZ_FLAGS) -MMD -MP -c -o $@ $<
build/fuzz/o/%.o: %.c $(BUILD)/gen/queries.h
	$(FUZZ_C_LINE)
build/fuzz/o/gen/%.o: $(BUILD)/gen/%.c $(BUILD)/gen/queries.h
	$(FUZZ_C_LINE)
$(addprefix build/fuzz/fuzz_,$(FUZZ)): build/fuzz/fuzz_%: build/fuzz/o/tests/fuzz/fuzz_%.o $(FUZZ_O)
	clang $(FUZZ_FLAGS) -o $@ $^ $(LDLIBS) -lfcgi
-include $(shell find build/fuzz/o -name '*.d' 2>/dev/null)

.PHONY: fuzz fuzz-built
fuzz-built: $(addprefix build/fuzz/fuzz_,$(FUZZ))
fuzz: fuzz-built ## look for more inputs, FUZZ_SECONDS (30) or FUZZ_RUNS a target
	@set -e; for t in $(FUZZ); do mkdir -p build/fuzz/$$t; \
	  build/fuzz/fuzz_$$t $(FUZZ_RUN) -artifact_prefix=build/fuzz/$$t- build/fuzz/$$t tests/fuzz/corpus/$$t; done

.PHONY: check-sql
check-sql: $(BUILD)/bin/deb-status ## pgTAP tests on a private PostgreSQL
	@BUILD=$(BUILD) sh tests/check-sql

# Debian's Python, whatever `python3` is on PATH; a file of tests has one process, so that its stack
# is started once. Nearly all of their time is waiting: more of them than cores.
PYTEST = PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m pytest -q -p no:cacheprovider --durations=5
PARALLEL = -n $(1) --dist loadfile
SYSTEM_JOBS ?= 4

.PHONY: check-system
check-system: all $(TOOLS) ## tests with real Apache, PostgreSQL, rsync, apt
	@$(PYTEST) $(call PARALLEL,$(SYSTEM_JOBS)) tests/system

.PHONY: check-browser
check-browser: all ## tests in headless Chromium
	@$(PYTEST) $(call PARALLEL,2) tests/browser

.PHONY: check-format
check-format: ## clang-format, shellcheck, licence lines, white space
	@sh tests/check-format

.PHONY: check-headers
check-headers: $(BUILD)/gen/queries.h ## each header compiles alone
	@set -e; n=0; for h in $$(find core cgi -name '*.h' | sort); do \
	  echo "#include \"$$h\"" | $(CC) $(CPPFLAGS) -std=c11 -Wall -Wextra -Werror -fsyntax-only -xc -; n=$$((n + 1)); done; \
	  [ $$n -gt 0 ] && echo "headers: $$n compile alone"

.PHONY: tests-built
tests-built: $(UNIT) $(TOOLS) $(addprefix $(BUILD)/tests/fuzz/,$(FUZZ))

# Longer than a check may take, or in need of more than a Debian: each says so where it is missing.
SOAK ?= tests/soak
.PHONY: soak bench real axe screenshots chroot coverage package
soak: all ## the long figures: hundreds of publishes, thousands of deliveries
	@$(PYTEST) -s $(SOAK)
bench: all $(TOOLS) ## what takes how long
	@set -e; for b in tests/bench/*; do [ ! -x "$$b" ] || [ -d "$$b" ] || { echo "== $$b"; $$b; }; done
real: all $(TOOLS) ## against upstream's real repository and Debian's suites
	@$(PYTEST) -s -rs tests/real
axe: all ## accessibility of every page, by axe-core (npm)
	@$(PYTEST) -rs tests/axe
screenshots: all ## every page into screenshots/
	@/usr/bin/python3 tests/browser/screenshots.py screenshots
package: ## build the packages twice, compare, lintian and the units' own checks
	@sh tests/package/build
chroot: package ## install, upgrade, purge and restore the packages in bare Debians
	@sh tests/package/chroot
coverage: ## lines that the tests reach, in build/coverage
	@$(MAKE_ALL)
	@tests/coverage
