"""Finds the section of a business's base that answers a question, by word overlap; no model, same answer every time."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

MAX_BUBBLE = 320
STEM = 5
SHORTEST_PLURAL = 3
HEADING_WEIGHT = 2.0
MINIMUM_COVERAGE = 0.5
FAQ_HEADING = re.compile(r"(faq-\d+)\s+(.*)")
WORD = re.compile(r"r\$|[a-z0-9]+")
HOW_LONG = re.compile(r"\bq\w+ tempo\b")  # "quanto tempo" asks no price
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-ZÀ-Ú\"“])")
STOP_WORDS = frozenset({
    "a", "aceita", "aceitam", "ai", "ao", "aos", "aqui", "as", "ate", "boa", "bom", "com", "como", "da", "das",
    "de", "dia", "do", "dos", "e", "eh", "ela", "ele", "em", "essa", "esse", "esta", "este", "eu", "faco",
    "favor", "faz", "fazem", "fazer", "fica", "ficam", "gente", "gostaria", "ha", "isso", "ja", "la", "mais",
    "mas", "me", "meu", "minha", "moca", "moco", "na", "nao", "nas", "no", "noite", "nos", "o", "obrigada",
    "obrigado", "oi", "ok", "ola", "os", "ou", "para", "pela", "pelo", "pode", "podem", "por", "porque", "posso",
    "pra", "precisa", "preciso", "pro", "q", "quais", "qual", "que", "queria", "quero", "saber", "se", "sem",
    "ser", "seu", "sim", "so", "sobre", "sua", "ta", "tarde", "tem", "tenho", "ter", "tu", "um", "uma", "uns",
    "vai", "ver", "voce", "voces", "vou",
})  # fmt: skip
# What customers type, as the base writes it.
SPELLINGS = {
    "r$": "custa", "qto": "custa", "qnto": "custa", "qnt": "custa", "qt": "custa", "quanto": "custa", "valor": "custa",
    "valores": "custa", "preco": "custa", "precos": "custa", "custo": "custa", "cobram": "custa", "sai": "custa",
    "vc": "voce", "vcs": "voces", "ce": "voce", "ceis": "voces", "oces": "voces", "oq": "que", "pq": "porque",
    "n": "nao", "p": "para", "hj": "hoje", "mto": "muito",
    "endereco": "onde", "localizacao": "onde", "abre": "atendem", "abrem": "atendem", "trabalham": "atendem",
    "fds": "sabado", "fecha": "funcionamento", "fecham": "funcionamento", "funciona": "funcionamento",
    "funcionam": "funcionamento", "horas": "horario", "parar": "estacionamento", "carro": "estacionamento",
    "cadeira": "cadeirante", "cartao": "credito", "parcelar": "parcela", "parcelam": "parcela", "dividir": "parcela",
    "plano": "convenio", "planos": "convenio", "graca": "gratuita", "gratis": "gratuita", "multa": "taxa",
    "arrancar": "tirar", "extrair": "tirar", "gestante": "gravida", "gravidez": "gravida", "clarear": "clareamento",
    "invisivel": "alinhadores", "rx": "radiografia", "raio": "radiografia", "concertam": "conserto",
    "filha": "crianca", "filho": "crianca", "filhos": "crianca", "bebe": "crianca", "sozinho": "responsavel",
    "quem": "equipe", "robo": "virtual", "email": "mail", "casa": "domicilio", "levar": "trazer", "levo": "trazer",
    "desmarcar": "cancelar", "atrasado": "atrasar",
}  # fmt: skip


@dataclass(frozen=True)
class Section:
    """One unit of the base: a ``##`` and what stands under it.

    Attributes:
        id: ``file.md#anchor``, the id a reply gives as its source.
        heading: The question of a FAQ, or the title.
        text: What stands under it, as written.
    """

    id: str
    heading: str
    text: str


def load_sections(base: Path) -> list[Section]:
    """Read every ``##`` section of the Markdown files of a folder, in the order of their names."""
    return [section for path in sorted(base.glob("*.md")) for section in _sections(path)]


