# Every target sets up what it needs; a step that is done is skipped.
PYTHON ?= python3
BIN    := .venv/bin
READY  := .venv/ready
LAB    ?= lab

.DEFAULT_GOAL := help
.PHONY: help demo demo-gitops test test-gitops lint generate guards bench soak endure lab-up lab-down lock clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

demo: $(READY) ## the tutorial on three real clusters, from nothing to a table of results
	@$(BIN)/python -m demo $(ARGS)

demo-gitops: $(READY) ## the same by GitOps (the tutorial's Option B), with a real Argo CD
	@$(BIN)/python -m demo --gitops $(ARGS)

# Unit tests compute while the others wait.
test: $(READY) ## all tests: on real API servers, on the real lab, and unit tests beside them
	@$(BIN)/landbridge-lab build --argocd
	@$(BIN)/python -m pytest tests/unit >unit.log 2>&1 & unit=$$!; trap 'kill $$unit' INT TERM; \
	    $(BIN)/python -m pytest --ignore=tests/unit; others=$$?; \
	    wait $$unit; code=$$?; cat unit.log; exit $$((others | code))

test-gitops: $(READY) ## of these, the tests that need Argo CD
	@$(BIN)/landbridge-lab build --argocd
	@$(BIN)/python -m pytest tests/gitops

lint: $(READY) ## ruff, mypy --strict, import-linter
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

generate: $(READY) ## render CRDs and RBAC into deploy/
	@$(BIN)/python -m landbridge.deploy deploy

guards: $(READY) ## take out each rule's guard and demand that its test goes red
	@$(BIN)/python -m tests.guards

bench: $(READY) ## benchmarks on real API servers; ARGS="idle": behind a balancer that ends idle connections
	@$(BIN)/landbridge-lab build
	@$(BIN)/python -m bench $(ARGS)

soak: $(READY) ## seeded faults over three control planes and fifty Services; ARGS="--seeds 100", "--seed 17"
	@$(BIN)/landbridge-lab build --control-plane-only
	@$(BIN)/python -m tests.soak $(ARGS)

endure: $(READY) ## requests by the clock while hub, API servers and controller go away in turn
	@$(BIN)/python -m tests.endurance $(ARGS)

lab-up: $(READY) ## three real clusters on this machine
	@$(BIN)/landbridge-lab up --lab $(LAB)

lab-down: $(READY) ## end them, leaving nothing
	@$(BIN)/landbridge-lab down --lab $(LAB)

lock: $(READY) ## pin every dependency again, with hashes
	@cd requirements && UV_CUSTOM_COMPILE_COMMAND="make lock" ../$(BIN)/uv pip compile --quiet --universal --generate-hashes \
	    --python-version 3.11 ../pyproject.toml -o runtime.txt
	@cd requirements && UV_CUSTOM_COMPILE_COMMAND="make lock" ../$(BIN)/uv pip compile --quiet --universal --generate-hashes \
	    --python-version 3.11 -c runtime.txt ../pyproject.toml ../lab/pyproject.toml --group ../pyproject.toml:dev -o dev.txt

clean: ## remove the environment
	@rm -rf .venv

$(READY): requirements/dev.txt pyproject.toml lab/pyproject.toml
	@PYTHON=$(PYTHON) ./setup.sh
