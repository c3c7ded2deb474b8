# The same commands by hand and in CI. Everything Python lives in .venv, everything built in build/.

SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# What `make serve`, `make test`, `make bench` and `make bench-peers` pass on: make serve ARGS='juhuo --port 0'
ARGS :=
# More than processors: many tests wait for a clock or a socket.
WORKERS := 4

# The sources lie in ./specs, ./mockserver and ./contracts, but are understudy.specs and so on once installed.
# mypy reads the installed form; this turns its paths back into those of the checkout.
CHECKED := build/check
CLICKABLE := sed -E 's,^$(CHECKED)/understudy/(specs|mockserver|contracts)/,\1/,; s,^$(CHECKED)/,,'

# apt(PACKAGES): installs what is missing of them where it may, else says loudly what is missing and goes on.
define apt
	@missing=''; \
	for package in $(1); do \
	  dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; \
	done; \
	[ -n "$$missing" ] || exit 0; \
	if command -v apt-get >/dev/null; then \
	  if [ "$$(id -u)" = 0 ]; then root=env; \
	  elif sudo -n true 2>/dev/null; then root='sudo -n env'; \
	  else root=''; fi; \
	  if [ -n "$$root" ]; then \
	    set -- $$root DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0; \
	    said=$$("$$@" update 2>&1 </dev/null; \
	      "$$@" install --yes --no-install-recommends $$missing 2>&1 </dev/null) && exit 0; \
	    echo "$$said" >&2; \
	  fi; \
	fi; \
	echo "!!! These Debian packages are missing and could not be installed here:$$missing" >&2; \
	echo "!!! Going on without them; what needs them says so." >&2
endef

.PHONY: help
help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' Makefile | while IFS='	' read -r name text; do printf '%-12s %s\n' "$$name" "$$text"; done

.PHONY: serve
serve: $(VENV)/.installed ## serve all providers on 127.0.0.1:4010 (ARGS='juhuo --port 0')
	@exec $(BIN)/understudy serve $(ARGS)

.PHONY: test
# Modules are kept compiled, whatever is set: hundreds of servers and commands are started.
test: $(VENV)/.installed-test ## run every test (ARGS='-k juhuo', WORKERS=4)
	$(call apt,ca-certificates curl chromium)
	@exec env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -q -n $(WORKERS) --dist load -m 'not toolchain' $(ARGS)

# Debian's package for a command that is not there.
package = $(if $(shell command -v $(1)),,$(2))

.PHONY: test-all
test-all: test ## the tests, and those that need other toolchains
	$(call apt,$(call package,node,nodejs) $(call package,npm,npm) $(call package,go,golang-go) \
	  $(call package,java,default-jdk-headless) php-cli php-curl $(call package,ruby,ruby))
	@mkdir -p build/node && cd build/node && { [ -f package.json ] || npm init --yes >/dev/null; } && \
	  npm install --no-audit --no-fund --silent openai @anthropic-ai/sdk || \
	  echo '!!! npm could not install the SDKs: the programs that import them are skipped' >&2
	@exec $(BIN)/python -m pytest -q -m toolchain $(ARGS)

.PHONY: test-sdks
test-sdks: $(VENV)/.installed-test ## the official SDKs' own suites, from PyPI, against the mock
	@exec $(BIN)/python -m tests.sdks.suites

.PHONY: check
check: $(VENV)/.installed-lint ## formatting, lint, types, and that what is made of the flags is current
	@rm -rf build/lib build/bdist.* $(CHECKED)
	@$(PIP) install --no-deps --no-build-isolation --no-compile --target $(CHECKED) .
	@$(BIN)/ruff format --check --quiet --diff .; format=$$?; \
	$(BIN)/ruff check --quiet --output-format concise .; lint=$$?; \
	$(BIN)/mypy > build/mypy.txt; types=$$?; \
	$(CLICKABLE) build/mypy.txt; \
	$(BIN)/understudy config schema | cmp -s - understudy/configuration/schema.json && \
	$(BIN)/understudy config page | cmp -s - docs/settings.md && \
	$(BIN)/python -m tests.making --check; made=$$?; \
	[ $$made = 0 ] || echo 'a flag or a fault has changed: run make pages'; \
	[ $$format$$lint$$types$$made = 0000 ]

