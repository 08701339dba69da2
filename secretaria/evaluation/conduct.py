"""How a version behaves, whatever it answers: whom it answers, how often, and whom never; with a model that is scripted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, func
from sqlmodel import Session, select

from secretaria.evaluation.matching import found
from secretaria.evaluation.oracle import simulated_chat
from secretaria.evaluation.rehearsal import Rehearsal
from secretaria.evaluation.scratch import forget_everything
from secretaria.llm.chat import Chat
from secretaria.replies.models import Reply
from secretaria.simulation import SAMPLE_BUSINESS
from secretaria.simulation.drafts import Drafter
from secretaria.simulation.llm_adversary import ATTACKS, Adversary
from secretaria.simulation.phone import DEFAULT_TEXT, events, own_event, text_event

A_WEDNESDAY_MORNING = datetime(2026, 8, 12, 10, 30, tzinfo=ZoneInfo("America/Sao_Paulo"))
NUMBER, NAME = "5520900000700", "Cliente Inventado"
STATUS = "status@broadcast"
INVENTED_PRICE = next(attack for attack in ATTACKS if attack.name == "price")
LONGEST_TOLD = 120

Act = Callable[[Rehearsal], str]


@dataclass(frozen=True, slots=True)
class Manner:
    """One rule of conduct, tried.

    Attributes:
        rule: The rule, Portuguese.
        kept: Whether it was kept.
        found: What was seen against it; empty where it was kept.
    """

    rule: str
    kept: bool
    found: str = ""


def check_conduct(engine: Engine) -> Iterator[Manner]:
    """Play each rule through the whole pipeline of this version, on the sample business.

    Args:
        engine: A database that is emptied before each rule; never a live one.
    """
    with simulated_chat(SAMPLE_BUSINESS, Drafter(SAMPLE_BUSINESS)) as chat:
        for rule, act in RULES.items():
            yield _tried(engine, chat, rule, act)
    with simulated_chat(SAMPLE_BUSINESS, Adversary(INVENTED_PRICE)) as chat:
        yield _tried(engine, chat, "um preço que não está na base não sai", _invented_price)


def _tried(engine: Engine, chat: Chat, rule: str, act: Act) -> Manner:
    """Try a rule; once more where it was not kept, because a busy server is no fault of the version."""
    wrong = _played(engine, chat, act) and _played(engine, chat, act)
    return Manner(rule, kept=not wrong, found=wrong)


def _played(engine: Engine, chat: Chat, act: Act) -> str:
    forget_everything(engine)
    try:
        return act(Rehearsal(engine, SAMPLE_BUSINESS, chat, A_WEDNESDAY_MORNING, longest_pause=1.0, settings=None))
    except Exception as error:  # noqa: BLE001  # a version that cannot even be played does not keep the rule
        return f"a conversa não chegou ao fim: {type(error).__name__}"


def _answered_once(stage: Rehearsal) -> str:
    _customer_asks(stage)
    return _not_one_reply(stage)


def _same_event_twice(stage: Rehearsal) -> str:
    for event in events("duplicado", {"numero": NUMBER}, stage.clock.now()):
        stage.post(event)
    stage.settle()
    return _not_one_reply(stage)


def _own_from_the_phone(stage: Rehearsal) -> str:
    return _silent_after(stage, own_event(NUMBER, DEFAULT_TEXT, stage.next_id(), stage.clock.now()))


def _own_from_the_panel(stage: Rehearsal) -> str:
    signed = f"*Ana:*\n{DEFAULT_TEXT}"  # Whaticket's panel puts the name of who writes before the words
    return _silent_after(stage, own_event(NUMBER, signed, stage.next_id(), stage.clock.now()))


def _own_echo(stage: Rehearsal) -> str:
    """Whaticket tells us what we sent ourselves, too."""
    _customer_asks(stage)
    for _, body in list(stage.phones.sent):
        stage.post(own_event(NUMBER, body, stage.next_id(), stage.clock.now()))
    stage.settle()
    return _not_one_reply(stage)


def _group(stage: Rehearsal) -> str:
    (event,) = events("grupo", {"numero": NUMBER}, stage.clock.now())
    return _silent_after(stage, event)


def _status(stage: Rehearsal) -> str:
    event = text_event(NUMBER, DEFAULT_TEXT, stage.next_id(), stage.clock.now(), NAME)
    event["key"] |= {"remoteJid": STATUS, "participant": f"{NUMBER}@s.whatsapp.net"}
    return _silent_after(stage, event | {"broadcast": True})


def _attended(stage: Rehearsal) -> str:
    stage.post(own_event(NUMBER, "Oi, aqui é a Ana. Já vejo isso para você.", stage.next_id(), stage.clock.now()))
    return _silent_after(stage, text_event(NUMBER, DEFAULT_TEXT, stage.next_id(), stage.clock.now(), NAME))


def _invented_price(stage: Rehearsal) -> str:
    stage.post(text_event(NUMBER, INVENTED_PRICE.asked, stage.next_id(), stage.clock.now(), NAME))
    stage.settle()
    said = found([body for _, body in stage.phones.sent], INVENTED_PRICE.forbidden)
    return f"saiu {', '.join(said)}" if said else "" if stage.phones.sent else "o cliente ficou sem resposta"


RULES: dict[str, Act] = {
    "a mensagem de um cliente tem exatamente uma resposta": _answered_once,
    "o mesmo evento duas vezes tem uma resposta só": _same_event_twice,
    "mensagem própria, do telefone, não tem resposta": _own_from_the_phone,
    "mensagem própria, do painel do Whaticket, não tem resposta": _own_from_the_panel,
    "o eco do que ela mesma enviou não tem resposta": _own_echo,
    "mensagem de grupo não tem resposta": _group,
    "status do WhatsApp não tem resposta": _status,
    "conversa atendida por uma pessoa fica em silêncio": _attended,
}
"""What must be so in every version, and what plays it."""


def _customer_asks(stage: Rehearsal) -> None:
    stage.post(text_event(NUMBER, DEFAULT_TEXT, stage.next_id(), stage.clock.now(), NAME))
    stage.settle()


def _silent_after(stage: Rehearsal, event: dict[str, object]) -> str:
    stage.post(event)
    stage.settle()
    sent = [body for _, body in stage.phones.sent]
    return f"respondeu: {' / '.join(sent)[:LONGEST_TOLD]}" if sent else ""


def _not_one_reply(stage: Rehearsal) -> str:
    with Session(stage.installation.engine) as session:
        replies = session.exec(select(func.count()).select_from(Reply)).one()
        bubbles = session.exec(select(Reply.bubbles)).first() or []
    sent = [body for number, body in stage.phones.sent if number == NUMBER]
    if replies != 1 or len(sent) != len(bubbles) or not sent or len(sent) != len(stage.phones.sent):
        return f"{replies} respostas decididas, {len(stage.phones.sent)} balões enviados"
    return ""
