# What CI runs is `make check`; every target uses the interpreter of the active environment.
PYTHON ?= python
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: check lint types imports security audit test test-slow slow recipes browser fix docs wheel-test bench realworld soak fuzz

check: lint types imports security audit test

lint:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

types:
	$(PYTHON) -m mypy src tests

imports:
	lint-imports

security:
	$(PYTHON) -m bandit -q -r src -c pyproject.toml

# Needs a vulnerability database on the network; what could not be audited is said, and is no failure.
audit:
	@$(PYTHON) -m pip_audit --progress-spinner off --skip-editable > audit.log 2>&1; code=$$?; \
	unknown=$$(grep -c "could not be audited" audit.log); \
	if grep -qiE "ConnectionError|Max retries|ServiceError|Failed to (establish|resolve|fetch)|Temporary failure|ProxyError|timed out" audit.log; \
	then echo "audit: NOT DONE, no vulnerability database could be reached"; code=0; \
	else grep -v "could not be audited" audit.log; \
	echo "audit: $$unknown packages were NOT audited, the index that was reached knows nothing of them"; fi; \
	rm -f audit.log; exit $$code

test:
	$(PYTHON) -m pytest -q -n 2

test-slow:
	$(PYTHON) -m pytest -q -n 2 --slow --cov --cov-report=term:skip-covered

# The tests marked slow that neither `recipes` nor `browser` runs.
slow:
	$(PYTHON) -m pytest -q -n 2 --slow -m slow --ignore=tests/training/test_recipes_run.py --ignore=tests/apps/browser

# Every recipe on its miniature: data, training, report, bundle, export, ensemble.
recipes:
	$(PYTHON) -m pytest -q -n 2 --slow tests/training/test_recipes_run.py --durations=5

# The page in Chromium (screenshots in build/screenshots), its logic as Streamlit runs it, and a service under schemathesis.
browser:
	$(PYTHON) -m pytest -q --slow tests/apps/browser tests/apps/page tests/apps/service/test_contract.py

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
	PYTHONPATH=. $(PYTHON) benchmarks/batch.py
	PYTHONPATH=. $(PYTHON) benchmarks/library_memory.py

# SHARED is the folder with realworld/ and peers/; the table of docs/real-world.md
SHARED ?= ../shared
realworld:
	INSTRUNET_WEIGHTS=$(SHARED)/peers $(PYTHON) benchmarks/realworld.py $(SHARED) --model default fusion --per-class

# What takes long: poison, kills, injuries, a ledger of 100,000 files, a bucket, a cluster.
soak:
	$(PYTHON) -m pytest -q --slow tests/tagging/jobs

fuzz:
	FUZZ_EXAMPLES=2000 $(PYTHON) -m pytest -q tests/test_fuzz.py
