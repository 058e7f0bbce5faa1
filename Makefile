# What can be done here; `make` alone lists it. Nothing but what every make knows, so that macOS's and BSD's do too.
.POSIX:
.PHONY: help run test lint format bench fuzz fuzz-api soak screenshots requirements clean

PY = .venv/bin/python
PIN = $(PY) -m piptools compile --quiet --extra server --generate-hashes --allow-unsafe --strip-extras --no-header \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options
HELM = sys_platform == "linux" and platform_machine == "x86_64"

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

run: ## start Sortie on http://127.0.0.1:8000 (PORT=..., SORTIE_DATA=... move it)
	@sh .ci/setup requirements.txt
	@exec $(PY) -m sortie.quickstart

test: ## run every test, on one machine's parts and on a cluster's (ARGS=... goes to pytest)
	@sh .ci/setup requirements-dev.txt
	@exec $(PY) -m tests $(ARGS)

lint: ## check style and types of Python and JavaScript
	@sh .ci/setup requirements-dev.txt
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	@sh .ci/check_js

format: ## bring Python into the house style
	@sh .ci/setup requirements-dev.txt
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

bench: ## measure uploads, downloads, finishing and recording against other programs
	@sh .ci/setup requirements-dev.txt
	@exec $(PY) -m tests.bench $(ARGS)

fuzz: ## throw mutated recordings at the WebM parser, and casts and bombs at a portal (ARGS="300 7": how many, seed)
	@sh .ci/setup requirements-dev.txt
	$(PY) -m tests.fuzz_webm $(ARGS)
	$(PY) -m tests.fuzz_casts $(ARGS)

fuzz-api: ## ask the API for all that its description allows and forbids, as everybody (ARGS="300 7": examples, seed)
	@sh .ci/setup requirements-dev.txt
	@exec $(PY) -m tests.fuzz_api $(ARGS)

soak: ## kill, cut and fill whatever can be, many times, while uploads run (ARGS="web --share 0.1")
	@sh .ci/setup requirements-dev.txt
	@exec $(PY) -m tests.soak $(ARGS)

screenshots: ## take the pictures of every page and state
	@sh .ci/setup requirements-dev.txt
	@exec $(PY) -m tests.browser.screenshots $(ARGS)

requirements: ## pin the newest releases that pyproject.toml allows
	@sh .ci/setup requirements-dev.txt
	$(PIN) --upgrade -o requirements.txt pyproject.toml
	$(PIN) --upgrade --extra dev -c requirements.txt -o requirements-dev.txt pyproject.toml
	@# Lost on the way: that it is to be had for these machines only.
	sed '/^helm-binary/s/ / ; $(HELM) /' requirements-dev.txt >requirements-dev.new
	mv requirements-dev.new requirements-dev.txt

clean: ## remove what the other targets made, but never recordings: those are in var
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis
