"""Whole conversations on a held clock, each written down as a person would read it; ``make approve`` after a change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session

from secretaria.agenda.importing import import_agenda, read_agenda_json
from secretaria.conversations.episodes import end_episode
from secretaria.conversations.handoff import give_back
from secretaria.conversations.store import load_conversation
from secretaria.database.transaction import transaction
from secretaria.knowledge.business import BusinessCard
from secretaria.replies.declared_tools import DeclaredTools
from secretaria.replies.summarising import SummaryRoom, close_episodes, summarise_episode
from secretaria.simulation import SAMPLE_BUSINESS
from tests.answering import Scene, a_draft
from tests.approval import assert_approved
from tests.builders import rows
from tests.scripted_model import ScriptedModel, says

HERE = Path(__file__).parent
HOUR = 3600.0
ZONE = ZoneInfo("America/Sao_Paulo")
WHO = {"contact": "cliente", "secretary": "secretária", "attendant": "atendente"}


@dataclass
class Story:
    """Plays a conversation and writes it down.

    Attributes:
        lines: The transcript.
        shown: How many messages and replies are in it.
    """

    scene: Scene
    model: ScriptedModel
    lines: list[str] = field(default_factory=list)
    shown: int = 0
    turn: int = 0

    def says(self, *texts: str, drafts: tuple[str, ...]) -> None:
        """Let the customer write a burst, and the model answer it with these drafts."""
        self.scene.customer_writes(*texts)
        self.scene.quiet()
        self.model.endings.extend(says(draft) for draft in drafts)
        asked = len(self.model.asked)
        self.turn += 1
        self.scene.answer(self.turn)
        assert not self.model.endings, "the model was not asked as often as the story expects"
        self._tell_messages()
        self._tell_turn(len(self.model.asked) - asked)

    def passes(self, hours: float, what: str) -> None:
        """Let time pass."""
        self.scene.clock.advance(hours * HOUR)
        self.lines.append(f"    ... {what} ...")

    def person(self, text: str) -> None:
        """Let somebody of the team write."""
        self.scene.person_writes(text)
        self._tell_messages()

    def closes(self) -> None:
        """Let somebody of the team close the ticket."""
        with transaction(self.scene.engine) as session:
            self.scene.clock.advance(60)
            conversation = load_conversation(session, 1)
            now = self.scene.clock.now()
            give_back(session, conversation, now, "closed")
            if conversation.episode_at != now:
                end_episode(session, conversation, "closed", now)
        self.scene.clock.advance(60)
        self.lines.append("    ... a equipe fecha o atendimento ...")

    def sums_up(self, summary: str) -> None:
        """Let the background write what is left of the episode."""
        close_episodes(self.scene.engine, self.scene.nudges, self.scene.clock, timedelta(hours=6))
        self.model.endings.append(says(f'{{"summary": "{summary}", "resolved": true, "pending": []}}'))
        summarise_episode(SummaryRoom(self.scene.engine, self.scene.clock, self.scene.room.chat), 1)
        self.lines.append(f"    [resumo: {summary}]")

    def _tell_messages(self) -> None:
        messages = rows(self.scene.engine, "message")
        for message in messages[self.shown :]:
            at = message["received_at"].astimezone(ZONE)
            self.lines.append(f"{at:%d/%m %H:%M} {WHO[message['author']]}: {message['text']}")
        self.shown = len(messages)

    def _tell_turn(self, calls: int) -> None:
        turn, reply = self.scene.turns()[-1], rows(self.scene.engine, "reply")[-1]
        notes = [f"{turn['state']}{': ' + turn['reason'] if turn['reason'] else ''}", f"{calls} chamada(s)"]
        said = [message["content"] for message in self.model.asked[-1]["messages"][2:-1]]
        notes += [f"ela lê da equipe: {line}" for line in said if line.startswith("(atendente humano)")]
        about = self.model.asked[-1]["messages"][1]["content"].split("# Próximos dias")[0]
        notes += [f"regerada {reply['regenerations']}x"] if reply["regenerations"] else []
        notes += [f"feito: {', '.join(reply['actions'])}"] if reply["actions"] else []
        notes += [f"memória: {_memory(reply['memory'])}"] if reply["memory"] else []
        self.lines.append(f"    [{'; '.join(notes)}]")
        self.lines += [f"    > {line}" for line in about.splitlines()[1:]]


def _memory(verdicts: list[dict[str, Any]]) -> str:
    return ", ".join(f"{each['key']} {each.get('verdict') or each['refused']}" for each in verdicts)


def burst(story: Story) -> None:
    """Three messages, one answer to all of them; then thanks, and nothing needs to be said."""
    story.says(
        "oi bom dia",
        "qnt ta a limpeza?",
        "e demora mto?",
        drafts=(a_draft(bubbles=["Bom dia! Sou a Sol. A limpeza custa R$ 180 e dura cerca de 50 minutos."]),),
    )
    story.says("obg!!", drafts=(courtesy(),))


def name_once(story: Story) -> None:
    """The name counts once the customer gave it, and is used once in a reply."""
    remembered = [{"key": "nome", "value": "Ana", "quote": "aqui é a Ana"}]
    story.says("oi, aqui é a Ana", drafts=(small_talk("Oi! Sou a Sol. Como posso ajudar?", memory=remembered),))
    story.says(
        "qnt ta a limpeza?",
        drafts=(a_draft(bubbles=["Ana, custa R$ 180.", "Quer marcar, Ana?"]), a_draft(bubbles=["Ana, custa R$ 180."])),
    )


def greeting_once(story: Story) -> None:
    """She greets in the first reply of an episode, and again only in the next episode."""
    story.says("qnt ta a limpeza?", drafts=(a_draft(bubbles=["Oi! Sou a Sol. A limpeza custa R$ 180."]),))
    story.says(
        "e a avaliação?",
        drafts=(
            a_draft(bubbles=["Bom dia! A avaliação custa R$ 120."], sources=["servicos-e-precos.md#avaliacao"]),
            a_draft(bubbles=["A avaliação custa R$ 120."], sources=["servicos-e-precos.md#avaliacao"]),
        ),
    )
    story.passes(7, "sete horas depois")
    story.says("tem estacionamento?", drafts=(parking("Boa tarde! Sou a Sol. "),))


def upset_twice(story: Story) -> None:
    """Upset for the second time in a row, the customer is offered a person."""
    upset = {"sentiment": -1, "intention": "status", "answerable": "conversation", "sources": []}
    story.says(
        "cadê minha nota fiscal, faz uma semana",
        drafts=(
            a_draft(bubbles=["Desculpe pelo transtorno 😊"], **upset),
            a_draft(bubbles=["Uma semana sem a nota é demais. Em que dia foi o atendimento?"], **upset),
        ),
    )
    story.says(
        "ja falei isso", drafts=(a_draft(bubbles=["Entendo. Me diga o dia do atendimento, por favor."], **upset),)
    )


def urgent(story: Story) -> None:
    """What must be done at once comes first, then a person, whatever the model thought of it."""
    story.says(
        "meu filho caiu e o dente saiu inteiro",
        drafts=(
            a_draft(
                intention="urgencia",
                urgent=True,
                sentiment=-1,
                sources=["urgencias-e-cuidados.md#dente-que-saiu-da-boca"],
                bubbles=["Segure o dente pela coroa, sem esfregar a raiz, e coloque em leite ou soro."],
            ),
        ),
    )


def hand_back(story: Story) -> None:
    """A person had the word and closed the ticket: she is back and knows what was said."""
    story.says(
        "quero falar com uma pessoa",
        drafts=(small_talk("Claro! Já chamei a equipe.", intention="humano", handoff_needed=True),),
    )
    story.person("Oi, aqui é a Renata. Seu orçamento ficou pronto.")
    story.closes()
    story.says("tem estacionamento?", drafts=(parking("Oi! Sou a Sol. "),))


def remembered(story: Story) -> None:
    """What was said in one episode is known in the next, in a sentence."""
    likes = [{"key": "unidade_preferida", "value": "Palmeiras", "quote": "palmeiras é melhor pra mim"}]
    story.says("palmeiras é melhor pra mim", drafts=(small_talk("Que bom! Como posso ajudar?", memory=likes),))
    story.passes(20, "no outro dia")
    story.sums_up("O cliente disse que prefere Palmeiras.")
    story.says("tem estacionamento?", drafts=(parking("Oi! Sou a Sol. "),))


def booked(story: Story) -> None:
    """An offer, a yes in the next turn, and only then a booking."""
    story.says(
        "quero marcar uma limpeza amanhã em palmeiras depois das 18",
        drafts=(
            tool("horarios", tool_kind="limpeza", tool_unit="palmeiras", tool_date="2026-08-12", tool_period="noite"),
            a_draft(
                intention="agendar", answerable="tool", sources=[], bubbles=["Em Palmeiras amanhã tenho 19h20. Serve?"]
            ),
        ),
    )
    story.says(
        "pode ser as 19h20",
        drafts=(
            tool("agendar", tool_kind="limpeza", tool_unit="palmeiras", tool_date="2026-08-12", tool_time="19:20"),
            a_draft(
                intention="agendar",
                answerable="tool",
                sources=[],
                bubbles=["Marcado: limpeza amanhã, 12/08, às 19h20."],
            ),
        ),
    )


def written_anew(story: Story) -> None:
    """A price that stands nowhere is stopped; told why, the model writes the right one."""
    story.says("qnt ta a limpeza?", drafts=(a_draft(bubbles=["Oi! Sou a Sol. Custa R$ 150."]), a_draft()))


def abstained(story: Story) -> None:
    """Stopped twice, nothing is invented; a second question without an answer goes to a person."""
    bad = a_draft(bubbles=["A panorâmica custa R$ 95."], sources=[])
    story.says("quanto é a panorâmica?", drafts=(bad, bad))
    story.says(
        "e a tomografia?",
        drafts=(a_draft(answerable="not_known", sources=[], bubbles=["O preço da tomografia eu não tenho aqui."]),),
    )


def courtesy() -> str:
    """Write a draft that says nothing."""
    return a_draft(intention="agradecimento", sentiment=1, answerable="conversation", sources=[], bubbles=[])


def small_talk(text: str, **changes: object) -> str:
    """Write a draft that rests on nothing."""
    talk: dict[str, object] = {"intention": "saudacao", "answerable": "conversation", "sources": [], "bubbles": [text]}
    return a_draft(**(talk | changes))


def parking(greeting: str) -> str:
    """Write the answer of the base about parking."""
    text = f"{greeting}No Centro, Park Fácil no número 430, com a primeira hora grátis."
    return a_draft(intention="horario_local", sources=["faq.md#faq-04"], bubbles=[text])


def tool(name: str, **arguments: str) -> str:
    """Write a draft that asks for a tool."""
    return a_draft(intention="agendar", tool=name, answerable="tool", sources=[], bubbles=[], **arguments)


STORIES: dict[str, Callable[[Story], None]] = {
    "rajada": burst,
    "nome-uma-vez": name_once,
    "saudacao-uma-vez": greeting_once,
    "insatisfeito-duas-vezes": upset_twice,
    "urgencia": urgent,
    "volta-da-equipe": hand_back,
    "memoria-em-outro-dia": remembered,
    "oferta-e-sim": booked,
    "escrita-de-novo": written_anew,
    "sem-resposta": abstained,
}


@pytest.mark.parametrize("name", STORIES)
def test_story_is_the_approved_one(scene: Scene, model: ScriptedModel, name: str) -> None:
    """Every word that is said, what became of each turn, and what the model was told about this customer."""
    _open_agenda(scene)
    story = Story(scene, model, [f"# {(STORIES[name].__doc__ or '').splitlines()[0]}", ""])
    STORIES[name](story)
    assert_approved(HERE / f"{name}.txt", "\n".join([*story.lines, ""]))


def _open_agenda(scene: Scene) -> None:
    with Session(scene.engine) as session:
        card: BusinessCard = scene.room.library.current(session).card
        incoming = read_agenda_json((SAMPLE_BUSINESS / "agenda.json").read_bytes(), card)
        import_agenda(session, card, incoming, scene.clock.now())
        session.commit()
    scene.room = replace(scene.room, toolbox=DeclaredTools(scene.engine))
