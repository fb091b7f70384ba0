# The development loop, in the environment `.venv` (see CONTRIBUTING.md). `.ci/run` is the whole check and calls these.
python := .venv/bin/python
bin := .venv/bin
workers ?= 5

.PHONY: check style types contracts unit unit-plane unit-studies unit-faces unit-audit unit-rest journeys dockerfile bench

check: ## format, lint, types, contracts and the quick unit tests, several at once: about a minute
	$(MAKE) --no-print-directory -j$(workers) --output-sync=target unit style types contracts

style: ## formats in place, then lints; in CI it only looks
	$(bin)/ruff format $(if $(CI),--check) .
	$(bin)/ruff check .

types:
	$(bin)/mypy

contracts:
	$(bin)/lint-imports

unit: unit-rest unit-faces unit-studies unit-plane unit-audit ## tests of one module each; the long ones run in `make journeys` and in CI; compiled tests are kept

# Each group is a process that collects its own tests alone: every worker of pytest-xdist collects all of them. Tests wait, so that
# five groups keep two cores busier than three or four (67 s beside 72), although each imports the packages again.
plane := tests/proxy tests/storage
studies := tests/shadow/studies tests/shadow/report
faces := tests/grafana $(addprefix tests/shadow/,command_line commands dossier mcp_server pages presentation telemetry terminal)
audit := $(addprefix tests/shadow/,checks compare drift identity judging pipeline reading settings verdict)
# Databases that live for one test need no disk: in memory, where there is a gigabyte to spare, they take half the waiting.
free := $(shell df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print ($$4 > 1000000) }')
memory := $(if $(filter 1,$(free)),TMPDIR=/dev/shm)
kept = -o cache_dir=.pytest_cache/$@ -o tmp_path_retention_count=1 -o tmp_path_retention_policy=failed
quick = PYTHONDONTWRITEBYTECODE= HYPOTHESIS_PROFILE=quick $(memory) $(bin)/pytest -m "not journey and not slow" $(kept)

unit-plane:
	$(quick) $(plane)

unit-studies:
	$(quick) $(studies)

unit-faces:
	$(quick) $(faces)

unit-audit:
	$(quick) $(audit)

unit-rest:
	$(quick) $(addprefix --ignore=,tests/journeys $(plane) $(studies) $(faces) $(audit))

journeys: ## whole stories through real processes, and the slow tests: minutes
	$(bin)/pytest -m "journey or slow"

dockerfile:
	$(bin)/hadolint Dockerfile

bench: ## what a request, a stream and an audit cost, beside nginx; minutes, and better on a quiet machine
	$(python) bench/dataplane.py --rounds 1 --cases AF --only nginx,envoy,envoy-mirror,alone,5,100 --against bench/results/2026-11-29-dataplane.json
	PYTHONPATH=. $(python) bench/streams.py