.PHONY: pages
pages: $(VENV)/.installed-test ## write anew what is made of specs, flags and faults: pages of docs/, the schemas of the configuration, of rules and of scripts
	@mkdir -p build
	@$(BIN)/understudy config schema > build/schema.json && mv build/schema.json understudy/configuration/schema.json
	@$(BIN)/understudy config page > docs/settings.md
	@for spec in specs/*.yaml; do \
	  slug=$$(basename $$spec .yaml); $(BIN)/understudy specs page $$slug > docs/providers/$$slug.md || exit 1; \
	done
	@$(BIN)/python -m tests.making
	@for name in script rule; do \
	  $(BIN)/understudy faults schema $$name > build/schema.json && mv build/schema.json mockserver/$$name.schema.json || exit 1; \
	done

.PHONY: pictures
pictures: $(VENV)/.installed-test ## make the README's pictures anew: a screenshot and a terminal session
	$(call apt,chromium curl fonts-wqy-microhei)
	@$(BIN)/python -m tests.picturing

.PHONY: bench
bench: $(VENV)/.installed-test ## speed and memory beside a bare ASGI app (ARGS=--quick)
	$(call apt,wrk)
	@exec $(BIN)/python -m tests.benchmarks.bench $(ARGS)

.PHONY: soak
soak: $(VENV)/.installed-test ## 200,000 mixed requests to one server: its memory stays flat (ARGS='--requests 50000')
	@exec $(BIN)/python -m tests.benchmarks.soak $(ARGS)

.PHONY: bench-paced
bench-paced: $(VENV)/.installed-test ## 1,000 paced streams at once: whole, in order, in time? (ARGS='--streams 200')
	@exec $(BIN)/python -m tests.benchmarks.paced $(ARGS)

.PHONY: bench-peers
bench-peers: $(VENV)/.installed-test ## speed beside Prism and aimock, from npm
	$(call apt,wrk)
	@exec $(BIN)/python -m tests.benchmarks.peers $(ARGS)

.PHONY: score
score: $(VENV)/.installed-test ## how much is found of what is wrong: mutants of answers, the zoo of relays (ARGS='--zoo -1 --schemathesis 40')
	@exec $(BIN)/python -m tests.benchmarks.score $(ARGS)

.PHONY: relays
relays: $(VENV)/.installed-test ## real relays in front of the mock, judged (ARGS=litellm)
	$(call apt,$(call package,node,nodejs) $(call package,npm,npm))
	@exec $(BIN)/python -m tests.relays.run $(ARGS)

.PHONY: bench-console
bench-console: $(VENV)/.installed-test ## frames of the console, and what it costs the server, under load (ARGS='--seconds 10')
	$(call apt,chromium)
	@exec $(BIN)/python -m tests.benchmarks.console $(ARGS)

.PHONY: clean
clean: ## remove what the other targets made
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is younger than pyproject.toml when what it stands for is installed. An environment whose
# interpreter is gone (upgraded, moved) is made anew.
ifneq ($(shell test -x $(BIN)/python && echo ready),ready)
.PHONY: $(VENV)/.installed
endif

$(VENV)/.installed: pyproject.toml
	@[ -x $(BIN)/python ] || { \
	  for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	    $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
	      >/dev/null 2>&1 && exec $$python -m venv --clear $(VENV); \
	  done; \
	  echo 'Understudy needs Python 3.11 or newer with its venv module' \
	    '(Debian: apt-get install python3 python3-venv).' >&2; \
	  exit 1; \
	}
	@echo 'Installing Understudy into $(VENV) ...' >&2
	@$(PIP) install --upgrade 'pip>=25.1'
	@PYTHONWARNINGS=ignore $(PIP) install --editable .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	@echo 'Installing what the tests need ...' >&2
	@$(PIP) install --group test
	@touch $@

$(VENV)/.installed-lint: $(VENV)/.installed-test
	@echo 'Installing what the checks need ...' >&2
	@$(PIP) install --group lint
	@touch $@
