# SPDX-License-Identifier: Apache-2.0
# deb-status: `make run` for a demo, `make check` for the tests, `make help` for the rest.

FLAVOR ?= default# default, or san: address and undefined-behaviour sanitizers
BUILD  := build/$(FLAVOR)
PREFIX ?= /usr
VERSION := $(shell sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)

CC  ?= gcc
CXX ?= g++
PKGS := libpq libgit2 yaml-0.1 libcrypto
WARN := -Wall -Wextra -Wformat=2 -Wshadow -Wvla -Wundef -Wpointer-arith -Wcast-align -Wwrite-strings
OPT  := -O2 -g
HARDEN := -fstack-protector-strong -fPIE -D_FORTIFY_SOURCE=2
LDHARDEN := -pie -Wl,-z,relro -Wl,-z,now
ifeq ($(FLAVOR),san)
  OPT := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
  HARDEN := -fPIE
endif
BUILD_ID := $(VERSION)
CPPFLAGS += -I. -I$(BUILD) -D_GNU_SOURCE -DDEB_STATUS_VERSION='"$(VERSION)"' \
  -DDEB_STATUS_SHARE='"$(PREFIX)/share/deb-status"' $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
CFLAGS   += -std=c11 $(OPT) $(WARN) -Wstrict-prototypes -Wmissing-prototypes $(HARDEN) $(WERROR)
CXXFLAGS += -std=c++17 $(OPT) $(WARN) $(HARDEN) $(WERROR)
LDFLAGS  += $(LDHARDEN) $(filter -fsanitize%,$(OPT))
LDLIBS   += $(shell pkg-config --libs $(PKGS) 2>/dev/null)

objects = $(patsubst %,$(BUILD)/%.o,$(basename $(1)))
CORE_C   := $(sort $(wildcard $(addsuffix /*.c,$(addprefix core/,base format rules config db upstream archive status queue))))
QUERIES  := $(sort $(wildcard sql/queries/*.sql))
SCRIPTS  := $(sort $(wildcard sql/migrations/*.sql)) $(sort $(wildcard sql/functions/*.sql)) sql/admin.sql sql/grants.sql
WORKER_C := $(sort $(wildcard core/worker/*.c))
ADMIN_C  := $(sort $(wildcard core/admin/*.c))
HTTP_C   := $(sort $(wildcard cgi/http/*.c))
HOOK_C   := $(sort $(wildcard cgi/hook/*.c))
PAGES_C  := $(sort $(wildcard cgi/pages/*.c cgi/pages/*.cc))

LIB      := $(BUILD)/libdeb-status.a
PROGRAMS := $(addprefix $(BUILD)/bin/,deb-status deb-status-worker hook.fcgi pages.fcgi deb-status-notify)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: all
all: $(PROGRAMS) ## build the programs into build/default/bin

$(BUILD)/gen/queries.h: sql/embed.sh $(QUERIES) | $(BUILD)/gen
	sh sql/embed.sh header $(QUERIES) > $@
$(BUILD)/gen/queries.c: sql/embed.sh $(QUERIES) | $(BUILD)/gen
	sh sql/embed.sh queries $(QUERIES) > $@
$(BUILD)/gen/scripts.c: sql/embed.sh $(SCRIPTS) | $(BUILD)/gen
	sh sql/embed.sh scripts $(SCRIPTS) > $@
$(BUILD)/gen $(BUILD)/bin:
	mkdir -p $@

$(BUILD)/%.o: %.c $(BUILD)/gen/queries.h Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/gen/%.o: $(BUILD)/gen/%.c $(BUILD)/gen/queries.h
	$(CC) $(CPPFLAGS) $(CFLAGS) -Wno-overlength-strings -MMD -MP -c -o $@ $<
$(BUILD)/%.o: %.cc Makefile
	@mkdir -p $(@D)
	$(CXX) $(CPPFLAGS) $(CXXFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(call objects,$(CORE_C)) $(BUILD)/gen/queries.o $(BUILD)/gen/scripts.o
	rm -f $@
	$(AR) rcsD $@ $^

link = $(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS)
$(BUILD)/bin/deb-status: $(call objects,$(ADMIN_C)) $(LIB) | $(BUILD)/bin
	$(link)
$(BUILD)/bin/deb-status-worker: $(call objects,$(WORKER_C)) $(LIB) | $(BUILD)/bin
	$(link)
$(BUILD)/bin/hook.fcgi: $(call objects,$(HOOK_C) $(HTTP_C)) $(LIB) | $(BUILD)/bin
	$(link) -lfcgi
$(BUILD)/bin/pages.fcgi: $(call objects,$(PAGES_C) $(HTTP_C)) $(LIB) | $(BUILD)/bin
	$(CXX) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS) -lfcgi $(shell pkg-config --libs libctemplate 2>/dev/null)
$(BUILD)/bin/deb-status-notify: notify/deb-status-notify | $(BUILD)/bin
	install -m 755 $< $@

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
include tests/tests.mk

.PHONY: lib
lib: $(LIB)

.PHONY: deps
deps: ## install what building and testing needs (from debian/control)
	sh tests/deps

.PHONY: clean
clean: ## remove what was built
	rm -rf build

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
