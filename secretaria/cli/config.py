"""secretaria config: create, check and show the configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
def check() -> None:
    """Confere a configuração inteira e a pasta do negócio."""
    from secretaria.cli.console import say
    from secretaria.cli.processes import DOOR_SECRETS_REQUIRED, OUTSIDE_REQUIRED
    from secretaria.knowledge.folder import load_business_folder
    from secretaria.settings import load_settings, require, require_strong_secrets

    settings = load_settings()
    require(settings, (*DOOR_SECRETS_REQUIRED, *OUTSIDE_REQUIRED))
    require_strong_secrets(settings)
    business = load_business_folder(settings.business.folder)
    say(
        f"configuração em ordem ({settings.source or 'só padrões e ambiente'}); "
        f"negócio: {business.card.identity.name}, {len(business.chunks)} unidades na base",
    )


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
