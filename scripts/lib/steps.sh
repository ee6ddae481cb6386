# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of scripts/test
# Sourced by scripts/test: runs steps one after the other and keeps the score. `$logs`, `$scratch`, `$verbose` come from there.
#
# A step is a function step_NAME. It runs in a process group of its own, with its output in a log and `set -e`; it may call
#   note TEXT            one remark for the summary
#   not_run TEXT         ends the step as "not run: TEXT"; a failure when DOORWARD_REQUIRE_ALL=1
#   not_possible TEXT    the same, but never a failure: for what no machine setting can provide

# Seconds. The longest step, the tests, takes some ten minutes on two cores.
step_limit=2700
step_names=()
step_results=()
step_seconds=()
step_notes=()
passed=0
failed=0
skipped=0
current=

say() {
  printf '   %s\n' "$*" >&3
}

note() {
  printf '%s' "$*" >"$scratch/note"
}

not_run() {
  note "not run: $*"
  exit 77
}

not_possible() {
  note "not run: $*"
  exit 78
}

# Ends whatever the current step still has running: first politely, then not.
end_current_step() {
  local group=$current tries
  current=
  [ -n "$group" ] && kill -TERM -- "-$group" 2>/dev/null || return 0
  for ((tries = 0; tries < 50; tries++)); do
    kill -0 -- "-$group" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL -- "-$group" 2>/dev/null || true
}

# Ends the step whose process group is $1 when it takes longer than a step may: one that hangs must not hold the rest.
watch_step() {
  local group=$1 log=$2
  sleep "$step_limit" &
  # shellcheck disable=SC2064 # the process of now
  trap "kill $! 2>/dev/null; exit 0" TERM
  wait "$!"
  printf 'error: ended after %s s, the limit of a step\n' "$step_limit" >>"$log"
  kill -TERM -- "-$group" 2>/dev/null || return 0
  sleep 10
  kill -KILL -- "-$group" 2>/dev/null || true
}

run_step() {
  local name=$1 title=$2 log begin code result remark watcher follower=
  log="$logs/$name.log"
  rm -f "$scratch/note"
  printf '== %s: %s\n' "$name" "$title" >&3
  begin=$SECONDS
  : >"$log"
  set -m
  (
    set +m
    set -e
    "step_$name"
  ) </dev/null >"$log" 2>&1 9>&- &
  current=$!
  set +m
  watch_step "$current" "$log" >/dev/null 2>&1 9>&- 3>&- &
  watcher=$!
  if [ "$verbose" = yes ]; then
    tail -n +1 -f --pid="$current" "$log" >&3 &
    follower=$!
  fi
  code=0
  wait "$current" || code=$?
  kill -TERM "$watcher" 2>/dev/null || true
  [ -z "$follower" ] || wait "$follower" || true
  end_current_step
  remark=$(cat "$scratch/note" 2>/dev/null || true)
  case "$code" in
    0) result=passed ;;
    77) if [ "${DOORWARD_REQUIRE_ALL:-}" = 1 ]; then result=failed; else result='not run'; fi ;;
    78) result='not run' ;;
    *)
      result=failed
      if [ "$verbose" != yes ]; then
        tail -n 80 "$log" | sed 's/^/   | /' >&3
      fi
      ;;
  esac
  case "$result" in
    passed) passed=$((passed + 1)) ;;
    failed) failed=$((failed + 1)) ;;
    *) skipped=$((skipped + 1)) ;;
  esac
  step_names+=("$name")
  step_results+=("$result")
  step_seconds+=("$((SECONDS - begin))")
  step_notes+=("$remark")
  say "$result in $((SECONDS - begin)) s${remark:+ ($remark)}$([ "$result" != failed ] || printf ', log: %s' "$log")"
}

# True when that step ran in this call and passed.
step_passed() {
  local index
  for index in "${!step_names[@]}"; do
    if [ "${step_names[index]}" = "$1" ]; then
      [ "${step_results[index]}" = passed ]
      return
    fi
  done
  return 1
}

print_summary() {
  local index
  printf '\n%-18s %-8s %6s  %s\n' step result time note >&3
  for index in "${!step_names[@]}"; do
    printf '%-18s %-8s %4s s  %s\n' "${step_names[index]}" "${step_results[index]}" "${step_seconds[index]}" "${step_notes[index]}" >&3
  done
  printf '\nlogs: %s, %s s in all\n' "$logs" "$SECONDS" >&3
  if [ "$skipped" -gt 0 ]; then
    printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped" >&3
  else
    printf '%s passed, %s failed\n' "$passed" "$failed" >&3
  fi
}
