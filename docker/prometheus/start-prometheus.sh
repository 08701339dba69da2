#!/bin/sh
# Tells Prometheus which public address to watch (PUBLIC_HOST; empty, none), and starts it with what else it is given.
set -eu
if [ -n "${PUBLIC_HOST:-}" ]; then
    printf -- '- targets: ["https://%s/livez"]\n' "$PUBLIC_HOST" >/prometheus/public_url.yml
else
    rm -f /prometheus/public_url.yml
fi
exec /bin/prometheus "$@"
