"""The first certificate, which nobody vouches for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from secretaria.certificates.self_signed import put_in_place, self_signed

NOW = datetime(2026, 8, 11, 13, 0, tzinfo=UTC)


def test_it_is_for_the_public_name_and_comes_with_its_key() -> None:
    """The proxy finds both in one file, and they belong together."""
    content = self_signed("atendimento.exemplo.com.br", NOW)
    certificate = x509.load_pem_x509_certificate(content)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["atendimento.exemplo.com.br"]
    assert certificate.public_key() == load_pem_private_key(content, None).public_key()


def test_it_is_valid_now_on_a_clock_that_is_behind() -> None:
    """It begins an hour before it was made."""
    certificate = x509.load_pem_x509_certificate(self_signed("localhost", NOW))
    assert certificate.not_valid_before_utc < NOW < certificate.not_valid_after_utc


def test_only_its_owner_reads_the_file(tmp_path: Path) -> None:
    """It holds a key."""
    file = tmp_path / "new" / "site.pem"
    put_in_place(file, b"content")
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"content", 0o600)
