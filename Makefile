# Makefile: the lab's two commands, `make bench` and `make test`, and what they are made of.
#
#   make bench      install what is missing, build, measure, judge, report   ONLY= FULL=1 BUDGET= RESUME= SMOKE=1 ALLOC=
#   make allocators any malloc library beside all others                     ALLOC=path/to/lib.so
#   make test       install what is missing, build, run every test
#   make report     charts and report again from stored evidence             RUN=
#   make calibrate  judge the judge                                          BUDGET=
#   make lint       formatting, types, warnings

.DEFAULT_GOAL := help
.PHONY: help bench allocators contenders test report calibrate lint setup setup-test build sanitize
SHELL := /bin/bash
PRESET := $(if $(NATIVE),native,bench)

help:
	@sed -n 's/^#   //p' Makefile

bench: contenders
	@scripts/lab run $(if $(ONLY),--only "$(ONLY)") $(if $(FULL),--full) $(if $(BUDGET),--budget "$(BUDGET)") \
	  $(if $(RESUME),--resume "$(RESUME)") $(if $(SMOKE),--smoke) $(if $(NATIVE),--native)

allocators:
	@$(MAKE) --no-print-directory bench ONLY=allocation

# Only what ALLOC names now; the library of an earlier command is never measured unseen.
contenders: build
	@rm -rf build/$(PRESET)/contenders
	@if [ -n "$(ALLOC)" ]; then \
	  build/$(PRESET)/bin/allocator_conformance --library="$(ALLOC)" --checks=size-zero >/dev/null || [ $$? = 1 ] || exit 1; \
	  mkdir build/$(PRESET)/contenders && ln -s "$$(realpath "$(ALLOC)")" build/$(PRESET)/contenders/; fi

report:
	@scripts/lab report $(RUN)

calibrate: build
	@scripts/lab calibrate $(if $(BUDGET),--budget "$(BUDGET)")

build: setup
	@cmake --preset $(PRESET) --log-level=WARNING >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@cmake --build --preset $(PRESET) --target programs
	@scripts/lab build $(if $(ONLY),--only "$(ONLY)")

test: setup-test build
	@cmake --preset dev --log-level=WARNING >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@cmake --build --preset dev
	@ctest --preset dev
	@build/venv/bin/python -m pytest -q

sanitize: setup-test
	@for preset in asan tsan; do \
	  cmake --preset $$preset --log-level=WARNING >build/configure.log 2>&1 && cmake --build --preset $$preset && \
	  ctest --preset $$preset || exit 1; done

lint: setup-test
	@build/venv/bin/ruff check scripts tests
	@build/venv/bin/ruff format --check scripts tests
	@build/venv/bin/mypy scripts/claimslab
	@scripts/lab docs --check

setup:
	@scripts/setup
setup-test:
	@scripts/setup --test
