"""What an installation says on the screen: a line for each step, a password once, and at the end what to do with it."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from secretaria.cli.completing import Completed
from secretaria.cli.console import say
from secretaria.installing.pasting import webhook_instructions
from secretaria.installing.steps import Outcome, Told
from secretaria.machine.preflight import Finding
from secretaria.settings import Settings, secret_values


def tell_step(told: Told) -> None:
    """Say what became of a step, in one line."""
    say(f"{told.status:<8} {told.name}: {told.found}")


def completed_outcome(completed: Completed) -> Outcome:
    """Say what became of the files, by name; of what differs from the answers, that it stays."""
    kept = f"; ficou o que estava em {', '.join(completed.kept)}" if completed.kept else ""
    if not completed.added:
        return Outcome(f"nada faltava{kept}", before=True)
    return Outcome(f"acrescentado: {', '.join(completed.added)}{kept}")


def tell_warnings(findings: Iterable[Finding]) -> None:
    """Say what was found that lets the installation go on and yet should be looked at."""
    for one in findings:
        if one.status == "aviso":
            say(f"aviso    {one.name}: {one.found}" + (f"; {one.mend}" if one.mend else ""))


def show_password(login: str, password: str) -> None:
    """Show a password that was drawn, once, where a program may catch it."""
    sys.stdout.write(f"senha de {login} (mostrada só agora): {password}\n")
    sys.stdout.flush()


def tell_next(settings: Settings, public_url: str, more: Iterable[str]) -> None:
    """Hand over what Whaticket must be told, and say what remains to be done.

    Args:
        settings: Of the installation.
        public_url: Under which it is reached, without a slash at the end.
        more: What remains besides, Portuguese.
    """
    secrets = settings.secrets
    token, secret = (next(iter(secret_values(one)), "") for one in (secrets.webhook_token, secrets.webhook_secret))
    lines = webhook_instructions(settings.whaticket.flavour, public_url, token, secret)
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
    say(f"painel: {public_url}/painel")
    for line in (*more, "confira a qualquer hora: secretaria status; secretaria doctor --e2e"):
        say(f"agora: {line}")
