#!/usr/bin/env bash
# Checks the Terraform provider: build, vet, staticcheck, whether generated files are current, and the tests against the
# built service. It ends with the line "N passed, N failed". Tests that need terraform are skipped where it is not on the PATH.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
export GOFLAGS=-buildvcs=false CHECKPOINT_DISABLE=1

if ! command -v go >/dev/null; then
  if [ "${CI:-}" = true ]; then
    echo "FAILED: go is not on the PATH, and CI=true"
    echo "0 passed, 1 failed"
    exit 1
  fi
  echo "Skipped: go is not on the PATH."
  echo "0 passed, 0 failed"
  exit
fi

passed=0
failed=0
workspace=$(mktemp -d)
trap 'rm -rf "$workspace"' EXIT
check() { # NAME COMMAND...
  local name=$1
  shift
  if "$@" >"$workspace/output" 2>&1; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAILED: %s\n' "$name"
    cat "$workspace/output"
  fi
}

is_formatted() { gofmt -l . | (! grep .); }
lint() { go -C tools build -o "$workspace/staticcheck" honnef.co/go/tools/cmd/staticcheck && "$workspace/staticcheck" -tags compare ./...; }
is_current() {
  ./generate.sh "$workspace/generated" || return
  diff -u internal/api/client.gen.go "$workspace/generated/internal/api/client.gen.go" | head -50 && \
    cmp internal/api/client.gen.go "$workspace/generated/internal/api/client.gen.go" || return
  if command -v terraform >/dev/null; then diff -ru docs "$workspace/generated/docs"; fi
}

check "the service is built" node ../scripts/build.mjs --if-changed
check "build" go build ./...
check "format: gofmt -w" is_formatted
check "vet" go vet -tags compare ./...
check "generated files: generate.sh" is_current

go test -json ./... >"$workspace/tests.json" 2>"$workspace/output"
exit_code=$?
# Lines of tests and subtests; those of packages have no "Test".
tests_with() { grep -c "\"Action\":\"$1\".*\"Test\":" "$workspace/tests.json"; }
passing=$(tests_with pass)
failing=$(tests_with fail)
skipped=$(tests_with skip)
passed=$((passed + passing))
failed=$((failed + failing))
if [ "$exit_code" -ne 0 ]; then
  node -e '
    for (const line of require("node:fs").readFileSync(process.argv[1], "utf8").split("\n")) {
      const event = line.startsWith("{") ? JSON.parse(line) : {};
      if (event.Output) process.stdout.write(event.Output);
    }' "$workspace/tests.json"
  cat "$workspace/output"
fi
if [ "$exit_code" -ne 0 ] && [ "$failing" -eq 0 ]; then failed=$((failed + 1)); fi
if [ "$skipped" -gt 0 ]; then
  echo "$skipped tests were skipped:"
  grep -o 'skipped: [^\\"]*' "$workspace/tests.json" | sort | uniq -c
fi

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
