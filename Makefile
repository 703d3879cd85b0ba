# `make serve` shows the site, `make test` runs the tests; both install what they need into .venv.
PYTHON ?= python3
ADDRESS ?= 127.0.0.1:8000
BIN := .venv/bin
NPM_IS := $(shell command -v npm)

# Material for MkDocs prints a notice of its own on every start; the versions are pinned.
export NO_MKDOCS_2_WARNING := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# The pure modules that everything else counts with, and their tests.
ENGINE := $(patsubst %,tests/test_%.py,axis difference errors factors geometry languages networks \
  operations package report savings source table) $(patsubst %,src/cnnexplain/%,axis.py collapse.py \
  diagnosis/factors.py difference.py errors.py formats formula.py geometry.py graph.py languages \
  networks notes.py operations report.py savings.py source.py table.py terminal.py windows.py)

# With these, no branch of the pure modules is without a test; those of other modules are not counted.
PURE := $(ENGINE) $(patsubst %,tests/test_%.py,arguments cli_convert comparison diagnosis exactness \
  explain explain_corners explain_traps explaining film fitting operations_refused operations_seen \
  playground plots raster remarks) $(patsubst %,src/cnnexplain/%,arguments.py comparison.py diagnosis \
  exactness.py explanation.py files.py film.py playground plots postmortem.py raster.py verdict.py)

.PHONY: help serve test quick coverage lint prose site reproducible figures playground audit lighthouse advisories measure api dist clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

serve: .venv/docs  ## build what is stale and serve the site in three languages
	@echo "cnnexplain: http://$(ADDRESS)/ (English), /ja/ (日本語), /fr/ (français); stop with Ctrl-C"
	$(BIN)/mkdocs serve --dev-addr $(ADDRESS)

# One thread each: as many as there are cores would only wait for each other.
test: export OMP_NUM_THREADS := 1
test: .venv/dev  ## run the Python tests, on all cores
	$(BIN)/pytest -n logical --dist=worksteal

quick: .venv/dev  ## run the tests of the engine that take no longer than a moment
	$(BIN)/pytest -q -m "not slow" $(ENGINE)

coverage: export OMP_NUM_THREADS := 1
coverage: .venv/dev  ## say which branches of the pure modules no test takes, and fail if there are any
	$(BIN)/pytest -q -n logical --dist=worksteal -m "not slow" $(PURE) --cov

lint: .venv/dev  ## check style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

prose: .venv/docs $(if $(NPM_IS)$(CI),node_modules/.all)  ## read the Japanese with textlint, spell the English and the French with cspell
	$(if $(NPM_IS),$(BIN)/python -m cnnexplain.book.proofread,@echo "npm is missing, so nobody read the prose. On Debian: apt-get install npm")

site: .venv/docs  ## build the site into site/
	$(BIN)/mkdocs build --strict

reproducible: export SOURCE_DATE_EPOCH := 1700000000
reproducible: site  ## build the site once more from nothing, in another folder, and compare to the byte
	bash .ci/again

figures: .venv/docs  ## lay all figures on one sheet for each language, build/LANGUAGE/figures.png
	$(BIN)/python -m cnnexplain.book
	$(BIN)/python -m cnnexplain.book.contact

playground: node_modules/.package-lock.json  ## get the Python that runs in the reader's browser, with npm; then make serve or site
	@echo "The playground runs Python in the browser from the next build on: make serve"

audit: .venv/audit node_modules/.all site  ## read every page, follow every link, look at the pages in Chromium
	$(BIN)/python -m cnnexplain.book.audit
	$(BIN)/pytest tests/browser
	$(BIN)/python -m benchmarks.lighthouse

lighthouse: .venv/audit node_modules/.all site  ## print Lighthouse's scores of all chapters in all languages; five minutes
	$(BIN)/python -m benchmarks.lighthouse --all

advisories: .venv/advisories  ## ask the registries' advisory services whether a pinned version is known to be vulnerable
	@status=0; \
	  $(BIN)/pip-audit --strict --progress-spinner off --no-deps --disable-pip -r constraints.txt || status=1; \
	  npm audit --package-lock-only || status=1; \
	  exit $$status

measure: .venv/docs  ## print the benchmarks, and write docs/data; with QUICK=1 less, and nothing
	@mkdir -p docs/data
	$(BIN)/python benchmarks/imports.py
	$(BIN)/python benchmarks/tables.py
	$(BIN)/python benchmarks/figures.py
	$(BIN)/python benchmarks/explaining.py
	$(BIN)/python benchmarks/trace.py $(if $(QUICK),,--write docs/data/trace.json)
	$(BIN)/python -m benchmarks.sliding $(if $(QUICK),--quick,--write docs/data/sliding.json)
	$(BIN)/python benchmarks/playground.py $(if $(QUICK),--quick)

api: .venv/dev  ## tell what breaks for programs since the tag AGAINST=v0.1.0, or any commit
	$(BIN)/python -m tests.contract $(AGAINST)

dist: .venv/dist  ## build the wheel and the archive of the sources into dist/, and check them
	rm -rf dist
	$(BIN)/python -m build --no-isolation
	$(BIN)/twine check --strict dist/*

clean:  ## remove everything that was made, the environment too
	rm -rf .venv .cache build site dist node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage

.venv/docs .venv/dev .venv/audit .venv/dist .venv/advisories: .venv/%: pyproject.toml constraints.txt | .venv/made
	$(BIN)/python -m pip install --progress-bar on -c constraints.txt -e ".[$*]"
	@touch $@

.venv/made:
	@command -v $(PYTHON) >/dev/null || \
	  { echo "$(PYTHON) is missing. On Debian: apt-get install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; choose one with make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "Python's venv is missing. On Debian: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	@touch $@

# What the site needs; with what reads and audits it, it is ten times as much.
node_modules/.package-lock.json: FEWER := --omit=dev
node_modules/.package-lock.json node_modules/.all: package.json package-lock.json .npmrc
	@command -v npm >/dev/null || \
	  { echo "npm is missing: this needs Node. On Debian: apt-get install npm" >&2; exit 1; }
	npm ci --no-audit --no-fund $(FEWER)
	@touch node_modules/.package-lock.json $@
