"""Asks on a terminal what an installation wants to know and nobody has answered yet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from secretaria.cli.console import say
from secretaria.errors import ConfigurationError
from secretaria.installing.answers import ENVIRONMENT, NEEDED, NEEDED_BY_COMPOSE, SECRET, Answers, answered
from secretaria.settings.env_file import read_value

# In this order; what is not here has a default that few want to change, and stands in the file of answers.
QUESTIONS = (
    "public_host",
    "acme_email",
    "whaticket_flavour",
    "whaticket_url",
    "whaticket_token",
    "whaticket_email",
    "whaticket_password",
    "llm_api_key",
    "business_folder",
    "owner_login",
)
ONLY_COMPOSE = frozenset({"public_host", "acme_email"})


def with_what_stands(answers: Answers, env_file: Path) -> Answers:
    """Answer from .env what nobody answered otherwise, so that a repeated installation asks for nothing again."""
    standing: dict[str, Any] = {}
    for name, variable in ENVIRONMENT.items():
        if name not in answers.model_fields_set and isinstance(Answers.model_fields[name].default, str):
            value = read_value(env_file, variable)
            if value:
                standing[name] = value
    return answered({**_given(answers), **standing}, str(env_file))


def ask_for_missing(answers: Answers) -> Answers:
    """Ask a person, one question after the other, for what is not answered; an empty answer takes the default."""
    told = _given(answers)
    for name in QUESTIONS:
        if name in told or (answers.mode == "local" and name in ONLY_COMPOSE):
            continue
        if name == "whaticket_password" and not told.get("whaticket_email"):
            continue
        value = _ask(name, answers.mode)
        if value:
            told[name] = value
    return answered(told, "respostas")


def _ask(name: str, mode: str) -> str:
    """Ask one question until its answer can be used; a secret is not shown while it is typed."""
    import typer

    field = Answers.model_fields[name]
    needed = name in (NEEDED_BY_COMPOSE if mode == "compose" else NEEDED)
    usual = f" [{field.default}]" if field.default else ("" if needed else " [nada]")
    while True:
        text = typer.prompt(
            f"{field.description}{usual}", default="", show_default=False, hide_input=name in SECRET, err=True
        )
        value = str(text).strip()
        if not value and not needed:
            return ""
        try:
            if value:
                answered({name: value}, "resposta")
                return value
            say("esta resposta é obrigatória")
        except ConfigurationError as error:
            say(error.message)


def _given(answers: Answers) -> dict[str, Any]:
    return {name: getattr(answers, name) for name in answers.model_fields_set}
