"""The door: who is let in, who is not, and that every refusal reads the same."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretaria.whaticket.signature import SignatureInvalid, presented_tokens, verify_signed, verify_token

NOW = datetime(2026, 3, 9, 12, 0, 0, 999_999, tzinfo=UTC)
EPOCH = int(NOW.timestamp())
BODY = '{"message":{"conversation":"Olá"},"number":"5520900000101"}'.encode()
SECRET = "segredo-inventado-de-teste-0000000001"
TOKEN = "token-inventado-de-teste-0001"


def sign(timestamp: bytes = str(EPOCH).encode(), body: bytes = BODY, secret: str = SECRET) -> bytes:
    """Sign as a relay would."""
    return hmac.new(secret.encode(), timestamp + b"." + body, hashlib.sha256).hexdigest().encode()


def headers(timestamp: bytes | None = None, signature: bytes | None = None) -> list[tuple[bytes, bytes]]:
    """Build the headers of a valid request, or of one with a replaced value."""
    stamp = str(EPOCH).encode() if timestamp is None else timestamp
    return [(b"host", b"x"), (b"x-timestamp", stamp), (b"x-signature", sign(stamp) if signature is None else signature)]


def refused(pairs: list[tuple[bytes, bytes]], body: bytes = BODY, secrets: tuple[str, ...] = (SECRET,)) -> str:
    """Return the cause of a refusal, checking that its sentence is the one of every refusal."""
    with pytest.raises(SignatureInvalid) as caught:
        verify_signed(pairs, body, secrets, NOW)
    assert str(caught.value) == caught.value.message == "requisição não autenticada"
    return caught.value.cause


def test_a_signed_request_is_let_in() -> None:
    """A valid request passes and gives its signature back."""
    assert verify_signed(headers(), BODY, [SECRET], NOW) == sign().decode()


def test_upper_case_hex_is_the_same_signature() -> None:
    """A relay that prints hex in capitals passes, and the signature comes back in one spelling for the replay check."""
    assert verify_signed(headers(signature=sign().upper()), BODY, [SECRET], NOW) == sign().decode()


@pytest.mark.parametrize("offset", [-300, -299, 0, 299, 300])
def test_the_window_is_inclusive(offset: int) -> None:
    """Whole seconds count: 300 on either side are let in, whatever the fraction of the present second."""
    assert verify_signed(headers(str(EPOCH + offset).encode()), BODY, [SECRET], NOW)


@pytest.mark.parametrize("offset", [-3600, -301, 301, 3600])
def test_outside_the_window_is_refused(offset: int) -> None:
    """From 301 seconds on either side a request is too old or too new."""
    assert refused(headers(str(EPOCH + offset).encode())) == "window"


@pytest.mark.parametrize("missing", [b"x-timestamp", b"x-signature"])
def test_a_missing_header_is_refused(missing: bytes) -> None:
    """Without one of the two headers nothing is proven."""
    assert refused([pair for pair in headers() if pair[0] != missing]) == "missing"


@pytest.mark.parametrize(("name", "cause"), [(b"x-timestamp", "timestamp"), (b"x-signature", "signature")])
def test_a_doubled_header_is_refused(name: bytes, cause: str) -> None:
    """A header given twice is refused, also when both values are right."""
    value = dict(headers())[name]
    assert refused([*headers(), (name, value)]) == cause
    assert refused([(name, b"0" * 64), *headers()]) == cause


@pytest.mark.parametrize(
    "timestamp",
    [
        b"",
        b"ontem",
        b"-5",
        b"+17",
        b"0",
        b"0%d" % EPOCH,
        b"%d.5" % EPOCH,
        b"%d " % EPOCH,
        b" %d" % EPOCH,
        b"%d\n" % EPOCH,
        b"%d,%d" % (EPOCH, EPOCH),
        b"1e9",
        b"nan",
        b"inf",
        b"0x69AEB3C0",
        b"1_773_057_600",
        "１７７３０５７６００".encode(),
        "1773057600²".encode(),
        b"\xff\xfe",
        b"1" * 30,
        b"9" * 5000,
    ],
)
def test_a_timestamp_of_another_form_is_refused(timestamp: bytes) -> None:
    """Only plain digits of a plausible length are a timestamp, even when they are signed with the right secret."""
    assert refused(headers(timestamp)) == "timestamp"


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        sign()[:32],
        sign()[:63],
        sign() + b"0",
        sign() + b"\n",
        b" " + sign(),
        b"sha256=" + sign(),
        b'"' + sign() + b'"',
        sign() + b"," + sign(),
        base64.b64encode(bytes.fromhex(sign().decode())),
        b"nao-e-hexadecimal",
        b"g" * 64,
        "é".encode() * 32,
        b"\xff" * 64,
        "０".encode() * 64,
    ],
)
def test_a_signature_of_another_form_is_refused(signature: bytes) -> None:
    """Only 64 hex characters are a signature; other bytes are refused without an error of another kind."""
    assert refused(headers(signature=signature)) == "signature"


def test_another_secret_is_refused() -> None:
    """A signature made with another secret proves nothing."""
    assert refused(headers(signature=sign(secret="outro-segredo-inventado"))) == "signature"


def test_a_body_signed_without_its_time_is_refused() -> None:
    """The HMAC must cover the timestamp, with a dot between."""
    digest = hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest().encode()
    joined = hmac.new(SECRET.encode(), str(EPOCH).encode() + BODY, hashlib.sha256).hexdigest().encode()
    assert refused(headers(signature=digest)) == "signature"
    assert refused(headers(signature=joined)) == "signature"


@given(position=st.integers(min_value=0, max_value=len(BODY) - 1), bit=st.integers(min_value=0, max_value=7))
def test_any_changed_bit_of_the_body_is_refused(position: int, bit: int) -> None:
    """One flipped bit anywhere in the body breaks the proof."""
    changed = bytearray(BODY)
    changed[position] ^= 1 << bit
    assert refused(headers(), bytes(changed)) == "signature"


def test_a_moved_timestamp_is_refused() -> None:
    """A signature cannot be carried over to a fresher time."""
    assert refused(headers(str(EPOCH + 1).encode(), sign())) == "signature"


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"x" * 1_048_576])
def test_any_bytes_can_be_signed(body: bytes) -> None:
    """The proof is about bytes; whether they can be read is asked later."""
    assert verify_signed(headers(signature=sign(body=body)), body, [SECRET], NOW)


def test_two_secrets_are_in_force_during_a_rotation() -> None:
    """Old and new secret both pass while both are configured, and the old one no longer afterwards."""
    old = headers(signature=sign(secret="segredo-velho-inventado"))
    assert verify_signed(old, BODY, ["segredo-velho-inventado", SECRET], NOW)
    assert verify_signed(headers(), BODY, ["segredo-velho-inventado", SECRET], NOW)
    assert refused(old) == "signature"


@pytest.mark.parametrize("secrets", [(), ("",)])
def test_no_secret_means_closed(secrets: tuple[str, ...]) -> None:
    """Without a configured secret nothing is authentic, not even what is signed with an empty one."""
    assert refused(headers(signature=sign(secret="")), secrets=secrets) == "signature"


@given(
    stamp=st.one_of(st.binary(max_size=40), st.just(str(EPOCH).encode())),
    signature=st.binary(max_size=80),
    when=st.timedeltas(min_value=timedelta(days=-9000), max_value=timedelta(days=9000)),
)
def test_noise_is_refused_and_never_breaks(stamp: bytes, signature: bytes, when: timedelta) -> None:
    """Whatever bytes stand in the headers, the answer is a refusal."""
    with pytest.raises(SignatureInvalid):
        verify_signed([(b"x-timestamp", stamp), (b"x-signature", signature)], BODY, [SECRET], NOW + when)


def test_a_right_token_is_let_in_among_others() -> None:
    """One right candidate is enough, and each token in force counts."""
    verify_token([b"errado", TOKEN.encode()], ["token-antigo-inventado", TOKEN])


@pytest.mark.parametrize(
    ("presented", "tokens", "cause"),
    [
        ([b"errado"], [TOKEN], "token"),
        ([TOKEN.upper().encode()], [TOKEN], "token"),
        ([TOKEN.encode() + b" "], [TOKEN], "token"),
        ([b"\xff\xfe"], [TOKEN], "token"),
        ([], [TOKEN], "missing"),
        ([TOKEN.encode()], [], "token"),
        ([b""], [""], "token"),
        ([], [], "missing"),
    ],
)
def test_a_wrong_token_is_refused(presented: list[bytes], tokens: list[str], cause: str) -> None:
    """Nothing else is let in, and without a configured token nobody is."""
    with pytest.raises(SignatureInvalid) as caught:
        verify_token(presented, tokens)
    assert caught.value.cause == cause
    assert str(caught.value) == "requisição não autenticada"


@pytest.mark.parametrize(
    ("path", "pairs", "query"),
    [
        (TOKEN, [], b""),
        (None, [(b"x-webhook-token", TOKEN.encode())], b""),
        (None, [(b"x-n8n-api-key", TOKEN.encode())], b""),
        (None, [(b"authorization", TOKEN.encode())], b""),
        (None, [(b"authorization", b"Bearer " + TOKEN.encode())], b""),
        (None, [(b"authorization", b"bearer  " + TOKEN.encode())], b""),
        (None, [(b"authorization", b"Basic " + base64.b64encode(b"usuario:" + TOKEN.encode()))], b""),
        (None, [(b"authorization", b"Basic " + base64.b64encode(TOKEN.encode() + b":"))], b""),
        (None, [(b"authorization", b"basic " + base64.b64encode(TOKEN.encode() + b":senha"))], b""),
        (None, [], b"token=" + TOKEN.encode()),
        (None, [], b"a=1&token=errado&token=" + TOKEN.encode() + b"&b"),
        (None, [], b"token=" + quote(TOKEN, safe="").replace("-", "%2D").encode()),
        ("errado", [(b"x-webhook-token", b"errado"), (b"x-webhook-token", TOKEN.encode())], b"token=errado"),
    ],
)
def test_the_token_is_found_wherever_a_fork_can_put_it(
    path: str | None, pairs: list[tuple[bytes, bytes]], query: bytes
) -> None:
    """Path, headers, Basic credentials and query are all looked at."""
    verify_token(presented_tokens(path, pairs, query), [TOKEN])


def test_a_secret_of_user_and_password_is_found_whole() -> None:
    """A token that holds a colon may be given as user and password of an address."""
    pairs = [(b"authorization", b"Basic " + base64.b64encode(b"parte-um:parte-dois"))]
    verify_token(presented_tokens(None, pairs, b""), ["parte-um:parte-dois"])


@pytest.mark.parametrize(
    ("path", "pairs", "query"),
    [
        (None, [], b""),
        ("", [(b"x-webhook-token", b""), (b"authorization", b"")], b"token=&token&"),
        (None, [(b"cookie", TOKEN.encode()), (b"x-other", TOKEN.encode())], b"tokens=" + TOKEN.encode()),
    ],
)
def test_nothing_is_found_elsewhere(path: str | None, pairs: list[tuple[bytes, bytes]], query: bytes) -> None:
    """Empty values are no candidates, and other places are not searched."""
    assert presented_tokens(path, pairs, query) == []


@given(path=st.text(max_size=40), value=st.binary(max_size=60), query=st.binary(max_size=60))
def test_no_bytes_break_the_search(path: str, value: bytes, query: bytes) -> None:
    """Broken base64, stray percent signs and other bytes give candidates or none, never an error."""
    for scheme in (b"", b"Basic ", b"Bearer "):
        found = presented_tokens(path, [(b"authorization", scheme + value)], b"token=" + query)
        assert all(found)
    presented_tokens("\ud800", [], query)


def test_a_long_refusal_is_quick() -> None:
    """A body at the cap is decided well under a second, also beside two secrets."""
    body = b"x" * 1_048_576
    began = time.process_time()
    assert refused(headers(), body, (SECRET, "outro-segredo-inventado")) == "signature"
    assert time.process_time() - began < 0.5