class Retrieval:
    """Word statistics of a base, and the search over them."""

    def __init__(self, sections: list[Section]) -> None:
        self.sections = {section.id: section for section in sections}
        self._headings = {section.id: set(stems(section.heading)) for section in sections}
        self._words = {section.id: self._headings[section.id] | set(stems(section.text)) for section in sections}
        self._rare = math.log(1 + len(sections))  # a word no section has weighs like one that a single section has
        frequency = Counter(word for words in self._words.values() for word in words)
        self._idf = {word: math.log(1 + len(sections) / count) for word, count in frequency.items()}

    def find(self, question: str) -> Section | None:
        """Return the section that shares the weightiest words with a question; None when too few are shared."""
        words = set(stems(question))
        weight = sum(self._idf.get(word, self._rare) for word in words)
        best = max(self.sections, key=lambda id_: (self._score(id_, words), -len(self._words[id_])), default=None)
        if best is None or not weight:
            return None
        shared = sum(self._idf[word] for word in words & self._words[best])
        return self.sections[best] if shared / weight >= MINIMUM_COVERAGE else None

    def _score(self, id_: str, words: set[str]) -> float:
        in_heading = sum(self._idf[word] for word in words & self._headings[id_])
        in_text = sum(self._idf[word] for word in words & (self._words[id_] - self._headings[id_]))
        return in_heading * HEADING_WEIGHT + in_text


def excerpt(section: Section, limit: int = MAX_BUBBLE) -> str:
    """Return the first whole sentences of a section that fit a bubble; at least one, cut if it must be."""
    sentences = _sentences(section.text)
    if section.text.startswith(("-", "|")):
        # A list or a table says what it is about only in its title: without it "O que não fazemos" offers it all.
        sentences[0] = f"{section.heading}: {sentences[0]}"
    said = ""
    for sentence in sentences:
        longer = f"{said} {sentence}".strip()
        if len(longer) > limit:
            break
        said = longer
    return said or section.text[:limit]


def fold(text: str) -> str:
    """Lower the case and take the accents off."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def stems(text: str) -> list[str]:
    """Return the beginnings of the words that carry meaning, in the spelling of the base."""
    words = (SPELLINGS.get(word, word) for word in WORD.findall(HOW_LONG.sub("tempo", fold(text))))
    return [_singular(word)[:STEM] for word in words if word not in STOP_WORDS]


def _singular(word: str) -> str:
    if word.endswith("oes"):
        return word.removesuffix("oes") + "ao"
    return word.removesuffix("s") if len(word) > SHORTEST_PLURAL else word


def _sections(path: Path) -> list[Section]:
    parts = re.split(r"^## +(.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return [_section(path.name, heading, text) for heading, text in zip(parts[::2], parts[1::2], strict=True)]


def _section(file: str, heading: str, text: str) -> Section:
    faq = FAQ_HEADING.fullmatch(heading.strip())
    anchor, title = faq.groups() if faq else (_slug(heading), heading.strip())
    return Section(f"{file}#{anchor}", title, text.strip())


def _slug(heading: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", fold(heading)).strip("-")


def _sentences(text: str) -> list[str]:
    """Break a section into what can be said aloud: sentences, list items, and table rows with their column names."""
    sentences: list[str] = []
    columns: list[str] = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        if line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if not columns:
                columns = cells
            elif set(cells[0]) != {"-"}:
                sentences.append(_row(columns, cells))
        else:
            sentences += SENTENCE_END.split(line.removeprefix("- "))
    return sentences


def _row(columns: list[str], cells: list[str]) -> str:
    values = [f"{column.lower()} {cell}" for column, cell in zip(columns[1:], cells[1:], strict=False)]
    return f"{cells[0]}: {cells[1] if len(values) == 1 else ', '.join(values)}."
