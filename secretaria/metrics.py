"""Every metric this code counts, declared once; labels come from closed sets and never name a person.

What lives in PostgreSQL or Redis is not counted here: ``web/metrics.py`` reads it when it is scraped.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from uuid import UUID

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector

from secretaria.exemplars import MULTIPROCESS_DIR, SHELF, WithExemplars
from secretaria.timings import Timing
from secretaria.traces import trace_stage

DOOR_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
TASK_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
LLM_SECONDS = (0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 20.0, 40.0)
STAGE_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 300.0)
REPLY_SECONDS = (2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 300.0, 900.0)

WEBHOOK_STATUSES = (
    "accepted",
    "duplicate",
    "ignored",
    "unauthorized",
    "unreadable",
    "too_large",
    "unavailable",
    "error",
)
JOB_NAMES = (
    "inbox.file",
    "inbox.catch_up",
    "turn.answer",
    "turn.hear",
    "episode.summarise",
    "outbox.deliver",
    "outbox.reconcile",
)
LLM_CAUSES = (
    "timeout", "rate_limited", "unauthorized", "unknown_model", "bad_request", "server_error", "unreachable",
    "not_an_answer", "empty", "unreadable_draft", "breaker_open", "budget",
)  # fmt: skip
LLM_PURPOSES = ("reply", "repair", "regeneration", "summary", "transcription", "rehearsal")
TOKEN_KINDS = ("fresh", "cached", "written")
HEARING_OUTCOMES = (
    "heard", "no_file", "refused_address", "refused_answer", "not_audio", "too_long", "silent", "budget", "misconfigured",
    "unavailable", "worker_lost",
)  # fmt: skip
BUDGET_SCOPES = ("conversation", "day", "month")
SEND_OUTCOMES = ("not_sent", "misconfigured", "refused", "unknown")
OWNER_ALERT_OUTCOMES = ("told", "repeated", "limited", *SEND_OUTCOMES)
CONFIRMED_BY = ("readback", "echo", "operator")
COMPONENTS = ("postgresql", "redis", "workers")
STAGES = ("filed", "waited", "picked_up", "context", "llm", "guards", "delivered")
TURN_STATES = ("answered", "handed_off", "silenced", "discarded")
HANDOFF_REASONS = (
    "pedido_explicito", "urgencia", "reclamacao", "ameaca", "negociacao", "dados", "nao_sei", "repeticao", "agenda",
    "sem_resposta", "outro", "model_failed", "budget_used_up", "talks_with_machine", "opted_out", "worker_lost", "fault",
)  # fmt: skip
GUARDS = (
    "bubbles", "length", "sources", "marks", "injection",
    "canary", "prompt", "templates", "tags", "roles", "tool_calls", "keys", "links", "promises", "self", "others",
    "actions", "language", "prices", "times", "days", "percentages", "places", "reachability", "documents",
)  # fmt: skip
VERDICTS = ("passed", "mended", "refused", "noted")
VERDICT_OF = {"passed": "passed", "refused": "refused", "suspected": "noted"}  # whatever else was done to it: mended
OTHER = "outro"

WEBHOOK_RECEIVED = Counter("secretaria_webhook_received_total", "Webhook requests by outcome.", ["status"])
WEBHOOK_LATENCY = Timing("secretaria_webhook_latency_seconds", "Time to answer the webhook.", bounds=DOOR_SECONDS)
TASK_LATENCY = Histogram(
    "secretaria_task_latency_seconds", "Time of a job in a worker.", ["task"], buckets=TASK_SECONDS
)
LLM_LATENCY = Histogram("secretaria_llm_latency_seconds", "Time of a call to the model.", buckets=LLM_SECONDS)
LLM_ERRORS = Counter("secretaria_llm_errors_total", "Turns without a usable draft, by cause.", ["cause"])
LLM_TOKENS = Counter("secretaria_llm_tokens_total", "Tokens the model read and wrote.", ["purpose", "kind"])
LLM_COST = Counter("secretaria_llm_cost_usd_total", "What the model cost, by the price list.", ["purpose"])
LLM_UNPRICED = Counter("secretaria_llm_unpriced_calls_total", "Calls to a model without a price: they cost 0 here.")
TRANSCRIPTIONS = Counter("secretaria_transcriptions_total", "Audio messages by what became of them.", ["outcome"])
BUDGET_REFUSALS = Counter("secretaria_budget_refusals_total", "Calls the budget did not allow, by limit.", ["scope"])
FLOODS = Counter("secretaria_contact_floods_total", "Contacts who wrote too much in an hour, once an hour each.")
WHATICKET_SENT = Counter("secretaria_whaticket_send_success_total", "Bubbles that Whaticket accepted.")
WHATICKET_ERRORS = Counter(
    "secretaria_whaticket_errors_total", "Sends that were not accepted, by meaning.", ["outcome"]
)
WHATICKET_RETRIES = Counter("secretaria_whaticket_send_retry_total", "Sends put back to be tried again.")
SENDS_CONFIRMED = Counter("secretaria_sends_confirmed_total", "Sends in doubt that had arrived, by who knew.", ["by"])
SENDS_HELD = Counter("secretaria_sends_held_total", "Sends that wait for a person's decision.")
SENDS_REPEATED = Counter("secretaria_sends_repeated_total", "Bubbles in doubt that are sent once more.")
UNHEARD_TICKETS = Counter("secretaria_unheard_tickets_total", "Customers whom only Whaticket had heard.")
STAGE_LATENCY = Timing(
    "secretaria_stage_seconds", "Time of one stage of a message's way.", "stage", bounds=STAGE_SECONDS
)
REPLY_LATENCY = Timing(
    "secretaria_reply_seconds", "From a turn's first event to its first bubble at Whaticket.", bounds=REPLY_SECONDS
)
TURNS_CLOSED = Counter("secretaria_turns_total", "Turns that came to their end, by how.", ["state"])
HANDOFFS = Counter("secretaria_handoffs_total", "Turns that went to a person, by why.", ["reason"])
GUARD_VERDICTS = Counter("secretaria_guard_verdicts_total", "What each guard said of a draft.", ["guard", "verdict"])
INTENTIONS = Counter("secretaria_intention_distribution_total", "Answered turns by intention.", ["intention"])
OWNER_ALERTS = Counter(
    "secretaria_owner_alerts_total", "Alerts for the owner's WhatsApp by what became of them.", ["outcome"]
)
HEALTHCHECK_FAILURES = Counter(
    "secretaria_healthcheck_failures_total", "Health checks that found a component down.", ["component"]
)


def show_all(intentions: tuple[str, ...]) -> None:
    """Create every series of the closed label sets, so that a scrape shows an honest zero instead of nothing.

    Args:
        intentions: The names an intention may have.
    """
    for metric, values in (
        (WEBHOOK_RECEIVED, WEBHOOK_STATUSES),
        (TASK_LATENCY, JOB_NAMES),
        (LLM_ERRORS, LLM_CAUSES),
        (LLM_COST, LLM_PURPOSES),
        (TRANSCRIPTIONS, HEARING_OUTCOMES),
        (BUDGET_REFUSALS, BUDGET_SCOPES),
        (WHATICKET_ERRORS, SEND_OUTCOMES),
        (SENDS_CONFIRMED, CONFIRMED_BY),
        (INTENTIONS, intentions),
        (OWNER_ALERTS, OWNER_ALERT_OUTCOMES),
        (HEALTHCHECK_FAILURES, COMPONENTS),
        (TURNS_CLOSED, TURN_STATES),
        (HANDOFFS, HANDOFF_REASONS),
    ):
        for value in values:
            metric.labels(value)
    for stage in STAGES:
        STAGE_LATENCY.show(stage)
    for purpose in LLM_PURPOSES:
        for kind in TOKEN_KINDS:
            LLM_TOKENS.labels(purpose, kind)
    for guard in GUARDS:
        for verdict in VERDICTS:
            GUARD_VERDICTS.labels(guard, verdict)


def observe_stage(stage: str, seconds: float, event: UUID, ended_ago: float = 0.0) -> None:
    """Note how long a stage took; clocks of two machines may disagree, but nothing ends before it begins.

    Args:
        stage: One of ``STAGES``.
        seconds: As measured.
        event: The correlation id.
        ended_ago: Seconds since it ended.
    """
    STAGE_LATENCY.observe(max(seconds, 0.0), event, stage)
    trace_stage(stage, event, seconds, ended_ago)


def count_handoff(reason: str | None) -> None:
    """Count a turn that went to a person; what the model calls the reason is free text and no label."""
    HANDOFFS.labels(reason if reason in HANDOFF_REASONS else OTHER).inc()


def count_verdicts(checks: Mapping[str, str]) -> None:
    """Count what the guards said of one draft.

    Args:
        checks: The verdicts by guard, as a reply keeps them.
    """
    for guard, verdict in checks.items():
        if guard in GUARDS:
            _verdict(guard, VERDICT_OF.get(verdict, "mended")).inc()


@cache  # each draft counts two dozen
def _verdict(guard: str, verdict: str) -> Counter:
    return GUARD_VERDICTS.labels(guard, verdict)


def scrape_registry() -> CollectorRegistry:
    """Return a registry that shows what all processes of this group counted, or this one where it is alone."""
    shared = bool(os.environ.get(MULTIPROCESS_DIR))
    counted = MultiProcessCollector(None) if shared else REGISTRY  # type: ignore[no-untyped-call]  # left untyped there
    registry = CollectorRegistry(auto_describe=False)
    registry.register(WithExemplars(counted, SHELF))
    return registry


def expose(host: str, port: int) -> None:
    """Serve the metrics of this group of processes on a port of their own.

    Raises:
        OSError: The port is taken.
    """
    start_http_server(port, addr=host, registry=scrape_registry())
