# Patrons: plain `make` lists what there is. Each target sets up what it needs; a second call installs nothing.

PYTHON ?=
PARAMS ?= params/demo.yaml
FILE ?=
ARGS ?=
PORT ?= 5000
RELEASES ?= $(HOME)/releases
TAG ?=

BIN := .venv/bin
READY := .venv/.ready
SERVING := .venv/.serving
AIRFLOW := .venv-airflow/.ready
# value: what the form of a workflow gave is text, and nothing to expand
NAME := $(basename $(notdir $(value PARAMS)))
DEMO := data/raw/demo/orders.parquet
NOTEBOOKS := $(wildcard notebooks/*.ipynb notebooks/*/*.ipynb)

COMPILE := --universal --generate-hashes --upgrade --quiet --no-emit-index-url --no-emit-find-links --no-header \
	--no-annotate --fork-strategy fewest --python-version 3.11

# .venv keeps its Python, unless PYTHON asks for another or its Python is gone. A new one gets the first of PYTHONS that can.
PYTHONS := $(or $(PYTHON),python3.13 python3.12 python3.11 python3)
ABLE := import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 15))
VERSION = $(shell $(1) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
HAVE := $(if $(wildcard $(BIN)/pip),$(call VERSION,$(BIN)/python))
WANT := $(if $(PYTHON),$(call VERSION,$(PYTHON)),$(HAVE))
STALE := $(if $(HAVE),$(if $(filter $(WANT),$(HAVE)),,yes),yes)

# A worker a core; ARGS="-n 0" for one process
PARALLEL := --numprocesses logical --maxprocesses 4 --dist worksteal

export MLFLOW_DISABLE_TELEMETRY = true

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run report lab ui api app airflow test drills lint format schema lock clean .venv \
	tools deploy images push sign notes publish

help: ## list the targets
	@echo "make TARGET [PARAMS=params/demo.yaml] [FILE=shop.csv] [ARGS=...]"
	@sed -n 's/^\([a-z]*\):[^#]*## /  \1	/p' $(firstword $(MAKEFILE_LIST)) | expand -t 12

run: $(READY) $(if $(FILE),,$(if $(filter demo,$(NAME)),$(DEMO))) ## run the series on PARAMS, or on your own FILE=shop.csv; ARGS go to run_all.py, such as ARGS=--resume
	@$(if $(FILE),$(BIN)/patrons init "$(FILE)" --run $(ARGS),$(BIN)/python run_all.py $(PARAMS) $(ARGS))

report: ## show where the report on PARAMS is, and open it where there is a screen
	@test -f reports/$(NAME)/index.html || { echo "There is no report on $(NAME) yet: make run PARAMS=$(PARAMS)"; exit 1; }
	@echo "$(CURDIR)/reports/$(NAME)/index.html"
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" = Darwin ]; then \
		$(BIN)/python -m webbrowser "file://$(CURDIR)/reports/$(NAME)/index.html"; fi

lab: $(READY) ## open the notebooks in JupyterLab, at a page that says where to start
	$(BIN)/jupyter lab --ServerApp.root_dir="$(CURDIR)" --LabApp.default_url=/lab/tree/notebooks/START.ipynb $(ARGS)

ui: $(READY) ## open the MLflow UI on this machine, at PORT (5000)
	$(BIN)/mlflow ui --backend-store-uri sqlite:///mlflow.db --host 127.0.0.1 --port $(PORT) $(ARGS)

api: $(SERVING) ## serve the models of PARAMS on this machine without keys; ARGS go to serving/api.py (--port 8000)
	$(BIN)/python serving/api.py --name $(NAME) --no-keys $(ARGS)

app: $(SERVING) ## open the app on this machine; ARGS go to streamlit, such as ARGS=--server.port=8502
	$(BIN)/streamlit run serving/app.py --server.address=127.0.0.1 --browser.gatherUsageStats=false \
		--server.showEmailPrompt=false --client.toolbarMode=viewer $(ARGS)

.PHONY: dvc
dvc: .venv-dvc/.ready ## set up DVC, which versions data and results, in .venv-dvc
	@echo "DVC is .venv-dvc/bin/dvc; what it does here: README.md, Versions of data and results"

.PHONY: spark
spark: .venv-spark/.ready ## set up Spark, for logs that outgrow one machine, in .venv-spark
	@echo "Run a series with Spark by .venv-spark/bin/python run_all.py PARAMS; what to set: docs/scale.md"

airflow: $(AIRFLOW) ## open Airflow on this machine, at PATRONS_AIRFLOW_PORT (8090), with the pipelines of orchestration/airflow
	@orchestration/airflow/airflow.sh start

test: lint $(SERVING) ## lint, then run the tests and print branch coverage; ARGS go to pytest, such as ARGS="-k report"
	$(BIN)/python -m pytest $(PARALLEL) -m "not (slow or drill)" $(or $(ARGS),--cov)

drills: $(SERVING) .venv-dvc/.ready .venv-spark/.ready $(AIRFLOW) ## run the tests that simulate long or start servers, browsers and images; ARGS go to pytest
	$(BIN)/python -m pytest $(PARALLEL) -m "slow or drill" $(ARGS)

lint: $(SERVING) ## check style, formatting, types, and that notebooks hold no outputs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(if $(NOTEBOOKS),$(BIN)/nbstripout --verify $(NOTEBOOKS))

format: $(READY) ## fix style and formatting, and take outputs out of notebooks
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(if $(NOTEBOOKS),$(BIN)/nbstripout $(NOTEBOOKS))

schema: $(READY) ## write params/schema.json and the pages of docs on parameters, features and errors anew from notebooks and code
	$(BIN)/patrons params --write-schema

lock: $(READY) ## pin the newest versions that are allowed in the locks
	$(BIN)/uv pip compile pyproject.toml --extra build --extra test $(COMPILE) -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra serve --extra serve-test -c requirements.lock $(COMPILE) \
		-o serving/requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra build --extra spark -c requirements.lock $(COMPILE) \
		-o orchestration/spark/requirements.lock
	$(BIN)/uv pip compile orchestration/dvc/requirements.in $(COMPILE) -o orchestration/dvc/requirements.lock
	$(BIN)/uv pip compile serving/image.in -c serving/requirements.lock $(COMPILE) -o serving/image.lock
	$(BIN)/uv pip compile serving/tracking.in -c requirements.lock $(COMPILE) -o serving/tracking.lock
	$(BIN)/uv pip compile orchestration/airflow/requirements.in $(COMPILE) -o orchestration/airflow/requirements.lock

tools: ## install what the drills need and no lock brings, such as haproxy; by apt-get, or on macOS by brew
	@if [ "$$(uname)" = Darwin ]; then brew install --quiet libomp haproxy socat; else .ci/run tools; fi

deploy: .deployable $(SERVING) ## let the models of PARAMS answer behind the balancer; RELEASES is the folder that services follow
	@commit=$$(git describe --always --dirty --abbrev=12 --exclude='*' 2>/dev/null || echo none); \
	PATRONS_PIPELINE="$${PATRONS_PIPELINE:+$$PATRONS_PIPELINE, }commit $$commit" \
		$(BIN)/patrons deploy "$$SERIES" --releases "$$RELEASES" $(ARGS)

deploy: export SERIES := $(NAME)
export RELEASES
.PHONY: .deployable
.deployable: # what a workflow gave goes to a shell as a variable, and only if it is what it should be
	@case "$$SERIES" in ''|-*|*[!A-Za-z0-9_.-]*) echo "make deploy: PARAMS is to name a series in letters, digits, _, . and -," \
		"such as params/demo.yaml; it names '$$SERIES'." >&2; exit 2;; esac
	@test -n "$$RELEASES" || { echo "make deploy: RELEASES is empty. Say which folder services follow:" \
		"RELEASES=/srv/releases (a variable of the repository, for the workflow)." >&2; exit 2; }

