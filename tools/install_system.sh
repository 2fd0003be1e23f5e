#!/usr/bin/env bash
# Installs the Debian packages named as arguments, those only that are absent, and starts none of their services.
set -euo pipefail
command_of() { # package -> a file that shows that it is there
  case $1 in
    postgresql) compgen -G '/usr/lib/postgresql/*/bin/initdb' | head -n 1 ;;
    redis-server) echo /usr/bin/redis-server ;;
    chromium) echo /usr/bin/chromium ;;
    nginx) echo /usr/sbin/nginx ;;
    slapd) echo /usr/sbin/slapd ;;
    ldap-utils) echo /usr/bin/ldapsearch ;;
    nodejs) command -v node || echo /usr/bin/node ;;
    npm) command -v npm || echo /usr/bin/npm ;;
    fonts-noto-core) echo /usr/share/fonts/truetype/noto/NotoSans-Regular.ttf ;;
    python3-venv) echo /usr/lib/python3/dist-packages/absent-always ;;
    *) echo "/usr/bin/$1" ;;
  esac
}
missing=()
for package in "$@"; do
  present=$(command_of "$package" || true)
  [ -n "$present" ] && [ -e "$present" ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
if ! command -v apt-get >/dev/null; then
  echo "not installed, because this is not Debian: ${missing[*]}; tests that need them are skipped" >&2
  exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then exec sudo bash "$0" "$@"; fi
  echo "not installed, because this is not root: ${missing[*]}; tests that need them are skipped" >&2
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
echo "installing ${missing[*]}" >&2
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
