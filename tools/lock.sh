#!/usr/bin/env bash
# Writes requirements/dev.txt: every package with its hashes, no index address. Needs uv in the environment: `pip install uv`.
set -euo pipefail
uv=$1/uv
[ -x "$uv" ] || uv=$(command -v uv)
"$uv" pip compile pyproject.toml --extra postgresql --extra ldap --extra vn --group dev --universal --python-version 3.11 \
  --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet --output-file requirements/dev.txt
