# SPDX-License-Identifier: Apache-2.0
# Unit tests: tests/unit/test_MODULE.c, one program each, linked with the library.
UNIT_C := $(sort $(wildcard tests/unit/test_*.c))
UNIT   := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(UNIT_C))

$(UNIT): $(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(LIB)
	$(link) -lcmocka

.PHONY: check-unit
check-unit: $(UNIT) ## unit tests
	@for t in $(UNIT); do $$t || exit 1; done
