"""Where we do not call, whoever asks for it and however it is spelt; nothing here opens a connection."""

from __future__ import annotations

import threading

import pytest

from secretaria.egress import DestinationRefused, DestinationUnavailable, Limits, Resolver, fetch, origin_of

LISTED = ("media.exemplo.com.br",)
URL = "https://media.exemplo.com.br/a.ogg"

INSIDE = (  # every family that is not the open Internet
    "10.0.0.1", "172.16.0.9", "192.168.1.1", "127.0.0.1", "127.9.9.9", "0.0.0.0", "169.254.169.254", "169.254.1.1",  # noqa: S104  # nothing is bound
    "100.64.0.1", "100.100.100.200", "192.0.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::",
    "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1",
    "::10.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::a00:1", "2002:a00:1::1", "2001:0:a00:1::1", "2001:db8::1",
)  # fmt: skip


def resolving_to(*addresses: str) -> Resolver:
    """Answer every look-up with the same addresses."""
    return lambda _host, _port: addresses


@pytest.mark.parametrize("address", INSIDE)
def test_a_listed_name_that_points_inside_is_not_called(address: str) -> None:
    """A listed name that points inside is not called."""
    with pytest.raises(DestinationRefused, match="endereço interno") as refused:
        fetch(URL, hosts=LISTED, resolve=resolving_to(address))
    assert refused.value.cause == "address"


def test_one_address_inside_among_good_ones_condemns_the_name() -> None:
    """One address inside among good ones condemns the name."""
    with pytest.raises(DestinationRefused, match="endereço interno"):
        fetch(URL, hosts=LISTED, resolve=resolving_to("93.184.216.34", "10.0.0.1"))


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "[::ffff:127.0.0.1]"])
def test_other_spellings_of_loopback_are_refused_even_when_listed(host: str) -> None:
    """Other spellings of loopback are refused even when listed."""
    with pytest.raises(DestinationRefused) as refused:
        fetch(f"https://{host}/", hosts=(host,))
    assert refused.value.cause == "address"


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("https://outro.exemplo.com.br/a.ogg", "host"),
        ("https://media.exemplo.com.br.evil.test/", "host"),
        ("https://evil.test/?media.exemplo.com.br", "host"),
        ("https://media.exemplo.com.br:8443/", "host"),
        ("https://10.0.0.1/", "host"),
        ("http://media.exemplo.com.br/a.ogg", "scheme"),
        ("ftp://media.exemplo.com.br/a.ogg", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("data:text/plain,a", "scheme"),
        ("https://ana:senha@media.exemplo.com.br/", "malformed"),
        ("https://media.exemplo.com.br@evil.test/", "malformed"),
        ("https://media.exemplo.com.br\\@evil.test/", "malformed"),
        ("https://media.exemplo.com.br/ a", "malformed"),
        ("https://media.exemplo.com.br/\r\nHost: evil.test", "malformed"),
        ("https://mídia.exemplo.com.br/", "malformed"),
        ("https://media.exemplo.com.br:99999/", "malformed"),
        ("https://media.exemplo.com.br:0/", "malformed"),
        ("https://[::1/", "malformed"),
        ("https:///a.ogg", "malformed"),
        ("//media.exemplo.com.br/", "malformed"),
        ("", "malformed"),
    ],
)
def test_an_address_that_is_not_exactly_a_listed_https_host_is_refused(url: str, cause: str) -> None:
    """An address that is not exactly a listed https host is refused."""
    with pytest.raises(DestinationRefused) as refused:
        fetch(url, hosts=LISTED, resolve=resolving_to("93.184.216.34"))
    assert refused.value.cause == cause
    assert refused.value.message
    assert refused.value.hint


def test_a_trusted_origin_is_trusted_by_protocol_host_and_port_together() -> None:
    """A trusted origin is trusted by protocol host and port together."""
    for url in ("http://whaticket:8081/a", "https://whaticket:8080/a", "http://outro:8080/a"):
        with pytest.raises(DestinationRefused):
            fetch(url, trusted_origins=("http://whaticket:8080",), resolve=resolving_to("10.0.0.7"))


@pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254", "::", "224.0.0.1", "fe80::1"])
def test_even_a_trusted_origin_never_leads_to_a_cloud_s_metadata_or_to_nobody(address: str) -> None:
    """Even a trusted origin never leads to a cloud's metadata or to nobody."""
    with pytest.raises(DestinationRefused):
        fetch("http://whaticket:8080/a", trusted_origins=("http://whaticket:8080",), resolve=resolving_to(address))


def test_a_look_up_that_hangs_ends_with_the_call() -> None:
    """A look up that hangs ends with the call."""
    hung = threading.Event()

    def hang(_host: str, _port: int) -> list[str]:
        hung.wait(10)
        return []

    with pytest.raises(DestinationUnavailable) as late:
        fetch(URL, hosts=LISTED, limits=Limits(total_seconds=0.05), resolve=hang)
    hung.set()
    assert late.value.cause == "dns"


def test_a_name_nobody_knows_is_unavailable_and_not_refused() -> None:
    """A name nobody knows is unavailable and not refused."""

    def unknown(_host: str, _port: int) -> list[str]:
        raise OSError

    with pytest.raises(DestinationUnavailable):
        fetch(URL, hosts=LISTED, resolve=unknown)


def test_origins_are_compared_in_one_form() -> None:
    """Origins are compared in one form."""
    assert origin_of("HTTPS://Api.Exemplo.com.br:443/x?y") == "https://api.exemplo.com.br"
    assert origin_of("http://10.0.0.5:8080/") == "http://10.0.0.5:8080"
    assert origin_of("http://[::1]:8080/") == "http://[::1]:8080"
