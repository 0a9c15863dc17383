#!/usr/bin/env bash
# One step of a workflow: $COMMAND says which. See action.yml.
set -euo pipefail

export PATH="$RUNNER_TEMP/mailstate/bin:$PATH"
mapfile -t more < <(grep -v '^[[:space:]]*$' <<<"${ARGUMENTS:-}" || true)

# The tip of the pull request, as objects of Git: nothing of it is checked out.
fetch_head() {
  (
    # By the environment, since a command line is there for every process to read.
    GIT_CONFIG_VALUE_0="Authorization: basic $(printf 'x-access-token:%s' "$GITHUB_TOKEN" | base64 -w 0)"
    export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="http.$GITHUB_SERVER_URL/.extraheader" GIT_CONFIG_VALUE_0
    git fetch --quiet --no-tags --no-recurse-submodules origin "+refs/pull/$NUMBER/head:refs/mailstate/head"
  )
}

# In the log, nothing that is printed meanwhile is a command to the runner.
quietly() {
  local token code=0
  token=$(python -c 'import secrets; print(secrets.token_hex())')
  echo "::stop-commands::$token"
  "$@" || code=$?
  echo "::$token::"
  return "$code"
}

plan_and_apply() {
  local plan=${PLAN:-}
  if [ -z "$plan" ]; then
    plan=mailstate-apply/plan.json
    mailstate plan --out "$plan" "${more[@]}" || return
  fi
  mailstate apply "$plan" --yes ${WAIT:+--wait "$WAIT"} \
    --journal mailstate-apply/journal.jsonl --report mailstate-apply/report.json "${more[@]}"
}

# How the apply of all shards has ended: as their reports say, or the first that has left none.
end_of_shards() {
  local code=0 file
  mailstate merge mailstate-shards/*/report.json --out mailstate-apply/report.json "${more[@]}" || code=$?
  if [ ! -e mailstate-apply/report.json ]; then
    for file in mailstate-shards/*/; do
      if [ ! -e "$file/report.json" ] && [ -e "$file/exit-code" ]; then
        return "$(cat "$file/exit-code")"
      fi
    done
  fi
  return "$code"
}

case $COMMAND in
  validate)
    mailstate validate --format github "${more[@]}"
    ;;
  plan)
    rm -rf mailstate-plan
    if [ -z "${NUMBER:-}" ]; then
      mkdir mailstate-plan
      quietly mailstate plan --out mailstate-plan/plan.json "${more[@]}"
      exit
    fi
    if [ "${MERGE_HEAD:-false}" = true ]; then
      fetch_head
      more+=(--merge refs/mailstate/head)
    fi
    # Where no pull request can have put anything.
    live=$RUNNER_TEMP/live.json
    if [ -z "${MAILSTATE_PASSWORD:-}${MAILSTATE_PASSWORD_FILE:-}" ]; then
      # If there is none, the plan says so.
      mailstate ci snapshot --out "$live" --branch "${BRANCH:-main}" || true
    fi
    mailstate ci plan --dir mailstate-plan --live "$live" "${more[@]}"
    ;;
  merge)
    rm -rf mailstate-plan
    mkdir mailstate-plan
    if [ -n "${NUMBER:-}" ]; then
      mailstate ci merge --dir mailstate-plan mailstate-shards/*/ "${more[@]}"
    else
      quietly mailstate merge --out mailstate-plan/plan.json mailstate-shards/*/plan.json "${more[@]}"
    fi
    ;;
  comment)
    mailstate ci comment mailstate-plan/comment.md "${more[@]}"
    ;;
  apply)
    mkdir -p mailstate-apply
    rm -f mailstate-apply/plan.json mailstate-apply/report.json
    echo 5 >mailstate-apply/exit-code # interrupted, until it has come to its end
    code=0
    quietly plan_and_apply || code=$?
    echo "$code" >mailstate-apply/exit-code
    exit "$code"
    ;;
  merge-reports)
    rm -rf mailstate-apply
    mkdir mailstate-apply
    cat mailstate-shards/*/journal.jsonl >mailstate-apply/journal.jsonl 2>/dev/null || true
    code=0
    quietly end_of_shards || code=$?
    echo "$code" >mailstate-apply/exit-code
    ;;
  snapshot)
    mkdir -p mailstate-snapshot
    mailstate snapshot --out mailstate-snapshot/live.json "${more[@]}"
    ;;
  issue)
    code=1 # without anything of it, the apply has not even begun
    if [ -e mailstate-apply/exit-code ]; then
      code=$(cat mailstate-apply/exit-code)
    fi
    mailstate ci issue --exit-code "$code" --held-days "$HELD_DAYS" \
      --report mailstate-apply/report.json --journal mailstate-apply/journal.jsonl "${more[@]}"
    ;;
  *)
    echo "there is no command \`$COMMAND\`: validate, plan, merge, comment, apply, merge-reports, snapshot or issue" >&2
    exit 2
    ;;
esac
