.DEFAULT_GOAL := help
PYTHON := .venv/bin/python

.PHONY: help setup run test test-fast test-postgres test-security test-api-schema test-console screenshots test-deploy bench chaos day models docs record freeze lint format types clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## prepare .venv and the console (does nothing when nothing has changed)
	@scripts/setup
	@scripts/console build

run: setup ## start everything with a sandbox and demo data; Ctrl-C stops it
	@.venv/bin/pagedesk demo $(ARGS)

test: setup ## every check and test but the long ones, a quarter of an hour on two cores
	@scripts/check all

test-fast: setup ## checks, and tests that need no server, in about a minute
	@scripts/check fast

test-postgres: setup ## what depends on the store, on a PostgreSQL that it starts, or PAGEDESK_TEST_POSTGRES_URL
	@$(PYTHON) -m local.temporal_server.prepare
	@PYTHONPATH=tests $(PYTHON) -m support.postgres_server \
		$(PYTHON) -m pytest -n 2 --dist worksteal -m "(postgres or any_store) and not chaos" $(ARGS)

test-security: setup ## a running product under attack, under 5 minutes
	@$(PYTHON) -m local.temporal_server.prepare
	@$(PYTHON) -m pytest -n 0 -m attack tests/attacks $(ARGS)

test-console: setup ## the console in a real Chromium
	@$(PYTHON) -m local.temporal_server.prepare
	@PYTHONPATH=tests $(PYTHON) -m support.chromium
	@$(PYTHON) -m pytest -n 2 --dist loadfile tests/console $(ARGS)

screenshots: setup ## the pictures of docs/images, in a real Chromium
	@$(PYTHON) -m local.temporal_server.prepare
	@PYTHONPATH=tests $(PYTHON) -m support.chromium
	@PYTHONPATH=tests $(PYTHON) -m support.screenshots

test-api-schema: setup ## every operation of the API as its OpenAPI document has it, by Schemathesis, minutes long
	@PAGEDESK_SCHEMA_EXAMPLES=$(or $(EXAMPLES),40) $(PYTHON) -m pytest -n 2 --dist worksteal \
		tests/api_schema --timeout 600 $(ARGS)

test-deploy: setup ## the examples of deploy/: needs nginx, caddy and systemd-analyze
	@$(PYTHON) -m pytest -n 0 -m deploy tests/deploy $(ARGS)

bench: setup ## measure, side by side with a bare baseline
	@$(PYTHON) -m bench $(ARGS)

chaos: setup ## long seeded fault runs, each with its report: all, or TIER=inbound|sends|postgres|discarded|offers
	@$(PYTHON) -m local.temporal_server.prepare
	@$(PYTHON) -m pytest tests/chaos -m chaos --timeout=3600 $(if $(TIER),--tier=$(TIER)) $(ARGS)

day: setup ## a simulated day: 40 agents, 2,000 customers, ten kills; PAGEDESK_DAY_SEED repeats one
	@$(PYTHON) -m local.temporal_server.prepare
	@$(PYTHON) -m pytest -n 0 -m chaos --timeout=7200 tests/day $(ARGS)

models: setup ## ever new stories for the models of a thread and of discarded tasks: PAGEDESK_MODEL_STORIES=10000
	@$(PYTHON) -m pytest -n 2 -m chaos --timeout=7200 tests/domain tests/store $(ARGS)

docs: setup ## make every generated page of docs/
	@$(PYTHON) -m scripts.docs

record: setup ## record the histories that later releases are replayed against: RELEASE=0.1
	@$(PYTHON) -m local.temporal_server.prepare
	@PYTHONPATH=tests $(PYTHON) -m replay.record $(RELEASE)

freeze: setup ## the release is out: its recorded histories never change again: RELEASE=0.1
	@PYTHONPATH=tests $(PYTHON) -m replay.record --freeze $(RELEASE)

lint: setup ## style, types and the import contract
	@scripts/check lint

format: setup ## reformat the code and mend what can be mended
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

types: setup ## types alone
	@.venv/bin/mypy .

clean: ## remove what the tools made; keeps .data
	@rm -rf .venv .uv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist console/node_modules console/dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
