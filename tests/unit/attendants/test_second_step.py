"""Codes of an application: which step they prove on a held clock, and which recovery codes are like one another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from secretaria.attendants.second_step import (
    RECOVERY_CODES,
    application_address,
    new_key,
    new_recovery_codes,
    proved_step,
    recovery_hash,
    seal_key,
)

NOW = datetime(2026, 3, 2, 12, 0, 10, tzinfo=UTC)
STEP = int(NOW.timestamp()) // 30
RFC_KEY = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # pragma: allowlist secret  # the key of RFC 6238, appendix B


def test_the_values_of_the_standard_are_proved() -> None:
    """RFC 6238, appendix B, of which an application shows the last six digits."""
    for seconds, code in ((59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")):
        at = datetime.fromtimestamp(seconds, UTC)
        assert proved_step(seal_key(RFC_KEY), code, at) == seconds // 30


@pytest.mark.parametrize(("steps", "proved"), [(-2, None), (-1, STEP - 1), (0, STEP), (1, STEP + 1), (2, None)])
def test_a_clock_may_be_wrong_by_one_step(steps: int, proved: int | None) -> None:
    """The step is that of the code, not that of the clock, so that it is used up once."""
    key = new_key()
    code = pyotp.TOTP(key).at(NOW + timedelta(seconds=30 * steps))
    assert proved_step(seal_key(key), code, NOW) == proved


@pytest.mark.parametrize("typed", ["{}", " {} ", "{:.3} {rest}", "{:.3}-{rest}"])
def test_a_code_is_the_same_however_it_is_parted(typed: str) -> None:
    """Applications show it in two groups."""
    key = new_key()
    code = pyotp.TOTP(key).at(NOW)
    assert proved_step(seal_key(key), typed.format(code, rest=code[3:]), NOW) == STEP


def test_other_digits_prove_nothing() -> None:
    """Nor do letters, nothing, or a whole book."""
    key = new_key()
    arabic = pyotp.TOTP(key).at(NOW).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    assert [proved_step(seal_key(key), code, NOW) for code in (arabic, "", "abcdef", "1" * 40)] == [None] * 4


def test_a_key_sealed_elsewhere_proves_nothing() -> None:
    """After PRIVACY_KEY was exchanged the account stays closed instead of opening by the password alone."""
    assert proved_step("sealed-by-another", "123456", NOW) is None


def test_the_key_cannot_be_read_where_it_rests() -> None:
    """The row alone gives no codes."""
    key = new_key()
    assert key not in seal_key(key)


def test_an_application_is_told_whose_codes_they_are() -> None:
    """Someone may have several of them."""
    key = new_key()
    address = urlsplit(application_address(key, "dona"))
    assert (address.scheme, parse_qs(address.query)["secret"]) == ("otpauth", [key])
    assert address.path.endswith(":dona")


def test_recovery_codes_are_many_and_kept_as_hashes() -> None:
    """They may be typed with or without what parts them."""
    codes = new_recovery_codes()
    hashes = [recovery_hash(code) for code in codes]
    assert len(set(hashes)) == RECOVERY_CODES
    assert recovery_hash(codes[0].replace("-", " ")) == hashes[0]
    assert codes[0].replace("-", "") not in str(hashes[0])
    assert recovery_hash("123456") is None
