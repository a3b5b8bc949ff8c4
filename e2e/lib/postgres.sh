#!/bin/sh
# Gives a caller one empty PostgreSQL database: prints its address on a line of
# its own, keeps it for as long as standard input stays open, and takes it away.
# With FOYER_TEST_POSTGRES a fresh database of that server, otherwise a server of
# its own on the loopback port $1, without fsync and as user postgres when root.
set -eu
if ! command -v psql >/dev/null || ! command -v initdb >/dev/null; then
  for dir in /usr/lib/postgresql/*/bin; do PATH="$dir:$PATH"; done
  export PATH
fi
trap '' INT TERM HUP # the end of standard input is what ends this

if [ -n "${FOYER_TEST_POSTGRES:-}" ]; then
  name="foyer_e2e_$$_$(date +%s)"
  psql -qX -v ON_ERROR_STOP=1 -d "$FOYER_TEST_POSTGRES" -c "CREATE DATABASE $name" >/dev/null
  trap 'psql -qX -d "$FOYER_TEST_POSTGRES" -c "DROP DATABASE IF EXISTS $name WITH (FORCE)" >/dev/null' EXIT
  echo "$FOYER_TEST_POSTGRES" | sed -E "s#^([a-z]+://[^/?]*)(/[^?]*)?#\1/$name#"
  cat >/dev/null
  exit 0
fi

port=$1
home=$(mktemp -d)
as=
if [ "$(id -u)" = 0 ]; then
  chown postgres "$home"
  as='setpriv --reuid=postgres --regid=postgres --init-groups'
fi
cd "$home"
server=
stop() {
  if [ -n "$server" ]; then
    kill -QUIT "$server" 2>/dev/null || true
    wait "$server" || true
  fi
  rm -rf "$home"
}
trap stop EXIT
$as initdb -D "$home/data" -U foyer -A trust -E UTF8 --locale=C --no-sync >"$home/log" 2>&1 || { cat "$home/log" >&2; exit 1; }
$as postgres -D "$home/data" -p "$port" -k "$home" -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=100 >>"$home/log" 2>&1 </dev/null &
server=$!
until pg_isready -q -h 127.0.0.1 -p "$port" -U foyer; do
  kill -0 "$server" 2>/dev/null || { cat "$home/log" >&2; exit 1; }
  sleep 0.05
done
createdb -h 127.0.0.1 -p "$port" -U foyer e2e
echo "postgres://foyer@127.0.0.1:$port/e2e?sslmode=disable"
cat >/dev/null
