"""secretaria backup: copies of the installation, made, listed, proved and thinned out; on the host, in compose and locally."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from secretaria.copies.finished import Backup
    from secretaria.copies.premises import Premises
    from secretaria.settings import Settings

BY_HAND, DAILY = "pedida", "diária"
PassphraseFile = Annotated[Path | None, typer.Option(help="Arquivo com a frase-senha.")]
IdentityFile = Annotated[Path | None, typer.Option(help="Arquivo com a chave secreta do age, para abrir.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON.")]

app = typer.Typer(
    invoke_without_command=True, help="Cópias de segurança: fazer, listar, conferir restaurando à parte, desbastar."
)


@app.callback()
def backup(
    context: typer.Context,
    to: Annotated[Path | None, typer.Option(help="Pasta da cópia (padrão: [backup] folder).")] = None,
    encrypt_to: Annotated[
        list[str] | None, typer.Option(metavar="age1...", help="Cifra para esta chave pública; pode repetir.")
    ] = None,
    passphrase_file: PassphraseFile = None,
    if_due: Annotated[
        bool, typer.Option("--if-due", help="Só se a cópia do dia faltar; depois confere e desbasta, como configurado.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Faz uma cópia: banco, pasta do negócio e configuração sem os segredos, num arquivo só."""
    if context.invoked_subcommand is not None:
        return
    from secretaria.cli.console import print_json
    from secretaria.cli.copying import open_premises
    from secretaria.cli.processes import ending_as_interrupted
    from secretaria.copies.backup import take_backup
    from secretaria.copies.sealing import Keys
    from secretaria.errors import UsageInvalid
    from secretaria.settings import load_settings

    settings = load_settings()
    if if_due:
        if to or encrypt_to or passphrase_file:
            raise UsageInvalid("--if-due faz a cópia como [backup] manda", "tire as outras opções")
        _daily(settings)
        return
    keys = Keys(tuple(encrypt_to or ()), passphrase_file) if encrypt_to or passphrase_file else None
    with open_premises(settings) as premises, ending_as_interrupted():
        taken = take_backup(premises, reason=BY_HAND, folder=to, keys=keys)
    if as_json:
        print_json({**_told(taken), "migration_head": taken.migration_head, "seconds": round(taken.seconds, 3)})
    else:
        _tell_taken(taken)


@app.command("list")
def list_copies(as_json: AsJson = False) -> None:
    """Lista as cópias, a mais nova primeiro, e diz quais já foram restauradas à parte."""
    from secretaria.cli.console import print_json, say
    from secretaria.copies.finished import copies_folder, list_backups
    from secretaria.settings import load_settings

    folder = copies_folder(load_settings())
    found = list_backups(folder)
    if as_json:
        print_json([_told(copy) for copy in found])
        return
    for copy in found:
        told = _told(copy)
        proved = f"conferida em {told['verified_at']}" if told["verified_at"] else "não conferida"
        typer.echo(f"{copy.path.name}  {_size(copy.bytes):>9}  {proved}")
    if not found:
        say(f"nenhuma cópia em {folder}; faça uma com: secretaria backup")


@app.command()
def verify(
    file: Annotated[Path | None, typer.Argument(metavar="[ARQUIVO]", help="Padrão: a mais nova.")] = None,
    passphrase_file: PassphraseFile = None,
    identity_file: IdentityFile = None,
    as_json: AsJson = False,
) -> None:
    """Prova que uma cópia restaura: num banco à parte, comparado linha por linha e depois apagado."""
    from secretaria.cli.console import print_json
    from secretaria.cli.copying import given_keys, open_premises
    from secretaria.cli.processes import ending_as_interrupted
    from secretaria.copies.verifying import verify_backup
    from secretaria.settings import load_settings

    settings = load_settings()
    with open_premises(settings) as premises, ending_as_interrupted():
        chosen = chosen_copy(premises, file)
        verified = verify_backup(premises, chosen, given_keys(settings, passphrase_file, identity_file))
    manifest = verified.manifest
    if as_json:
        told = {"file": str(chosen), "taken_at": manifest.taken_at.isoformat(), "tables": len(manifest.tables)}
        print_json({**told, "rows": manifest.rows, "seconds": round(verified.seconds, 3)})
    else:
        typer.echo(
            f"{chosen.name} restaura: {len(manifest.tables)} tabelas, {manifest.rows} linhas, iguais às de "
            f"{manifest.taken_at:%d/%m/%Y %H:%M} UTC ({verified.seconds:.1f} s)"
        )


