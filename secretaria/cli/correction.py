"""secretaria conversations correct: puts right what is held about a person, and switches automatic answers off or on."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from secretaria.bootstrap import Installation

NUMBER = typer.Argument(metavar="NÚMERO", help="Número da pessoa, com DDD.")


def correct(
    number: Annotated[str, NUMBER],
    name: Annotated[str | None, typer.Option(metavar="NOME", help="Como a pessoa se chama; vazio esquece.")] = None,
    fact: Annotated[
        list[str] | None,
        typer.Option(metavar="CHAVE=VALOR", help="O que é lembrado, como periodo_preferido=tarde; sem valor esquece."),
    ] = None,
    automatic: Annotated[
        bool | None,
        typer.Option("--automatic/--no-automatic", help="Se a secretária pode responder a esta pessoa."),
    ] = None,
) -> None:
    """Corrige o que está guardado sobre uma pessoa, ou atende à sua oposição (LGPD, art. 18, III); sem opções, mostra."""
    from secretaria.cli.console import say
    from secretaria.cli.installed import open_installation, operator
    from secretaria.rights.correction import (
        correct_fact,
        correct_name,
        facts_of,
        object_to_automatic,
        withdraw_objection,
    )

    installation = open_installation()
    engine, now, who = installation.engine, installation.clock.now(), operator()
    for key, value in _pairs(fact or []):
        correct_fact(engine, number, key, value, units=_units(installation), actor=who, now=now)
        say(f"{key}: {'lembrado como ' + value if value else 'esquecido'}")
    if name is not None:
        correct_name(engine, number, name, actor=who, now=now)
        say("nome corrigido" if name else "nome esquecido")
    if automatic is not None:
        (withdraw_objection if automatic else object_to_automatic)(engine, number, actor=who, now=now)
        say("a secretária responde" if automatic else "só pessoas respondem; o que esperava envio foi descartado")
    if name is None and automatic is None and not fact:
        for known in facts_of(engine, number, now):
            typer.echo(f"{known.key}: {known.value} ({known.observer}, {known.observed_at:%Y-%m-%d})")


def _pairs(written: list[str]) -> list[tuple[str, str]]:
    from secretaria.errors import UsageInvalid

    if any("=" not in pair for pair in written):
        raise UsageInvalid("falta o sinal de igual em --fact", "escreva como --fact periodo_preferido=tarde")
    return [(key.strip(), value.strip()) for key, _, value in (pair.partition("=") for pair in written)]


def _units(installation: "Installation") -> list[str]:
    return list(installation.library.look().card.hours.units)
