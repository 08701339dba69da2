"""secretaria knowledge: what the business published for answers, its versions, and the questions without an answer."""

from pathlib import Path
from typing import Annotated

import typer

from secretaria.cli import knowledge_changes, missing

app = typer.Typer(no_args_is_help=True, help="Base de conhecimento: importar, versões, busca, perguntas sem resposta.")
app.add_typer(missing.app, name="missing")
app.command()(knowledge_changes.edit)
app.command()(knowledge_changes.preview)

Json = Annotated[bool, typer.Option("--json", help="JSON, uma linha por resultado.")]
Version = Annotated[str, typer.Argument(metavar="VERSÃO", help="Número da versão, ou sua impressão de 12 letras.")]
ChosenVersion = Annotated[
    str | None, typer.Option("--version", metavar="VERSÃO", help="Esta versão (padrão: a publicada).")
]
Yes = Annotated[bool, typer.Option("--yes", help="Não pergunta.")]
Note = Annotated[str, typer.Option(metavar="TEXTO", help="Por que esta versão existe.")]


@app.callback()
def group() -> None:
    """Base de conhecimento: importar, versões, busca, perguntas sem resposta."""


@app.command("import")
def import_(
    folder: Annotated[Path, typer.Argument(metavar="PASTA", help="Pasta com negocio.toml e base/*.md.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Só mostra o que mudaria.")] = False,
    draft: Annotated[bool, typer.Option("--draft", help="Guarda como rascunho, sem publicar.")] = False,
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Publica a pasta do negócio como versão nova; um arquivo errado não muda nada e é dito com linha e motivo."""
    from secretaria.cli import knowledge_screen
    from secretaria.cli.console import print_json
    from secretaria.cli.installed import open_installation, operator
    from secretaria.knowledge.business import BusinessInvalid
    from secretaria.knowledge.changing import import_folder

    installation = open_installation()
    try:
        change = import_folder(
            installation.engine,
            folder,
            by=operator(),
            now=installation.clock.now(),
            note=note,
            dry_run=dry_run,
            draft=draft,
        )
    except BusinessInvalid as error:
        if as_json:
            print_json(knowledge_screen.refusal(error))
        raise
    knowledge_screen.show_change(change, as_json=as_json)


@app.command("list")
def list_chunks(version: ChosenVersion = None, as_json: Json = False) -> None:
    """Lista as unidades da base publicada, na ordem dos arquivos."""
    from secretaria.cli import knowledge_screen
    from secretaria.cli.installed import open_installation
    from secretaria.database.transaction import transaction
    from secretaria.knowledge.changing import chosen_version
    from secretaria.knowledge.store import load_business

    with transaction(open_installation().engine) as session:
        business = load_business(session, chosen_version(session, version))
    knowledge_screen.show_chunks(business, as_json=as_json)


@app.command()
def versions(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Quantas, no máximo.")] = 50,
    as_json: Json = False,
) -> None:
    """Lista as versões, a mais nova primeiro; * marca a publicada."""
    from secretaria.cli import knowledge_screen
    from secretaria.cli.console import say
    from secretaria.cli.installed import open_installation
    from secretaria.cli.queue_screen import zone_of
    from secretaria.database.transaction import transaction
    from secretaria.knowledge.store import list_editions

    installation = open_installation()
    with transaction(installation.engine) as session:
        editions = list_editions(session, limit)
    knowledge_screen.show_editions(editions, zone_of(installation), as_json=as_json)
    if not editions:
        say("nada foi publicado ainda; publique uma pasta: secretaria knowledge import PASTA")


@app.command()
def show(version: Version, as_json: Json = False) -> None:
    """Mostra uma versão inteira: quem a fez, a ficha e os arquivos da base."""
    from secretaria.cli import knowledge_screen
    from secretaria.cli.installed import open_installation
    from secretaria.cli.queue_screen import zone_of
    from secretaria.database.transaction import transaction
    from secretaria.knowledge.store import find_version

    installation = open_installation()
    with transaction(installation.engine) as session:
        found = find_version(session, version)
    knowledge_screen.show_version(found, zone_of(installation), as_json=as_json)


@app.command()
def compare(
    before: Annotated[str, typer.Argument(metavar="A", help="A versão de antes.")],
    after: Annotated[str, typer.Argument(metavar="B", help="A versão de depois.")],
    as_json: Json = False,
) -> None:
    """Mostra o que muda da versão A para a versão B."""
    from secretaria.cli import knowledge_screen
    from secretaria.cli.installed import open_installation
    from secretaria.database.transaction import transaction
    from secretaria.knowledge.changing import compare_versions

    with transaction(open_installation().engine) as session:
        difference = compare_versions(session, before, after)
    knowledge_screen.show_difference(difference, as_json=as_json)


@app.command()
def publish(version: Version, yes: Yes = False) -> None:
    """Publica um rascunho feito a partir da versão publicada."""
    from secretaria.cli.confirmation import confirm
    from secretaria.cli.console import say
    from secretaria.cli.installed import open_installation, operator
    from secretaria.knowledge.changing import publish_draft

    installation = open_installation()
    confirm(f"publicar a versão {version}? A próxima resposta já a segue.", yes=yes)
    published = publish_draft(installation.engine, version, by=operator(), now=installation.clock.now())
    say(f"versão {published.id} publicada")


@app.command()
def restore(version: Version, note: Note = "", yes: Yes = False, as_json: Json = False) -> None:
    """Publica de novo o conteúdo de uma versão anterior, como versão nova."""
    from secretaria.cli import knowledge_screen
    from secretaria.cli.confirmation import confirm
    from secretaria.cli.installed import open_installation, operator
    from secretaria.database.transaction import transaction
    from secretaria.knowledge.changing import restore as bring_back
    from secretaria.knowledge.store import find_version

    installation = open_installation()
    with transaction(installation.engine) as session:
        found = find_version(session, version)
    confirm(f"publicar de novo o conteúdo da versão {found.id}? A próxima resposta já o segue.", yes=yes)
    change = bring_back(installation.engine, found.id or 0, by=operator(), now=installation.clock.now(), note=note)
    knowledge_screen.show_change(change, as_json=as_json)


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="PASTA", help="Onde escrever; precisa estar vazia ou não existir.")],
    version: ChosenVersion = None,
) -> None:
    """Escreve uma versão como pasta (negocio.toml e base/*.md), para editar e importar de novo."""
    from secretaria.cli.console import say
    from secretaria.cli.installed import open_installation
    from secretaria.database.transaction import transaction
    from secretaria.knowledge.changing import chosen_version
    from secretaria.knowledge.folder import write_folder
    from secretaria.knowledge.store import find_version, snapshot_of

    with transaction(open_installation().engine) as session:
        found = find_version(session, chosen_version(session, version))
    write_folder(snapshot_of(found), folder)
    say(f"versão {found.id} escrita em {folder}")


@app.command()
def search(
    text: Annotated[list[str], typer.Argument(metavar="TEXTO...", help="O que um cliente escreveria.")],
    limit: Annotated[int, typer.Option(min=1, max=100, help="Quantas unidades, no máximo.")] = 8,
    version: ChosenVersion = None,
    as_json: Json = False,
) -> None:
    """Busca na base como a secretária busca, a unidade mais próxima primeiro."""
    from secretaria.cli import knowledge_screen
    from secretaria.cli.console import say
    from secretaria.cli.installed import open_installation
    from secretaria.database.transaction import transaction
    from secretaria.knowledge.changing import chosen_version
    from secretaria.knowledge.search import search as find

    with transaction(open_installation().engine) as session:
        found = find(session, chosen_version(session, version), [" ".join(text)], limit=limit)
    knowledge_screen.show_found(found, as_json=as_json)
    if not found:
        say("nada na base fala disso")
