"""secretaria simulate: a customer's event, signed and posted to a running service."""

from typing import Annotated

import typer


def simulate(
    kind: Annotated[
        str,
        typer.Argument(metavar="TIPO", help="texto, rajada, audio, botao, grupo, fromme, lid, duplicado ou editada."),
    ],
    override: Annotated[
        list[str] | None,
        typer.Option(metavar="CHAVE=VALOR", help="Muda um campo: numero, texto, nome, id ou horario. Repetível."),
    ] = None,
    count: Annotated[int, typer.Option(min=1, max=1000, help="Quantas vezes enviar.")] = 1,
    to: Annotated[str | None, typer.Option(metavar="URL", help="Serviço de destino (padrão: o local).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Uma linha JSON por resposta.")] = False,
) -> None:
    """Envia ao serviço um evento de cliente inventado, assinado com o WEBHOOK_SECRET."""
    from secretaria.cli.console import paper, print_json
    from secretaria.clock import SystemClock
    from secretaria.settings import load_settings, require, secret_values
    from secretaria.simulation.phone import Phone, events

    settings = load_settings()
    overrides = _pairs(override or [])
    events(kind, overrides, SystemClock().now())  # refused here, before anything is needed of the configuration
    require(settings, ("WEBHOOK_SECRET|WEBHOOK_TOKEN",))
    secrets, tokens = secret_values(settings.secrets.webhook_secret), secret_values(settings.secrets.webhook_token)
    url = to or f"http://{settings.server.host}:{settings.server.port}"
    refused = 0
    with Phone(url, secret=secrets[0] if secrets else None, token=None if secrets else tokens[0]) as phone:
        for _ in range(count):
            for event in events(kind, overrides, SystemClock().now()):
                status, answer = phone.post(event)
                refused += status >= 400  # noqa: PLR2004  # HTTP's own border between kept and refused
                if as_json:
                    print_json({"status": status, "answer": answer})
                else:
                    paper().print(f"{status} {answer}", markup=False)
    if refused:
        raise typer.Exit(1)


def _pairs(texts: list[str]) -> dict[str, str]:
    from secretaria.simulation.phone import UnknownEvent

    pairs = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise UnknownEvent(
                f"--override {text!r} não tem a forma chave=valor", "por exemplo: --override numero=5520900000101"
            )
        pairs[key.strip()] = value
    return pairs
