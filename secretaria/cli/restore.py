"""secretaria restore: a copy in the place of the database, after a question that says what is lost."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from secretaria.cli.backup import AsJson, IdentityFile, PassphraseFile

if TYPE_CHECKING:
    from secretaria.copies.manifest import Manifest
    from secretaria.copies.premises import Premises
    from secretaria.copies.restoring import Loss, Restored

NAMES = {
    "erased": "pessoas apagadas de novo", "opted_out": "pedidos de PARAR mantidos", "accounts": "contas do painel mantidas como estão hoje",
    "pauses": "pausas mantidas", "attended": "conversas que continuam com uma pessoa", "events": "eventos estacionados para uma pessoa decidir",
    "turns": "conversas sem resposta entregues a uma pessoa", "sends": "envios antigos que não saem mais", "reminders": "lembretes tidos como enviados",
    "unread": "listas do banco de antes, de um esquema mais velho, que não se leram (veja docs/operacao/copias.md)",
}  # fmt: skip


def restore(
    file: Annotated[Path, typer.Argument(metavar="ARQUIVO", help="A cópia: um caminho, ou um nome de backup list.")],
    passphrase_file: PassphraseFile = None,
    identity_file: IdentityFile = None,
    yes: Annotated[bool, typer.Option("--yes", help="Não pergunta.")] = False,
    as_json: AsJson = False,
) -> None:
    """Volta o banco a uma cópia; o que entrou depois dela se perde, e uma cópia do estado de agora é feita antes."""
    from secretaria.cli.backup import chosen_copy
    from secretaria.cli.confirmation import confirm
    from secretaria.cli.console import print_json
    from secretaria.cli.copying import given_keys, open_premises
    from secretaria.cli.installed import operator_name
    from secretaria.cli.processes import ending_as_interrupted
    from secretaria.copies.restoring import (
        refuse_in_use,
        refuse_newer,
        restore_backup,
        wake_engines,
        what_would_be_lost,
    )
    from secretaria.copies.verifying import opened_copy
    from secretaria.releases.lock import LOCK_FILE, held
    from secretaria.settings import load_settings

    settings = load_settings()
    alone = held(settings.home / LOCK_FILE, operator_name(), "restauração")  # no version is published meanwhile
    with alone, open_premises(settings, alone=True) as premises, ending_as_interrupted():
        wake_engines(premises)
        chosen = chosen_copy(premises, file)
        with opened_copy(premises, chosen, given_keys(settings, passphrase_file, identity_file)) as (
            manifest,
            contents,
        ):
            refuse_newer(manifest)
            refuse_in_use(premises)
            confirm(_question(manifest, what_would_be_lost(premises.postgres, manifest.taken_at)), yes=yes)
            done = restore_backup(premises, manifest, contents, settle=_settle(premises, chosen.name))
    if as_json:
        print_json(_told(manifest, done))
    else:
        _tell(manifest, done)


def _question(manifest: "Manifest", loss: "Loss | None") -> str:
    at = manifest.taken_at.astimezone()
    since = f"{at:%d/%m/%Y %H:%M}"
    if loss is None:
        return f"O banco está vazio; restaurar a cópia de {since}?"
    return (
        f"O banco volta a {since}. Tudo o que entrou desde então se perde: {loss.messages} mensagens de "
        f"{loss.conversations} conversas, {loss.bookings} mudanças na agenda. O atendimento para até terminar. Restaurar?"
    )


def _settle(premises: "Premises", copy: str) -> Callable[[str, str], Mapping[str, Any]]:
    """Say who brings the restored database into the present: a container of the installation, or this process."""
    from secretaria.cli.restored import settle_here
    from secretaria.machine.commands import OWNER

    compose, runner = premises.compose, premises.runner
    if compose is None:
        return lambda new, before: settle_here(new, before, copy=copy)

    def settle(new: str, before: str) -> Mapping[str, Any]:
        from secretaria.cli.installed import OPERATOR_VARIABLE, operator_name

        named = ("--database", new, "--before", before, "--copy", copy)
        who = ("--env", f"{OPERATOR_VARIABLE}={operator_name()}")
        ran = runner.run(compose.command("run", "--rm", "--no-deps", "-T", *who, OWNER, "restored", *named))
        settled: Mapping[str, Any] = json.loads(ran.output.splitlines()[-1])
        return settled

    return settle


def _told(manifest: "Manifest", done: "Restored") -> dict[str, object]:
    return {
        "taken_at": manifest.taken_at.isoformat(),
        "safety": None if done.safety is None else str(done.safety.path),
        "seconds": round(done.seconds, 3),
        "settled": dict(done.settled),
        "business_folder": done.business,
    }


def _tell(manifest: "Manifest", done: "Restored") -> None:
    from secretaria.cli.console import say

    typer.echo(f"o banco voltou a {manifest.taken_at.astimezone():%d/%m/%Y %H:%M} ({done.seconds:.1f} s fora do ar)")
    for name, count in done.settled.items():
        if count:
            typer.echo(f"  {NAMES.get(name, name)}: {count}")
    if done.business:
        typer.echo("  a pasta do negócio faltava e voltou")
    if done.safety is not None:
        say(f"o que havia antes está em {done.safety.path}")
    say("confira agora: secretaria doctor; em Operação há o que uma pessoa precisa decidir")
