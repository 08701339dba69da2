"""What each answer of each edition proves, and how a text is made safe and recognised again."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretaria.settings import Flavour
from secretaria.whaticket.flavours import (
    CUT,
    FLAVOURS,
    PAGE,
    TEXT,
    UNLISTED,
    EmptyText,
    classify,
    fingerprint,
    read_error,
    safe_text,
    send_request,
)
from secretaria.whaticket.gateway import Outcome, SendResult

PAYLOADS = Path(__file__).parents[2] / "fixtures" / "payloads"
NOW = datetime(2026, 3, 9, 12, 0, 42, 500_000, tzinfo=UTC)
FLAVOUR_NAMES: tuple[Flavour, ...] = get_args(Flavour)

A, N, M, R, U = Outcome.ACCEPTED, Outcome.NOT_SENT, Outcome.MISCONFIGURED, Outcome.REFUSED, Outcome.UNKNOWN

# (edition, case in the fixture) -> outcome, whether a person hears of it
OBSERVED: dict[tuple[Flavour, str], tuple[Outcome, bool]] = {
    ("community", "success"): (A, False),
    ("community", "no Authorization header"): (M, True),
    ("community", "wrong token"): (M, True),
    ("community", "number missing"): (N, False),
    ("community", "number with letters"): (R, False),
    ("community", "number empty"): (R, False),
    ("community", "no default connection"): (N, True),
    ("community", "connection not started"): (N, True),
    ("community", "not on WhatsApp"): (R, False),
    ("community", "number check crashed"): (N, True),
    ("community", "send failed or outcome unknown"): (U, False),
    ("saas", "success"): (A, False),
    ("saas", "wrong or missing token"): (M, True),
    ("saas", "number missing, not on WhatsApp, or any plain error"): (U, False),
    ("saas", "connection not started"): (N, True),
    ("saas", "codatende: more than 60 per minute"): (N, False),
    ("saas", "codatende: plan"): (M, True),
    ("saas", "codatende: unpaid"): (M, True),
    ("ticketz", "ticketz: queued"): (A, False),
    ("ticketz", "ticketz: invalid number or dead session"): (U, False),
}

# Every other line of the contract, and what proxies put in its place.
WRITTEN: list[tuple[Flavour, int, str, Outcome, float | None, bool]] = [
    ("community", 400, "whatsapp #99 not found", R, None, True),
    ("community", 404, "ERR_NO_TICKET_FOUND", R, None, False),
    ("community", 404, PAGE, M, None, True),
    ("community", 404, TEXT, M, None, True),
    ("community", 404, "", M, None, True),
    ("community", 404, "ERR_SOMETHING_NEW", U, None, False),
    ("community", 405, PAGE, M, None, True),
    ("community", 413, PAGE, R, None, False),
    ("community", 400, "ERR_WAPP_NOT_INITIALIZED", N, 60, True),
    ("community", 400, "ERR_WAPP_CHECK_CONTACT", N, 15, True),
    ("community", 400, "ERR_NO_DEF_WAPP_FOUND", N, 60, True),
    ("community", 400, "ERR_SOMETHING_NEW", U, None, False),
    ("community", 400, "", U, None, False),
    ("community", 400, PAGE, U, None, False),
    ("community", 500, "Internal server error", N, None, False),
    ("community", 500, "internal server error", U, None, False),
    ("community", 500, PAGE, U, None, False),
    ("community", 500, "", U, None, False),
    ("community", 500, "ERR_WAPP_NOT_INITIALIZED", U, None, False),
    ("community", 502, PAGE, U, None, False),
    ("community", 503, PAGE, U, None, False),
    ("community", 504, PAGE, U, None, False),
    ("community", 402, "", U, None, False),
    ("saas", 400, "ERR_SENDING_WAPP_MSG", U, None, False),
    ("saas", 400, "ERR_NO_DEF_WAPP_FOUND in COMPANY 7", N, 60, True),
    ("saas", 400, "Connection Closed", U, None, False),
    ("saas", 400, "Timed Out", U, None, False),
    ("saas", 400, "ERR_CHECK_NUMBER", R, None, False),
    ("saas", 400, "ERR_MESSAGE_SEND_FAILED", U, None, False),
    ("saas", 401, "ERR_INVALID_API_TOKEN", M, None, True),
    ("saas", 429, "ERR_RATE_LIMIT_EXCEEDED", N, 17.5, False),
    ("saas", 429, PAGE, N, 17.5, False),
    ("saas", 500, "Internal server error", U, None, False),
    ("saas", 500, "ERR_INTERNAL_SERVER_ERROR", U, None, False),
    ("saas", 502, PAGE, U, None, False),
    ("saas", 504, PAGE, U, None, False),
    ("ticketz", 400, "ERR_SYNTAX", R, None, True),
    ("ticketz", 401, "Acesso não permitido", M, None, True),
    ("ticketz", 402, "ERR_SUBSCRIPTION_EXPIRED", M, None, True),
    ("ticketz", 404, "ERR_WHATSAPP_NOT_FOUND", M, None, True),
    ("ticketz", 500, "Internal server error", U, None, False),
    ("ticketz", 400, "ERR_WAPP_NOT_INITIALIZED", U, None, False),
]


def fixture_cases() -> list[tuple[Flavour, dict[str, Any]]]:
    """List the observed answers; the fixture of saas also holds those of ticketz."""
    editions: tuple[Flavour, ...] = ("community", "saas")
    return [
        ("ticketz" if case["case"].startswith("ticketz") else flavour, case)
        for flavour in editions
        for case in json.loads((PAYLOADS / f"{flavour}-send-responses.json").read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize(
    ("flavour", "case"), fixture_cases(), ids=lambda value: value if isinstance(value, str) else value["case"]
)
def test_an_observed_answer_proves_what_the_contract_says(flavour: Flavour, case: dict[str, Any]) -> None:
    """Each answer seen on a running Whaticket has its class, and its error is kept in a bare form."""
    body = case["body"] if isinstance(case["body"], str) else json.dumps(case["body"], ensure_ascii=False)
    result = classify(flavour, case["status"], read_error(body.encode()), now=NOW)
    assert (result.outcome, result.alert) == OBSERVED[flavour, case["case"]]
    assert result.status == case["status"]
    assert result.error == ("" if result.outcome is A else case["body"]["error"])


def test_every_observed_answer_is_expected_here() -> None:
    """A new line in the fixtures has to be given its class by hand."""
    assert {(flavour, case["case"]) for flavour, case in fixture_cases()} == set(OBSERVED)


@pytest.mark.parametrize(("flavour", "status", "error", "outcome", "wait", "alert"), WRITTEN)
def test_a_written_answer_proves_what_the_contract_says(
    flavour: Flavour, status: int, error: str, outcome: Outcome, wait: float | None, *, alert: bool
) -> None:
    """Status and error count together; only marked rows may be retried, and what no row knows may have left."""
    result = classify(flavour, status, error, now=NOW)
    assert (result.outcome, result.retry_after_seconds, result.alert) == (outcome, wait, alert)


@pytest.mark.parametrize("flavour", FLAVOUR_NAMES)
@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (b"", A),
        (b'{"mensagem":"Mensagem enviada"}', A),
        (b"OK", A),
        (b'"ok"', A),
        (b'{"error":null}', A),
        (b"<!doctype html><title>Entrar</title>", U),
        (b'{"mensagem":"Mensa', U),
        (b'{"error":"ERR_WAPP_NOT_INITIALIZED"}', U),
    ],
)
def test_200_is_success_unless_it_says_otherwise(flavour: Flavour, body: bytes, outcome: Outcome) -> None:
    """An empty, JSON or text body is success; a page, a cut answer or an error is in doubt."""
    assert classify(flavour, 200, read_error(body), now=NOW).outcome is outcome


@pytest.mark.parametrize("flavour", FLAVOUR_NAMES)
@pytest.mark.parametrize("status", [201, 202, 204, 206])
def test_only_200_is_success(flavour: Flavour, status: int) -> None:
    """No edition answers a send with another 2xx: it is in doubt and a person hears of it."""
    assert classify(flavour, status, "", now=NOW) == SendResult(U, status=status, alert=True)


@pytest.mark.parametrize("flavour", FLAVOUR_NAMES)
@pytest.mark.parametrize("status", [301, 302, 303, 304, 307, 308, 401, 403])
def test_configuration_stops_every_edition(flavour: Flavour, status: int) -> None:
    """Redirects and refused tokens stop the channel, whatever their text."""
    for error in ("", PAGE, "ERR_SOMETHING_NEW"):
        result = classify(flavour, status, error, now=NOW)
        assert (result.outcome, result.alert) == (M, True)


@pytest.mark.parametrize("flavour", FLAVOUR_NAMES)
def test_a_told_wait_is_kept(flavour: Flavour) -> None:
    """429 and 503 wait for what Retry-After says; a 503 without it is in doubt."""
    assert classify(flavour, 429, "", now=NOW, retry_after_seconds=9).retry_after_seconds == 9
    told = classify(flavour, 503, PAGE, now=NOW, retry_after_seconds=120)
    assert (told.outcome, told.retry_after_seconds) == (N, 120)
    assert classify(flavour, 503, PAGE, now=NOW).outcome is U


@pytest.mark.parametrize(("second", "wait"), [(0, 60), (1, 59), (59, 1)])
def test_the_rate_limit_waits_for_the_next_full_minute(second: int, wait: float) -> None:
    """A limit counted by whole minutes is over when the next one begins."""
    now = NOW.replace(second=second, microsecond=0)
    assert classify("saas", 429, "ERR_RATE_LIMIT_EXCEEDED", now=now).retry_after_seconds == wait


@given(
    flavour=st.sampled_from(FLAVOUR_NAMES),
    status=st.integers(min_value=100, max_value=599),
    error=st.one_of(st.text(max_size=300), st.sampled_from(["", PAGE, TEXT, CUT, "ERR_SENDING_WAPP_MSG"])),
)
def test_every_answer_has_a_class_and_quotes_nobody(flavour: Flavour, status: int, error: str) -> None:
    """No answer is left without a class; a success is a 200, and the error is short and holds no digits."""
    result = classify(flavour, status, f"{error} 5520900000101", now=NOW)
    assert len(result.error) <= 200
    assert "5520900000101" not in result.error
    assert classify(flavour, status, error, now=NOW).outcome is not A or status == 200


def test_free_text_of_an_error_is_not_repeated() -> None:
    """An error text we do not know may quote the customer, so only its existence is kept."""
    assert classify("community", 400, "cannot send 'oi' to 5520900000101", now=NOW).error == UNLISTED
    assert classify("community", 400, "ERR_SOMETHING_NEW", now=NOW).error == "ERR_SOMETHING_NEW"
    assert classify("community", 502, PAGE, now=NOW).error == PAGE


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", ""),
        (b" \n", ""),
        (b'{"error":" ERR_SYNTAX "}', "ERR_SYNTAX"),
        (b'\xef\xbb\xbf{"error":"ERR_SYNTAX"}', "ERR_SYNTAX"),
        (b'{"error":{"code":7}}', UNLISTED),
        (b'{"mensagem":"x"}', ""),
        (b"[]", ""),
        (b" <html>", PAGE),
        (b"404 page not found", TEXT),
        (b"\xff\xfe", TEXT),
        (b'{"error":', CUT),
        (b"[" * 60_000, CUT),
    ],
)
def test_the_error_is_read_from_any_body(body: bytes, error: str) -> None:
    """Whatever comes back, reading it gives an error, a kind or nothing, and never fails."""
    assert read_error(body) == error


def test_the_requests_are_shaped_as_the_contract_shows() -> None:
    """Each edition gets number and body as text; saas is not told to close, ticketz to show it on the ticket."""
    for flavour in FLAVOUR_NAMES:
        seen = json.loads((PAYLOADS / f"{flavour}-send-request.json").read_text(encoding="utf-8"))
        sent = send_request(flavour, seen["number"], seen["body"])
        assert sent == {key: value for key, value in seen.items() if value}


def test_the_editions_declare_what_they_can_do() -> None:
    """No edition returns an id or promises an echo; only ticketz queues and leaves templates alone."""
    assert set(FLAVOURS) == set(FLAVOUR_NAMES)
    assert not any(edition.returns_id or edition.echo for edition in FLAVOURS.values())
    assert all(edition.readback and edition.readback_marks_read for edition in FLAVOURS.values())
    assert {name for name, edition in FLAVOURS.items() if not edition.sync_send} == {"ticketz"}
    assert {name for name, edition in FLAVOURS.items() if not edition.mustache} == {"ticketz"}


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("Olá, {{name}}!", "Olá, { {name}}!"),
        ("{{{x}}}", "{ { {x}}}"),
        ("sem fim {{", "sem fim { {"),
        ("{\0{x}}", "{ {x}}"),
        ("um { só", "um { só"),
        ("\u200eOlá", "Olá"),
        (" \u200e\n\u200e Olá \n", "Olá"),
        ("dentro\u200e fica", "dentro\u200e fica"),
        ("a\0b\ud800c", "abc"),
        ("👩\u200d⚕️ atende", "👩\u200d⚕️ atende"),
    ],
)
def test_a_text_leaves_as_it_reads(text: str, safe: str) -> None:
    """Templates, the forks' own mark and what cannot be carried are defused; the rest stays."""
    assert safe_text(text, "community") == safe_text(text, "saas") == safe


