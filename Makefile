# pam-sagemaker-studio
#
#   make demo       a login with a Studio link, against a local stand-in for AWS; nothing outside build/ is touched
#   make check      packages, build with gcc and clang, linters, all tests
#   make check-desktop  a real desktop: xrdp, XFCE and Chromium, driven through an RDP client
#   make bench      what a link costs, beside awscli, boto3, curl and a Go program; BENCH=--quick tries it out
#   make instructions  instruction counts of a link against those on record; a part of make check
#   make            build alone (make packages first, on a fresh machine)
#   make install    DESTDIR= PREFIX= SYSCONFDIR= PAMDIR=
#   make uninstall  leaves the configuration in SYSCONFDIR
#
#   SANITIZE=1      AddressSanitizer and UndefinedBehaviorSanitizer, into build/sanitize

VERSION    := 0.1.0
PREFIX     ?= /usr
SYSCONFDIR ?= /etc
RUNDIR     ?= /run
LIBEXECDIR ?= $(PREFIX)/libexec
MANDIR     ?= $(PREFIX)/share/man
BUILD      ?= build$(if $(SANITIZE),/sanitize)$(if $(filter clang%,$(CC)),/clang)

RUN_FOLDER    := $(RUNDIR)/sagemaker-studio
CONFIG_FOLDER := $(SYSCONFDIR)/sagemaker-studio
HELPER_PATH   := $(LIBEXECDIR)/sagemaker-studio/sagemaker-studio-helper
LAUNCHER_PATH := $(PREFIX)/bin/sagemaker-studio
DESKTOP_ENTRY := $(PREFIX)/share/applications/sagemaker-studio.desktop

ifeq ($(origin CC),default)
CC := gcc
endif
PYTHON ?= /usr/bin/python3
comma  := ,

# Where libpam looks for modules: where pam_unix is.
PAMDIR ?= $(shell for folder in /usr/lib/$$($(CC) -print-multiarch)/security /lib/$$($(CC) -print-multiarch)/security \
	/usr/lib64/security /lib64/security /usr/lib/security /lib/security; do \
	[ -e $$folder/pam_unix.so ] && echo $$folder && break; done)

WARNINGS := -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
            -Wformat=2 -Wnull-dereference -Wpointer-arith -Wundef -Wvla -Werror
HARDENING := -fstack-protector-strong -fstack-clash-protection \
             $(if $(SANITIZE),-fsanitize=address$(comma)undefined -fno-omit-frame-pointer -fno-sanitize-recover=all,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
DEFINES  := -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -DRUN_FOLDER='"$(RUN_FOLDER)"' \
            -DCONFIG_FOLDER='"$(CONFIG_FOLDER)"' -DVENDOR_FOLDER='"$(PREFIX)/lib/sagemaker-studio"' \
            -DHELPER_PATH='"$(HELPER_PATH)"' -DLAUNCHER_PATH='"$(LAUNCHER_PATH)"' \
            -DDESKTOP_ENTRY='"$(DESKTOP_ENTRY)"'
COMPILE := $(CC) -std=gnu11 -O2 -g -fPIC -fno-common -fvisibility=hidden $(WARNINGS) $(HARDENING) $(DEFINES) -Iinclude \
           -MMD -MP $(CFLAGS)
LINK    := $(CC) -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed $(if $(SANITIZE),-fsanitize=address$(comma)undefined) \
           $(LDFLAGS)
HELPER_LIBS := -lcurl -lcrypto -lcjson

# One short line a file; V=1 shows the commands, make -s nothing.
Q   := $(if $(V),,@)
SAY := @$(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),:,printf '%-5s %s\n')

objects = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1)/*.c $(1)/*/*.c))
LIB_OBJECTS      := $(call objects,lib)
MODULE_OBJECTS   := $(call objects,pam_module)
HELPER_OBJECTS   := $(call objects,helper)
LAUNCHER_OBJECTS := $(call objects,launcher)
UNIT_TESTS       := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))

