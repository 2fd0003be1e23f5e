#!/usr/bin/env bash
# Makes the virtual environment; on a bare Debian the venv module is a package of its own.
set -euo pipefail
python=$1 venv=$2
if "$venv/bin/python" -m pip --version >/dev/null 2>&1; then exit 0; fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "Python 3.11 or newer is needed; $python is older (PYTHON=... chooses another)" >&2
  exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  bash "$(dirname "$0")/install_system.sh" python3-venv
fi
"$python" -m venv --clear "$venv" # an environment whose making was interrupted is made again
