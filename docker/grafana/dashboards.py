"""The three dashboards, written down once: run it to write their JSON again (a test fails while the files say something else)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import secretaria

FOLDER = Path(__file__).parent / "dashboards"
DATASOURCE = {"type": "prometheus", "uid": "secretaria"}
WIDTH, HEIGHT, COLUMNS = 8, 7, 3


@dataclass(frozen=True)
class Panel:
    """One picture.

    Attributes:
        title: In Portuguese, as the owner reads it.
        queries: Pairs of expression and legend.
        unit: Grafana's name of it.
        kind: ``timeseries`` or ``stat``.
        told: What one sees there.
    """

    title: str
    queries: Sequence[tuple[str, str]]
    unit: str = "short"
    kind: str = "timeseries"
    told: str = ""


def quantile(share: float, metric: str, by: str = "") -> str:
    """Return the expression of a quantile of one of our histograms."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({metric}_bucket[5m])))"


def per_minute(metric: str, by: str = "") -> str:
    """Return the expression of how often a counter grows in a minute."""
    grouped = f"sum by ({by})" if by else "sum"
    return f"60 * {grouped} (rate({metric}[5m]))"


ATTENDING = (
    Panel(
        "Espera do cliente até a primeira mensagem",
        [(quantile(0.5, "secretaria_reply_seconds"), "metade"), (quantile(0.95, "secretaria_reply_seconds"), "95 %")],
        "s",
        told="Do evento que abriu a rodada até o primeiro balão aceito pelo Whaticket.",
    ),
    Panel("Tempo por estágio (95 %)", [(quantile(0.95, "secretaria_stage_seconds", "stage"), "{{stage}}")], "s"),
    Panel(
        "Latência do webhook",
        [
            (quantile(0.95, "secretaria_webhook_latency_seconds"), "95 %"),
            (
                "sum(rate(secretaria_webhook_latency_seconds_sum[5m]))"  # noqa: ISC004  # one expression
                " / sum(rate(secretaria_webhook_latency_seconds_count[5m]))",
                "média",
            ),
        ],
        "s",
    ),
    Panel("Itens nas filas", [("max by (queue) (secretaria_queue_size)", "{{queue}}")]),
    Panel("Idade do mais antigo", [("max by (queue) (secretaria_queue_oldest_seconds)", "{{queue}}")], "s"),
    Panel(
        "Rodadas vencidas",
        [("max(secretaria_turns_due)", "rodadas"), ("max(secretaria_turn_lateness_seconds)", "atraso da pior (s)")],
    ),
    Panel("Eventos por minuto", [(per_minute("secretaria_webhook_received_total", "status"), "{{status}}")]),
    Panel("Rodadas por minuto", [(per_minute("secretaria_turns_total", "state"), "{{state}}")]),
    Panel(
        "Envios ao Whaticket por minuto",
        [
            (per_minute("secretaria_whaticket_send_success_total"), "aceitos"),
            (per_minute("secretaria_whaticket_send_retry_total"), "repetidos"),
            (per_minute("secretaria_whaticket_errors_total", "outcome"), "{{outcome}}"),
        ],
    ),
    Panel(
        "Precisam de uma pessoa",
        [
            (
                'max by (queue, state) (secretaria_rows_standing{state=~"parked|unconfirmed|held|dead"})',
                "{{queue}} {{state}}",
            )
        ],
    ),
    Panel("Tempo das tarefas (95 %)", [(quantile(0.95, "secretaria_task_latency_seconds", "task"), "{{task}}")], "s"),
    Panel("Disjuntores (2 = aberto)", [("max by (name) (secretaria_breaker_state)", "{{name}}")]),
)
QUALITY = (
    Panel("Sentimento médio (-1 a 1)", [("max(secretaria_sentiment_average_gauge)", "últimas 200 rodadas")]),
    Panel("Satisfação", [("max by (source) (secretaria_satisfaction_ratio_gauge)", "{{source}}")], "percentunit"),
    Panel("Rodadas sem leitura", [("max(secretaria_unlabelled_ratio_gauge)", "sem rótulo")], "percentunit"),
    Panel(
        "Intenções por hora",
        [("sum by (intention) (increase(secretaria_intention_distribution_total[1h]))", "{{intention}}")],
    ),
    Panel("Transferências por hora", [("sum by (reason) (increase(secretaria_handoffs_total[1h]))", "{{reason}}")]),
    Panel(
        "O que os guardas barraram por hora",
        [('sum by (guard) (increase(secretaria_guard_verdicts_total{verdict="refused"}[1h]))', "{{guard}}")],
    ),
    Panel(
        "Tempo do modelo",
        [
            (quantile(0.5, "secretaria_llm_latency_seconds"), "metade"),
            (quantile(0.95, "secretaria_llm_latency_seconds"), "95 %"),
        ],
        "s",
    ),
    Panel("Falhas do modelo por hora", [("sum by (cause) (increase(secretaria_llm_errors_total[1h]))", "{{cause}}")]),
    Panel("Tokens por hora", [("sum by (kind) (increase(secretaria_llm_tokens_total[1h]))", "{{kind}}")]),
    Panel(
        "Custo por hora",
        [("sum by (purpose) (increase(secretaria_llm_cost_usd_total[1h]))", "{{purpose}}")],
        "currencyUSD",
    ),
    Panel("Orçamento gasto", [("max by (scope) (secretaria_budget_used_ratio)", "{{scope}}")], "percentunit"),
    Panel(
        "Recusas do orçamento e áudios por hora",
        [
            ("sum by (scope) (increase(secretaria_budget_refusals_total[1h]))", "recusa {{scope}}"),
            ("sum by (outcome) (increase(secretaria_transcriptions_total[1h]))", "áudio {{outcome}}"),
        ],
    ),
)
MACHINES = (
    Panel("Componentes", [("min by (component) (secretaria_component_up)", "{{component}}")], kind="stat"),
    Panel("Latência do exame", [("max by (component) (secretaria_component_latency_seconds)", "{{component}}")], "s"),
    Panel(
        "Workers",
        [
            ("max(secretaria_workers_alive)", "vivos"),
            ("max(secretaria_worker_heartbeat_age_seconds)", "sinal mais velho (s)"),
        ],
    ),
    # cAdvisor's names; ours is no machine that has it, so they were compared with the scrape that its own tests record.
    Panel(
        "Processador por contêiner",
        [('sum by (name) (rate(container_cpu_usage_seconds_total{name!=""}[5m]))', "{{name}}")],
        "percentunit",
    ),
    Panel(
        "Memória por contêiner", [('sum by (name) (container_memory_working_set_bytes{name!=""})', "{{name}}")], "bytes"
    ),
    Panel("Alvos lidos pelo Prometheus", [("up", "{{job}} {{instance}}")], kind="stat"),
    Panel("Redis: memória", [("redis_memory_used_bytes", "{{instance}}")], "bytes"),
    Panel(
        "Redis: conexões e comandos/s",
        [("redis_connected_clients", "conexões"), ("rate(redis_commands_processed_total[5m])", "comandos/s")],
    ),
    Panel("PostgreSQL: conexões", [("sum by (state) (pg_stat_activity_count)", "{{state}}")]),
    Panel(
        "PostgreSQL: transações/s",
        [
            ("sum(rate(pg_stat_database_xact_commit[5m]))", "confirmadas"),
            ("sum(rate(pg_stat_database_xact_rollback[5m]))", "desfeitas"),
        ],
    ),
    Panel("PostgreSQL: tamanho", [('pg_database_size_bytes{datname!~"template.*"}', "{{datname}}")], "bytes"),
    Panel(
        "Disco de espera, sessões do painel, última limpeza e última cópia (horas)",
        [
            ("max(secretaria_inbox_spool_bytes)", "bytes no disco"),
            ("max(secretaria_panel_sessions)", "sessões"),
            ("(time() - max(secretaria_retention_last_run_timestamp_seconds)) / 3600", "limpeza há"),
            ("(time() - max(secretaria_backup_last_timestamp_seconds)) / 3600", "cópia há"),
        ],
    ),
)
DASHBOARDS: dict[str, tuple[str, Sequence[Panel]]] = {
    "atendimento": ("Atendimento em Tempo Real", ATTENDING),
    "qualidade": ("Qualidade de IA", QUALITY),
    "infraestrutura": ("Infraestrutura", MACHINES),
}


