#!/usr/bin/env bash
# Writes the locks: every package with its hashes, no index address. Needs uv: `pip install uv`.
set -euo pipefail
uv=$1/uv
[ -x "$uv" ] || uv=$(command -v uv)
compile() {
  "$uv" pip compile pyproject.toml --extra postgresql --extra ldap --extra vn "$@" --universal --python-version 3.11 \
    --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet
}
compile --group dev --output-file requirements/dev.txt
compile --group build --constraint requirements/dev.txt --output-file requirements/runtime.txt
