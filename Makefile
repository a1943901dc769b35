# `make` alone prints this help. uv is used where present, else venv and pip.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
POWERSTATION := $(BIN)/powerstation
S ?= tests/stories/card_then_plug.story
.DEFAULT_GOAL := help
export PYTHONDONTWRITEBYTECODE :=

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/run ## a whole simulated wallbox charges a car; then it is yours
	@$(POWERSTATION) demo

test: $(VENV)/dev porcelain ## everything that this machine can test (about ten minutes on two cores)
	$(BIN)/python -m pytest -n 4 --dist loadgroup -rs $(PYTEST_ARGS)

tidy: $(VENV)/dev ## format, lint, types, the rules of the house
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_tidy.py

porcelain: $(VENV)/dev ## the same, changing nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

trace: $(VENV)/dev ## run the tests and write docs/traceability.{md,json}
	$(BIN)/python -m pytest -n 4 --dist loadgroup -p tools.trace --trace-to docs

uml: .venv-uml/ready .venv-rpigpio/ready ## the virtual station: builds its kernel, once, in about 10 minutes
	.venv-uml/bin/python -m tools.uml build

deb: $(VENV)/dev ## packages for Debian 12 and 13 on arm64, into build/deb
	$(BIN)/python -m tools.image deb $(DEB_ARGS)

try-deb: $(VENV)/dev ## install them in emulated arm64 roots, start the services, ask them
	$(BIN)/python -m tools.image try-deb $(DEB_ARGS)

image: $(VENV)/dev ## an image for the SD card or eMMC of a Pi 4 / CM4, into build/image
	$(BIN)/python -m tools.image image

try-image: $(VENV)/dev ## boot it in an emulated machine, let its station answer
	$(BIN)/python -m tools.image try-image

bench: $(VENV)/dev ## measure: reaction, every fault, deaths, steps; writes build/bench.json
	$(BIN)/python -m tools.measure --out build/bench.json $(BENCH_ARGS)

coverage: $(VENV)/dev .venv-uml/ready .venv-rpigpio/ready ## which lines of the drivers the tests run, with simulated chips
	$(BIN)/python -m tools.cover

soak: $(VENV)/dev ## the long campaigns: sequences, worlds, mutants, cuts, back ends, frames, virtual pins
	$(BIN)/python -m tools.soak $(SOAK_ARGS)

fuzz: $(VENV)/dev $(VENV)/fuzz ## a million frames that nobody should send, by coverage (x86-64)
	$(BIN)/python -m tools.fuzz $(FUZZ_ARGS)

sim: $(VENV)/run ## replay 475 recorded sessions through whole stations in virtual time
	$(POWERSTATION) sim replay tests/data/caltech_sessions_2019-03a.csv

story: $(VENV)/run ## play one story: make story S=tests/stories/card_then_plug.story
	$(POWERSTATION) story $(S)

docs: $(VENV)/dev ## write the generated pages of docs/
	$(BIN)/python -m tools.pages

lock: ## pin every dependency again (needs uv)
	for set in run:build dev:build,dev,buses pi:build,pi deb:pi; do \
	  extras=$${set#*:}; name=$${set%%:*}; \
	  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-annotate --no-emit-index-url --no-emit-package powerstation-firmware \
	    $$(printf -- ' --extra %s' $$(echo $$extras | tr , ' ')) \
	    pyproject.toml -o requirements-$$name.lock || exit 1; \
	done
	for group in rpi-gpio-proof fuzz; do \
	  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-annotate --no-emit-index-url --no-deps --group pyproject.toml:$$group \
	    -o requirements-$$group.lock || exit 1; \
	done

clean: ## forget everything that was made, the virtual environments included
	rm -rf $(VENV) .venv-uml .venv-rpigpio build dist .state .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/%: requirements-%.lock pyproject.toml
	@echo "setting up $(VENV) for $* (once)"
ifdef UV
	@test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) $(VENV)
	@VIRTUAL_ENV=$(abspath $(VENV)) $(UV) pip install --quiet --require-hashes -r $<
	@VIRTUAL_ENV=$(abspath $(VENV)) $(UV) pip install --quiet --no-deps --no-build-isolation -e .
else
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
endif
	@touch $@

# What runs on the virtual station: the drivers' libraries, spidev too, which wants a compiler; and
# the same with rpi-lgpio, which is RPi.GPIO to its users. Locks are whole, hence --no-deps.
# From Python 3.13 lgpio is Debian's own, hence seen from inside.
UML_SITE = $(shell $(PYTHON) -c 'import sys; print("--system-site-packages" * (sys.version_info >= (3, 13)))')
.venv-uml/ready: requirements-dev.lock requirements-pi.lock
.venv-rpigpio/ready: requirements-dev.lock requirements-rpi-gpio-proof.lock
.venv-uml/ready .venv-rpigpio/ready:
	@echo "setting up $(@D) (once)"
ifdef UV
	@test -x $(@D)/bin/python || $(UV) venv --quiet $(UML_SITE) --python $(PYTHON) $(@D)
	@for lock in $^; do VIRTUAL_ENV=$(abspath $(@D)) \
	  $(UV) pip install --quiet --no-deps --require-hashes -r $$lock || exit 1; done
else
	@test -x $(@D)/bin/pip || $(PYTHON) -m venv $(UML_SITE) $(@D)
	@for lock in $^; do $(@D)/bin/pip install --quiet --disable-pip-version-check --no-deps \
	  --require-hashes -r $$lock || exit 1; done
endif
	@touch $@

.PHONY: help run test tidy porcelain trace uml deb try-deb image try-image bench coverage soak fuzz sim story docs lock clean
