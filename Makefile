# tcpwaitspy: `make help` lists the targets. All output is under build/.

# Settings: each may be given on the command line.

CC ?= gcc
BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
# How long `make fuzz` gives each target, and how many inputs `make check` tries.
FUZZ_SECONDS ?= 60
FUZZ_RUNS ?= 20000
VERSION := $(shell sed -n 's/^\#define SPY_VERSION "\(.*\)"/\1/p' include/tcpwaitspy/version.h)

# Flags.

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes -Wundef
BASE_CFLAGS := -std=gnu11 $(WARNINGS) -D_GNU_SOURCE -g -O2 -MMD -MP $(EXTRA_CFLAGS)
# The shim carries no fortified calls of its own: they would be calls of what it hooks.
SHIM_CFLAGS := $(BASE_CFLAGS) -fPIC -fvisibility=hidden -fno-omit-frame-pointer -U_FORTIFY_SOURCE
# Demo and test programs keep the frames that a reader of their findings expects.
PROGRAM_CFLAGS := $(BASE_CFLAGS) -O1 -fno-omit-frame-pointer -fno-inline -fno-optimize-sibling-calls -pthread
FUZZ_CFLAGS := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all

# The shim, the command and the demo: what they consist of.

PURE_SOURCES := $(wildcard shim/spell/*.c shim/core/*.c shim/config/*.c)
SHIM_SOURCES := $(wildcard shim/*/*.c)
SHIM_OBJECTS := $(SHIM_SOURCES:%.c=$(BUILD)/shim-objects/%.o)
# The command links what is pure and the readers, and nothing that is preloaded.
TOOL_SOURCES := $(wildcard tools/*/*.c)
TOOL_OBJECTS := $(TOOL_SOURCES:%.c=$(BUILD)/objects/%.o) $(BUILD)/objects/rule_pages.o $(BUILD)/objects/tools/html/page/page.o
TOOL_LIBS := -ljson-c -ldw -lelf -liberty -lm
# What the page of `report --html` consists of; in this order, for each uses those before it.
PAGE_SCRIPTS := $(addprefix tools/html/page/,text.js data.js view.js filter.js states.js findings.js lanes.js timeline.js \
	calls.js diagram.js histogram.js main.js)
DEMO_SOURCES := $(wildcard demo/tcpwaits/*.c)
DEMO_OBJECTS := $(DEMO_SOURCES:%.c=$(BUILD)/objects/%.o)

# The tests, and what they start.

TWIN_SOURCES := $(filter-out demo/twins/twin.c,$(wildcard demo/twins/*.c))
TWINS := $(TWIN_SOURCES:demo/twins/%.c=$(BUILD)/demo/twins/%)
UNIT_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/*/*_test.c))
E2E_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/e2e/*_test.c tests/e2e/*/*_test.c))
SUPPORT_OBJECTS := $(patsubst %.c,$(BUILD)/objects/%.o,$(wildcard tests/support/*.c))
READER_OBJECTS := $(patsubst %.c,$(BUILD)/objects/%.o,$(wildcard tools/read/*.c) $(PURE_SOURCES))
TEST_PROGRAMS := $(patsubst tests/e2e/programs/%.c,$(BUILD)/tests/programs/%,\
	$(wildcard tests/e2e/programs/*.c tests/e2e/programs/*/*.c))
