# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables shared with scripts/test
# Sourced by scripts/test: starts and stops the built binary. `$binary`, `$logs`, `$scratch` come from there.
# A step that calls start_server must call stop_server too; `trap kill_server EXIT` covers the step that fails between.

server_pid=
server_url=
server_log=
server_starts=0
# KEY=value pairs for the next start; the server sees nothing else of our environment.
server_environment=()

# start_server NAME ARGUMENT…: on a free port, with its data in $scratch/data/NAME (kept from an earlier start).
# Sets server_url.
start_server() {
  local name=$1 tries
  shift
  server_starts=$((server_starts + 1))
  server_log="$logs/server-$name-$server_starts.log"
  mkdir -p "$scratch/data/$name" "$scratch/home"
  : >"$server_log"
  env -i PATH="$PATH" HOME="$scratch/home" RUST_BACKTRACE=1 "${server_environment[@]}" \
    "$binary" "$@" --listen 127.0.0.1:0 --data-dir "$scratch/data/$name" </dev/null >>"$server_log" 2>&1 3>&- &
  server_pid=$!
  server_url=
  for ((tries = 0; tries < 300; tries++)); do
    server_url=$(grep -oEm1 'listening +http://127\.0\.0\.1:[0-9]+' "$server_log" | grep -oE 'http://.*') && return 0
    kill -0 "$server_pid" 2>/dev/null || break
    sleep 0.1
  done
  printf 'FAIL doorward %s did not say where it listens; its output:\n' "$*"
  tail -n 40 "$server_log"
  kill_server
  return 1
}

# SIGTERM must drain and end with status 0 within 20 seconds, and nothing may have panicked while it ran.
stop_server() {
  local code=0 tries pid=$server_pid
  server_pid=
  kill -TERM "$pid" 2>/dev/null || true
  for ((tries = 0; tries < 200; tries++)); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  if kill -KILL "$pid" 2>/dev/null; then
    printf 'FAIL the server did not stop within 20 seconds of SIGTERM (%s)\n' "$server_log"
    return 1
  fi
  wait "$pid" || code=$?
  if [ "$code" -ne 0 ]; then
    printf 'FAIL the server ended with status %s after SIGTERM (%s)\n' "$code" "$server_log"
    tail -n 20 "$server_log"
    return 1
  fi
  if grep -q 'panicked at' "$server_log"; then
    printf 'FAIL the server panicked (%s)\n' "$server_log"
    grep -m3 -A2 'panicked at' "$server_log"
    return 1
  fi
}

kill_server() {
  [ -n "$server_pid" ] || return 0
  kill -KILL "$server_pid" 2>/dev/null || true
  wait "$server_pid" 2>/dev/null || true
  server_pid=
}
