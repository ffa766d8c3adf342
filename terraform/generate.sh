#!/usr/bin/env bash
# Writes what is generated: the client from ../openapi.yaml, and docs/ from the schemas of the provider and examples/.
# Usage: generate.sh [DIRECTORY], where DIRECTORY is this one by default. check.sh compares another one with it.
set -euo pipefail
cd "$(dirname "$0")"
target=$(realpath "${1:-.}")
workspace=$(mktemp -d)
trap 'rm -rf "$workspace"' EXIT

go -C tools build -o "$workspace/tools/" github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen \
  github.com/hashicorp/terraform-plugin-docs/cmd/tfplugindocs

mkdir -p "$target/internal/api"
"$workspace/tools/oapi-codegen" -config oapi-codegen.yaml -o "$target/internal/api/client.gen.go" ../openapi.yaml

if ! command -v terraform >/dev/null; then
  echo "docs/ is not generated: terraform is not on the PATH."
  exit
fi
go build -o "$workspace/provider/terraform-provider-gatehouse" .
cat >"$workspace/terraform.rc" <<EOF
provider_installation {
  dev_overrides { "gatehouse/gatehouse" = "$workspace/provider" }
}
EOF
cat >"$workspace/main.tf" <<'EOF'
terraform {
  required_providers {
    gatehouse = { source = "gatehouse/gatehouse" }
  }
}
EOF
TF_CLI_CONFIG_FILE="$workspace/terraform.rc" CHECKPOINT_DISABLE=1 terraform -chdir="$workspace" providers schema -json >"$workspace/schema.json"
sed -i 's#registry.terraform.io/gatehouse/gatehouse#gatehouse#' "$workspace/schema.json"
mkdir -p "$workspace/source/examples"
cp -R examples templates "$workspace/source/"
"$workspace/tools/tfplugindocs" generate --provider-dir "$workspace/source" --provider-name gatehouse \
  --rendered-provider-name Gatehouse --providers-schema "$workspace/schema.json" >"$workspace/tfplugindocs.log" 2>&1 ||
  { cat "$workspace/tfplugindocs.log"; exit 1; }
rm -rf "$target/docs"
cp -R "$workspace/source/docs" "$target/docs"
