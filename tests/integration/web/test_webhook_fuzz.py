"""Whatever is thrown at the webhook is answered by one of its own statuses, and nothing of it reaches the log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loguru import logger

from tests.builders import SECRET, TOKEN, a_text, signed

PATH = "/webhook/whaticket"
CANARY = "canario-52998224725"
ANSWERS = {202, 400, 401, 404, 405, 413, 415, 429, 431}
NAMES = st.sampled_from(
    b"x-signature x-timestamp X-SIGNATURE authorization x-webhook-token x-n8n-api-key content-type content-encoding"
    b" x-forwarded-for x-http-method-override cookie x-odd".split()
)
VALUES = st.one_of(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=80),
    st.sampled_from(
        ["", CANARY, "1" * 5000, "nan", "sha256=" + "a" * 64, "Basic %%%", "gzip", f"Bearer {CANARY}", "١٢٣"]
    ),
).map(lambda value: value.encode())
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=30), st.just(CANARY)
)
JSONS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
MUTATED = st.builds(lambda key, value: {**a_text(CANARY), key: value}, st.sampled_from([*a_text(), "key", "z"]), JSONS)
BODIES = st.one_of(
    st.binary(max_size=400),
    st.one_of(JSONS, MUTATED).map(lambda value: json.dumps(value).encode("utf-8", errors="replace")),
    st.just(CANARY.encode()),
)
PATHS = st.sampled_from([PATH, f"{PATH}/{CANARY}", f"{PATH}?token={CANARY}", f"{PATH}/%2e%2e", f"{PATH}?%00={CANARY}"])
FEW = settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """Catch every line the service logs, as it would be written but for the masker, which is not put in between."""
    caught: list[str] = []
    sink = logger.add(
        lambda line: caught.append(f"{line.record['level'].name} {line.record['message']} {line.record['extra']}")
    )
    yield caught
    logger.remove(sink)


@FEW
@given(path=PATHS, headers=st.lists(st.tuples(NAMES, VALUES), max_size=6), body=BODIES)
def test_strangers_are_answered_and_not_told_of(
    site: httpx.Client, lines: list[str], path: str, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    """Any headers and bytes without a proof: never a 5xx, no line above DEBUG, nothing of what was sent."""
    lines.clear()
    answer = site.post(path, content=body, headers=headers)
    assert answer.status_code in ANSWERS - {202}
    assert CANARY not in answer.text
    assert [line for line in lines if not line.startswith("DEBUG") or CANARY in line] == []


@FEW
@given(body=BODIES, by_token=st.booleans())
def test_what_is_authentic_is_taken_or_refused(
    site: httpx.Client, lines: list[str], body: bytes, *, by_token: bool
) -> None:
    """Any bytes with a proof: 202 or 400, and the log tells neither what they say nor the proof."""
    lines.clear()
    proof = [(b"x-webhook-token", TOKEN.encode())] if by_token else signed(body, datetime.now(UTC), SECRET).headers
    answer = site.post(PATH, content=body, headers=list(proof))
    assert answer.status_code in {202, 400}
    assert CANARY not in answer.text
    assert [line for line in lines if CANARY in line or TOKEN in line or SECRET in line] == []
