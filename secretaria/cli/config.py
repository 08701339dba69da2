"""secretaria config: create, check and show the configuration."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import secretaria
from secretaria.cli.failures import PREFLIGHT

if TYPE_CHECKING:
    from secretaria.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Configuração: criar, conferir e mostrar.")


@app.callback()
def group() -> None:
    """Configuração: criar, conferir e mostrar."""


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Onde criar os arquivos.")] = Path(),
) -> None:
    """Cria secretaria.toml, .env (com segredos novos) e a pasta do negócio, sem sobrescrever nada."""
    from secretaria.cli.console import say
    from secretaria.cli.starting import create_files

    for path, created in create_files(folder):
        say(f"{'criado' if created else 'já existia'}: {path}")
    say("Falta preencher em .env: WHATICKET_URL, WHATICKET_TOKEN e LLM_API_KEY. Depois: secretaria config check")


@app.command()
def check(
    as_json: Annotated[
        bool, typer.Option("--json", help="Um objeto JSON: o que falta para esta versão iniciar.")
    ] = False,
) -> None:
    """Confere a configuração inteira e a pasta do negócio: se esta versão iniciaria com elas."""
    from secretaria.cli.console import print_json, say
    from secretaria.errors import SecretariaError

    problems: list[SecretariaError] = []
    told = ""
    for examination in _examinations():
        try:
            told = examination() or told
        except SecretariaError as error:
            if not as_json:
                raise
            problems.append(error)
    if as_json:
        listed = [{"what": problem.message, "mend": problem.hint} for problem in problems]
        print_json({"version": secretaria.__version__, "complete": not problems, "problems": listed})
        if problems:
            raise typer.Exit(PREFLIGHT)
    else:
        say(told)


def _examinations() -> Iterator[Callable[[], str | None]]:
    """Yield what is looked at; nothing more once the settings cannot even be read."""
    from secretaria.cli.processes import DOOR_SECRETS_REQUIRED, ENGINES_REQUIRED, OUTSIDE_REQUIRED
    from secretaria.knowledge.folder import load_business_folder
    from secretaria.settings import load_settings, require, require_strong_secrets

    loaded: list[Settings] = []
    yield lambda: loaded.append(load_settings())
    if not loaded:
        return
    (settings,) = loaded
    # Elsewhere nobody writes their addresses: the command that starts brings them, or the compose file puts them together.
    engines = ENGINES_REQUIRED if settings.deploy.engine == "swarm" else ()
    yield lambda: require(settings, (*engines, *DOOR_SECRETS_REQUIRED, *OUTSIDE_REQUIRED))
    yield lambda: require_strong_secrets(settings)

    def business() -> str:
        found = load_business_folder(settings.business.folder)
        return (
            f"configuração em ordem ({settings.source or 'só padrões e ambiente'}); "
            f"negócio: {found.card.identity.name}, {len(found.chunks)} unidades na base{_said_of_role(settings)}"
        )

    yield business


def _said_of_role(settings: "Settings") -> str:
    """Say where one address of the database is all there is: then service and workers can change the schema too."""
    from secretaria.settings import owner_url

    secrets = settings.secrets
    if secrets.database_url.get_secret_value() and owner_url(settings) == secrets.database_url.get_secret_value():
        return "; serviço e workers podem mudar o esquema do banco (docs/operacao/instalar.md, O papel no banco)"
    return ""


@app.command()
def show(as_json: Annotated[bool, typer.Option("--json", help="Como JSON.")] = False) -> None:
    """Mostra o que vale agora; segredos aparecem como ***."""
    from rich.table import Table

    from secretaria.cli.console import paper, print_json
    from secretaria.settings import SECTIONS, describe, load_settings

    shown = describe(load_settings())
    if as_json:
        print_json(shown)
        return
    table = Table("chave", "valor", "para quê", box=None)
    table.add_row("SECRETARIA_HOME", shown["home"], "Pasta dos dados locais.")
    for name, section in SECTIONS.items():
        for key, field in section.model_fields.items():
            table.add_row(f"{name}.{key}", str(shown[name][key]), field.description or "")
    for name, value in shown["environment"].items():
        table.add_row(name, value, "")
    paper().print(table)
