"""secretaria demo: everything real but the outside world, on one screen, without a server, a key or a phone."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from secretaria.cli.demo_screen import Screen
    from secretaria.cli.demo_stage import Stage

CONVERSATIONS = ("cs-008", "cs-002", "cs-007")
SPEED = 12.0
PATIENCE_SECONDS = 30.0
VISITOR = "5520900000999"


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Só as conversas; sai com 0 se toda mensagem foi respondida.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Uma linha JSON por mensagem.")] = False,
    picture: Annotated[Path | None, typer.Option(help="Grava a tela em um SVG.")] = None,
) -> None:
    """Mostra a secretária atendendo, sem servidor, chave nem telefone."""
    begun = time.monotonic()
    from secretaria.cli.demo_screen import Screen
    from secretaria.cli.demo_stage import Stage

    screen = Screen(begun, as_json=as_json, record=picture is not None)
    with Stage(_real_model()) as stage:
        screen.open(stage.answers_by)
        answered = _play(stage, screen)
        if picture is not None:
            screen.save(picture)
        if not once and sys.stdin.isatty():
            _converse(stage, screen)
        screen.close()
    if not answered:
        raise typer.Exit(1)


def _real_model() -> dict[str, str]:
    """Return what reaches the owner's model, if one is configured; a broken configuration must not stop a demo."""
    from secretaria.errors import ConfigurationError
    from secretaria.settings import load_settings, secret_values

    try:
        settings = load_settings()
    except ConfigurationError:
        return {}
    keys = secret_values(settings.secrets.llm_api_key)
    if not keys:
        return {}
    return {
        "LLM_API_KEY": keys[0],
        "LLM_BASE_URL": settings.secrets.llm_base_url,
        "SECRETARIA__LLM__MODEL": settings.llm.model,
        "SECRETARIA__LLM__FALLBACK_MODEL": settings.llm.fallback_model,
    }


def _play(stage: "Stage", screen: "Screen") -> bool:
    """Type the sample conversations and say whether every message was answered."""
    from secretaria.simulation.play import Pace, play_all
    from secretaria.simulation.rhythm import load_conversations

    chosen = [one for one in load_conversations(stage.business) if one.id in CONVERSATIONS]
    pace = Pace(speed=SPEED, longest_pause=stage.quiet_seconds * 0.6, patience=PATIENCE_SECONDS)
    played = play_all(chosen, stage.phone, stage.ledger, pace, screen.show)
    screen.sum_up(played)
    return bool(played) and all(turn.answered for turn in played)


def _converse(stage: "Stage", screen: "Screen") -> None:
    """Let the person at the keyboard be a customer until they leave."""
    import uuid

    from secretaria.clock import SystemClock
    from secretaria.simulation.phone import text_event

    screen.invite()
    unsubscribe = stage.ledger.subscribe(lambda sent: screen.hear(sent.body) if sent.number == VISITOR else None)
    try:
        while True:
            text = screen.ask()
            if text.strip():
                message_id = f"3EB0{uuid.uuid4().hex[:16].upper()}"
                stage.phone.post(text_event(VISITOR, text, message_id, SystemClock().now(), "Visitante"))
    except (EOFError, KeyboardInterrupt):
        screen.say("encerrando…")
    finally:
        unsubscribe()
