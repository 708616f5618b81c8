# All commands of this project. They need make and Python, write inside this folder only, and
# can be repeated. `make` lists them.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed
AIRFLOW_BIN := airflow/.venv/bin
AIRFLOW_STAMP := airflow/.venv/installed
RAW := target/demo/raw
TRUTH := target/demo/truth

# An own folder of LLM traces in place of the demo data: `make demo TRACES=<folder>`
TRACES ?=
TRACES_DUCKDB_PATH ?= target/traces.duckdb
# Options of scripts/generate_demo_data.py, scripts/doctor.py, expectations/expect.py, scripts/bench.py
DEMO_ARGS ?=
DOCTOR_ARGS ?=
EXPECTATIONS_ARGS ?=
BENCH_ARGS ?=
# Options of scripts/export_marts.py, scripts/export_focus.py and scripts/validate_focus.py
EXPORT_ARGS ?=
FOCUS_ARGS ?=
VALIDATE_ARGS ?=
# Months of `make backfill`, and options of scripts/backfill.py and scripts/restatement_plan.py
FROM ?=
TO ?=
BACKFILL_ARGS ?=
PLAN_ARGS ?=
PYTEST_ARGS ?=
# The dashboard's marts (AI_MARTS_SOURCE=snowflake: a schema there), and options of `streamlit run` such as --server.port 8600
AI_MARTS_DIR ?= target/export/current
DASHBOARD_ARGS ?=
DASHBOARD_STAMP := dashboard/.venv/installed
WAREHOUSE = $(or $(AI_DUCKDB_PATH),ai_unit_economics.duckdb)
# Processes that tests run in side by side; 0 = none beside pytest's own, as -s and --pdb need it
TEST_PROCESSES ?= 2

# dbt finds project and profile here, whatever the user has set for other projects.
export DBT_PROJECT_DIR := $(CURDIR)
export DBT_PROFILES_DIR := $(CURDIR)
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DBT_VERSION_CHECK := false
export GX_ANALYTICS_ENABLED := false
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# pytest's folders: those of a failed run stay for a look
export PYTEST_DEBUG_TEMPROOT := $(CURDIR)/target/tests
export PIP_CACHE_DIR ?= $(CURDIR)/.cache/pip

# Airflow's own state is below target/, as everything that is made here.
airflow_env = AIRFLOW_HOME=$(CURDIR)/target/airflow AIRFLOW__CORE__DAGS_FOLDER=$(CURDIR)/airflow/dags \
	AIRFLOW__CORE__LOAD_EXAMPLES=False AIRFLOW__USAGE_DATA_COLLECTION__ENABLED=False \
	AIRFLOW__COSMOS__ENABLE_TELEMETRY=False PATH="$(CURDIR)/$(AIRFLOW_BIN):$$PATH"
# The demo stands still: `now` is its newest load, and `land` loads its files.
airflow_demo = AI_EXPECTATIONS_AS_OF=newest AI_LAND_COMMAND="$(BIN)/python scripts/load_raw.py $(RAW)"

