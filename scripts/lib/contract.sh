# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables of scripts/test and of scripts/lib/server.sh
# Sourced by scripts/test: the black-box contract suite against the built binary.

# The lecture's own secret, which only the demo accepts: the suite signs tokens of its own with it.
demo_environment=(DOORWARD_SECRET_KEY=myverystrongsecretkey)

# The contract is a folder with run_cases.py, check_store.py and cases/. It needs a Python, no package.
find_contract() {
  if [ ! -f "$contract/run_cases.py" ]; then
    if [ -n "$contract_was_named" ]; then
      printf 'FAIL DOORWARD_CONTRACT_DIR names %s, where no run_cases.py is\n' "$contract"
      return 1
    fi
    not_possible "no contract suite beside this checkout"
  fi
  step_passed release || not_run "the release build failed"
  if [ "${1:-}" = mariadb ]; then
    step_passed mariadb || not_run "no MariaDB"
  fi
  contract_python=$(find_python) || not_run "no Python 3 ($(apt_reason))"
  contract_passed=0
  contract_failed=0
  trap kill_server EXIT
}

# Runs one of the suite's programs against the server and adds up its closing "N passed, M failed". Always succeeds:
# one run shows every failure, and end_contract decides.
contract_run() {
  local what=$1 script=$2 output code=0 counts
  shift 2
  printf -- '-- %s\n' "$what"
  output=$("$contract_python" "$contract/$script" --base-url "$server_url" "$@" 2>&1) || code=$?
  printf '%s\n' "$output"
  counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' <<<"$output" | tail -n 1 || true)
  if [ -z "$counts" ] || { [ "$code" -ne 0 ] && [[ $counts == *", 0 failed" ]]; }; then
    printf 'FAIL %s ended with status %s\n' "$script" "$code"
    counts="0 passed, 1 failed"
  fi
  contract_passed=$((contract_passed + ${counts%% *}))
  counts=${counts#*, }
  contract_failed=$((contract_failed + ${counts%% *}))
}

contract_stop() {
  stop_server || contract_failed=$((contract_failed + 1))
}

end_contract() {
  note "$contract_passed checks passed, $contract_failed failed"
  [ "$contract_failed" -eq 0 ] && [ "$contract_passed" -gt 0 ]
}

# The arguments that put a server on MariaDB's database $1, made new.
on_mariadb() {
  local url
  url=$(scripts/mariadb create "$mariadb_dir" "$1")
  database_arguments=(--db-url "$url")
  store_arguments=(--cli "$(scripts/mariadb cli "$mariadb_dir" "$1")")
}

# The default database, a file in the data directory.
on_sqlite() {
  database_arguments=()
  store_arguments=(--sqlite "$scratch/data/$1/$2")
}

# One server for all programs: three rounds on the same data, with a restart between them.
contract_single() {
  local name=$1 round
  server_environment=("${demo_environment[@]}")
  for round in 1 2 3; do
    start_server "$name" serve --demo --migrate "${database_arguments[@]}"
    contract_run "$name, round $round" run_cases.py --single --level all
    contract_run "$name, round $round, the stored rows" check_store.py "${store_arguments[@]}"
    contract_stop
  done
}

contract_program() {
  local name=$1 program=$2
  server_environment=()
  start_server "$name" lecture "$program" "${database_arguments[@]}"
  contract_run "$name" run_cases.py --program "$program" --level all
  if [ "$program" -eq 11 ]; then
    contract_run "$name, the stored rows" check_store.py "${store_arguments[@]}"
  fi
  contract_stop
}

# Alice as program 8 left her, put into the table of program 11 while the server is down.
contract_plaintext_row() {
  local name=$1 row="INSERT INTO users (username, password, role) VALUES ('alice', 'alice123', 'admin')"
  server_environment=()
  start_server "$name" lecture 11 "${database_arguments[@]}"
  contract_stop
  if [ "${store_arguments[0]}" = --sqlite ]; then
    "$contract_python" - "${store_arguments[1]}" "$row" <<'PYTHON'
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as database:
    database.execute(sys.argv[2])
PYTHON
  else
    # shellcheck disable=SC2086 # a command line, printed to be split
    ${store_arguments[1]} -e "$row"
  fi
  start_server "$name" lecture 11 "${database_arguments[@]}"
  contract_run "$name" run_cases.py --program 11 --level all --tag plaintext-alice
  contract_stop
}