MODULE   := $(BUILD)/pam_sagemaker_studio.so
HELPER   := $(BUILD)/sagemaker-studio-helper
LAUNCHER := $(BUILD)/sagemaker-studio
TEST_AIDS := $(BUILD)/tests/pam_application $(BUILD)/tests/libnss_standin.so.2 $(BUILD)/tests/print_endpoints

all: $(MODULE) $(HELPER) $(LAUNCHER)
test-programs: all $(UNIT_TESTS) $(TEST_AIDS) bench-programs

# Paths are compiled in, so other paths or flags mean building anew.
$(BUILD)/flags: force
	@mkdir -p $(@D)
	@printf '%s\n' $(call quoted,$(FLAGS)) | cmp -s - $@ || printf '%s\n' $(call quoted,$(FLAGS)) > $@
FLAGS := $(COMPILE)# as it is here: what a target adds for itself would reach this file as its prerequisite
quoted = '$(subst ','\'',$(1))'

# The helper's parts name each other's headers without their folders.
HELPER_HEADERS := $(patsubst %/,-I%,$(sort $(dir $(wildcard helper/*.h helper/*/*.h))))
$(BUILD)/helper/%.o: COMPILE += $(HELPER_HEADERS)

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(COMPILE) -c -o $@ $<

$(BUILD)/lib.a: $(LIB_OBJECTS)
$(BUILD)/helper.a: $(filter-out %/main.o,$(HELPER_OBJECTS))
$(BUILD)/launcher.a: $(filter-out %/main.o,$(LAUNCHER_OBJECTS))
$(BUILD)/%.a:
	@rm -f $@
	@$(AR) rcs $@ $^

# Only pam_sm_* leave the module, and it needs libpam and libc alone; tests/test_build.py holds it to that.
$(MODULE): $(MODULE_OBJECTS) $(BUILD)/lib.a pam_module/pam_sagemaker_studio.map
	$(SAY) LINK $@
	$(Q)$(LINK) -shared -Wl,--version-script=pam_module/pam_sagemaker_studio.map $(if $(SANITIZE),,-Wl$(comma)-z$(comma)defs) \
		-o $@ $(MODULE_OBJECTS) $(BUILD)/lib.a -lpam

$(HELPER): $(BUILD)/helper/main.o $(BUILD)/helper.a $(BUILD)/lib.a
	$(SAY) LINK $@
	$(Q)$(LINK) -pie -o $@ $^ $(HELPER_LIBS)

$(LAUNCHER): $(BUILD)/launcher/main.o $(BUILD)/launcher.a $(BUILD)/lib.a
	$(SAY) LINK $@
	$(Q)$(LINK) -pie -o $@ $^

$(BUILD)/tests/test_%: $(BUILD)/tests/unit/test_%.o $(BUILD)/helper.a $(BUILD)/launcher.a $(BUILD)/lib.a
	$(SAY) LINK $@
	$(Q)$(LINK) -o $@ $^ $(HELPER_LIBS) -lcmocka
$(BUILD)/tests/unit/%.o: COMPILE += $(HELPER_HEADERS) -Ilauncher

$(BUILD)/tests/pam_application: $(BUILD)/tests/pam_application.o
	$(SAY) LINK $@
	$(Q)$(LINK) -rdynamic -o $@ $< -lpam -lpthread
$(BUILD)/tests/libnss_standin.so.2: $(BUILD)/tests/nss_stand_in.o
	$(SAY) LINK $@
	$(Q)$(LINK) -shared -Wl,-soname,libnss_standin.so.2 -o $@ $<
$(BUILD)/tests/print_endpoints: $(BUILD)/tests/print_endpoints.o $(BUILD)/helper.a $(BUILD)/lib.a
	$(SAY) LINK $@
	$(Q)$(LINK) -o $@ $^ $(HELPER_LIBS)
$(BUILD)/tests/print_endpoints.o: COMPILE += $(HELPER_HEADERS)

