"""secretaria install: from an empty machine to the first answered customer, in steps that can be interrupted and repeated."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from secretaria.installing.answers import Answers


def install(
    local: Annotated[bool, typer.Option("--local", help="Sem Docker: secretaria up, com os bancos embutidos.")] = False,
    answers_file: Annotated[
        Path | None, typer.Option("--answers", metavar="ARQUIVO", help="Respostas em TOML, no lugar das perguntas.")
    ] = None,
    template: Annotated[
        bool, typer.Option("--answers-template", help="Só imprime um arquivo de respostas para preencher.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Não pergunta nada: o que falta vale o padrão.")] = False,
    systemd: Annotated[
        bool, typer.Option("--systemd", help="Escreve e liga as unidades do systemd (serviço local, cópia diária).")
    ] = False,
    units: Annotated[Path, typer.Option(metavar="PASTA", help="Com --systemd: onde as unidades são escritas.")] = Path(
        "/etc/systemd/system"
    ),
    user: Annotated[
        str, typer.Option(metavar="CONTA", help="Com --local --systemd: a conta que roda o serviço (padrão: a sua).")
    ] = "",
) -> None:
    """Instala tudo, passo a passo; interrompido ou repetido, continua de onde parou."""
    from secretaria.cli.confirmation import confirm
    from secretaria.cli.console import say
    from secretaria.cli.install_compose import install_compose
    from secretaria.cli.install_local import install_local
    from secretaria.installing.answers import answers_template

    if template:
        sys.stdout.write(answers_template())
        return
    config = Path(os.environ.get("SECRETARIA_CONFIG") or "secretaria.toml").absolute()
    _refuse_swarm(config)
    answers = _answers(answers_file, config.parent, local=local, ask=sys.stdin.isatty() and not yes)
    how = "com Docker Compose" if answers.mode == "compose" else "sem Docker, com os bancos embutidos"
    confirm(f"instalar em {config.parent}, {how}?", yes=yes)
    say(f"instalando em {config.parent}; pode ser interrompido e repetido")
    if answers.mode == "compose":
        install_compose(config, answers, units=units if systemd else None)
    else:
        install_local(config, answers, units=units if systemd else None, user=user)


def _refuse_swarm(config: Path) -> None:
    """Refuse where compose would bring up a second installation beside a stack."""
    from secretaria.errors import PreflightRefused
    from secretaria.settings import load_settings

    if config.is_file() and load_settings(config).deploy.engine == "swarm":
        raise PreflightRefused(
            f'{config.name} diz [deploy] engine = "swarm", e install não monta pilhas',
            "no Swarm, a primeira publicação sobe tudo: secretaria deploy (docs/operacao/crescer.md)",
        )


def _answers(file: Path | None, folder: Path, *, local: bool, ask: bool) -> "Answers":
    from secretaria.cli.asking import ask_for_missing, with_what_stands
    from secretaria.cli.console import say
    from secretaria.errors import ConfigurationError
    from secretaria.installing.answers import TEMPLATE_HINT, Answers, read_answers
    from secretaria.settings import ENV_FILE

    answers = Answers()
    if file is not None:
        answers, exposed = read_answers(file)
        if exposed:
            say(f"aviso: {file} tem segredos e outros podem lê-lo; rode: chmod 600 {file}")
    if local:
        answers = answers.model_copy(update={"mode": "local"})
    answers = with_what_stands(answers, folder / ENV_FILE)
    if ask:
        answers = ask_for_missing(answers)
    missing = answers.missing()
    if missing:
        raise ConfigurationError(
            f"falta responder: {', '.join(missing)}", f"responda num arquivo (--answers); {TEMPLATE_HINT}"
        )
    return answers
