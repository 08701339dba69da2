"""secretaria knowledge edit and preview: a draft is written, tried on a message beside what is published, and published."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from secretaria.knowledge.models import BusinessVersion
    from secretaria.knowledge.snapshot import Snapshot

ChosenVersion = Annotated[
    str | None, typer.Option("--version", metavar="VERSÃO", help="A partir desta versão (padrão: a publicada).")
]
Json = Annotated[bool, typer.Option("--json", help="JSON, uma linha por resultado.")]
Level = Annotated[str | None, typer.Option(metavar="NÍVEL", help="Como no negocio.toml; só nesta prévia.")]
CARD = "card"


def edit(
    what: Annotated[
        str,
        typer.Argument(
            metavar="O_QUÊ",
            help="persona, hours, handoff, card (a ficha toda), outra tabela da ficha, ou uma unidade como faq.md#faq-07;"
            " um arquivo como faq.md com --title ganha uma unidade nova.",
        ),
    ],
    file: Annotated[
        Path | None, typer.Option("--file", metavar="ARQUIVO", help="O texto novo; - lê da entrada; sem ele, o editor.")
    ] = None,
    title: Annotated[str | None, typer.Option(metavar="TÍTULO", help="Título da unidade.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Tira a unidade da base.")] = False,
    version: ChosenVersion = None,
    publish: Annotated[bool, typer.Option("--publish", help="Publica em seguida, depois de confirmar.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Não pergunta.")] = False,
    note: Annotated[str, typer.Option(metavar="TEXTO", help="Por que esta versão existe.")] = "",
    as_json: Json = False,
) -> None:
    """Muda uma parte do negócio como rascunho e mostra a diferença; nada é respondido por ele até ser publicado."""
    from secretaria.cli import knowledge_screen
    from secretaria.cli.confirmation import confirm
    from secretaria.cli.console import say
    from secretaria.cli.installed import open_installation, operator
    from secretaria.database.transaction import transaction
    from secretaria.knowledge.changing import base_of, chosen_version, publish_draft, save_draft
    from secretaria.knowledge.store import find_version, snapshot_of

    parts = open_installation()
    with transaction(parts.engine) as session:
        begun = find_version(session, chosen_version(session, version))
        over = base_of(session, begun)
    changed = _removed(begun, what) if remove else _changed(snapshot_of(begun), what, file, title)
    by, now = operator(), parts.clock.now()
    change = save_draft(parts.engine, changed, over=over, by=by, now=now, note=note)
    knowledge_screen.show_change(change, as_json=as_json)
    if publish and change.version_id is not None:
        confirm(f"publicar a versão {change.version_id}? A próxima resposta já a segue.", yes=yes)
        publish_draft(parts.engine, change.version_id, by=by, now=now, over=over)
        say(f"versão {change.version_id} publicada")


def preview(
    text: Annotated[
        list[str] | None, typer.Argument(metavar="[TEXTO]...", help="O que um cliente escreveria; sem ele, só o tom.")
    ] = None,
    version: Annotated[
        str | None, typer.Option("--version", metavar="VERSÃO", help="O rascunho a experimentar (padrão: a publicada).")
    ] = None,
    formality: Level = None,
    empathy: Level = None,
    humour: Level = None,
    emojis: Level = None,
    whole: Annotated[bool, typer.Option("--whole", help="O prompt inteiro, não só o que muda.")] = False,
    as_json: Json = False,
) -> None:
    """Mostra o que o modelo leria de uma mensagem sob um rascunho ou outros níveis, ao lado do que lê hoje."""
    from secretaria.cli import knowledge_screen
    from secretaria.cli.installed import open_installation
    from secretaria.database.transaction import transaction
    from secretaria.knowledge.changing import chosen_version
    from secretaria.replies.trying import try_version

    asked = {"formality": formality, "empathy": empathy, "humour": humour, "emojis": emojis}
    levels = {name: value for name, value in asked.items() if value is not None}
    texts = [" ".join(text)] if text else []
    parts = open_installation()
    now = parts.clock.now()
    with transaction(parts.engine) as session:
        live = try_version(session, chosen_version(session, None), texts, now)
        tried = try_version(session, chosen_version(session, version), texts, now, levels)
    knowledge_screen.show_tried(live, tried, whole=whole, as_json=as_json)


def _changed(snapshot: "Snapshot", what: str, file: Path | None, title: str | None) -> "Snapshot":
    """Ask for the new text of one part, beginning with the old one."""
    from secretaria.cli.editor import written_text
    from secretaria.knowledge.card_editing import PARTS, change_card, change_table, table_text
    from secretaria.knowledge.editing import add_chunk, change_chunk, heading_of, text_of

    if what == CARD:
        return change_card(snapshot, written_text(file, snapshot.card, "negocio.toml"))
    if "#" in what:
        heading, text = heading_of(snapshot, what), text_of(snapshot, what)
        return change_chunk(snapshot, what, title or heading, written_text(file, text, "unidade.md"))
    if what.endswith(".md"):
        return add_chunk(snapshot, what, title or "", written_text(file, "", "unidade.md"))
    table = PARTS.get(what, what)
    return change_table(snapshot, table, written_text(file, table_text(snapshot, table), f"{table}.toml"))


def _removed(begun: "BusinessVersion", what: str) -> "Snapshot":
    from secretaria.knowledge.editing import remove_chunk
    from secretaria.knowledge.store import snapshot_of

    return remove_chunk(snapshot_of(begun), what)