def dashboard(uid: str) -> dict[str, Any]:
    """Return one dashboard as Grafana's provisioning reads it."""
    title, panels = DASHBOARDS[uid]
    return {
        "uid": f"secretaria-{uid}",
        "title": title,
        "tags": ["secretaria", f"v{secretaria.__version__}"],  # a release moves it on with the program
        "timezone": "browser",
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s" if uid == "atendimento" else "1m",
        "time": {"from": "now-3h" if uid == "atendimento" else "now-24h", "to": "now"},
        "templating": {"list": []},
        "annotations": {"list": []},
        "links": [],
        "panels": [_panel(number, panel) for number, panel in enumerate(panels)],
    }


def written(uid: str) -> str:
    """Return the file of a dashboard."""
    return json.dumps(dashboard(uid), ensure_ascii=False, indent=2) + "\n"


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    row, column = divmod(number, COLUMNS)
    return {
        "id": number + 1,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.told,
        "datasource": DATASOURCE,
        "gridPos": {"x": column * WIDTH, "y": row * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "noValue": "sem dados"}, "overrides": []},
        "options": _options(panel.kind),
        "targets": [
            {"refId": chr(ord("A") + place), "datasource": DATASOURCE, "expr": expression, "legendFormat": legend}
            for place, (expression, legend) in enumerate(panel.queries)
        ],
    }


def _options(kind: str) -> dict[str, Any]:
    if kind == "stat":
        reduced = {"calcs": ["lastNotNull"], "fields": "", "values": False}
        return {"reduceOptions": reduced, "colorMode": "value", "graphMode": "none", "textMode": "value_and_name"}
    return {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}


def main() -> None:
    """Write the files."""
    FOLDER.mkdir(exist_ok=True)
    for uid in DASHBOARDS:
        (FOLDER / f"{uid}.json").write_text(written(uid), encoding="utf-8")


if __name__ == "__main__":
    main()
