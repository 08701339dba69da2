"""What customers type finds the chunks that answer it, in PostgreSQL and by its indexes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from secretaria.clock import HeldClock
from secretaria.knowledge.search import BY_LIKENESS, BY_WORDS, search
from secretaria.knowledge.snapshot import Snapshot
from secretaria.knowledge.store import write_version
from secretaria.simulation import SAMPLE_BUSINESS

RECALL_AT_5 = 0.78  # 0.80 when it was written; by plain full text it was 0.65
FOUND_AT_8 = 0.90
LATEST = 6


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """Open a session."""
    with Session(engine) as opened:
        yield opened


def labelled_turns() -> Iterator[tuple[list[str], list[str], set[str]]]:
    """Yield what each labelled turn asks, what was said before it, and the sources that answer it."""
    for line in (SAMPLE_BUSINESS / "conversations.jsonl").read_text(encoding="utf-8").splitlines():
        conversation = json.loads(line)
        said: list[str] = []
        for turn in conversation["turns"]:
            asked = [conversation["messages"][index]["text"] or "" for index in turn["messages"]]
            if turn["sources"]:
                yield asked, said[-LATEST:], set(turn["sources"])
            said += [*asked, *turn["reference_reply"]]


def sources(session: Session, version: int, *texts: str, before: Sequence[str] = ()) -> list[str]:
    """Return the sources found, best first."""
    return [chunk.source for chunk in search(session, version, texts, before=before)]


def test_labelled_sources_are_found(session: Session, sample_version: int) -> None:
    """Of the sources that people gave the sample's turns, four in five are among the first five found."""
    turns = list(labelled_turns())
    found = [(sources(session, sample_version, *asked, before=said), wanted) for asked, said, wanted in turns]
    recall = sum(len(wanted & set(best[:5])) / len(wanted) for best, wanted in found) / len(turns)
    any_at_8 = sum(bool(wanted & set(best)) for best, wanted in found) / len(turns)
    print(f"recall@5 {recall:.3f}, any source in the 8 of the prompt {any_at_8:.3f}, {len(turns)} turns")  # noqa: T201
    assert recall >= RECALL_AT_5
    assert any_at_8 >= FOUND_AT_8


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("qnt ta a limpeza", "servicos-e-precos.md#limpeza"),
        ("vcs aceita dental mais", "convenios-e-pagamento.md#convenios-aceitos"),
        ("AVALIACAO", "servicos-e-precos.md#avaliacao"),
        ("avaliações", "faq.md#faq-06"),
        ("limpesa", "faq.md#faq-08"),
        ("clareamneto", "servicos-e-precos.md#clareamento"),
        ("tem estacionamennnnto?", "faq.md#faq-04"),
        ("onde fica?", "faq.md#faq-03"),
    ],
)
def test_what_is_typed_in_a_hurry_is_found(session: Session, sample_version: int, typed: str, wanted: str) -> None:
    """Abbreviations, lost accents, plurals, typos and drawn out letters lead to the same chunk as good spelling."""
    assert wanted in sources(session, sample_version, typed)[:5]


def test_what_was_said_before_helps_a_question_that_leans_on_it(session: Session, sample_version: int) -> None:
    """'E dói?' alone says little; after a talk about cleaning it finds the cleaning."""
    assert "faq.md#faq-09" in sources(session, sample_version, "e dói?", before=["quanto custa a limpeza?"])[:2]


@pytest.mark.parametrize("nothing", [[], [""], ["oi", "bom dia!!"], ["🙂"], ["?"], ["' OR 1=1; --"], ["xqzwv kjhgf"]])
def test_a_text_about_nothing_finds_nothing(session: Session, sample_version: int, nothing: list[str]) -> None:
    """A greeting, a picture, a quote or a word from nowhere brings no chunk, and no error."""
    assert sources(session, sample_version, *nothing) == []


def test_a_very_long_text_is_searched_all_the_same(session: Session, sample_version: int) -> None:
    """A pasted letter of a thousand words is cut to its first sixty subjects."""
    assert sources(session, sample_version, "limpeza " + " ".join(f"palavra{n}" for n in range(1000)))[0]


def test_only_the_version_asked_for_is_searched(
    session: Session, sample_version: int, clock: HeldClock, sample: Snapshot
) -> None:
    """A word that only a draft holds is found in the draft and nowhere else; the rest of the limit is kept."""
    base = {**sample.base, "novo.md": "## Ozonioterapia\nR$ 70 a sessão."}
    draft = write_version(
        session, Snapshot(sample.card, base), origin="edit", author="dona", parent_id=sample_version, now=clock.now()
    )
    assert sources(session, draft.version_id or 0, "ozonioterapia") == ["novo.md#ozonioterapia"]
    assert sources(session, sample_version, "ozonioterapia") == []
    assert len(search(session, sample_version, ["quanto custa"], limit=3)) == 3


def test_a_large_history_is_not_read_through(session: Session, sample_version: int) -> None:
    """With thousands of chunks of other versions, both halves of a search reach their rows by an index."""
    session.execute(
        text(
            "INSERT INTO business_version (origin, author, note, card, base, fingerprint, created_at) "
            "SELECT 'edit', 'dona', '', '', '{}', n::text, now() FROM generate_series(1, 60) AS n"
        )
    )
    session.execute(
        text(
            "INSERT INTO knowledge_chunk (version_id, position, source, title, text, file, folded) "
            "SELECT version.id, position, source, title, chunk.text, file, folded || ' ' || md5(version.id || source) "
            "FROM knowledge_chunk AS chunk, business_version AS version WHERE version.id <> chunk.version_id"
        )
    )
    session.execute(text("ANALYZE knowledge_chunk"))
    given = {"version": sample_version, "words": ["limpeza"], "roles": ["asked"], "weights": [1.0]}
    for query in (BY_WORDS, BY_LIKENESS):
        plan = "\n".join(session.connection().exec_driver_sql(f"EXPLAIN {query.sql}", given).scalars())
        assert "Index" in plan
        assert "Seq Scan on knowledge_chunk" not in plan