# Their text has no comma: make would end the argument there.
say = @printf '\n==> %s\n' '$(1)'
next = @printf '\nNext: %s\n' '$(1)'
# Before dbt: a seed with an error stops here with its row and the remedy.
check_seeds = $(BIN)/python scripts/doctor.py prices --no-warehouse
pytest = $(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadgroup
python_sources = $(wildcard scripts tests/python airflow dashboard expectations)
sql_sources = $(wildcard models tests analyses)
# sqlfluff compiles with a copy of the example profile, so no account of the user's is asked.
lint_env = DBT_PROFILES_DIR=target/lint DBT_LOG_PATH=target/lint AI_DUCKDB_PATH=target/lint/lint.duckdb

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help setup demo build backfill restatement-plan export focus-validator doctor expectations lint lint-quick test test-all bench docs dashboard dashboard-setup airflow airflow-setup airflow-lock demo-snowflake lock clean

help: ## List these commands
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' \
		$(firstword $(MAKEFILE_LIST))

setup: $(STAMP) profiles.yml ## Make .venv from requirements.lock, and profiles.yml from its example

$(STAMP): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || { \
		echo "$(PYTHON) is not Python 3.11, 3.12 or 3.13. Name one: make setup PYTHON=python3.12" >&2; \
		exit 1; }
	$(call say,making .venv (about a minute; 900 MB))
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip check
	@touch $@

profiles.yml:
	cp profiles.example.yml profiles.yml

demo: setup ## Demo data, warehouse, marts, summary (TRACES=<folder>: your own LLM traces)
	$(call say,checking the seeds)
	@$(check_seeds)
ifneq ($(strip $(TRACES)),)
	$(call say,1/3 loading the traces of $(TRACES))
	AI_DUCKDB_PATH="$(TRACES_DUCKDB_PATH)" $(BIN)/python scripts/load_trace.py "$(TRACES)"
	$(call say,2/3 building the marts)
	AI_DUCKDB_PATH="$(TRACES_DUCKDB_PATH)" $(BIN)/dbt build --full-refresh \
		--target-path target/traces/dbt --vars "$$(cat target/traces/vars.yml)"
	$(call say,3/3 summary)
	@AI_DUCKDB_PATH="$(TRACES_DUCKDB_PATH)" $(BIN)/python scripts/demo_summary.py --traces
	$(call next,query the schema marts in $(TRACES_DUCKDB_PATH) or run `make demo` without TRACES for the full demo company)
else
	$(call say,1/4 generating the demo company)
	$(BIN)/python scripts/generate_demo_data.py $(DEMO_ARGS)
	$(call say,2/4 loading raw tables)
	$(BIN)/python scripts/load_raw.py $(RAW)
	$(call say,3/4 building and testing the marts)
	$(BIN)/dbt build --full-refresh
	$(call say,4/4 summary)
	@$(BIN)/python scripts/demo_summary.py
	$(call next,run `make docs` for the documentation or query the schema marts of the DuckDB file)
endif

build: setup ## dbt build: what changed since the last run, and all data tests
	$(call say,checking the seeds)
	@$(check_seeds)
	$(call say,building)
	$(BIN)/dbt build
	$(call next,query the schema marts of the DuckDB file or `make doctor` for models without a price)

export: setup ## All built marts as Parquet files, and FOCUS files per month (EXPORT_ARGS, FOCUS_ARGS)
	$(call say,exporting the marts to target/export)
	@$(BIN)/python scripts/export_marts.py $(EXPORT_ARGS)
	$(call say,exporting FOCUS files to target/focus)
	@$(BIN)/python scripts/export_focus.py $(FOCUS_ARGS)
	$(call next,read target/export/current and target/focus/current or `make focus-validator`)

focus-validator: setup ## The FOCUS project's own validator on target/focus (needs Python 3.12)
	@$(BIN)/python scripts/validate_focus.py $(VALIDATE_ARGS)
	$(call next,read its whole report in target/focus_validator)

backfill: setup ## Build a long history month by month (FROM=2025-01 TO=2025-12); goes on where it was
	$(BIN)/python scripts/backfill.py --from "$(FROM)" --to "$(TO)" $(BACKFILL_ARGS)
	$(call next,`make build` for the data tests)

restatement-plan: setup ## What the next run would change (days and requests and dollars); changes nothing
	@$(BIN)/python scripts/restatement_plan.py $(PLAN_ARGS)
	$(call next,`make build` to apply it)

doctor: setup ## Check prices and sources, and list models without a price (DOCTOR_ARGS: of doctor.py prices)
	@$(BIN)/python scripts/doctor.py prices $(DOCTOR_ARGS)
	$(call say,checking the sources that are switched on)
	@$(BIN)/python scripts/doctor.py sources
	$(call next,`make build` after a change of a seed)

expectations: setup ## Judge raw tables and marts with Great Expectations (EXPECTATIONS_ARGS="--help")
	@$(BIN)/python expectations/expect.py raw marts $(EXPECTATIONS_ARGS)
	$(call next,open target/expectations/data_docs/index.html in a browser)

$(AIRFLOW_STAMP): airflow/requirements.lock
	$(call say,making airflow/.venv (about a minute; 330 MB))
	$(PYTHON) -m venv --clear airflow/.venv
	$(AIRFLOW_BIN)/python -m pip install --no-deps --require-hashes -r airflow/requirements.lock
	$(AIRFLOW_BIN)/python -m pip check
	@touch $@

airflow-setup: setup $(AIRFLOW_STAMP) ## Airflow in an environment of its own: database and pool of one DuckDB writer
	$(call say,reading the project for the DAG with a task per model)
	$(BIN)/dbt --quiet parse --target-path target/airflow/dbt --vars '{}'
	$(call say,making the database of Airflow and the pool)
	@mkdir -p target/airflow
	$(airflow_env) airflow db migrate
	$(airflow_env) airflow pools set duckdb_writer 1 "one process opens the DuckDB file"
	$(call next,`make airflow`)

airflow: airflow-setup ## Run the DAG once on the demo, then serve Airflow on http://localhost:8080
	@test -d $(RAW) || $(BIN)/python scripts/generate_demo_data.py $(DEMO_ARGS)
	$(call say,running the DAG once on the demo)
	$(airflow_env) $(airflow_demo) airflow dags reserialize
	$(airflow_env) $(airflow_demo) airflow dags test ai_unit_economics
	$(call say,serving until Ctrl-C; the password of admin is in target/airflow/simple_auth_manager_passwords.json.generated)
	$(call next,open http://localhost:8080 and look at the run of ai_unit_economics)
	$(airflow_env) $(airflow_demo) airflow standalone

airflow-lock: ## Renew airflow/requirements.lock from airflow/requirements.in (UPGRADE=1: newest allowed versions)
	$(call say,resolving)
	$(PYTHON) -m venv --clear target/uv
	target/uv/bin/python -m pip install uv
	target/uv/bin/uv pip compile airflow/requirements.in --universal --python-version 3.11 --generate-hashes \
		--no-header --no-cache --quiet $(if $(UPGRADE),--upgrade) -o airflow/requirements.lock
	$(call next,`make airflow-setup test-all`)

lint-quick: setup ## Check Python, YAML and what the snowflake target compiles, without layout
	$(call say,ruff and mypy and yamllint)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(python_sources)
	$(BIN)/yamllint --strict .
	@mkdir -p target/lint
	@cp profiles.example.yml target/lint/profiles.yml
	$(call say,sqlfluff with the dialect snowflake)
	@# Spacing and indentation are half of the time and the same in both dialects: once, in `lint`. What
	@# duckdb compiles runs in the tests, so `test` need not parse it here as well.
	$(lint_env) DBT_TARGET=snowflake DBT_TARGET_PATH=target/lint/snowflake \
		$(BIN)/python scripts/fake_snowflake.py -- \
		$(BIN)/sqlfluff lint --processes 0 --dialect snowflake --exclude-rules LT01,LT02 $(sql_sources)
	$(call next,`make lint` for all rules and both dialects)

lint: lint-quick ## Check the style of SQL (both dialects, all rules), Python and YAML
	$(call say,sqlfluff with the dialect duckdb)
	$(lint_env) DBT_TARGET=duckdb DBT_TARGET_PATH=target/lint/duckdb \
		$(BIN)/sqlfluff lint --processes 0 --dialect duckdb $(sql_sources)
	$(call next,`make test`)

test: setup lint-quick ## Quick lint, and all tests but the slow ones
	$(call say,pytest without the slow tests)
	@mkdir -p target/tests
	$(pytest) -m "not slow" $(PYTEST_ARGS)
	$(call next,commit; `make test-all` before a release)

test-all: setup airflow-setup dashboard-setup lint ## Lint, and all tests
	$(call say,pytest with the slow tests)
	@mkdir -p target/tests
	$(pytest) $(PYTEST_ARGS)
	$(call next,commit)

bench: setup ## Measure the goals of docs/scale.md on generated data (BENCH_ARGS="--help" for its options)
	$(BIN)/python scripts/bench.py $(BENCH_ARGS)
	$(call next,compare with docs/scale.md)

docs: setup ## Documentation and lineage in one file, target/static_index.html
	$(BIN)/dbt docs generate --static
	$(call next,open target/static_index.html in a browser)

dashboard-setup: $(DASHBOARD_STAMP) ## Make dashboard/.venv from dashboard/requirements.lock
	$(call next,`make dashboard`)

$(DASHBOARD_STAMP): dashboard/requirements.lock
	$(call say,making dashboard/.venv (about a minute; 820 MB))
	$(PYTHON) -m venv --clear dashboard/.venv
	dashboard/.venv/bin/python -m pip install --no-deps --require-hashes -r dashboard/requirements.lock
	dashboard/.venv/bin/python -m pip check
	@touch $@

dashboard: setup dashboard-setup ## Open the dashboard on the exported marts (makes demo and export first if there are none)
ifneq ($(AI_MARTS_SOURCE),snowflake)
	@test -e "$(AI_MARTS_DIR)" -o -e "$(WAREHOUSE)" || $(MAKE) demo
	@test ! -e "$(WAREHOUSE)" -o "$(AI_MARTS_DIR)/manifest.json" -nt "$(WAREHOUSE)" || { \
		printf '\n==> exporting the marts\n'; $(BIN)/python scripts/export_marts.py; }
endif
	$(call next,look at the address below; Ctrl+C ends it)
	@cd dashboard && AI_MARTS_DIR="$(abspath $(AI_MARTS_DIR))" .venv/bin/streamlit run app.py $(DASHBOARD_ARGS)

demo-snowflake: setup ## The demo through dbt-snowflake, on a fake server on this machine
	$(call say,checking the seeds)
	@$(check_seeds)
	$(call say,generating the demo company)
	$(BIN)/python scripts/generate_demo_data.py $(DEMO_ARGS)
	$(call say,starting the fake Snowflake and loading and building there)
	$(BIN)/python scripts/fake_snowflake.py -- sh -c '\
		$(BIN)/python scripts/load_raw.py $(RAW) --target snowflake && \
		$(BIN)/dbt build --target snowflake --target-path target/snowflake'
	$(call next,set the SNOWFLAKE_* variables of profiles.yml and run dbt build --target snowflake)

lock: ## Renew requirements.lock and the dashboard's (UPGRADE=1: newest allowed versions)
	$(call say,resolving)
	$(PYTHON) -m venv --clear target/uv
	target/uv/bin/python -m pip install uv
	target/uv/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
		--no-header --no-cache --quiet $(if $(UPGRADE),--upgrade) -o requirements.lock
	target/uv/bin/uv pip compile dashboard/requirements.in --universal --python-version 3.11 --generate-hashes \
		--no-header --no-cache --quiet $(if $(UPGRADE),--upgrade) -o dashboard/requirements.lock
	$(call next,`make setup test`)

clean: ## Remove what dbt, the demo and the tests made; .venv, profiles.yml and pip's cache stay
	rm -rf target logs dbt_packages .hypothesis .mypy_cache .pytest_cache .ruff_cache
	rm -f ai_unit_economics.duckdb ai_unit_economics.duckdb.wal
	find . -name __pycache__ -not -path '*/.venv/*' -prune -exec rm -rf {} +
