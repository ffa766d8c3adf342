#!/usr/bin/env bash
# Runs the acceptance tests with a newer Terraform, which has `terraform query`, and with OpenTofu. Both are built from their Go
# modules at the first run, which takes some minutes, and kept in ~/.cache/gatehouse-test. So this is not part of check.sh.
# Usage: other-versions.sh [terraform|opentofu]...
set -euo pipefail
cd "$(dirname "$0")"
export GOFLAGS=-buildvcs=false CHECKPOINT_DISABLE=1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/gatehouse-test/terraform
terraform=1.14.3
opentofu=1.12.6
workspace=$(mktemp -d)
trap 'rm -rf "$workspace"' EXIT
mkdir -p "$cache" "$workspace/terraform" "$workspace/opentofu"

build() { # DIRECTORY PACKAGE BINARY
  if [ ! -x "$3" ]; then nice -n 19 go -C "$1" build -mod=mod -ldflags "-s -w" -o "$3" "$2"; fi
}

# The backends for remote states are modules that no proxy has. The tests use local states.
build_terraform() {
  local module=github.com/hashicorp/terraform directory=$workspace/terraform
  printf 'module tests\n\ngo 1.25\n\nrequire %s v%s\n' "$module" "$terraform" >"$directory/go.mod"
  for backend in azure consul cos gcs kubernetes oci oss pg s3; do
    stub=$directory/$backend
    mkdir "$stub"
    printf 'module %s/internal/backend/remote-state/%s\n\ngo 1.25\n' "$module" "$backend" >"$stub/go.mod"
    printf 'package %s\n\nimport "%s/internal/backend"\n\nfunc New() backend.Backend { panic("not part of this build") }\n' \
      "$backend" "$module" >"$stub/stub.go"
    printf 'replace %s/internal/backend/remote-state/%s => ./%s\n' "$module" "$backend" "$backend" >>"$directory/go.mod"
  done
  mkdir "$directory/legacy"
  printf 'module %s/internal/legacy\n\ngo 1.25\n' "$module" >"$directory/legacy/go.mod"
  printf 'replace %s/internal/legacy => ./legacy\n' "$module" >>"$directory/go.mod"
  build "$directory" "$module" "$cache/terraform-$terraform"
}

build_opentofu() {
  local module=github.com/opentofu/opentofu directory=$workspace/opentofu
  printf 'module tests\n\ngo 1.25\n\nrequire %s v%s\n' "$module" "$opentofu" >"$directory/go.mod"
  # Only the main module of a build can replace others, so its own replacements are repeated here.
  go mod download -json "$module@v$opentofu" | sed -n 's/.*"GoMod": "\(.*\)".*/\1/p' | xargs grep '^replace ' >>"$directory/go.mod"
  build "$directory" "$module/cmd/tofu" "$cache/tofu-$opentofu"
}

node ../scripts/build.mjs --if-changed
if [ $# -eq 0 ]; then set -- terraform opentofu; fi
for product; do
  case $product in
    terraform)
      build_terraform
      program=$cache/terraform-$terraform variables=()
      ;;
    opentofu)
      build_opentofu
      # OpenTofu looks up providers under its own host.
      program=$cache/tofu-$opentofu variables=(TF_ACC_PROVIDER_HOST=registry.opentofu.org TF_ACC_PROVIDER_NAMESPACE=hashicorp)
      ;;
    *) echo "$product is neither terraform nor opentofu." >&2 && exit 2 ;;
  esac
  "$program" version
  env "${variables[@]}" GATEHOUSE_TEST_TERRAFORM="$program" go test -count 1 -timeout 30m -v ./internal/provider |
    grep -E '^ *--- |skipped:|_test.go:|^(ok|FAIL|panic)'
done
