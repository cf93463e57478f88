# SPDX-License-Identifier: Apache-2.0
# Unit tests: tests/unit/test_MODULE.c, one program each, linked with the library.
UNIT_C := $(sort $(wildcard tests/unit/test_*.c))
UNIT   := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(UNIT_C))

$(UNIT): $(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(LIB)
	$(link) -lcmocka

.PHONY: check-unit
check-unit: $(UNIT) ## unit tests
	@for t in $(UNIT); do $$t || exit 1; done

# Fuzz targets: `make check-fuzz` replays their corpora, `make fuzz` lets libFuzzer look for more.
FUZZ_C  := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ    := $(patsubst tests/fuzz/fuzz_%.c,%,$(FUZZ_C))
FUZZ_SECONDS ?= 30

$(addprefix $(BUILD)/tests/fuzz/,$(FUZZ)): $(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/replay.o $(LIB)
	$(link) -lfcgi

.PHONY: check-fuzz
check-fuzz: $(addprefix $(BUILD)/tests/fuzz/,$(FUZZ)) ## replay the corpora of the fuzz targets
	@for t in $(FUZZ); do $(BUILD)/tests/fuzz/$$t tests/fuzz/corpus/$$t/* || exit 1; done
