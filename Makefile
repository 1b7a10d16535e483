# SPDX-License-Identifier: GPL-2.0
# xen-nc2-back and xen-nc2-front.  "make help" lists what there is to do.

KDIR ?= /lib/modules/$(shell uname -r)/build
KERNELS := 6.12 7.3
ROOT := tools/testing/root.sh
JOBS := $(shell nproc)

# Another root to install to: its own modules.dep, too.
BASE := $(if $(DESTDIR),-b "$(DESTDIR)")

.PHONY: all install install-tools uninstall clean help modules $(KERNELS:%=modules-%) \
	check check-full demo bench bench-quick bench-report

all:
	@tools/testing/checks/required-config.sh "$(KDIR)"
	$(MAKE) -C "$(KDIR)" M="$(CURDIR)" W=1 modules

install: all install-tools
	$(MAKE) -C "$(KDIR)" M="$(CURDIR)" INSTALL_MOD_DIR=updates \
		$(if $(DESTDIR),INSTALL_MOD_PATH="$(DESTDIR)") modules_install
	depmod -a $(BASE) "$$($(MAKE) -s -C "$(KDIR)" kernelrelease)"

install-tools:
	install -D -m 755 tools/nc2-vfs "$(DESTDIR)/usr/sbin/nc2-vfs"
	install -D -m 755 tools/hotplug/vif-nc2 "$(DESTDIR)/etc/xen/scripts/vif-nc2"

# What "make install" has put there, for any kernel.
uninstall:
	rm -f "$(DESTDIR)/usr/sbin/nc2-vfs" "$(DESTDIR)/etc/xen/scripts/vif-nc2"
	@for dir in "$(DESTDIR)"/lib/modules/*/updates; do \
		set -- "$$dir"/net*/xen-nc2-*.ko*; \
		[ -e "$$1" ] || continue; \
		rm -f "$$@"; \
		rmdir --ignore-fail-on-non-empty "$$dir"/net*; \
		depmod -a $(BASE) "$$(basename "$${dir%/updates}")"; \
	done

# Both modules for both of Debian's kernels, with the compiler that they need:
# built in build/modules/<kernel>/ from copies, so that one tree serves both.
modules: $(KERNELS:%=modules-%)

$(KERNELS:%=modules-%): modules-%:
	@$(ROOT) ensure
	@tools/testing/build-modules.sh $*

check:
	@tools/testing/check $(CHECK)

# Hours: what is done again and again is done more often, for more kernels.
check-full:
	@NC2_TEST_LONG=1 NC2_TEST_KERNELS="6.12 7.3" NC2_CHECK_LIMIT=14400 \
		tools/testing/check $(CHECK)

demo:
	@tools/testing/demo

# What a frame costs, on every path, into build/bench/results.json.
bench:
	@$(ROOT) ensure
	@tools/testing/bench/bench.py full $(BENCH)

bench-quick:
	@$(ROOT) ensure
	@tools/testing/bench/bench.py quick $(BENCH)

bench-report:
	@tools/testing/bench/report.py

clean:
	rm -rf build/modules build/check
	find . -path ./build -prune -o \( -name '*.o' -o -name '*.ko' -o -name '*.mod' \
		-o -name '*.mod.c' -o -name '.*.cmd' -o -name modules.order \
		-o -name Module.symvers \) -exec rm -f {} +

help:
	@echo 'make                 build both modules for KDIR (default: the running kernel)'
	@echo 'make install         install modules, nc2-vfs and the hotplug script vif-nc2'
	@echo 'make install-tools   nc2-vfs and vif-nc2 only, where DKMS builds the modules'
	@echo 'make uninstall       remove what "make install" has put there'
	@echo 'make modules         build both for Debian 6.12 and 7.3 into build/modules/'
	@echo 'make check           the short form of every test but those that take hours or'
	@echo '                     HVM guests; CHECK="--only PATTERN" for some of them'
	@echo 'make check-full      the same at length: hours'
	@echo 'make demo            show the direct path in the lab, beside the others'
	@echo 'make bench-quick     measure all paths in the lab: about 10 minutes, one guest;'
	@echo '                     BENCH="--configs stock,nc2-direct" and the like for less'
	@echo 'make bench           the same with more tests, sizes and guests: two hours'
	@echo 'make bench-report    write Documentation/performance.rst from the last of these,'
	@echo '                     also of one that was ended'
	@echo 'make clean           remove what was built; build/ keeps its downloads'