# The bench: a compiled stand-in for AWS, the driver that logs people in, and the compiled ones of what people use instead.
BENCH_PROGRAMS := $(addprefix $(BUILD)/bench/,stand_in load one_shot map_lookup)
bench-programs: all $(BENCH_PROGRAMS)
$(BUILD)/bench/%: $(BUILD)/tests/bench/%.o
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(LINK) -o $@ $(filter %.o %.a,$^) $(LIBS)
$(BUILD)/bench/stand_in: LIBS := -lssl -lcrypto -lpthread
$(BUILD)/bench/load: LIBS := -lpam
$(BUILD)/bench/one_shot: $(BUILD)/tests/bench/peers/one_shot.o
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(LINK) -o $@ $< -lcurl -lcjson
$(BUILD)/bench/map_lookup: $(BUILD)/helper.a $(BUILD)/lib.a
$(BUILD)/bench/map_lookup: LIBS := $(HELPER_LIBS)
$(BUILD)/tests/bench/map_lookup.o: COMPILE += $(HELPER_HEADERS)
$(BUILD)/bench/go_program: tests/bench/peers/go_program.go
	@mkdir -p $(@D)
	$(SAY) GO $@
	$(Q)CGO_ENABLED=0 GO111MODULE=off GOPROXY=off GOPATH=/usr/share/gocode GOCACHE=$(abspath $(BUILD))/go-cache GOFLAGS= \
		go build -trimpath -ldflags '-s -w' -o $@ $<

# Instruction counts against those on record; tests/instructions --record writes new ones.
instructions: all $(BUILD)/tests/pam_application $(BUILD)/bench/map_lookup
	@tests/instructions $(BUILD) || [ $$? = 77 ]

# As root, in a throw-away host; figures in $(BUILD)/sandbox/bench.json.
bench:
	@tests/install-packages bench
	@echo "Building (two minutes at first, most of them for the Go program)"
	@$(MAKE) --no-print-directory --silent bench-programs $(BUILD)/bench/go_program
	@tests/bench/run $(BUILD) $(BENCH)

demo:
	@tests/install-packages demo
	@echo "Building (half a minute)"
	@$(MAKE) --no-print-directory --silent all $(TEST_AIDS)
	@tests/demo $(BUILD)

# What runs no program of ours, or says nothing about its memory.
UNSANITIZED := test_stand_in_aws test_stand_in_roles test_stand_in_domains test_build test_same_as_aws_cli test_aws_policies \
               test_imds_guard test_bench test_bench_stand_in test_bench_load test_bench_peers
check:
	tests/install-packages check
	$(MAKE) --no-print-directory lint
	$(MAKE) --no-print-directory CC=clang test-programs
	$(MAKE) --no-print-directory fuzz
	$(MAKE) --no-print-directory SANITIZE=1 PYTEST='$(UNSANITIZED:%=--ignore=tests/%.py)' test
	$(MAKE) --no-print-directory test
	$(MAKE) --no-print-directory instructions

# Beside `check`, since it installs half a gigabyte of desktop.  As root, in throw-away namespaces; screenshots of what
# a user sees are left in $(BUILD)/sandbox/desktop.
check-desktop:
	tests/install-packages desktop
	$(MAKE) --no-print-directory all
	tests/sandbox /usr/bin/python3 -m pytest -p no:cacheprovider -q -rs tests/desktop

# What the helper adds to a click, beyond SageMaker's own time.  TRACE=1 shows the system calls.
trace-click: all
	tests/trace_click $(BUILD)

packages:
	tests/install-packages check

# Unit tests by themselves, then everything that needs whole programs, as root in throw-away namespaces.
test: test-programs unit
	BUILD=$(BUILD) tests/run $(PYTEST)

unit: $(UNIT_TESTS)
	@failed=0; for program in $(UNIT_TESTS); do $$program || failed=1; done; exit $$failed

# A bounded number of inputs, so that it is repeatable; FUZZ_RUNS=100000000 for a night.
FUZZERS   := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(wildcard tests/fuzz/*.c))
FUZZ_RUNS ?= 100000
fuzz:
	$(MAKE) --no-print-directory CC=clang BUILD=build/fuzz SANITIZE=1 CFLAGS='-fsanitize=fuzzer-no-link $(HELPER_HEADERS) -Ilauncher' $(FUZZERS)
	@for fuzzer in $(FUZZERS); do echo "-- $${fuzzer##*/}"; mkdir -p $$fuzzer.corpus; \
		$$fuzzer -seed=1 -runs=$(FUZZ_RUNS) -max_len=4096 -verbosity=0 -artifact_prefix=build/fuzz/ $$fuzzer.corpus || exit 1; done
