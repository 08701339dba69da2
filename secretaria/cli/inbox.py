"""secretaria inbox: how events of Whaticket are read."""

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Eventos recebidos do Whaticket.")


@app.callback()
def group() -> None:
    """Eventos recebidos do Whaticket."""


@app.command()
def explain(
    files: Annotated[list[Path], typer.Argument(help="Arquivos com o corpo de um evento; - lê da entrada padrão.")],
    as_json: Annotated[bool, typer.Option("--json", help="Uma linha JSON por arquivo.")] = False,
) -> None:
    """Diz como um evento seria lido, sem guardar nem enviar nada."""
    from secretaria.cli.console import paper, print_json

    for file in files:
        explained = {"file": str(file), **_explain(file)}
        if as_json:
            print_json(explained)
        else:
            paper().print(_sentence(explained), markup=False, soft_wrap=True)


def _explain(file: Path) -> dict[str, object]:
    from secretaria.errors import NotFound
    from secretaria.whaticket.explain import explain as read

    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise NotFound(f"não consegui ler {file}: {error.strerror}", "confira o caminho do arquivo") from error
    return dict(read(raw))


def _sentence(explained: dict[str, object]) -> str:
    words = {"message": "mensagem", "ignored": "ignorado", "rejected": "recusado"}
    fields = [
        f"{label}: {explained[key]!r}"
        for key, label in (
            ("reason", "motivo"),
            ("number", "número"),
            ("kind", "tipo"),
            ("text", "texto"),
            ("message_id", "id"),
            ("timestamp", "horário"),
        )
        if explained.get(key) not in {None, ""}
    ]
    return f"{explained['file']}: {words[str(explained['outcome'])]}" + (f" ({', '.join(fields)})" if fields else "")
