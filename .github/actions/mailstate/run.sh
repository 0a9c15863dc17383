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

case $COMMAND in
  validate)
    mailstate validate --format github "${more[@]}"
    ;;
  plan)
    rm -rf mailstate-plan
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
  comment)
    mailstate ci comment mailstate-plan/comment.md "${more[@]}"
    ;;
  apply)
    mkdir -p mailstate-apply
    rm -f mailstate-apply/plan.json mailstate-apply/report.json
    echo 5 >mailstate-apply/exit-code # interrupted, until it has come to its end
    # In the log, nothing that is printed is a command to the runner.
    token=$(python -c 'import secrets; print(secrets.token_hex())')
    echo "::stop-commands::$token"
    code=0
    mailstate plan --out mailstate-apply/plan.json "${more[@]}" || code=$?
    if [ "$code" -eq 0 ]; then
      mailstate apply mailstate-apply/plan.json --yes ${WAIT:+--wait "$WAIT"} \
        --journal mailstate-apply/journal.jsonl --report mailstate-apply/report.json \
        "${more[@]}" || code=$?
    fi
    echo "::$token::"
    echo "$code" >mailstate-apply/exit-code
    exit "$code"
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
    echo "there is no command \`$COMMAND\`: validate, plan, comment, apply, snapshot or issue" >&2
    exit 2
    ;;
esac
