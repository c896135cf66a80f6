# Two commands: `make run` opens a living demo city, `make test` proves that it works.
# PORT, TOANCANH_DATA, DATABASE_URL and DEMO are read from the environment (docs/handbook).
SHELL := /bin/sh
PY := .venv/bin/python
export UV_LINK_MODE = copy
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export npm_config_update_notifier = false
# Read from source each time, a start of the program takes three times the processor time.
unexport PYTHONDONTWRITEBYTECODE
SOURCES := $(shell find assets \( -name node_modules -o -name '.test*' -o -name '.build*' \) -prune -o -type f -print 2>/dev/null)
QUICK := not slow and not browser and not postgres and not faults
CATALOGUES := $(shell find toancanh -name '*.po' 2>/dev/null)

.PHONY: run test quick check bench screens messages locks clean
.DEFAULT_GOAL := run

run: .venv/installed .venv/built
	@exec .venv/bin/toancanh run

# The whole suite on SQLite, what touches a database on PostgreSQL again, then the scripts of the pages.
test: .venv/tools .venv/built
	$(PY) -m pytest -n 2
	$(PY) -m pytest -n 2 --engine postgresql -m "not browser and not faults"
	$(PY) -m toancanh.site.building test

# Four fifths of the tests in a minute, for every change.
quick: .venv/tools .venv/built
	$(PY) -m pytest -n 2 -m "$(QUICK)"

check: .venv/tools
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/lint-imports
	$(PY) -m mypy
	.venv/bin/djlint --lint --quiet toancanh

# Measures under the load that docs/benchmarks.md states, and writes that page.
bench: .venv/tools .venv/built
	$(PY) -m benchmarks

# Pictures of every page at three sizes, in two languages, light and dark, into screens/.
screens: .venv/tools .venv/built
	$(PY) -m tests.screens

# Collect the texts of templates and code into the catalogues (needs Debian's gettext).
messages: .venv/tools
	$(PY) -m toancanh.site.building messages

locks: .venv/tools
	.venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-emit-index-url --no-emit-find-links pyproject.toml -o requirements/run.txt
	.venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-emit-index-url --no-emit-find-links pyproject.toml --group dev -o requirements/dev.txt

clean:
	rm -rf .venv assets/node_modules toancanh/web/static/web

.venv/bin/uv: requirements/uv.txt
	@python3 -c 'import sys; sys.exit("Toàn Cảnh needs Python 3.11 or newer") if sys.version_info < (3, 11) else 0'
	python3 -m venv .venv || { echo "Python's venv is missing; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	.venv/bin/pip install -q --require-hashes -r requirements/uv.txt
	@touch $@

.venv/installed: .venv/bin/uv requirements/run.txt requirements/build.txt pyproject.toml
	.venv/bin/uv pip install -q --compile-bytecode --python $(PY) --require-hashes -r requirements/build.txt -r requirements/run.txt
	.venv/bin/uv pip install -q --compile-bytecode --python $(PY) --no-deps --no-build-isolation -e .
	@touch $@

.venv/tools: .venv/installed requirements/dev.txt
	.venv/bin/uv pip install -q --compile-bytecode --python $(PY) --require-hashes -r requirements/build.txt -r requirements/dev.txt
	@touch $@

# Node 20 or newer if the machine has it, else the one that PyPI carries.
.venv/node: .venv/bin/uv requirements/node.txt
	@node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' 2>/dev/null && npm --version >/dev/null 2>&1 \
		|| .venv/bin/uv pip install -q --compile-bytecode --python $(PY) --require-hashes -r requirements/node.txt
	@touch $@

.venv/built: .venv/installed .venv/node $(SOURCES) $(CATALOGUES)
	.venv/bin/toancanh web build
	@touch $@
