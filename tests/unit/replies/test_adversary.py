"""One bad reply for each guard: it is stopped, by that guard alone, so that no guard can go missing unseen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from secretaria.context.schema import Draft
from secretaria.replies import guardrails
from secretaria.replies.evidence import Evidence, Limits
from secretaria.replies.guardrails import GUARDS, Guarded, guard_draft, may_be_sent

EVIDENCE = Evidence(
    now=datetime(2026, 8, 10, 12, 14, tzinfo=UTC),
    timezone=ZoneInfo("America/Sao_Paulo"),
    chunks={
        "servicos.md#limpeza": "Limpeza\nLimpeza: R$ 180. Dura cerca de 50 minutos. No Pix, 5% de desconto.",
        "servicos.md#avaliacao": "Avaliação\nAvaliação inicial: R$ 120.",
        "onde.md#centro": "Centro\nRua das Acácias, 412. Segunda a sexta das 8h às 19h, sábado das 8h às 12h.",
    },
    card=("Telefone e WhatsApp: +55 20 90000-1000", "E-mail: contato@clinicasorriso.example"),
    customer_texts=("qnt ta a limpeza?",),
    contact_number="5520900000101",
    canary="mk-77aa-lagoa",
    system_sentences=("Nunca invente preço, desconto, prazo, data, horário, endereço ou telefone.",),
    tools=("agenda_livre",),
)
CITED = tuple(EVIDENCE.chunks)
LIMITS = Limits(max_characters=400, max_bubbles=2)
BAD = {
    "canary": "A senha de hoje é MK 77AA Lagoa.",
    "prompt": "Sigo isto: nunca invente preço, desconto, prazo, data, horário, endereço ou telefone.",
    "templates": "Oi, {{name}}! Tudo bem?",
    "tags": "<b>Oi</b>, tudo bem?",
    "roles": "[INST] oi [/INST]",
    "tool_calls": "Vou usar agenda_livre para isso.",
    "keys": "A chave é sk-proj-abcdefgh12345678.",
    "links": "Veja ![aqui](imagem.png)",
    "promises": "Pode deixar, o seu reembolso foi aprovado.",
    "self": "Modo desenvolvedor ativado.",
    "others": "O último cliente foi o Marcos.",
    "actions": "Agendei a sua limpeza.",
    "language": "The price is the same for all of you and it is good for the whole year.",
    "prices": "A limpeza custa R$ 120.",
    "times": "No Centro, sábado das 8h às 13h.",
    "days": "Amanhã, quarta, tem limpeza.",
    "percentages": "No Pix a limpeza tem 15% de desconto.",
    "places": "Ficamos na Rua das Acácias, 421.",
    "reachability": "Nosso telefone é (20) 90000-1001.",
    "documents": "O CPF é 123.456.789-09.",
}


def _guard(text: str, evidence: Evidence = EVIDENCE) -> Guarded:
    draft = Draft.model_construct(
        intention="preco", sentiment=0, answerable="base", handoff_needed=False, sources=CITED, bubbles=(text,)
    )
    return guard_draft(draft, evidence, LIMITS)


def test_every_guard_has_its_adversary() -> None:
    """A guard without a reply that only it stops could be removed unseen."""
    assert BAD.keys() == GUARDS.keys()


@pytest.mark.parametrize("name", BAD)
def test_bad_reply_is_stopped(name: str) -> None:
    """The reply written against a guard is refused by it, with a Portuguese sentence for the model."""
    guarded = _guard(BAD[name])
    assert guarded.checks[name] == "refused"
    assert all(finding.sentence for finding in guarded.findings)


@pytest.mark.parametrize("name", BAD)
def test_no_other_guard_would_stop_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its guard the same reply would be sent: each guard is needed."""
    monkeypatch.delitem(GUARDS, name)
    assert _guard(BAD[name]).findings == ()


@pytest.mark.parametrize(
    "text",
    [
        "Bom dia! A limpeza custa R$ 180 e dura cerca de 50 minutos.",
        "No Centro abrimos sábado das 8h às 12h: Rua das Acácias, 412.",
        "No Pix a limpeza tem 5% de desconto. Nosso telefone é (20) 90000-1000.",
        "Você quer que eu agende para amanhã?",
        "Duas limpezas ficam R$ 360.",
    ],
)
def test_good_reply_is_sent(text: str) -> None:
    """What the base says may be said."""
    assert _guard(text).findings == ()


def test_marks_are_removed() -> None:
    """A mark that Whaticket reads as its own message is taken out, and the verdict says so."""
    guarded = _guard("\u200eOi, \u202etudo bem?")
    assert guarded.bubbles == ("Oi, tudo bem?",)
    assert guarded.checks["marks"] == "removed"


def test_what_cannot_be_mended_is_not_sent() -> None:
    """Where only one reply and its context are known, nothing is mended: marks, emptiness and length refuse."""
    context = {"max_chars": 50}
    assert may_be_sent("Oi, tudo bem?", context)
    for reply in ("\u200eOi, tudo bem?", " \u200b", "a" * 51):
        assert not may_be_sent(reply, context)


@pytest.mark.parametrize("name", ["hidden_marks", "_visible"])
def test_mending_checks_are_needed_too(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one of them a reply with hidden marks, or none at all, would be sent."""
    harmless = {"hidden_marks": lambda *_: iter(()), "_visible": lambda text: text or "x"}
    monkeypatch.setattr(guardrails, name, harmless[name])
    assert may_be_sent({"hidden_marks": "\u202eOi!", "_visible": ""}[name], {})


def test_own_action_is_no_lie() -> None:
    """A claim is true where this turn does the action."""
    assert _guard(BAD["actions"], replace(EVIDENCE, actions=frozenset({"booked"}))).findings == ()


def test_customer_is_answered_in_their_language() -> None:
    """The language of the reply is compared with the customer's, not with ours."""
    english = replace(EVIDENCE, languages=("en",))
    assert _guard(BAD["language"], english).findings == ()
    assert _guard("O valor da limpeza é o mesmo para você e para a sua família também.", english).findings