@app.command()
def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Só mostra o que sairia.")] = False,
) -> None:
    """Remove as cópias que [backup] não manda guardar; a mais nova e a última conferida ficam sempre."""
    from secretaria.cli.console import say
    from secretaria.cli.copying import business_zone
    from secretaria.copies.archive import own_folder
    from secretaria.copies.finished import copies_folder, list_backups
    from secretaria.copies.keeping import last_proved, outdated, prune_backups
    from secretaria.settings import load_settings

    settings = load_settings()
    folder, zone = copies_folder(settings), business_zone(settings)
    if dry_run:
        copies = list_backups(folder)
        gone = outdated(copies, settings.backup, zone, last_proved(copies))
    else:
        with own_folder(folder):
            gone = prune_backups(folder, settings.backup, zone)
    for copy in gone:
        typer.echo(copy.path.name)
    say(f"{len(gone)} cópias {'sairiam' if dry_run else 'saíram'}")


def chosen_copy(premises: "Premises", file: Path | None) -> Path:
    """Return the file that was named, here or among the copies, or the newest.

    Raises:
        CopyNotFound: There is none.
    """
    from secretaria.copies.finished import latest_backup

    if file is None:
        return latest_backup(premises.copies).path
    return file if file.exists() or not (premises.copies / file).exists() else premises.copies / file


def _daily(settings: "Settings") -> None:
    """Make the day's copy if it is due, prove one now and then, and remove what need not stay."""
    from datetime import UTC, datetime

    from secretaria.cli.console import say
    from secretaria.cli.copying import business_zone, open_premises
    from secretaria.cli.processes import ending_as_interrupted
    from secretaria.copies.archive import own_folder
    from secretaria.copies.backup import take_backup, verified_at
    from secretaria.copies.finished import copies_folder, list_backups
    from secretaria.copies.keeping import last_proved, prune_backups
    from secretaria.copies.premises import keys_of
    from secretaria.copies.schedule import is_due, proof_is_due
    from secretaria.copies.verifying import verify_backup

    rules, folder, zone, now = settings.backup, copies_folder(settings), business_zone(settings), datetime.now(UTC)
    copies = list_backups(folder)
    if not is_due(copies, rules, zone, now):
        return
    proved, keys = last_proved(copies), keys_of(settings)
    prove = proof_is_due(verified_at(proved.path) if proved else None, rules, now)
    with open_premises(settings) as premises, ending_as_interrupted():
        taken = take_backup(premises, reason=DAILY, now=now, prove=prove and bool(keys.recipients))
        _tell_taken(taken)
        if prove and not keys.recipients:
            verify_backup(premises, taken.path, keys)
        if prove:
            say(f"{taken.path.name} restaura")
    with own_folder(folder):
        gone = prune_backups(folder, rules, zone)
    for copy in gone:
        say(f"{copy.path.name} saiu")


def _told(copy: "Backup") -> dict[str, object]:
    from secretaria.copies.backup import verified_at

    proved = verified_at(copy.path)
    told = {"file": str(copy.path), "bytes": copy.bytes, "taken_at": copy.taken_at.isoformat()}
    return {**told, "verified_at": proved.isoformat() if proved else None}


def _tell_taken(taken: "Backup") -> None:
    typer.echo(f"{taken.path} ({_size(taken.bytes)}, {taken.seconds:.1f} s)")


def _size(count: int) -> str:
    size = float(count)
    for unit in ("B", "KB", "MB"):
        if size < 1000:  # noqa: PLR2004  # the next unit
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
