#!/usr/bin/env bash
# The main job, from files to mailboxes, on the embedded dimail. `make demo` runs it.
# It works in a folder of its own and takes it away again: nothing of yours is touched.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap '(cd "$work" && mailstate sandbox stop >/dev/null 2>&1) || true; rm -rf "$work"' EXIT
cp -R "$here/state" "$here/schema" "$work"
cp "$here/scripts/demo-seed.json" "$work/seed.json"
cd "$work"

bold='' plain='' quiet=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' quiet=$'\e[2m' plain=$'\e[0m'
fi

say() { printf '\n%s# %s%s\n' "$bold" "$*" "$plain"; }
run() {
  printf '%s$ %s%s\n' "$quiet" "$*" "$plain"
  "$@"
}
# Shows the first and last lines of a long text, and says what was left out.
shorten() {
  awk -v head="$1" -v tail="$2" '
    { line[NR] = $0 }
    END {
      if (NR <= head + tail + 1) { for (i = 1; i <= NR; i++) print line[i]; exit }
      for (i = 1; i <= head; i++) print line[i]
      printf "  [...] %d more lines [...]\n", NR - head - tail
      for (i = NR - tail + 1; i <= NR; i++) print line[i]
    }'
}
count() { python -c 'import json, sys; print(json.load(sys.stdin)["summary"][sys.argv[1]])' "$1"; }

say 'The files say what is wanted: domains, owners, mailboxes, aliases.'
run mailstate validate

say 'An embedded dimail stands in for the real one. It has one old domain already, and the'
printf '%s# owners of four of the others have published their DNS records.%s\n' "$bold" "$plain"
run mailstate sandbox start --seed seed.json
run mailstate sandbox publish-dns ville-neuve.example caisse-des-ecoles.example \
  port-blanc.example regie.example

say 'What would have to be done? (Nothing is changed.)'
run mailstate plan --sandbox | shorten 18 8

say 'Do it. Mailboxes wait until their domain is there and enabled, then they are made.'
run mailstate apply --sandbox --yes | shorten 8 30

say 'What is still held, why, and who must act?'
run mailstate status --sandbox saint-aubin.example val-de-brume.example
run mailstate explain --sandbox mailbox/ines.belkacem@saint-aubin.example

say 'The owners of the two domains publish what is missing. The same command goes on.'
held=$(mailstate plan --sandbox --format json | count held)
run mailstate sandbox publish-dns saint-aubin.example val-de-brume.example
run mailstate apply --sandbox --yes --report report.json | shorten 6 3
applied=$(count applied <report.json)
if [ "$held" != "$applied" ]; then
  echo "error: $held were held, and $applied were made" >&2
  exit 1
fi

say "Exactly the $applied that were held. Their holders have got a letter with a way in:"
run mailstate sandbox outbox | shorten 2 2

say 'Nothing is left to do.'
run mailstate plan --sandbox --detailed-exitcode
echo "exit code $?"
