"""Finds the chunks a customer's words are about, in PostgreSQL: Portuguese full text joined with trigrams."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlmodel import Session

from secretaria.database.compiled import CompiledStatement
from secretaria.knowledge.chunks import Chunk
from secretaria.knowledge.words import related_words, subject_words

LIMIT = 8
SHORTEST_TYPO = 4  # trigrams of shorter words resemble too much
ALIKE = 0.45
RELATED_WEIGHT = 0.25  # a related word is a guess; the customer's own counts
LIST_WEIGHTS = {"asked": 1.0, "typed": 1.0, "before": 0.3}
RANK_OFFSET = 20

# Words that few chunks hold weigh more; OR, because chats hold many words and a chunk never all of them.
BY_WORDS = CompiledStatement("""
WITH term AS (
    SELECT role, plainto_tsquery('portuguese', word) AS query, max(weight) AS weight
    FROM unnest(CAST(:roles AS text[]), CAST(:words AS text[]), CAST(:weights AS float8[])) AS given (role, word, weight)
    WHERE numnode(plainto_tsquery('portuguese', word)) > 0
    GROUP BY role, query
), hit AS (
    SELECT role, query, chunk.id, chunk.position, weight * ts_rank(chunk.search, query) AS rank
    FROM term JOIN knowledge_chunk AS chunk ON chunk.search @@ query AND chunk.version_id = :version
), rare AS (
    SELECT role, query, ln(1 + (SELECT count(*) FROM knowledge_chunk WHERE version_id = :version)::float8 / count(*)) AS weight
    FROM hit GROUP BY role, query
)
SELECT role, id FROM hit JOIN rare USING (role, query)
GROUP BY role, id, position ORDER BY role, sum(hit.rank * rare.weight) DESC, position
""")
# Only words that no chunk holds are looked for by likeness: they are mistyped, cut short or of another language.
BY_LIKENESS = CompiledStatement("""
WITH given AS (
    SELECT DISTINCT word, plainto_tsquery('portuguese', word) AS query FROM unnest(CAST(:words AS text[])) AS word
), typed AS (
    SELECT word FROM given WHERE numnode(query) > 0 AND NOT EXISTS (
        SELECT FROM knowledge_chunk AS chunk WHERE chunk.search @@ query AND chunk.version_id = :version
    )
), hit AS (
    SELECT word, chunk.id, chunk.position, strict_word_similarity(word, chunk.folded) AS likeness
    FROM typed JOIN knowledge_chunk AS chunk ON chunk.version_id = :version AND word <<% chunk.folded
), rare AS (
    SELECT word, ln(1 + (SELECT count(*) FROM knowledge_chunk WHERE version_id = :version)::float8 / count(*)) AS weight
    FROM hit GROUP BY word
)
SELECT id FROM hit JOIN rare USING (word) GROUP BY id, position ORDER BY sum(likeness * weight) DESC, position
""")
LOOK_ALIKE = CompiledStatement("SELECT set_config('pg_trgm.strict_word_similarity_threshold', :alike, true)")
CHUNKS = CompiledStatement("SELECT id, source, title, text, file FROM knowledge_chunk WHERE id = ANY(:ids)")


def search(
    session: Session, version_id: int, texts: Sequence[str], *, before: Sequence[str] = (), limit: int = LIMIT
) -> tuple[Chunk, ...]:
    """Return the chunks of a version that are most about what was asked, best first; none where nothing fits.

    Up to three rankings are fused by reciprocal rank (Cormack, Clarke and Büttcher, SIGIR 2009: the sum of
    1 / (k + rank)): the words that were asked, with those that mean the same; what resembles the words that the base
    does not know; and, for a question like "e o outro?", the words that were said before.

    Args:
        session: An open session.
        version_id: Any version, also a draft.
        texts: What the customer asks now, as it was typed.
        before: What was said before, by either side; it only helps.
        limit: How many at most.
    """
    asked, earlier = subject_words(texts), subject_words(before)
    rankings = {**_by_words(session, version_id, asked, earlier), "typed": _by_likeness(session, version_id, asked)}
    best = _fused(rankings)[:limit]
    rows = CHUNKS.all(session, {"ids": best}) if best else ()
    found = {identifier: Chunk(*columns) for identifier, *columns in rows}
    return tuple(found[identifier] for identifier in best)


def _by_words(
    session: Session, version_id: int, asked: Sequence[str], earlier: Sequence[str]
) -> Mapping[str, Sequence[int]]:
    terms = [
        *(("asked", word, 1.0) for word in asked),
        *(("asked", word, RELATED_WEIGHT) for word in related_words(asked)),
        *(("before", word, 1.0) for word in earlier),
    ]
    if not terms:
        return {}
    roles, words, weights = (list(column) for column in zip(*terms, strict=True))
    given = {"version": version_id, "roles": roles, "words": words, "weights": weights}
    rankings = defaultdict(list)
    for role, identifier in BY_WORDS.all(session, given):
        rankings[role].append(identifier)
    return rankings


def _by_likeness(session: Session, version_id: int, asked: Sequence[str]) -> Sequence[int]:
    words = [word for word in asked if len(word) >= SHORTEST_TYPO]
    if not words:
        return []
    LOOK_ALIKE.run(session, {"alike": str(ALIKE)})
    return [row.id for row in BY_LIKENESS.all(session, {"version": version_id, "words": words})]


def _fused(rankings: Mapping[str, Sequence[int]]) -> list[int]:
    scores: dict[int, float] = defaultdict(float)
    for role, ranking in rankings.items():
        for rank, identifier in enumerate(ranking, start=1):
            scores[identifier] += LIST_WEIGHTS[role] / (RANK_OFFSET + rank)
    return sorted(scores, key=lambda identifier: (-scores[identifier], identifier))
