"""secretaria deploy: publish a version, in nine steps that know their way back."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from secretaria.releases.deploying import Copy
    from secretaria.releases.examining import Known
    from secretaria.releases.host import Host
    from secretaria.settings import Settings


class Part(StrEnum):
    """Which number of the version moves on."""

    PATCH = "patch"
    MINOR = "minor"
    MAJOR = "major"


def deploy(
    part: Annotated[Part, typer.Argument(help="Que número da versão avança.")] = Part.PATCH,
    tag: Annotated[str, typer.Option(metavar="vX.Y.Z", help="Promove esta marca, que já existe, em vez.")] = "",
    environment: Annotated[
        str, typer.Option("--env", metavar="NOME", help="Usa secretaria.NOME.toml e .env.NOME: staging, production.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Só mostra o plano e a volta; não toca em nada.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Não pergunta.")] = False,
    wait_timeout: Annotated[
        int,
        typer.Option(
            min=0, max=1800, metavar="SEGUNDOS", help="Prazo para a nova versão ficar pronta; 0: o configurado."
        ),
    ] = 0,
    lock_wait: Annotated[
        float, typer.Option(min=0, metavar="SEGUNDOS", help="Espera quem já está mexendo, até este prazo.")
    ] = 0.0,
    skip_hooks: Annotated[bool, typer.Option("--skip-hooks", help="Não roda os programas de hooks/.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="O resultado (ou o plano) como um objeto JSON.")] = False,
) -> None:
    """Publica uma versão sem recusar nenhum evento; o que falha depois da troca volta sozinho (saída 5)."""
    from dataclasses import asdict

    from secretaria.cli.confirmation import confirm
    from secretaria.cli.console import print_json
    from secretaria.cli.publishing import end_as_interrupted, find_host
    from secretaria.releases import deploying
    from secretaria.releases.examining import Wish, examine

    host, settings = find_host(environment, ready_seconds=wait_timeout)
    wish = Wish(part.value, tag)
    known = examine(host, wish)
    if dry_run:
        _show_plan(host, known, as_json=as_json)
        return
    before = known.facts.before or "nada"
    where = f" em {environment}" if environment else ""
    confirm(f"Publicar a versão {known.facts.version}{where} (no ar: {before})?", yes=yes)
    end_as_interrupted()
    release = deploying.deploy(host, wish, copy=_copier(settings), hooks=not skip_hooks, wait_seconds=lock_wait)
    if as_json:
        print_json(asdict(release))


def _show_plan(host: "Host", known: "Known", *, as_json: bool) -> None:
    from secretaria.cli.console import paper, print_json
    from secretaria.releases.plan import as_json as told_as_json
    from secretaria.releases.plan import steps_of, told

    steps = steps_of(host, known.facts)
    if as_json:
        print_json(told_as_json(steps, known.facts))
        return
    for line in told(steps, known.facts.version):
        paper().print(line, markup=False, soft_wrap=True)


def _copier(settings: "Settings") -> "Copy":
    """Return what takes a copy of the database and says where it is.

    Raises:
        EngineMissing: The database is reached by URL, and the programs for that are not here.
    """
    from secretaria.cli.copying import client_programs
    from secretaria.copies.backup import take_backup
    from secretaria.copies.premises import address_premises, compose_premises
    from secretaria.settings import owner_url

    if settings.deploy.engine == "swarm":
        url, programs = owner_url(settings), client_programs()
        return lambda reason: str(take_backup(address_premises(settings, url, programs), reason=reason).path)
    return lambda reason: str(take_backup(compose_premises(settings), reason=reason).path)
