# Makefile: the lab's two commands, `make bench` and `make test`, and what they are made of.
#
#   make bench      install what is missing, build, measure, judge, report
#                   ONLY=slices BUDGET=5m FULL=1 SMOKE=1 NATIVE=1 RESUME=<run> ALLOC=<lib.so>
#   make allocators any malloc library beside all others                     ALLOC=<lib.so> PEERS=latest
#   make test       install what is missing, build, run every test
#   make report     charts and report again from stored evidence             RUN=<run>
#   make calibrate  judge the judge                                          BUDGET=30m
#   make lint       formatting, types, warnings

.DEFAULT_GOAL := help
.PHONY: help bench allocators contenders test report calibrate lint setup setup-test build sanitize
SHELL := /bin/bash
PRESET := $(if $(NATIVE),native,bench)

help:
	@sed -n 's/^#   //p' Makefile

# Values reach the commands through the environment: no shell ever reads them as its own text.
bench: contenders
	@scripts/lab run $${ONLY:+--only "$$ONLY"} $${FULL:+--full} $${BUDGET:+--budget "$$BUDGET"} \
	  $${RESUME:+--resume "$$RESUME"} $${SMOKE:+--smoke} $${NATIVE:+--native}

allocators: override export ONLY := allocation
allocators: bench

contenders: build
	@allocators/contenders.sh build/$(PRESET)

report:
	@scripts/lab report $${RUN:+"$$RUN"}

calibrate: build
	@scripts/lab calibrate $${FULL:+--full} $${BUDGET:+--budget "$$BUDGET"}

build: setup
	@cmake --preset $(PRESET) --log-level=WARNING >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@cmake --build --preset $(PRESET) --target programs
	@scripts/lab build $${ONLY:+--only "$$ONLY"}

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
	@if command -v clang++-16 >build/clang.log; then \
	  cmake --preset dev-clang --log-level=WARNING >build/configure.log 2>&1 && cmake --build --preset dev-clang; \
	else echo 'not run: clang++-16 is not installed, so only one compiler was asked for warnings'; fi
	@scripts/lab docs --check

setup:
	@scripts/setup
setup-test:
	@scripts/setup --test
