#!/usr/bin/env bash
# Installs the npm packages of the folders that have any, from their locks, when the lock is newer than what is installed.
set -euo pipefail
for folder in tests/interop tests/journeys bench/peer; do
  [ -f "$folder/package.json" ] || continue
  if [ "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ]; then continue; fi
  (cd "$folder" && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error)
  touch "$folder/node_modules/.package-lock.json"
done
