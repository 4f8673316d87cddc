# The verbs of the project. `make demo` and `make test` need Python 3.11+ with venv, and set up the rest.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help install demo test proof lint typecheck format protos configuration lock bench accuracy rollouts fuzz train-jax soak chaos kills stack-soak client-matrix monitoring image-digests clean
.DEFAULT_GOAL := help

help:  ## show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 15

# One locked environment for everything; rebuilt when the lock or the project file changes.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info[:2] <= (3, 13) else "facegrid needs Python 3.11 to 3.13, this is " + sys.version.split()[0])'
	@$(PYTHON) -m venv $(VENV) || { echo "Cannot make a virtual environment. On Debian: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

install: $(READY)  ## set up the environment in .venv

demo: $(READY)  ## set up, export, start, find the faces of samples/, draw digits, stop; look at out/ afterwards
	@BIN=$(BIN) scripts/demo.sh

test: $(READY) lint typecheck  ## set up and run the tests
	@BIN=$(BIN) scripts/test.sh

proof: $(READY)  ## the long tests that `make test` leaves out: fleet, TLS and keys, KubeRay, wheel
	$(BIN)/python -m pytest -m proof

lint: $(READY)  ## check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

typecheck: $(READY)  ## check types
	$(BIN)/mypy

format: $(READY)  ## rewrite in the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

protos: $(READY)  ## generate the stubs of protos/
	$(BIN)/python scripts/generate_stubs.py

configuration: $(READY)  ## generate the table of settings in docs/configuration.md
	$(BIN)/python scripts/generate_configuration.py

lock: $(READY)  ## resolve pyproject.toml into requirements.lock
	$(BIN)/python -m uv pip compile pyproject.toml --extra all --group dev --universal --generate-hashes \
		--no-annotate --custom-compile-command "make lock" --output-file requirements.lock

bench: $(READY) models  ## measure speed against the mtcnn package (ten minutes)
	$(BIN)/python -m benchmarks.speed.detect

accuracy: $(READY) models  ## compare with the mtcnn package, labelled data and a video (needs the evaluation data)
	$(BIN)/python -m benchmarks.accuracy.detect_accuracy
	$(BIN)/python -m benchmarks.accuracy.recognise_accuracy
	$(BIN)/python -m benchmarks.accuracy.video

rollouts: $(READY)  ## replace versions of a served model 200 times under traffic (five minutes)
	$(BIN)/python -m benchmarks.reliability.rollouts --plot docs/images/rollouts.svg

fuzz: $(READY)  ## send 20,000 wrong requests to every entrance of one model server (two minutes)
	$(BIN)/python -m benchmarks.reliability.fuzz

chaos: $(READY) models  ## kill and freeze parts of a running fleet, and see what callers notice (five minutes)
	$(BIN)/python -m benchmarks.reliability.chaos

kills: $(READY) models  ## kill each process of the default stack, and see how long the service is away (eight minutes)
	$(BIN)/python -m benchmarks.reliability.kills

stack-soak: $(READY) models  ## kill a process of the default stack every 20 seconds for half an hour
	$(BIN)/python -m benchmarks.reliability.stack_soak --plot docs/images/stack_soak.svg

models: $(READY)
	$(BIN)/facegrid export --if-missing

train-jax: $(READY)  ## train a few steps on JAX, and compare with TensorFlow and with an interrupted one (four minutes)
	$(BIN)/python -m pytest -m slow tests/training

soak: $(READY)  ## enrol and delete with four processes for a minute, killing some, and compare
	$(BIN)/python -m benchmarks.reliability.gallery_soak

client-matrix: $(READY)  ## try the client with the oldest and newest versions of what it needs (needs an index)
	$(BIN)/python -m tests.packaging.client_matrix

monitoring:  ## run Prometheus (Debian: apt-get install prometheus) against the running stack
	@scripts/monitoring.sh

image-digests:  ## pin the public images of k8s/ by digest (needs crane, skopeo or docker, and a network)
	$(PYTHON) scripts/image_digests.py

clean:  ## remove everything that was made here
	rm -rf $(VENV) build out models *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
