#!/bin/sh
# Brings the deployment up once, then becomes the process that is asked for: serve (default), worker, or any idp command.
set -eu

wait_for_stores() {
  # A wrong setting does not become right by waiting: it ends the start at once.
  idp config show >/dev/null
  tries=0
  until idp init >/dev/null 2>/tmp/init.log; do
    tries=$((tries + 1))
    if [ "$tries" -ge "${START_TRIES:-30}" ]; then
      cat /tmp/init.log >&2
      echo "idp init did not succeed after $tries tries" >&2
      exit 1
    fi
    sleep "${START_PAUSE:-2}"
  done
}

command=${1:-serve}
# Without arguments `shift` alone would end dash, whatever follows it.
[ $# -eq 0 ] || shift
case $command in
  serve)
    wait_for_stores
    exec idp serve --host 0.0.0.0 --port 8000 --workers "${WORKERS:-2}" --no-worker "$@"
    ;;
  worker)
    wait_for_stores
    exec idp worker "$@"
    ;;
  *)
    exec idp "$command" "$@"
    ;;
esac
