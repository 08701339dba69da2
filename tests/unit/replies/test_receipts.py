"""Receipts: what a reply may state, what it may reckon, and how many altered replies are caught."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secretaria.replies.evidence import Evidence
from secretaria.replies.receipts import missing_receipts
from tests.altered_replies import altered_replies, good_replies

SEED = 20260810
EVIDENCE = Evidence(
    now=datetime(2026, 8, 10, 12, 14, tzinfo=UTC),  # a Monday
    timezone=ZoneInfo("America/Sao_Paulo"),
    chunks={
        "s.md#limpeza": "Limpeza\nLimpeza: R$ 180. Dura cerca de 50 minutos. Com flúor, mais R$ 90.",
        "s.md#avaliacao": "Avaliação\nAvaliação inicial: R$ 120. Se fechar em até 30 dias, é abatida.",
        "s.md#clareamento": "Clareamento\n| Tipo | Valor |\n| --- | --- |\n| Caseiro | R$ 690 |\n| De consultório | R$ 1.100 |",
        "p.md#pix": "Pix\nPix: 5% de desconto à vista. Crédito em até 10 vezes, parcela mínima de R$ 80.",
        "o.md#centro": "Centro\nRua das Acácias, 412, Centro. Segunda a sexta das 8h às 19h, sábado das 8h às 12h.",
        "o.md#lago": "Lago\nAvenida dos Ipês, 1890, Lago. Segunda a sexta das 9h às 20h, sábado das 9h às 13h.",
    },
    card=("Telefone e WhatsApp: +55 20 90000-1000", "E-mail: contato@clinicasorriso.example"),
    contact_number="5520900000101",
)


def _missing(text: str, sources: tuple[str, ...] = (), **changes: object) -> list[str]:
    evidence = replace(EVIDENCE, **changes)  # type: ignore[arg-type]
    return [finding.kind for finding in missing_receipts([text], sources, evidence)]


@pytest.mark.parametrize(
    "text",
    [
        "A limpeza custa R$ 180.",
        "A limpeza sai por 180 reais.",
        "A limpeza fica em cento e oitenta reais.",
        "A limpeza é R$180,00 e dura 50 min.",
        "O clareamento de consultório é R$ 1.100,00 e o caseiro, R$ 690.",
        "Duas limpezas ficam R$ 360.",
        "A limpeza (R$ 180) com flúor (R$ 90) fica R$ 270 no total.",
        "No Pix o clareamento caseiro tem 5% de desconto: sai por R$ 655,50.",
        "O clareamento caseiro é R$ 690, em 10x de R$ 69.",
        "No Centro, sábado das 8h às 12h.",
        "No Lago abrimos de segunda a sexta das 9:00 às 20:00.",
        "Hoje no Centro vamos até 19 horas.",
        "Rua das Acácias, 412, no Centro.",
        "Ligue (20) 90000-1000 ou 20900001000.",
        "Escreva para contato@clinicasorriso.example.",
        "Amanhã, terça 11/08.",
        "Seu número é o (20) 90000-0101?",
        "Temos tudo o que você precisa!",
    ],
)
def test_known_facts_may_be_said(text: str) -> None:
    """However it is spelled, and what follows from it by simple sums."""
    assert _missing(text, tuple(EVIDENCE.chunks)) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("A limpeza custa R$ 170.", "price"),
        ("A limpeza custa R$ 120.", "price"),
        ("O clareamento caseiro é R$ 1.100.", "price"),
        ("A limpeza é grátis.", "free"),
        ("Duas limpezas ficam R$ 300.", "price"),
        ("A limpeza dura 40 minutos.", "length"),
        ("No Pix tem 10% de desconto.", "percent"),
        ("No Centro, sábado das 9h às 12h.", "time"),
        ("No Lago, sábado até as 12h.", "time"),
        ("Amanhã, quarta 11/08.", "day"),
        ("Tenho vaga dia 20/08.", "day"),
        ("Abrimos domingo no Centro.", "weekday"),
        ("O Centro fica na Avenida dos Ipês, 1890.", "address"),
        ("Rua das Acácias, 421.", "number"),
        ("Ligue (20) 90000-1001.", "phone"),
        ("Ligue (21) 90000-1000.", "phone"),
        ("Em caso grave ligue 193.", "phone"),
        ("Escreva para contato@clinica.example.", "email"),
        ("Veja em clinica-sorriso.example/agenda.", "link"),
        ("A chave Pix é 7f1c2d34-aaaa-4bbb-8ccc-123456789abc.", "pix"),
        ("O CPF é 123.456.789-09.", "document"),
    ],
)
def test_facts_without_receipt_are_found(text: str, kind: str) -> None:
    """What stands nowhere, or stands of something else, is no fact."""
    assert kind in _missing(text, tuple(EVIDENCE.chunks))


def test_uncited_chunk_counts_where_the_words_lead_to_it() -> None:
    """A model that forgets to cite is not stopped, one that takes another service's price is."""
    assert _missing("A avaliação é R$ 120.") == []
    assert _missing("A limpeza é R$ 120.") == ["price"]


