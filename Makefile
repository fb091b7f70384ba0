# The development loop, in the environment `.venv` (see CONTRIBUTING.md). `.ci/run` is the whole check and calls these.
python := .venv/bin/python
bin := .venv/bin
workers ?= auto

.PHONY: check style types contracts unit journeys dockerfile bench

check: style types contracts unit ## format, lint, types, contracts and the quick unit tests: under a minute

style: ## formats in place, then lints; in CI it only looks
	$(bin)/ruff format $(if $(CI),--check) .
	$(bin)/ruff check .

types:
	$(bin)/mypy

contracts:
	$(bin)/lint-imports

unit: ## tests of one module each; those that take long run in `make journeys` and in `.ci/run`; compiled tests are kept between runs
	PYTHONDONTWRITEBYTECODE= HYPOTHESIS_PROFILE=quick $(bin)/pytest -n $(workers) -m "not journey and not slow" --ignore=tests/journeys

journeys: ## whole stories through real processes, and the slow tests: minutes
	$(bin)/pytest -m "journey or slow"

dockerfile:
	$(bin)/hadolint Dockerfile

bench: ## what a request, a stream and an audit cost, beside nginx; minutes, and better on a quiet machine
	$(python) bench/dataplane.py --rounds 1 --cases AF --only nginx,envoy,envoy-mirror,alone,5,100 --against bench/results/2026-11-29-dataplane.json
	PYTHONPATH=. $(python) bench/streams.py