def test_an_edition_without_templates_gets_braces_as_they_are() -> None:
    """Where nothing renders the text, nothing is put between braces."""
    assert safe_text("{{x}}", "ticketz") == "{{x}}"


@pytest.mark.parametrize("text", ["", " \n", "\0", "\u200e\u200b\ufeff", " \u200e ", "\ud800"])
def test_an_empty_text_is_never_sent(text: str) -> None:
    """Nothing readable is an error of ours: Whaticket would send it and say 200."""
    with pytest.raises(EmptyText) as caught:
        safe_text(text, "community")
    assert caught.value.message == "o texto não tem nada legível para enviar"


@pytest.mark.parametrize("character", ["a", "ç", "👍", "{", "a "])
def test_a_long_text_is_cut_below_the_limit(character: str) -> None:
    """70 000 characters become fewer than 4 096, as WhatsApp counts them, and end in an ellipsis."""
    cut = safe_text(character * 70_000, "community")
    assert 4000 < len(cut.encode("utf-16-le")) // 2 < 4096
    assert cut.endswith("…")
    assert "{{" not in cut


def test_a_text_at_the_limit_is_whole() -> None:
    """4 095 characters leave as they are."""
    assert safe_text("a" * 4095, "community") == "a" * 4095


ANY_TEXT = st.text(st.characters() | st.sampled_from("{}*: \n\t\0\u200e\u200d\u2060\ud800e\u0301"), max_size=200)