HISTORY := $(patsubst tests/e2e/history/%.c,$(BUILD)/tests/history/%,$(wildcard tests/e2e/history/*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/bin/%,$(wildcard tests/fuzz/*_fuzz.c))
PROGRAMS := $(TWINS) $(TEST_PROGRAMS) $(HISTORY)
# What unit tests link: all that runs without being preloaded.
UNPRELOADED := $(PURE_SOURCES) $(filter-out shim/observe/stack.c,\
	$(wildcard $(addprefix shim/,sys/*.c observe/*.c format/*.c sink/*.c record/*.c)))
UNIT_OBJECTS := $(UNPRELOADED:%.c=$(BUILD)/objects/%.o) $(filter-out $(BUILD)/objects/tools/cli/main.o,$(TOOL_OBJECTS))
# The checks of formats are both kinds of tests'.
UNIT_SUPPORT := $(BUILD)/objects/tests/support/sarif.o $(BUILD)/objects/tests/support/trace.o

.PHONY: all deps demo bench bench-page clean help fuzzers fuzz-check format lint layers links install uninstall deb \
	check unit e2e programs builds fuzz asan tsan coverage transparency transparency-quick
.SECONDARY:

all: $(BUILD)/libtcpwaitspy.so $(BUILD)/tcpwaitspy $(BUILD)/demo/tcpwaits ## Build the shim, the command and the demo

deps: ## Install what the build and the tests need (Debian, Ubuntu)
	@tools/deps.sh

demo: all ## Run every scenario of the article under the shim
	@demo/run.sh $(BUILD)

bench: all ## Measure the cost of the shim
	@tests/bench/run.sh $(BUILD)

bench-page: ## Put the tables of the last make bench into docs/performance.md
	@python3 tests/bench/page.py $(BUILD)/bench/results.json docs/performance.md

# How objects and programs are made.

# $(call compile,FLAGS) and $(call link,FLAGS,LIBRARIES): what the recipes of all C have in common.
define compile
@mkdir -p $(@D)
@echo '  CC    $<'
@$(CC) $(1) -c $< -o $@
endef
define link
@mkdir -p $(@D)
@echo '  LD    $@'
@$(CC) $(1) $^ -o $@ $(2)
endef
# For a source.
FLAGS_OF = $(if $(filter demo/% tests/e2e/programs/% tests/e2e/history/%,$(1)),$(PROGRAM_CFLAGS),$(BASE_CFLAGS))

$(BUILD)/shim-objects/%.o: %.c
	$(call compile,$(SHIM_CFLAGS))

$(BUILD)/objects/%.o: %.c
	$(call compile,$(call FLAGS_OF,$<))

$(BUILD)/rule_pages.c: tools/embed.sh $(wildcard docs/rules/*.md)
	@mkdir -p $(@D)
	@tools/embed.sh $(filter %.md,$^) >$@

$(BUILD)/objects/rule_pages.o: $(BUILD)/rule_pages.c
	$(call compile,$(BASE_CFLAGS) -I.)

$(BUILD)/html/head: $(addprefix tools/html/page/,bundle.sh page.html page.css parts.css) $(PAGE_SCRIPTS)
	@echo '  PAGE  $@'
	@tools/html/page/bundle.sh $(@D) $(PAGE_SCRIPTS)

$(BUILD)/objects/tools/html/page/page.o: tools/html/page/page.S $(BUILD)/html/head
	@mkdir -p $(@D)
	@echo '  AS    $<'
	@$(CC) -c -DPAGE_HEAD='"$(BUILD)/html/head"' -DPAGE_TAIL='"$(BUILD)/html/tail"' $< -o $@

# Only the names of hooks.def and of the public header leave the object; a row without a body fails the link.
$(BUILD)/exports.map: include/tcpwaitspy/hooks.def include/tcpwaitspy.h
	@mkdir -p $(@D)
	@{ echo '{ global:'; $(CC) -E -P -x c '-DHOOK(symbol, ...)=symbol;' $< | grep ';$$'; \
		sed -n 's/^TCPWAITSPY_API .*\(tcpwaitspy_[a-z]*\)(.*/\1;/p' include/tcpwaitspy.h; echo 'local: *; };'; } >$@

$(BUILD)/libtcpwaitspy.so: $(SHIM_OBJECTS) $(BUILD)/exports.map
	@echo '  LD    $@'
	@$(CC) -shared $(SHIM_CFLAGS) $(SHIM_OBJECTS) -o $@ -Wl,--version-script=$(BUILD)/exports.map \
		-Wl,--no-undefined-version -Wl,-z,defs -Wl,-z,relro -Wl,-z,now -ldl -pthread

$(BUILD)/tcpwaitspy: $(TOOL_OBJECTS) $(PURE_SOURCES:%.c=$(BUILD)/objects/%.o)
	$(call link,$(BASE_CFLAGS),$(TOOL_LIBS) -pthread)

$(BUILD)/demo/tcpwaits: $(DEMO_OBJECTS)
	$(call link,$(PROGRAM_CFLAGS))

$(BUILD)/demo/twins/%: $(BUILD)/objects/demo/twins/%.o $(BUILD)/objects/demo/twins/twin.o
	$(call link,$(PROGRAM_CFLAGS))

$(BUILD)/tests/programs/%: $(BUILD)/objects/tests/e2e/programs/%.o
	$(call link,$(PROGRAM_CFLAGS),-ldl)

$(BUILD)/tests/history/%: $(BUILD)/objects/tests/e2e/history/%.o $(BUILD)/objects/demo/twins/twin.o
	$(call link,$(PROGRAM_CFLAGS))

$(BUILD)/tests/unit/%: $(BUILD)/objects/tests/unit/%.o $(UNIT_OBJECTS) $(UNIT_SUPPORT)
	$(call link,$(BASE_CFLAGS),-lcmocka -ldl $(TOOL_LIBS) -pthread)

# They read flight records as the command does.
$(BUILD)/tests/e2e/%: $(BUILD)/objects/tests/e2e/%.o $(SUPPORT_OBJECTS) $(READER_OBJECTS)
	$(call link,$(BASE_CFLAGS),-lcmocka -ljson-c -liberty -lm -pthread)

$(BUILD)/bin/%_fuzz: $(BUILD)/objects/tests/fuzz/%_fuzz.o $(UNIT_OBJECTS)
	$(call link,$(BASE_CFLAGS) -fsanitize=fuzzer,-ldl $(TOOL_LIBS) -pthread)

# Tests.

check: all builds fuzz-check layers links $(PROGRAMS) $(UNIT_TESTS) $(E2E_TESTS) ## Run all tests
	@TCPWAITSPY_BUILD=$(BUILD) tests/run.sh $(UNIT_TESTS) $(E2E_TESTS)
	@python3 -B tests/transparency/run.py $(BUILD) --quick

unit: $(UNIT_TESTS) ## Run the unit tests
	@tests/run.sh $(UNIT_TESTS)

programs: all $(PROGRAMS) $(E2E_TESTS) ## Build what the end-to-end tests start, and the tests

e2e: all builds $(PROGRAMS) $(E2E_TESTS) ## Run programs under the shim and read their logs
	@TCPWAITSPY_BUILD=$(BUILD) tests/run.sh $(E2E_TESTS)

# Other machines and another libc: the shim, and what their tests run under it. musl-gcc has no kernel
# headers of its own; the distribution's come last, so that musl's own are found first.
OTHER := libtcpwaitspy.so demo/tcpwaits demo/twins/close-wait-leak.bad tests/programs/time64
I386 := $(OTHER) tests/programs/script tests/programs/crowd
MUSL_CFLAGS := -idirafter /usr/include -idirafter /usr/include/$(shell $(CC) -print-multiarch)

builds: ## Compile the shim for i386, aarch64 and musl
	@+$(MAKE) --no-print-directory BUILD=$(BUILD)/i386 CC=i686-linux-gnu-gcc EXTRA_CFLAGS=-Wno-psabi $(I386:%=$(BUILD)/i386/%)
	@+$(MAKE) --no-print-directory BUILD=$(BUILD)/aarch64 CC=aarch64-linux-gnu-gcc $(OTHER:%=$(BUILD)/aarch64/%)
	@+$(MAKE) --no-print-directory BUILD=$(BUILD)/musl CC=musl-gcc EXTRA_CFLAGS="$(MUSL_CFLAGS)" $(OTHER:%=$(BUILD)/musl/%)

fuzzers:
	@+$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz CC=clang EXTRA_CFLAGS="$(FUZZ_CFLAGS)" $(FUZZERS)

fuzz: fuzzers ## Fuzz everything that parses, FUZZ_SECONDS each
	@tests/fuzz/run.sh -max_total_time=$(FUZZ_SECONDS) $(FUZZERS)

fuzz-check: fuzzers
	@tests/fuzz/run.sh "-seed=1 -runs=$(FUZZ_RUNS) -max_total_time=20" $(FUZZERS)

asan: ## Run the unit tests with AddressSanitizer and UBSan (CC=clang: clang's)
	$(MAKE) BUILD=$(BUILD)/asan-$(notdir $(CC)) EXTRA_CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=all" unit

tsan: ## Run the unit tests with ThreadSanitizer (CC=clang: clang's)
	$(MAKE) BUILD=$(BUILD)/tsan-$(notdir $(CC)) EXTRA_CFLAGS="-fsanitize=thread" unit

coverage: ## Line coverage of what is not preloaded, by the unit tests
	$(MAKE) BUILD=$(BUILD)/coverage EXTRA_CFLAGS="--coverage -fprofile-update=atomic -O0" unit
	gcovr --root . --filter 'shim/' --filter 'tools/' $(BUILD)/coverage

transparency: all ## Run other people's tests and servers with and without the shim, and compare each case
	@python3 -B tests/transparency/run.py $(BUILD) $(if $(SUITES),--suite $(SUITES)) --report $(BUILD)/transparency.md

transparency-quick: all ## The part of it that make check runs
	@python3 -B tests/transparency/run.py $(BUILD) --quick

# Care of the sources.

layers: ## Check that includes point the way design says
	@tools/layers.sh

links: ## Check the documents: their links, and that the hook and the rule of the README compile
	@python3 -B tests/docs.py

lint: ## clang-format, clang-tidy, cppcheck, shellcheck, mypy, pyflakes
	@tools/lint.sh

format: ## Format all C files in place
	clang-format -i $$(git ls-files '*.c' '*.h')

# Installation.

install: all $(BUILD)/tcpwaitspy.pc ## Install the command, the shim, manual pages and the rest (PREFIX, DESTDIR)
	install -D -m 0755 $(BUILD)/tcpwaitspy $(DESTDIR)$(PREFIX)/bin/tcpwaitspy
	install -D -m 0755 $(BUILD)/libtcpwaitspy.so $(DESTDIR)$(PREFIX)/lib/libtcpwaitspy.so
	install -D -m 0644 include/tcpwaitspy.h $(DESTDIR)$(PREFIX)/include/tcpwaitspy.h
	install -D -m 0644 $(BUILD)/tcpwaitspy.pc $(DESTDIR)$(PREFIX)/share/pkgconfig/tcpwaitspy.pc
	install -D -m 0644 docs/man/tcpwaitspy.1 $(DESTDIR)$(PREFIX)/share/man/man1/tcpwaitspy.1
	install -D -m 0644 docs/man/libtcpwaitspy.7 $(DESTDIR)$(PREFIX)/share/man/man7/libtcpwaitspy.7
	install -D -m 0644 tools/completion/tcpwaitspy.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/tcpwaitspy
	install -D -m 0644 tools/completion/_tcpwaitspy $(DESTDIR)$(ZSHDIR)/_tcpwaitspy

uninstall: ## Remove what install installed
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/,bin/tcpwaitspy lib/libtcpwaitspy.so include/tcpwaitspy.h \
		share/pkgconfig/tcpwaitspy.pc share/man/man1/tcpwaitspy.1 share/man/man7/libtcpwaitspy.7 \
		share/bash-completion/completions/tcpwaitspy) $(DESTDIR)$(ZSHDIR)/_tcpwaitspy

# Made anew each time: PREFIX may be another one.
.PHONY: $(BUILD)/tcpwaitspy.pc
$(BUILD)/tcpwaitspy.pc: tcpwaitspy.pc.in
	@mkdir -p $(@D)
	@sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' $< >$@

deb: all ## Make a Debian package, build/tcpwaitspy_VERSION_ARCH.deb
	@tools/deb.sh $(BUILD) $(VERSION)

# The rest.

clean: ## Remove build/
	rm -rf $(BUILD)

help: ## Show this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
