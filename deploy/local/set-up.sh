#!/bin/sh
# Sets up what a make target needs on a bare Debian or Ubuntu machine with git, make and Python.
# Usage: set-up.sh run | develop | node | kafka | clean
set -eu
cd "$(dirname "$0")/../.."
bin=.venv/bin

say() { echo "set-up: $*" >&2; }

stop_with() { say "$1"; shift; for line in "$@"; do say "  $line"; done; exit 1; }

# Debian packages, when we may install them; otherwise the caller prints the remedy.
install_debian() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
  say "installing Debian packages: $*"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } >/dev/null
}

find_python() {
  for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    if command -v "$candidate" >/dev/null &&
      "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$candidate"; return
    fi
  done
  stop_with "no Python 3.11 or later was found" \
    "remedy: install one, or name it: make PYTHON=/path/to/python3 ..."
}

create_environment() {
  [ -x $bin/python ] && $bin/python -m pip --version >/dev/null 2>&1 && return
  python=$(find_python)
  say "creating .venv with $($python --version)"
  rm -rf .venv
  $python -m venv .venv >/dev/null 2>&1 && return
  rm -rf .venv
  package=$($python -c 'import sys; print("python3.%d-venv" % sys.version_info[1])')
  install_debian "$package" || install_debian python3-venv || stop_with \
    "this Python has no venv module" "remedy: sudo apt-get install $package"
  $python -m venv .venv
}

install_python() {
  create_environment
  # The lock is complete, so nothing is resolved: pip would look for the newest release of a package
  # asked for with an extra, find it unpinned, and stop on the day that one appears.
  say "installing the locked Python packages of requirements/$1.txt (a minute or so)"
  $bin/python -m pip install -q --disable-pip-version-check --no-input --require-hashes --no-deps -r "requirements/$1.txt"
  $bin/python -m pip install -q --disable-pip-version-check --no-input --require-hashes --no-deps -r requirements/build.txt
  $bin/python -m pip install -q --disable-pip-version-check --no-input --no-deps --no-build-isolation -e .
  mkdir -p .cache
}

# The official AsyncAPI parser is a Node package; the test that runs it fetches it into a cache.
install_node() {
  command -v npm >/dev/null || install_debian nodejs npm || {
    say "the AsyncAPI document will not be checked by the official parser, because Node is missing"
    say "  remedy: sudo apt-get install nodejs npm"
  }
}

# Apache Kafka is Java; Maven gets its jars into a cache outside the checkout. Without them the tests
# that need it say so, and fail where CI is set.
install_kafka() {
  say "getting Apache Kafka ready (a minute or so)"
  $bin/python -m deploy.kafka.local fetch 2>/dev/null && return
  install_debian openjdk-17-jre-headless maven || install_debian openjdk-21-jre-headless maven || true
  $bin/python -m deploy.kafka.local fetch || say "the tests on Apache Kafka will be skipped"
}

# A demo or `sammen up` that was killed may have left its PostgreSQL running in the data folder.
stop_postgres() {
  find .sammen -name postmaster.pid 2>/dev/null | while read -r file; do
    pid=$(head -n 1 "$file")
    kill -INT "$pid" 2>/dev/null && say "stopped the embedded PostgreSQL (process $pid)"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
  done
}

clean() {
  stop_postgres
  rm -rf .venv .sammen .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
  find . -name __pycache__ -type d -prune -exec rm -rf {} +
}

case "${1:-}" in
  run) install_python run; touch $bin/.run ;;
  develop) install_python develop; touch $bin/.run $bin/.develop ;;
  node) install_node; touch $bin/.node ;;
  kafka) install_kafka; touch $bin/.kafka ;;
  clean) clean ;;
  *) stop_with "usage: set-up.sh run | develop | node | kafka | clean" ;;
esac
