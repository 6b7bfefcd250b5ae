# What CI runs is `make check`; every target uses the interpreter of the active environment.
PYTHON ?= python
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: check lint types imports security test test-slow fix docs wheel-test bench realworld soak

check: lint types imports security test

lint:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

types:
	$(PYTHON) -m mypy src tests

imports:
	lint-imports

security:
	$(PYTHON) -m bandit -q -r src -c pyproject.toml

test:
	$(PYTHON) -m pytest -q -n 2

test-slow:
	$(PYTHON) -m pytest -q -n 2 --slow --cov --cov-report=term:skip-covered

fix:
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

docs:
	$(PYTHON) -m mkdocs build --strict

# The wheel, alone in an empty environment outside the tree, tags the example.
wheel-test:
	$(PYTHON) tests/wheel_trial.py

bench:
	PYTHONPATH=. $(PYTHON) benchmarks/throughput.py
	PYTHONPATH=. $(PYTHON) benchmarks/cold_start.py
	$(PYTHON) benchmarks/memory.py --job tag --lengths 1m,2h

# SHARED is the folder with realworld/ and peers/; the table of docs/real-world.md
SHARED ?= ../shared
realworld:
	$(PYTHON) benchmarks/realworld.py $(SHARED) --per-class
