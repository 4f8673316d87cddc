#!/bin/sh
# Runs Prometheus against the stack that `facegrid up` started, until Ctrl-C. The dashboard for Grafana is
# serving_configs/monitoring/dashboard.json (Dashboards, New, Import).
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
state=${FACEGRID_STATE_DIR:-${XDG_STATE_HOME:-$HOME/.local/state}/facegrid}
out=${MONITORING_DIR:-$here/out/monitoring}
address=${MONITORING_ADDRESS:-127.0.0.1:9090}

command -v prometheus >/dev/null || {
    echo "Prometheus is not installed. On Debian: apt-get install prometheus" >&2
    exit 1
}
mkdir -p "$out"
cp "$here/serving_configs/monitoring/rules.yml" "$out/"
sed "s|/metrics-targets|$state/metrics|g" "$here/serving_configs/monitoring/prometheus.yml" > "$out/prometheus.yml"
echo "Prometheus: http://$address, scraping what is announced in $state/metrics"
exec prometheus --config.file="$out/prometheus.yml" --storage.tsdb.path="$out/data" --web.listen-address="$address" \
    --log.level=warn
