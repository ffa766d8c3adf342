#!/usr/bin/env bash
# Compares this provider with a generic REST provider: time and requests of apply and plan, with the same catalog. It needs
# terraform and a module proxy for Go, so it is not part of check.sh.
# COMPARE_SERVERS, _TOOLKITS, _SKILLS and _POLICIES are the size (300, 50, 100, 20), COMPARE_ROUNDS how often (3), and
# COMPARE_LATENCY_MS delays each request as a network does (0).
set -euo pipefail
cd "$(dirname "$0")"
export GOFLAGS=-buildvcs=false CHECKPOINT_DISABLE=1

# The newest version that a module proxy can serve: later ones have a module path that does not fit their version.
generic=github.com/Mastercard/terraform-provider-restapi
version=v1.20.0

workspace=$(mktemp -d)
trap 'rm -rf "$workspace"' EXIT
node ../scripts/build.mjs --if-changed
go build -o "$workspace/terraform-provider-gatehouse" .
mkdir "$workspace/generic"
printf 'module generic\n\ngo 1.26\n\nrequire %s %s\n' "$generic" "$version" >"$workspace/generic/go.mod"
go -C "$workspace/generic" build -mod=mod -o "$workspace/terraform-provider-restapi" "$generic"

cat >"$workspace/terraform.rc" <<EOF
provider_installation {
  dev_overrides {
    "gatehouse/gatehouse" = "$workspace"
    "mastercard/restapi"  = "$workspace"
  }
}
EOF
TF_CLI_CONFIG_FILE="$workspace/terraform.rc" go test -tags compare -count 1 -timeout 60m -run '^TestCompare$' -v ./internal/provider
