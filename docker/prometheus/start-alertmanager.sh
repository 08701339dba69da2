#!/bin/sh
# Writes MONITORING_WEBHOOK_URL into the configuration and starts Alertmanager with what else it is given.
# --print only writes the configuration, for a check.
set -eu
template=${ALERTMANAGER_TEMPLATE:-$(dirname "$0")/alertmanager.yml}

write() {
    told=${MONITORING_WEBHOOK_URL:+yes}
    while IFS= read -r line; do
        case $line in
        *"webhook_configs:"* | *"send_resolved:"*) [ -n "$told" ] && printf '%s\n' "$line" ;;
        *'${MONITORING_WEBHOOK_URL}'*)
            [ -n "$told" ] && printf "%s'%s'\n" "${line%%\$*}" "$(printf %s "$MONITORING_WEBHOOK_URL" | sed "s/'/%27/g")" ;;
        *) printf '%s\n' "$line" ;;
        esac || true
    done <"$template"
}

if [ "${1:-}" = --print ]; then
    write
    exit
fi
[ -n "${MONITORING_WEBHOOK_URL:-}" ] || echo "MONITORING_WEBHOOK_URL está vazia: ninguém será avisado dos alertas" >&2
umask 077
file=$(mktemp)
write >"$file"
exec "${ALERTMANAGER:-/bin/alertmanager}" --config.file="$file" "$@"
