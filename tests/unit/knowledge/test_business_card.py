"""negocio.toml is read with all its keys, and what is wrong in it is said in Portuguese, all at once."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import secretaria
from secretaria.errors import ConfigurationError
from secretaria.knowledge.business import BusinessInvalid, parse_card, parse_stored_card
from secretaria.knowledge.tables import Interval

SAMPLE = (Path(secretaria.__file__).parent / "simulation/clinica-sorriso/negocio.toml").read_text(encoding="utf-8")
SMALL = """
[negocio]
id = "barbearia-do-ze"
nome = "Barbearia do Zé"
fuso = "America/Manaus"
[secretaria]
nome = "Lia"
apresentacao = "Sou a Lia, assistente virtual da Barbearia do Zé."
[horarios]
loja = { seg_sex = "09:00-18:00" }
atendimento_humano = { seg_sex = "09:00-12:00" }
"""


def problems_of(text: str) -> str:
    """Return the message with which a text is refused."""
    with pytest.raises(BusinessInvalid) as refused:
        parse_card(text, "negocio.toml")
    assert refused.value.hint
    return refused.value.message


def test_sample_is_read_whole() -> None:
    """Every table of the sample arrives under its English name."""
    card = parse_card(SAMPLE, "negocio.toml")
    assert (card.identity.id, card.identity.name) == ("clinica-sorriso", "Clínica Sorriso")
    assert card.identity.timezone == ZoneInfo("America/Sao_Paulo")
    assert (card.persona.name, card.persona.max_chars, card.persona.max_messages) == ("Sol", 320, 2)
    assert list(card.hours.units) == ["centro", "palmeiras"]
    assert card.hours.units["palmeiras"].saturday == Interval(time(9), time(13))
    assert card.hours.human.sunday is None
    assert date(2026, 11, 20) in card.hours.closed_dates
    assert (len(card.handoff.always), len(card.handoff.never_answer)) == (6, 4)
    assert card.agenda is not None
    assert card.agenda.minutes["limpeza"] == 50


def test_another_business_needs_little() -> None:
    """One unit of any name, no holidays, no hand-off lists and no agenda are enough."""
    card = parse_card(SMALL, "negocio.toml")
    assert list(card.hours.units) == ["loja"]
    assert card.hours.units["loja"].saturday is None
    assert card.hours.closed_dates == ()
    assert card.handoff.always == ()
    assert card.agenda is None


def test_card_is_frozen() -> None:
    """Nobody changes the card after it was checked."""
    card = parse_card(SMALL, "negocio.toml")
    with pytest.raises(ValueError, match="frozen"):
        card.identity.name = "Outra"  # type: ignore[misc] # what mypy forbids must fail at run time too


def test_toml_dates_are_taken_too() -> None:
    """A holiday may be written with or without quotes."""
    card = parse_card(f"{SMALL}feriados_fechado = [2026-12-25]\n", "negocio.toml")
    assert card.hours.closed_dates == (date(2026, 12, 25),)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("fuso =", "fuzo =", "chave desconhecida 'negocio.fuzo' (você quis dizer 'negocio.fuso'?)"),
        ("fuso =", "fuzo =", "falta a chave 'negocio.fuso'"),
        ("America/Manaus", "America/Marte", "'negocio.fuso': 'America/Marte' (fuso desconhecido"),
        ('"Lia"', '" "', "'secretaria.nome': ' ' (não pode ser vazio)"),
        ("barbearia-do-ze", "Barbearia do Zé", "'negocio.id': 'Barbearia do Zé' (use letras minúsculas"),
        ("09:00-18:00", "9h às 18h", "'horarios.loja.seg_sex': '9h às 18h' (use \"HH:MM-HH:MM\""),
        ("09:00-18:00", "18:00-09:00", "'horarios.loja.seg_sex': '18:00-09:00' (o fim precisa ser depois"),
        ("09:00-18:00", "09:00-25:00", "'horarios.loja.seg_sex': '09:00-25:00' (use"),
        ('{ seg_sex = "09:00-18:00" }', "3", "'horarios.loja': 3 (precisa ser uma tabela)"),
        ("loja = { seg_sex", "loja = { seg_sez", "'horarios.loja.seg_sez' (você quis dizer 'horarios.loja.seg_sex'?)"),
        ('loja = { seg_sex = "09:00-18:00" }', "", "em 'horarios' (falta o horário de pelo menos uma unidade)"),
        ("[horarios]", '[horarios]\nferiados_fechado = ["25/12"]', "'25/12' (precisa ser uma data, AAAA-MM-DD)"),
        (
            "[horarios]",
            '[transferencia]\nsempre = "tudo"\n[horarios]',
            "'tudo' (precisa ser uma lista, entre colchetes)",
        ),
        ("[secretaria]", '[secretaria]\nemojis = "sim"', "'sim' (aceita 'nunca', 'raros' ou 'livres')"),
        ("[secretaria]", "[secretaria]\nmax_mensagens_por_resposta = 0", "(o mínimo é 1)"),
        ("[secretaria]", "[extra]\n[secretaria]", "chave desconhecida 'extra'"),
    ],
)
def test_wrong_card_names_key_and_reason(before: str, after: str, said: str) -> None:
    """A wrong key or value is refused with the file, the path of the key and the reason in Portuguese."""
    message = problems_of(SMALL.replace(before, after, 1))
    assert message.startswith("negocio.toml: ")
    assert said in message


def test_all_problems_come_in_one_message() -> None:
    """The owner mends everything in one go."""
    wrong = SMALL.replace("America/Manaus", "Lua").replace('"Lia"', "3").replace("09:00-18:00", "sempre")
    message = problems_of(wrong)
    assert all(path in message for path in ("negocio.fuso", "secretaria.nome", "horarios.loja.seg_sex"))


def test_broken_toml_is_a_configuration_error() -> None:
    """A text that is not TOML is refused like any other wrong setting."""
    assert "não é um TOML válido" in problems_of("nome = = 1")
    assert issubclass(BusinessInvalid, ConfigurationError)


NEWER = """
[secretaria.voz]
timbre = "grave"
[transferencia]
plantao = ["dona"]
[[consultas]]
nome = "frete"
descricao = "prazo do frete"
url = "https://loja.example/frete"
cache_min = 5
[nova]
x = 1
"""


def test_what_a_newer_program_wrote_is_read_without_its_own_keys() -> None:
    """Stored, unknown keys and tables are left out and named; everything else counts; handed in, they are refused."""
    card, ignored = parse_stored_card(SMALL + NEWER, "versão 7")
    assert sorted(ignored) == ["consultas.0.cache_min", "nova", "secretaria.voz", "transferencia.plantao"]
    assert (card.persona.name, card.lookups[0].name) == ("Lia", "frete")
    with pytest.raises(BusinessInvalid, match="chave desconhecida"):
        parse_card(SMALL + NEWER, "negocio.toml")
    assert parse_stored_card(SMALL, "versão 1") == (parse_card(SMALL, "negocio.toml"), ())


@pytest.mark.parametrize(
    "spoilt", ["[negocio]\nnome =", SMALL.replace("Lia", "") + NEWER, SMALL.replace("fuso", "fuzo")]
)
def test_a_stored_card_must_still_be_one(spoilt: str) -> None:
    """Where something else is wrong it is told with its line, stored or not."""
    with pytest.raises(BusinessInvalid, match="linha"):
        parse_stored_card(spoilt, "versão 7")
