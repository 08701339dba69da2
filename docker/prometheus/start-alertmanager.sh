#!/bin/sh
# Writes into the configuration whom to tell, and starts Alertmanager with what else it is given:
#   MONITORING_WEBHOOK_URL  an address of your own; empty, nobody hears of alerts through it
#   ALERTS_TOKEN            of our service, which tells the owner on WhatsApp; empty, it is not asked to
#   OWNER_ALERTS_URL        where our service listens (http://api:8000/alerts)
# --print only writes the configuration, for a check.
set -eu
template=${ALERTMANAGER_TEMPLATE:-$(dirname "$0")/alertmanager.yml}
owner_url=${OWNER_ALERTS_URL:-http://api:8000/alerts}

quoted() { # $1 as YAML between single quotes
    printf "'%s'" "$(printf %s "$1" | sed "s/'/''/g")"
}

write() {
    told=yes
    while IFS= read -r line; do
        case $line in
        *"- name: monitoring"*) told=${MONITORING_WEBHOOK_URL:+yes} ;;
        *"- name: owner"*) told=${ALERTS_TOKEN:+yes} ;;
        *) [ -n "$told" ] || continue ;;
        esac
        case $line in
        *'${MONITORING_WEBHOOK_URL}'*) line="${line%%\$*}$(quoted "$MONITORING_WEBHOOK_URL")" ;;
        *'${OWNER_ALERTS_URL}'*) line="${line%%\$*}$(quoted "$owner_url")" ;;
        *'${ALERTS_TOKEN}'*) line="${line%%\$*}$(quoted "${ALERTS_TOKEN%%,*}")" ;;
        esac
        printf '%s\n' "$line"
    done <"$template"
}

if [ "${1:-}" = --print ]; then
    write
    exit
fi
[ -n "${MONITORING_WEBHOOK_URL:-}${ALERTS_TOKEN:-}" ] ||
    echo "MONITORING_WEBHOOK_URL e ALERTS_TOKEN estão vazias: ninguém será avisado dos alertas" >&2
umask 077
file=$(mktemp)
write >"$file"
exec "${ALERTMANAGER:-/bin/alertmanager}" --config.file="$file" "$@"
