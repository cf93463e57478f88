# SPDX-License-Identifier: Apache-2.0
# deb-status: `make run` for a demo, `make check` for the tests, `make help` for the rest.

# default, or san: address and undefined-behaviour sanitizers, cov: coverage. Any other word is a
# folder for a build with other flags: `make FLAVOR=clang CC=clang CXX=clang++`.
FLAVOR ?= default
BUILD  := build/$(FLAVOR)
PREFIX ?= /usr
VERSION := $(shell sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)
export FLAVOR

CC  ?= gcc
CXX ?= g++
PKG_CONFIG ?= pkg-config
PKGS := libpq libgit2 yaml-0.1 libcrypto
WARN := -Wall -Wextra -Wformat=2 -Wshadow -Wvla -Wundef -Wpointer-arith -Wcast-align -Wwrite-strings
OPT  := -O2 -g
HARDEN := -fstack-protector-strong -fPIE -D_FORTIFY_SOURCE=2
LDHARDEN := -pie -Wl,-z,relro -Wl,-z,now
ifeq ($(FLAVOR),san)
  OPT := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
  HARDEN := -fPIE
endif
ifeq ($(FLAVOR),cov)
  OPT := -O0 -g --coverage -fprofile-update=atomic
  HARDEN := -fPIE
  CFLAGS += -include tests/tools/count_exit.h -DSANDBOX_COUNTERS='"$(realpath $(BUILD))"'
endif
CPPFLAGS += -I. -I$(BUILD) -D_GNU_SOURCE -DDEB_STATUS_VERSION='"$(VERSION)"' \
  -DDEB_STATUS_SHARE='"$(PREFIX)/share/deb-status"' $(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null)
CFLAGS   += -std=c11 $(OPT) $(WARN) -Wstrict-prototypes -Wmissing-prototypes $(HARDEN) $(WERROR)
CXXFLAGS += -std=c++17 $(OPT) $(WARN) $(HARDEN) $(WERROR)
LDFLAGS  += $(LDHARDEN) $(filter -fsanitize% --coverage,$(OPT))
LDLIBS   += $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null)

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
all: $(PROGRAMS) $(BUILD)/doc/deb-status.yaml.5 ## build the programs into build/default/bin

$(BUILD)/gen/queries.h: sql/embed.sh $(QUERIES) | $(BUILD)/gen
	sh sql/embed.sh header $(QUERIES) > $@
$(BUILD)/gen/queries.c: sql/embed.sh $(QUERIES) | $(BUILD)/gen
	sh sql/embed.sh queries $(QUERIES) > $@
$(BUILD)/gen/scripts.c: sql/embed.sh $(SCRIPTS) sql/setup.sql | $(BUILD)/gen
	sh sql/embed.sh scripts $(SCRIPTS) > $@
	sh sql/embed.sh text db_setup_script sql/setup.sql >> $@
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

# cgi/http, cgi/hook without its main, and what of cgi/pages needs no template: for the tests
CGI_LIB := $(BUILD)/libcgi.a
$(CGI_LIB): $(call objects,$(HTTP_C) $(filter-out cgi/hook/main.c,$(HOOK_C)) cgi/pages/cache.c)
	rm -f $@
	$(AR) rcsD $@ $^

# the commands, without main: for the tests
ADMIN_LIB := $(BUILD)/libadmin.a
$(ADMIN_LIB): $(call objects,$(filter-out core/admin/main.c,$(ADMIN_C)))
	rm -f $@
	$(AR) rcsD $@ $^

# the worker, without main: for the tests
WORKER_LIB := $(BUILD)/libworker.a
$(WORKER_LIB): $(call objects,$(filter-out core/worker/main.c,$(WORKER_C)))
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
	$(CXX) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS) -lfcgi $(shell $(PKG_CONFIG) --libs libctemplate 2>/dev/null)
$(BUILD)/bin/deb-status-notify: notify/deb-status-notify | $(BUILD)/bin
	install -m 755 $< $@

# The page of the configuration is made of the settings tables.
MAN := $(sort $(wildcard doc/*.[158])) $(BUILD)/doc/deb-status.yaml.5
$(BUILD)/doc/settings: $(BUILD)/doc/settings.o $(LIB)
	$(link)
$(BUILD)/doc/deb-status.yaml.5: $(BUILD)/doc/settings doc/deb-status.yaml.5.in
	$< < doc/deb-status.yaml.5.in > $@

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
include tests/tests.mk

.PHONY: lib
lib: $(LIB)

# What is missing is installed first (or the command for it printed), and the programs are built by
# a make of its own: this one has asked pkg-config before the packages were there.
MAKE_ALL = sh tests/deps --if-missing && $(MAKE) --no-print-directory -s -j$(JOBS) all
JOBS ?= $(shell nproc)

.PHONY: run
run: ## the demo until Ctrl-C; CONFIG=FILE: the same on a configuration of one's own
	@$(MAKE_ALL) && exec sh tests/demo/run $(if $(CONFIG),"$(CONFIG)")

.PHONY: deps
deps: ## install what building and testing needs (from debian/control)
	@sh tests/deps

# Units, users and the database are the package's (debian/); this puts the files in their places.
SHARE := $(DESTDIR)$(PREFIX)/share
.PHONY: install
install: all ## install below DESTDIR and PREFIX (/usr)
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,bin lib/deb-status)
	install -m 755 $(addprefix $(BUILD)/bin/,deb-status deb-status-worker deb-status-notify) $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(addprefix $(BUILD)/bin/,hook.fcgi pages.fcgi) $(DESTDIR)$(PREFIX)/lib/deb-status
	install -d $(SHARE)/deb-status/templates $(SHARE)/deb-status/apache
	install -m 644 $(sort $(wildcard templates/*.*)) $(SHARE)/deb-status/templates
	cd static && find . -type f -exec install -D -m 644 {} $(abspath $(SHARE))/deb-status/static/{} \;
	install -m 644 $(sort $(wildcard apache/*)) $(SHARE)/deb-status/apache
	set -e; for page in $(MAN); do \
	  install -D -m 644 $$page $(SHARE)/man/man$${page##*.}/$${page##*/}; done
	ln -sf hook.fcgi.8 $(SHARE)/man/man8/pages.fcgi.8

.PHONY: clean
clean: ## remove what was built
	rm -rf build screenshots

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
