"""What the simulated model says to a burst of messages: the labelled reply if it is a sample's, else one from the base."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secretaria.simulation.answers import Retrieval, Section, excerpt, fold, load_sections
from secretaria.simulation.llm_protocol import Asked, CustomerMessage
from secretaria.simulation.rhythm import SampleConversation, SampleTurn, Sentiment, load_conversations
from secretaria.simulation.shape import flat_draft, is_draft
from secretaria.simulation.summaries import aside

COURTESY = "Por nada! Se precisar, é só chamar."
ALREADY_WITH_TEAM = "Certo! A equipe já foi avisada e fala com você por aqui."
AGENDA = "Anotei o seu pedido. Quem confirma o horário é a equipe, que responde por aqui."
UNKNOWN = "Isso eu não sei responder com certeza. Chamei a equipe, que responde por aqui assim que puder."
UNREADABLE = (
    "Recebi o que você mandou, mas ainda não consigo ver nem ouvir por aqui. Pode me escrever, por favor?"
    " Se preferir, chamo uma pessoa da equipe."
)
UNIT = re.compile(
    r"^\[(?P<id>[^\[\]#\n]+\.md#(?P<anchor>[^\[\]\n]+))\](?P<heading>.*)\n(?P<text>(?:(?!\[|#).+\n?)+)", re.MULTILINE
)
ANSWERABLE = {"base": "base", "recusar": "refuse", "abster": "not_known"}
GREETING = re.compile(
    r"(?:\W|\b(?:oi+e?|ola|opa|e ?ai|eae|hola|bom dia|boa tarde|boa noite|tudo bem|td bem|tudo bom|bao)\b)+"
)
THANKS = re.compile(r"\b(?:obrigad[oa]|brigad[oa]|obg|bgda|vlw|valeu|gracias)\b")
TOPICS = (
    ("preco", re.compile(r"\b(?:custa|quanto|qto|qnt\w*|valor\w*|precos?)\b")),
    ("pagamento", re.compile(r"\b(?:pix|cartao|parcel\w+|convenios?|planos?|boleto|desconto|nota fiscal|recibo)\b")),
    (
        "horario_local",
        re.compile(r"\b(?:horarios?|abre\w*|fecha\w*|onde|endereco|estaciona\w+|sabado|domingo|feriado)\b"),
    ),
)


@dataclass(frozen=True)
class Rule:
    """What is said when a pattern is found, whatever the base knows.

    Attributes:
        intention: The label of such a burst.
        pattern: Looked for in the folded text.
        reply: The bubble.
        handoff_reason: Why a person must take over; None when the reply is enough.
        sentiment: What the customer expresses.
        with_base: Whether what the base says about it is told as well.
    """

    intention: str
    pattern: re.Pattern[str]
    reply: str
    handoff_reason: str | None
    sentiment: Sentiment = 0
    with_base: bool = False


RULES = (
    Rule(
        "urgencia",
        re.compile(
            r"\b(?:inchad\w+|inchaco|sangra\w+|socorro|pancada|muita dor|dor (?:\w+ ){0,3}(?:forte|horrivel|insuportavel)|doendo (?:muito|mto))\b"
        ),
        "Sinto muito por isso. Já chamei a equipe, que fala com você por aqui o quanto antes.",
        "urgencia",
        sentiment=-1,
        with_base=True,
    ),
    Rule(
        "reclamacao",
        re.compile(r"\b(?:reclama\w+|absurdo|palhacada|procon|pessim[oa]|descaso|vergonha)\b"),
        "Sinto muito por isso. Passei o seu caso para a equipe, que fala com você por aqui.",
        "reclamacao",
        sentiment=-1,
    ),
    Rule(
        "humano",
        re.compile(r"\b(?:atendente|humano|pessoa)\b"),
        "Claro! Já chamei a equipe. Se quiser adiantar o assunto, escreva aqui.",
        "pedido_explicito",
    ),
    Rule(
        "manipulacao",
        re.compile(r"\b(?:instrucoes|prompt|system)\b"),
        "Não consigo ajudar com isso. Posso tirar dúvidas ou chamar a equipe.",
        None,
    ),
    Rule("dados", re.compile(r"\bmeus dados\b"), "Passei o seu pedido para a equipe.", "dados", with_base=True),
    Rule("remarcar", re.compile(r"\b(?:remarcar|adiar)\b"), AGENDA, "agenda", with_base=True),
    Rule("cancelar", re.compile(r"\b(?:cancelar|desmarcar)\b"), AGENDA, "agenda", with_base=True),
    Rule(
        "agendar",
        re.compile(r"\b(?:marcar|agendar|tem (?:vaga|horario))\b"),
        AGENDA,
        "agenda",
        with_base=True,
    ),
    Rule("confirmar", re.compile(r"\bconfirm(?:o|ar|ado|ada)\b"), AGENDA, "agenda"),
)


class Drafter:
    """Everything the simulated model knows of one business."""

    def __init__(self, folder: Path) -> None:
        self._retrieval = Retrieval(load_sections(folder / "base"))
        self._greeting = f"Oi! {_presentation(folder)} Como posso ajudar?".replace("  ", " ")
        self._labelled = {
            _key([CustomerMessage(message.type, message.text) for message in conversation.messages_of(turn)]): (
                conversation,
                turn,
            )
            for conversation in load_conversations(folder)
            for turn in conversation.turns
        }

    def write(self, asked: Asked) -> dict[str, Any]:
        """Answer a request for a draft; of any other shape, the plainest thing that fits."""
        return self.draft(asked.burst, asked.prompt) if is_draft(asked) else aside(asked)

    def draft(self, burst: Sequence[CustomerMessage], prompt: str) -> dict[str, Any]:
        """Answer a burst.

        Args:
            burst: What the customer wrote, in order.
            prompt: All the model was told; a sample's reply only calls the customer by a name that stands in it.

        Returns:
            One flat object with the fields of a draft, in their order.
        """
        labelled = self._labelled.get(_key(burst))
        if labelled:
            return self._from_label(burst, *labelled, prompt)
        texts = " ".join(message.text for message in burst if message.text.strip())
        if not texts:
            return flat_draft(burst, "outro", "conversation", [UNREADABLE])
        found = self._retrieval.find(texts) or self._learnt(prompt).find(texts)
        rule = next((rule for rule in RULES if rule.pattern.search(fold(texts))), None)
        if rule:
            return _from_rule(burst, rule, found)
        if found:
            return flat_draft(burst, _topic(texts), "base", [excerpt(found)], sources=[found.id])
        return self._small_talk(burst, fold(texts))

    def _from_label(
        self, burst: Sequence[CustomerMessage], conversation: SampleConversation, turn: SampleTurn, prompt: str
    ) -> dict[str, Any]:
        if turn.answer == "ferramenta" or (turn.answer == "esclarecer" and turn.intent in ("agendar", "remarcar")):
            return self._agenda(burst, turn)
        silent = COURTESY if turn.answer == "opcional" else ALREADY_WITH_TEAM
        replies = [_unless_known(reply, conversation.contact.name, prompt) for reply in turn.reference_reply]
        return flat_draft(
            burst,
            turn.intent,
            ANSWERABLE.get(turn.answer, "base" if turn.sources else "conversation"),
            replies or [silent],
            sources=turn.sources,
            sentiment=turn.sentiment,
            handoff_reason=turn.handoff_reason if turn.handoff else None,
        )

    def _agenda(self, burst: Sequence[CustomerMessage], turn: SampleTurn) -> dict[str, Any]:
        """Be honest where the reference reply speaks of free times and bookings that only an agenda could know."""
        told = {source: excerpt(self._retrieval.sections[source]) for source in turn.sources}
        best = max(told, key=lambda source: sum(fact in told[source] for fact in turn.must_include), default=None)
        return flat_draft(
            burst,
            turn.intent,
            "base" if best else "conversation",
            [AGENDA, told[best]] if best else [AGENDA],
            sources=[best] if best else [],
            sentiment=turn.sentiment,
            handoff_reason="agenda",
        )

    def _learnt(self, prompt: str) -> Retrieval:
        """Read in the prompt what the owner published since, which the folder does not know."""
        told = [
            Section(unit["id"], unit["heading"].strip() or unit["anchor"].replace("-", " "), unit["text"].strip())
            for unit in UNIT.finditer(prompt)
        ]
        return Retrieval([section for section in told if section.id not in self._retrieval.sections])

    def _small_talk(self, burst: Sequence[CustomerMessage], folded: str) -> dict[str, Any]:
        if GREETING.fullmatch(folded):
            return flat_draft(burst, "saudacao", "conversation", [self._greeting])
        if THANKS.search(folded):
            return flat_draft(burst, "agradecimento", "conversation", [COURTESY], sentiment=1)
        return flat_draft(burst, "outro", "not_known", [UNKNOWN], handoff_reason="sem_resposta")


def _from_rule(burst: Sequence[CustomerMessage], rule: Rule, found: Section | None) -> dict[str, Any]:
    told = found if rule.with_base else None
    answerable = "refuse" if rule.intention == "manipulacao" else "base" if told else "conversation"
    return flat_draft(
        burst,
        rule.intention,
        answerable,
        [rule.reply, excerpt(told)] if told else [rule.reply],
        sources=[told.id] if told else [],
        sentiment=rule.sentiment,
        handoff_reason=rule.handoff_reason,
    )


def _unless_known(reply: str, name: str | None, prompt: str) -> str:
    """Take the sample customer's name out of a reply meant for somebody else."""
    if name is None or name in prompt:
        return reply
    called = rf"(?:Dona )?(?:{re.escape(name)}|{re.escape(name.split()[0])})"
    nameless = re.sub(rf"^{called}, |, {called}\b", "", reply)
    return nameless[:1].upper() + nameless[1:]


def _topic(text: str) -> str:
    return next((topic for topic, pattern in TOPICS if pattern.search(fold(text))), "servico")


def _key(burst: Sequence[CustomerMessage]) -> tuple[str, ...]:
    """Identify a burst by its texts, or by its kinds when nothing was written."""
    texts = tuple(unicodedata.normalize("NFKC", message.text).casefold().strip() for message in burst)
    return tuple(text for text in texts if text) or tuple(f"({message.kind})" for message in burst)


def _presentation(folder: Path) -> str:
    path = folder / "negocio.toml"
    if not path.is_file():
        return ""
    secretary: dict[str, str] = tomllib.loads(path.read_text(encoding="utf-8")).get("secretaria", {})
    return secretary.get("apresentacao", "")
