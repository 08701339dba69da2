"""What else changed in the compose files is made anew by itself, so that nothing that depends on it is stopped."""

from __future__ import annotations

from tests.recorded_installation import Installation


def test_each_service_that_changed_is_made_anew_alone_and_the_proxy_last(shop: Installation) -> None:
    """Compose would stop the proxy together with what it depends on, and events would find a closed door."""
    made = len(shop.engine["calls"])
    shop.deploy()
    alone = [call[-1] for call in shop.engine["calls"][made:] if call[-3:-1] == ["--detach", "--no-deps"]]
    assert alone == ["postgres", "redis", "proxy"]
    assert not any("--remove-orphans" in call for call in shop.engine["calls"][made:])
