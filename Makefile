# The development loop, in the environment `.venv` (see CONTRIBUTING.md). `.ci/run` is the whole check and calls these.
python := .venv/bin/python
bin := .venv/bin
workers ?= 5

.PHONY: check style types contracts unit unit-plane unit-faces unit-rest journeys dockerfile bench

check: ## format, lint, types, contracts and the quick unit tests, several at once: about a minute
	$(MAKE) --no-print-directory -j$(workers) --output-sync=target unit style types contracts

style: ## formats in place, then lints; in CI it only looks
	$(bin)/ruff format $(if $(CI),--check) .
	$(bin)/ruff check .

types:
	$(bin)/mypy

contracts:
	$(bin)/lint-imports

unit: unit-faces unit-rest unit-plane ## tests of one module each; the long ones run in `make journeys` and in CI; compiled tests are kept

# Each group is a process that collects its own tests alone: every worker of pytest-xdist collects all of them. Three keep two
# cores busy to the end, and each one more imports pytest and the packages again, which is a second of processor time.
plane := tests/proxy tests/storage
faces := tests/grafana $(addprefix tests/shadow/,command_line commands dossier mcp_server pages presentation report studies telemetry terminal)
quick = PYTHONDONTWRITEBYTECODE= HYPOTHESIS_PROFILE=quick $(bin)/pytest -m "not journey and not slow" -o cache_dir=.pytest_cache/$@

unit-plane:
	$(quick) $(plane)

unit-faces:
	$(quick) $(faces)

unit-rest:
	$(quick) $(addprefix --ignore=,tests/journeys $(plane) $(faces))

journeys: ## whole stories through real processes, and the slow tests: minutes
	$(bin)/pytest -m "journey or slow"

dockerfile:
	$(bin)/hadolint Dockerfile

bench: ## what a request, a stream and an audit cost, beside nginx; minutes, and better on a quiet machine
	$(python) bench/dataplane.py --rounds 1 --cases AF --only nginx,envoy,envoy-mirror,alone,5,100 --against bench/results/2026-11-29-dataplane.json
	PYTHONPATH=. $(python) bench/streams.py
