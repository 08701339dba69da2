"""What no customer should read: markup, templates, role tags, tool calls, keys, and links that hide where they lead."""

from __future__ import annotations

import re
from collections.abc import Iterator

from secretaria.disguises import readings
from secretaria.replies.evidence import Evidence, Finding
from secretaria.replies.facts.reading import read
from secretaria.replies.reply import Reply

TEMPLATE = re.compile(
    r"\{\{|\}\}|\{%|%\}|\$\{|<%|#\{|%\(\w+\)s|\{[a-z_]{2,30}\}|\[(?:seu |sua |o |nome|valor|data|hora|inserir|insira|your )[^\]\n]{0,40}\]",
    re.IGNORECASE,
)
TAG = re.compile(r"</?[a-z!?][^<>\n]{0,400}>|<(?:script|iframe|img|svg|a|object|style|form)\b", re.IGNORECASE)
ROLE = re.compile(
    r"\[/?(?:inst|sys|system)\]|<\|[a-z_]{2,30}\|>|<</?sys>>|(?:^|\n)\W{0,4}(?:system|sistema|assistant|assistente|user|usuario|developer|human|tool)\W{0,3}:"
    r"|#{2,} ?(?:system|sistema|instruc|instrucoes|instruction|cliente|user|assistant|prompt|regras)|\bbegin (?:system )?prompt\b|```"
)
MARKDOWN_LINK = re.compile(
    r"!?\[[^\]\n]{0,200}\]\s?\([^)\n]{0,500}\)|!\[[^\]\n]{0,200}\]|^\[[^\]\n]{1,40}\]: ?\S", re.MULTILINE
)
SCHEME = re.compile(
    r"\b(?:javascript|vbscript|data|file|intent|blob|jar)\s?:(?=\s?[/a-z0-9(*;]+[/,;(.])|\bview-source:|ptth\b|\buggc[sf]?:|\bhxxps?\b"
)
PUNYCODE = re.compile(r"\bxn--[a-z0-9-]+")
ADDRESS = re.compile(
    r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])(?=[:/]|$|\s)|//(?:\d{8,10}|0x[0-9a-f]{6,8}|\[[0-9a-f:]+\])"
)
DOTTED = re.compile(r"[\w.-]{4,253}")
CREDENTIALS = re.compile(r"//[^\s/@]{1,200}@")
TOOL_CALL = re.compile(
    r"""["'][\w-]{1,40}["']\s?:\s?["'\[{\dtfn]|\b(?:tool|function)_?calls?\b|\b(?:tool|function|ferramenta|funcao|action|name|arguments|args|parameters)\s?[:=]\s?["'{]"""
    r"""|\b[a-z]+_[a-z_]+\s?\(|<(?:tool|function|invoke)|\brecipient_name\b"""
)
KEY = re.compile(
    r"\b(?:sk|pk|rk)[-_](?:live|test|proj|ant|or)?[-_]?\w{8,}|\bAKIA[0-9A-Z]{12,}|\bgh[pousr]_\w{16,}|\bgithub_pat_\w+|\bxox[abprs]-[\w-]{8,}"
    r"|\bAIza[\w-]{20,}|\beyJ[\w-]{8,}\.[\w-]{4,}|-----BEGIN [A-Z ]+|\bBearer\s+[\w.~+/-]{8,}|\bglpat-[\w-]{10,}|\bEAA[A-Za-z0-9]{20,}"
    r"|(?i:\b(?:api[_ -]?key|secret|token|senha|password|passwd|chave (?:de api|secreta|da api)|access[_ -]?key|client[_ -]?secret)\b\s{0,2}(?:[:=]|é|is|e:)\s{0,2}[\"'`]?(?=[^\s\"']*[\d_!@#$%-])[^\s\"']{6,})"
    r"|\b(?:postgres(?:ql)?|mysql|redis|mongodb|amqp)://\S+|\b(?:OPENAI|WHATICKET|DATABASE|REDIS|AWS)_[A-Z_]{3,}\s?="
)
MARKS = re.compile("[\u061c\u180e\u200e\u200f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")


def hidden_marks(reply: Reply, evidence: Evidence) -> Iterator[Finding]:
    """Yield marks that turn the text around, or make Whaticket take it for its own, and hidden ASCII."""
    del evidence
    if MARKS.search(reply.text):
        yield Finding("marks", "mark", "", "Há caracteres invisíveis na resposta. Escreva só texto comum.")


def without_marks(text: str) -> str:
    """Return a text without the marks that `hidden_marks` finds."""
    return MARKS.sub("", text)


def templates(reply: Reply, evidence: Evidence) -> Iterator[Finding]:
    """Yield expressions that a template was to fill in; Whaticket fills in ``{{name}}`` itself."""
    del evidence
    for text in readings(reply.text):
        yield from _first(
            "templates", "template", TEMPLATE, text, "Há um campo de modelo na resposta. Escreva o texto pronto."
        )


def tags(reply: Reply, evidence: Evidence) -> Iterator[Finding]:
    """Yield HTML, also where it is escaped."""
    del evidence
    for text in readings(reply.text):
        yield from _first("tags", "tag", TAG, text, "Há marcação HTML na resposta. Escreva só texto.")


def roles(reply: Reply, evidence: Evidence) -> Iterator[Finding]:
    """Yield marks by which a model tells the parts of a conversation apart."""
    del evidence
    for text in readings(reply.text):
        yield from _first("roles", "role", ROLE, read(text).folded, "Há marcas internas de conversa na resposta.")


def tool_calls(reply: Reply, evidence: Evidence) -> Iterator[Finding]:
    """Yield calls of tools that ended up in the text, and the names of tools."""
    names = [name for name in evidence.tools if "_" in name]
    for text in readings(reply.text):
        folded = read(text).folded
        if TOOL_CALL.search(folded) or any(name in folded for name in names):
            yield Finding("tool_calls", "tool", "", "Há uma chamada de ferramenta no texto. Peça-a no campo próprio.")
            return


def keys(reply: Reply, evidence: Evidence) -> Iterator[Finding]:
    """Yield what looks like a key, a password or a token."""
    del evidence
    for text in readings(reply.text):
        if KEY.search(text):
            yield Finding("keys", "key", "", "Há algo como uma senha ou chave na resposta. Nunca a escreva.")
            return


def disguised_links(reply: Reply, evidence: Evidence) -> Iterator[Finding]:
    """Yield links that hide where they lead: Markdown, other schemes, look-alike letters, addresses of machines."""
    del evidence
    for text in readings(reply.text):
        folded = read(text).folded
        forms = (MARKDOWN_LINK, SCHEME, PUNYCODE, ADDRESS, CREDENTIALS)
        if any(form.search(folded) for form in forms) or _has_foreign_host(folded):
            yield Finding(
                "links", "link", "", "Há um link disfarçado na resposta. Use só os links da base, por extenso."
            )
            return


def _has_foreign_host(folded: str) -> bool:
    """Say whether a host is written with letters that only look like ours."""
    if folded.isascii():
        return False
    words = (word.strip(".") for word in DOTTED.findall(folded))
    return any("." in word and any(map(_is_foreign, word)) for word in words)


def _is_foreign(character: str) -> bool:
    return character.isalpha() and not character.isascii()


def _first(check: str, kind: str, form: re.Pattern[str], text: str, sentence: str) -> Iterator[Finding]:
    match = form.search(text)
    if match:
        yield Finding(check, kind, match[0][:40], sentence)
