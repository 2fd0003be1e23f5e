#!/usr/bin/env bash
# Writes the locks: every package with its hashes, for every platform and Python from 3.11, no index address.
#   requirements/lock.txt  what a deployment installs    requirements/demo.txt  the demonstration    requirements/dev.txt  everything
# Needs uv in the environment (`pip install uv`). Versions already locked are kept; UPGRADE=1 takes the newest.
set -euo pipefail
uv=$1/uv
[ -x "$uv" ] || uv=$(command -v uv)
compile() { # file, then what goes into it
  local file=requirements/$1
  shift
  "$uv" pip compile pyproject.toml "$@" --universal --python-version 3.11 ${UPGRADE:+--upgrade} \
    --generate-hashes --no-annotate --no-header --quiet --output-file "$file" # an address is written only where uv is told to
}
deployment=(--extra postgresql --extra ldap --extra vn)
compile dev.txt "${deployment[@]}" --extra demo --group dev
[ -e requirements/lock.txt ] || cp requirements/dev.txt requirements/lock.txt # so that all agree on every version
[ -e requirements/demo.txt ] || cp requirements/dev.txt requirements/demo.txt
compile lock.txt "${deployment[@]}" --group build
compile demo.txt "${deployment[@]}" --extra demo --group build
