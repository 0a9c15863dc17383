#!/usr/bin/env bash
# Have mailstate in $RUNNER_TEMP/mailstate, with exactly what requirements-run.lock says.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
venv=$RUNNER_TEMP/mailstate
if [ -e "$venv/.ready" ]; then
  exit 0
fi
# They are for the step that follows.
unset GITHUB_TOKEN MAILSTATE_PASSWORD MAILSTATE_SMTP_URL
python -m venv "$venv"
pip() { "$venv/bin/python" -m pip --disable-pip-version-check --no-input --quiet "$@"; }
pip install --no-deps --require-hashes -r "$root/requirements-run.lock"
pip install --no-deps --no-build-isolation "$root"
touch "$venv/.ready"