build/fuzz/fuzz_%: build/fuzz/tests/fuzz/fuzz_%.o build/fuzz/helper.a build/fuzz/launcher.a build/fuzz/lib.a
	$(SAY) LINK $@
	$(Q)$(LINK) -fsanitize=fuzzer -o $@ $^ $(HELPER_LIBS)

lint:
	tests/lint

# The launcher is not readable: an unreadable program is never dumpable (execve(2)), so that a user cannot take over with
# ptrace(2) what the module starts as him.
#
# Configuration that is there already is left alone.  Where this machine itself is installed to (no DESTDIR, root), the
# service account and the folders under /run are made as well.
#
# The desktop entry is executable because GNOME asks for it.  A desktop that keeps a cache of icons believes it while the
# theme's folder is not newer than the cache, hence the touch.
#
# On a running systemd, units are made known but never enabled: that is the administrator's word to say.  One that was
# enabled already gets the new helper.
INSTALL_DATA := install -D -m 0644
ROOT         := "$(DESTDIR)"
AM_ROOT      := [ "$$(id -u)" = 0 ]
UNIT_FOLDER  := $(PREFIX)/lib/systemd/system
EXAMPLES     := $(PREFIX)/share/doc/sagemaker-studio/examples
LIBEXEC_FOLDER := $(patsubst %/,%,$(dir $(HELPER_PATH)))
WITH_PATHS   := sed 's,@HELPER@,$(HELPER_PATH),g; s,@LAUNCHER@,$(LAUNCHER_PATH),g; s,@RUN_FOLDER@,$(RUN_FOLDER),g; s,@LIBEXEC_FOLDER@,$(LIBEXEC_FOLDER),g'
ENABLED_UNITS := sagemaker-studio.socket sagemaker-studio-imds-guard.service sagemaker-studio-ssm-credentials.path
UNITS        := $(notdir $(wildcard etc/systemd/*))
AUTOSTART    := $(SYSCONFDIR)/xdg/autostart/sagemaker-studio.desktop
COMPLETION   := $(PREFIX)/share/bash-completion/completions/sagemaker-studio
ICONS        := $(PREFIX)/share/icons/hicolor
ICON         := $(ICONS)/scalable/apps/sagemaker-studio.svg

install: all
	$(if $(PAMDIR),,$(error No folder with pam_unix.so found: where do PAM modules go?  Say make install PAMDIR=...))
	install -D -m 0644 $(MODULE) $(ROOT)$(PAMDIR)/pam_sagemaker_studio.so
	install -D -m 0755 $(HELPER) $(ROOT)$(HELPER_PATH)
	install -D -m 0711 $(LAUNCHER) $(ROOT)$(LAUNCHER_PATH)
	for page in man/*.[158]; do $(INSTALL_DATA) $$page $(ROOT)$(MANDIR)/man$${page##*.}/$${page##*/}; done
	$(INSTALL_DATA) etc/sysusers.d/sagemaker-studio.conf $(ROOT)$(PREFIX)/lib/sysusers.d/sagemaker-studio.conf
	$(INSTALL_DATA) etc/tmpfiles.d/sagemaker-studio.conf $(ROOT)$(PREFIX)/lib/tmpfiles.d/sagemaker-studio.conf
	$(INSTALL_DATA) etc/pam-configs/aws-sagemaker-studio $(ROOT)$(PREFIX)/share/pam-configs/aws-sagemaker-studio
	install -d -m 0755 $(ROOT)$(UNIT_FOLDER) $(ROOT)$(EXAMPLES)
	for unit in $(UNITS); do \
		file=$(ROOT)$(UNIT_FOLDER)/$$unit; $(WITH_PATHS) etc/systemd/$$unit >"$$file" && chmod 0644 "$$file" || exit 1; done
	install -m 0755 etc/nftables/imds-guard etc/ssm/ssm-credentials $(ROOT)$(LIBEXEC_FOLDER)
	$(INSTALL_DATA) -t $(ROOT)$(LIBEXEC_FOLDER) etc/nftables/imds-guard.nft
	$(INSTALL_DATA) -t $(ROOT)$(EXAMPLES)/aws etc/aws/*
	for init in sysvinit openrc; do \
		file=$(ROOT)$(EXAMPLES)/$$init; $(WITH_PATHS) etc/init/$$init >"$$file" && chmod 0755 "$$file" || exit 1; done
	install -d -m 0755 $(ROOT)$(dir $(DESKTOP_ENTRY)) $(ROOT)$(dir $(AUTOSTART))
	$(WITH_PATHS) etc/desktop/sagemaker-studio.desktop >$(ROOT)$(DESKTOP_ENTRY)
	$(WITH_PATHS) etc/desktop/sagemaker-studio-autostart.desktop >$(ROOT)$(AUTOSTART)
	chmod 0755 $(ROOT)$(DESKTOP_ENTRY)
	chmod 0644 $(ROOT)$(AUTOSTART)
	$(INSTALL_DATA) etc/desktop/sagemaker-studio.svg $(ROOT)$(ICON)
	touch -c $(ROOT)$(ICONS)
	$(INSTALL_DATA) etc/bash-completion/sagemaker-studio $(ROOT)$(COMPLETION)
	install -d -m 0755 $(ROOT)$(CONFIG_FOLDER)
	for file in users.map studio.conf; do [ -e $(ROOT)$(CONFIG_FOLDER)/$$file ] || \
		install -m 0640 etc/sagemaker-studio/$$file $(ROOT)$(CONFIG_FOLDER)/$$file; done
	$(if $(DESTDIR),,etc/set-up-host $(CONFIG_FOLDER) $(RUN_FOLDER))

uninstall:
	$(if $(DESTDIR),,if $(AM_ROOT) && command -v pam-auth-update >/dev/null; then \
		pam-auth-update --package --remove aws-sagemaker-studio; fi)
	$(if $(DESTDIR),,if $(AM_ROOT) && [ -d /run/systemd/system ]; then for unit in $(ENABLED_UNITS); do \
		if [ -e $(UNIT_FOLDER)/$$unit ]; then systemctl disable --now $$unit; fi; done; fi)
	rm -f $(ROOT)$(PREFIX)/share/pam-configs/aws-sagemaker-studio $(ROOT)$(PAMDIR)/pam_sagemaker_studio.so \
		$(ROOT)$(HELPER_PATH) $(ROOT)$(LAUNCHER_PATH) $(ROOT)$(PREFIX)/lib/sysusers.d/sagemaker-studio.conf \
		$(ROOT)$(PREFIX)/lib/tmpfiles.d/sagemaker-studio.conf
	for unit in $(UNITS); do rm -f $(ROOT)$(UNIT_FOLDER)/$$unit; done
	for file in imds-guard imds-guard.nft ssm-credentials; do rm -f $(ROOT)$(LIBEXEC_FOLDER)/$$file; done
	rm -rf $(ROOT)$(EXAMPLES)
	$(if $(DESTDIR),,if $(AM_ROOT) && [ -d /run/systemd/system ]; then systemctl daemon-reload; fi)
	rm -f $(ROOT)$(DESKTOP_ENTRY) $(ROOT)$(AUTOSTART) $(ROOT)$(ICON) $(ROOT)$(COMPLETION)
	-touch -c $(ROOT)$(ICONS)
	for page in man/*.[158]; do rm -f $(ROOT)$(MANDIR)/man$${page##*.}/$${page##*/}; done
	-rmdir $(ROOT)$(dir $(HELPER_PATH)) $(ROOT)$(dir $(EXAMPLES))
	@echo "The configuration in $(CONFIG_FOLDER) and the account sagemaker-studio stay; remove them by hand."

clean:
	rm -rf build

force:
.PHONY: all bench bench-programs check check-desktop clean demo force fuzz install instructions lint packages test test-programs trace-click uninstall unit
.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' -type f 2>/dev/null)
