# make demo    the whole way from a file to a mailbox, against a dimail of its own
# make test    every check
# make help    the rest
#
# Needs Python 3.11 or newer with pip, make and git. Another Python: make clean demo PYTHON=...

PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet --quiet

# What is tried, in this order, if PYTHON names nothing.
PYTHONS := python3 python3.14 python3.13 python3.12 python3.11

# What surrounds us has no say in what we run.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo test format lint types layers zizmor actionlint unit coverage \
	fix docs site slow fuzz chaos mutation bench lock build clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s%s\n", $$1, $$2}' Makefile

setup: $(READY) ## the environment: .venv, with exactly what requirements.lock says

$(READY): requirements.lock pyproject.toml
	@python=; \
	for candidate in $(or $(PYTHON),$(PYTHONS)); do \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			python=$$candidate; break; \
		fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "error: mailstate needs Python 3.11 or newer; tried: $(or $(PYTHON),$(PYTHONS))" >&2; \
		echo "hint:  install one, or name it: make demo PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi; \
	if [ ! -x $(BIN)/python ]; then \
		echo "setting up (first time takes about a minute)"; \
		"$$python" -m venv $(VENV) || { \
			echo "hint:  on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }; \
	else \
		echo "setting up again: requirements.lock or pyproject.toml has changed"; \
	fi
	@$(PIP) install --no-deps --require-hashes -r requirements.lock
	@# The command that an older pip writes takes half as long again to start as uv's.
	@$(BIN)/uv pip install --offline --no-cache --quiet --no-deps --no-build-isolation \
		--python $(BIN)/python -e .
	@touch $@

demo: $(READY) ## the whole way from a file to a mailbox, against a dimail of its own
	@PATH="$(CURDIR)/$(BIN):$$PATH" bash scripts/demo.sh

test: format lint types layers zizmor actionlint unit coverage ## every check

format: $(READY) ## is everything formatted? (make fix does it)
	@echo "== format: ruff format"
	@$(BIN)/ruff format --check --quiet --diff

lint: $(READY) ## ruff's rules, all of them but those named in pyproject.toml
	@echo "== lint: ruff check"
	@$(BIN)/ruff check --quiet

types: $(READY) ## mypy, strict
	@echo "== types: mypy"
	@$(BIN)/mypy --no-error-summary

layers: $(READY) ## imports point downwards
	@echo "== layers: import-linter"
	@$(BIN)/lint-imports --no-logo

zizmor: $(READY) ## what could be abused in the workflows
	@echo "== workflows: zizmor"
	@$(BIN)/zizmor --offline --no-progress --quiet --persona pedantic .github docs/ci/github-*.yml

actionlint: ## what is wrong in the workflows; needs an actionlint of your own
	@echo "== workflows: actionlint"
	@if command -v actionlint >/dev/null 2>&1; then actionlint; \
	else echo "not checked: there is no actionlint here"; fi

# HYPOTHESIS_PROFILE=thorough make unit PYTEST=--timeout=900 tries harder.
unit: $(READY) ## the tests; the whole must be covered to 95 %
	@echo "== tests: pytest"
	@rm -f .coverage .coverage.*
	@$(BIN)/pytest --numprocesses auto --dist worksteal --cov --cov-report=term-missing:skip-covered \
		$(PYTEST)

coverage: $(READY) ## the core must be covered to 100 %; after `make unit`
	@echo "== coverage of the core: coverage report"
	@$(BIN)/coverage report --fail-under=100 \
		--include='src/mailstate/model/*,src/mailstate/planning/*'

fix: $(READY) ## format, and mend what ruff can mend
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format --quiet

docs: $(READY) ## write docs/reference/ afresh, from the code
	@$(BIN)/python scripts/reference.py

# In an environment of its own: what makes pages is nothing that the tests need.
site: $(READY) ## the documentation as a site, in site/
	@[ -x $(VENV)-docs/bin/python ] || $(BIN)/python -m venv $(VENV)-docs
	@$(VENV)-docs/bin/python -m pip --disable-pip-version-check --no-input --quiet --quiet \
		install --no-deps --require-hashes -r requirements-docs.lock
	@$(VENV)-docs/bin/mkdocs build --strict --quiet

slow: $(READY) ## the tests that are left out of `make test` for their time
	@$(BIN)/pytest -m slow $(PYTEST)

fuzz: $(READY) ## ten minutes of damaged state files
	@$(BIN)/python tests/fuzz/fuzz_validate.py --seconds 600

# CHAOS_SEEDS=5000 plays more; each that fails is named with the command that repeats it.
chaos: $(READY) ## 500 drawn schedules of faults, kills and signals; a quarter of an hour
	@$(BIN)/python -m tests.chaos

# Each mutant is the code with one thing changed; one that no test notices is named. Half an hour.
mutation: $(READY) ## do the tests notice damage to the planner and the applier? 90 % of it at least
	@rm -rf mutants
	@HYPOTHESIS_PROFILE=mutation PYTHONHASHSEED=0 $(BIN)/mutmut run $(MUTMUT)
	@$(BIN)/mutmut results --all true | $(BIN)/python tests/mutation/score.py --at-least 90

# make bench ONLY=start measures one part; BENCH="--mailboxes 10000 --rounds 3" is quicker.
bench: $(READY) ## what everything costs, beside a floor or a peer; half an hour
	@$(BIN)/python -m benchmarks.bench $(if $(ONLY),--only $(ONLY)) $(BENCH)

COMPILE := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --quiet

# make lock LOCK=--upgrade takes newer versions; without it, only what pyproject.toml asks for.
lock: $(READY) ## write requirements.lock afresh, the part of it that a run needs, and that of the site
	@$(COMPILE) $(LOCK) --group dev pyproject.toml -o requirements.lock
	@$(COMPILE) --constraints requirements.lock --group install pyproject.toml -o requirements-run.lock
	@$(COMPILE) $(LOCK) --constraints requirements.lock --group pyproject.toml:docs -o requirements-docs.lock

build: $(READY) ## wheel and sdist, in dist/
	@$(BIN)/python -m hatchling build

clean: ## take away everything that make has made
	@rm -rf $(VENV) $(VENV)-docs .bench site build dist htmlcov .coverage .coverage.* .hypothesis .mypy_cache \
		.pytest_cache .ruff_cache .import_linter_cache .grimp_cache mutants
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