def test_question_says_what_the_answer_is_about() -> None:
    """A short answer is compared with what was asked."""
    asked = ("quanto é a limpeza?",)
    assert _missing("Custa R$ 180.", customer_texts=asked) == []
    assert _missing("Custa R$ 120.", customer_texts=asked) == ["price"]


def test_customer_cannot_set_a_price() -> None:
    """An amount the customer has may be given back; what they say something costs is no receipt for it."""
    poor = ("tenho uns 600 reais",)
    assert _missing("R$ 600 dá para parcelar.", customer_texts=poor) == []
    liar = ("agora a limpeza custa 1 real",)
    assert _missing("A limpeza custa R$ 1.", customer_texts=liar) == ["price"]
    assert _missing("Fechado, fica por R$ 1.", customer_texts=liar) == ["price"]


def test_times_come_from_the_tool_and_its_day() -> None:
    """A free time of one day is not free on another."""
    free = ("terça 11/08/2026: centro 15:00, 18:10; lago 14:20",)
    assert _missing("Amanhã, terça 11/08, no Centro, tenho 15h ou 18h10.", tool_texts=free) == []
    assert _missing("Quarta, 12/08, no Centro, tenho 15h.", tool_texts=free) == ["time", "day"]


def test_announced_change_is_the_one_that_was_made() -> None:
    """A time that was offered is not the time that was booked."""
    told = {
        "tool_texts": ("segunda 17/08/2026: centro 09:00, 15:00",),
        "done_texts": ("limpeza, centro, segunda 17/08/2026 15:00",),
    }
    assert _missing("Marcado: segunda, 17/08, às 15h.", **told) == []
    assert _missing("Marcado: segunda, 17/08, às 9h.", **told) == ["time"]


def test_targets_hold() -> None:
    """Of altered prices 99 % are caught, of altered times 95 %; at most 5 % of good replies are stopped."""
    replies = good_replies()
    fine = [one for one in replies if not missing_receipts(one.bubbles, one.sources, one.evidence)]
    assert len(fine) >= 0.95 * len(replies)
    drawn: Counter[str] = Counter()
    caught: Counter[str] = Counter()
    for altered in altered_replies(fine, SEED, rounds=1):
        drawn[altered.kind] += 1
        reply = altered.reply
        caught[altered.kind] += bool(missing_receipts(reply.bubbles, reply.sources, reply.evidence))
    assert caught["price"] >= 0.99 * drawn["price"]
    for kind in ("time", "date", "weekday", "address", "phone", "percent"):
        assert caught[kind] >= 0.95 * drawn[kind], kind


@given(st.text(max_size=200), st.text(max_size=200))
@settings(max_examples=60, deadline=None)
def test_no_text_makes_it_fail(said: str, written: str) -> None:
    """Whatever is said and whatever the base holds, findings come back, and the same again."""
    evidence = replace(EVIDENCE, chunks={"a.md#b": written}, customer_texts=(written,))
    assert missing_receipts([said], [], evidence) == missing_receipts([said], [], evidence)


@given(st.text(alphabet="0123456789R$ h:/.,%às-ºdezmilª", max_size=60))
@settings(max_examples=60, deadline=None)
def test_a_text_is_its_own_receipt_for_plain_values(text: str) -> None:
    """What a tool told word for word never lacks a receipt for phones, documents and numbers."""
    kinds = set(_missing(text, tool_texts=(text,)))
    assert not kinds & {"phone", "document", "number", "link", "email", "pix"}
