# Sammen: every target sets up what it needs and says so; a second run sets up nothing.

PYTHON_ENVIRONMENT := .venv
BIN := $(PYTHON_ENVIRONMENT)/bin
SET_UP := sh deploy/local/set-up.sh
ARGS ?=
TESTS ?= tests
KAFKA ?= embedded
# KAFKA=local: what follows runs beside an Apache Kafka of its own.
BESIDE_KAFKA := $(if $(filter local,$(KAFKA)),$(BIN)/python -m deploy.kafka.local with --fresh -- )

.DEFAULT_GOAL := help
.PHONY: help demo kafka test check static bench soak mutants format lock clean

help: ## list the targets
	@echo "Sammen: make TARGET"
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(BIN)/.run $(if $(BESIDE_KAFKA),$(BIN)/.kafka) ## run the whole system on sample data, 2016 to 2018 (ARGS=--exit ends it after the summary; KAFKA=local: on Apache Kafka)
	@$(BESIDE_KAFKA)$(BIN)/sammen demo $(ARGS)

kafka: $(BIN)/.kafka ## run an Apache Kafka on this machine until Ctrl-C (ARGS="--nodes 3")
	@$(BIN)/python -m deploy.kafka.local up $(ARGS)

test: $(BIN)/.node $(BIN)/.kafka static ## run every check and every test, on real PostgreSQL (TESTS=tests/e2e for a part)
	@$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder $(TESTS) $(ARGS)$(if $(filter tests,$(TESTS)), --ignore tests/chaos)
	@$(if $(filter tests,$(TESTS)),echo "soak (2 minutes of faults, and as long again)"; $(BIN)/pytest tests/chaos)

check: static ## format, lint, strict types, imports, architecture and unit tests, in under a minute
	@echo "architecture and unit tests"; $(BIN)/pytest -q -n 2 -m "not slow" tests/architecture tests/unit

static: $(BIN)/.develop
	@echo "format"; $(BIN)/ruff format --check --quiet . || { echo "remedy: make format"; exit 1; }
	@echo "lint"; $(BIN)/ruff check --quiet .
	@echo "types"; $(BIN)/mypy --no-error-summary
	@echo "imports"; mkdir -p .cache; $(BIN)/lint-imports > .cache/imports.log 2>&1 || { cat .cache/imports.log; exit 1; }
	@echo "contracts"; $(BIN)/sammen contracts check

bench: $(BIN)/.develop ## measure (a benchmark never fails a build); results are printed
	@$(BIN)/python -m tests.benchmarks $(ARGS)

soak: $(BIN)/.develop $(BIN)/.kafka ## run every service on three brokers while all of it is killed in turn, then compare (ARGS="--seconds 600 --seed 7")
	@$(BIN)/python -m tests.chaos $(ARGS)

mutants: $(BIN)/.develop $(BIN)/.kafka ## break the messaging in many ways, and see that a test notices each (ARGS=relay for some)
	@$(BIN)/python -m tests.chaos.mutating $(ARGS)

format: $(BIN)/.develop ## rewrite the code in the house format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: ## renew the hashed requirement locks (needs uv)
	@for target in "requirements/run.txt pyproject.toml" "requirements/develop.txt pyproject.toml --extra dev" "requirements/build.txt requirements/build.in"; do \
	  set -- $$target; file=$$1; shift; \
	  echo "lock $$file"; uv pip compile -q --generate-hashes --universal --python-version 3.11 --no-header $$@ -o $$file; done

clean: ## stop the embedded PostgreSQL and remove the environment, caches and demo data of this checkout
	@$(SET_UP) clean

$(BIN)/.run: requirements/run.txt requirements/build.txt pyproject.toml deploy/local/set-up.sh
	@$(SET_UP) run

$(BIN)/.develop: requirements/develop.txt requirements/build.txt pyproject.toml deploy/local/set-up.sh
	@$(SET_UP) develop

$(BIN)/.node: deploy/local/set-up.sh | $(BIN)/.develop
	@$(SET_UP) node

$(BIN)/.kafka: deploy/kafka/pom.xml deploy/local/set-up.sh | $(BIN)/.run
	@$(SET_UP) kafka