images: ## build the images of serving/compose.yaml, by docker or ENGINE
	@.ci/delivery $@

push: ## send the images to REGISTRY under the version of TAG
	@TAG="$(TAG)" .ci/delivery $@

sign: ## sign by cosign what was pushed
	@.ci/delivery $@

notes: ## show what CHANGELOG.md says of the version of TAG
	@TAG="$(TAG)" .ci/delivery $@

publish: ## make a release on GitHub of TAG with these notes
	@TAG="$(TAG)" .ci/delivery $@

clean: ## remove results, reports and caches; keep data/raw, data/campaigns, the MLflow runs and .venv
	@echo "Removing what is in data/processed and reports, and the caches. The rest of data, mlflow.db, mlruns and .venv stay."
	@for folder in data/processed reports; do \
		if [ -d $$folder ]; then find $$folder -mindepth 1 ! -name README.md ! -name .gitkeep -delete; fi; done
	@rm -rf .pytest_cache .ruff_cache .mypy_cache
	@find src tests notebooks benchmarks run_all.py -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

$(DEMO): | $(READY)
	$(BIN)/patrons simulate

.venv:
	@for python in $(PYTHONS) none; do $$python -c '$(ABLE)' 2>/dev/null && break; done; \
	if [ $$python = none ]; then printf '%s\n' \
		"Patrons needs Python 3.11, 3.12 or 3.13 with its module venv, which is none of: $(PYTHONS)" "Install one:" \
		"  Debian, Ubuntu  sudo apt install python3 python3-venv    (Debian 12, Ubuntu 24.04 or later)" \
		"  Fedora          sudo dnf install python3.13" \
		"  macOS           brew install python@3.13 libomp" \
		"or say where yours is: make PYTHON=/path/to/python3.13"; exit 1; fi; \
	echo "Setting up .venv with $$($$python --version): the first time it fetches about 200 packages, which takes a minute or more"; \
	$$python -m venv --clear .venv

# The exact uv of the lock, hashes checked, installs the rest. pip takes hashes only from a requirements file of its own.
$(READY): requirements.lock pyproject.toml $(if $(STALE),.venv)
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .venv/uv.lock
	@$(BIN)/uv pip sync --python $(BIN)/python --quiet --require-hashes --compile-bytecode requirements.lock
	@$(BIN)/uv pip install --python $(BIN)/python --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# What the API and the app need comes on top, so that `make run` does without it. The lock agrees with requirements.lock.
$(SERVING): serving/requirements.lock $(READY)
	@echo "Adding what the API and the app need to .venv"
	@$(BIN)/uv pip install --python $(BIN)/python --quiet --require-hashes --compile-bytecode -r serving/requirements.lock
	@touch $@

# The series with pyspark: in .venv it would be imported, all of it, by pandera, which looks whether it is there.
.venv-spark/.ready: orchestration/spark/requirements.lock pyproject.toml | $(READY)
	@echo "Setting up .venv-spark"
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-spark
	@$(BIN)/uv pip sync --python .venv-spark/bin/python --quiet --require-hashes --compile-bytecode $<
	@$(BIN)/uv pip install --python .venv-spark/bin/python --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# What stands beside the series has an environment and a lock of its own, and nothing of it comes into .venv.
.venv-%/.ready: orchestration/%/requirements.lock | $(READY)
	@echo "Setting up .venv-$*"
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-$*
	@$(BIN)/uv pip sync --python .venv-$*/bin/python --quiet --require-hashes --compile-bytecode $<
	@touch $@