@given(text=ANY_TEXT, flavour=st.sampled_from(FLAVOUR_NAMES))
def test_a_safe_text_is_safe_and_recognised(text: str, flavour: Flavour) -> None:
    """What leaves holds no template or mark, stays the same when made safe again, and keeps its fingerprint."""
    try:
        safe = safe_text(text, flavour)
    except EmptyText:
        return
    assert "{{" not in safe or flavour == "ticketz"
    assert not safe.startswith("\u200e")
    assert safe.encode()
    assert safe_text(safe, flavour) == safe
    assert fingerprint(safe) == fingerprint(text)


@pytest.mark.parametrize(
    "echo",
    [
        "Olá, {{x}}!\nAté já",
        "Olá, { {x}}! Até já",
        "Olá, {\u2060{x}}!  Até\u00a0já ",
        "\u200eOlá, {{x}}!\r\nAté já",
        "Ola\u0301, {{x}}! Ate\u0301 ja\u0301",
        "*Ana:*\nOlá, {{x}}! Até já",
        "*Ana Prado:* \n\nOlá, {{x}}! Até já",
    ],
)
def test_a_text_is_recognised_after_whaticket_touched_it(echo: str) -> None:
    """Spacing, composition, format characters, split braces and the attendant's name make no difference."""
    assert fingerprint(echo) == fingerprint("Olá, {{x}}! Até já")


@pytest.mark.parametrize(
    "other", ["Olá, {{x}}! Até", "olá, {{x}}! Até já", "Olá, {x}}! Até já", "*Ana:* Olá, {{x}}! Até já"]
)
def test_another_text_has_another_fingerprint(other: str) -> None:
    """Words, capitals, the number of braces and a name inside the line do make a difference."""
    assert fingerprint(other) != fingerprint("Olá, {{x}}! Até já")


def test_a_fingerprint_is_a_plain_digest() -> None:
    """It is the SHA-256 of the canonical text, so that it can be told again in the database."""
    assert fingerprint(" Oi\n tudo ") == hashlib.sha256(b"Oi tudo").hexdigest()
    assert fingerprint("*Ana:*\n") == hashlib.sha256(b"*Ana:*").hexdigest()
