"""Back to a version that ran here before: code alone where the schema lets it, the schema too where nothing is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from secretaria.errors import GateFailed, NotFound
from secretaria.releases.ledger import Release
from secretaria.releases.rolling_back import SchemaMovedOn, choices, find_way_back, roll_back
from tests.recorded_installation import Installation


def go_back(shop: Installation, version: str = "", *, with_database: bool = False) -> Release:
    """Go back; the newest copy is half an hour old."""
    copy = ("backups/old.tar", datetime.now(UTC) - timedelta(minutes=30))
    return roll_back(shop.host(), version, lambda: copy, with_database=with_database)


def migrated(shop: Installation, **step: Any) -> Installation:  # noqa: ANN401  # any key of a planned step
    """Publish a version with a migration more."""
    shop.commit("migrations/versions/0002_more.py")
    told = {"revision": "0002_more", "kind": "expand", "does": "x", "breaks": [], "reversible": True, "loses": []}
    shop.deploy()
    shop.change_engine(steps=[{**told, **step}], database="0002_more")
    return shop


def test_default_is_the_release_before(shop: Installation) -> None:
    """The image that ran then runs again, and the ledger says who went back."""
    shop.deploy()
    release = go_back(shop)
    assert (release.version, release.before, release.kind) == ("0.1.1", "0.1.2", "rollback")
    assert (shop.versions("api"), shop.versions("worker")) == (["0.1.1"], ["0.1.1"])


def test_going_back_again_goes_further_back(shop: Installation) -> None:
    """Not to and fro between two."""
    shop.deploy()
    shop.deploy()
    assert [go_back(shop).version, go_back(shop).version] == ["0.1.2", "0.1.1"]


def test_schema_that_the_running_version_does_not_know_is_told_by_one_that_does(shop: Installation) -> None:
    """After a way back the database stays ahead of the code, and one may still go further back."""
    shop.deploy()
    migrated(shop)
    assert [go_back(shop).version, go_back(shop).version] == ["0.1.2", "0.1.1"]


def test_image_that_does_not_say_what_it_knows_is_not_asked(shop: Installation) -> None:
    """One that was built by hand says "unknown" of its schema, which is no newer than any."""
    images = shop.engine["images"]
    images["secretaria:0.1.1"]["Config"]["Labels"]["br.secretaria.migration-head"] = "unknown"
    shop.change_engine(images=images)
    shop.deploy()
    migrated(shop)
    assert go_back(shop).version == "0.1.2"


def test_nothing_before_the_first(shop: Installation) -> None:
    """It is said, and not guessed."""
    with pytest.raises(NotFound, match="não há versão anterior"):
        go_back(shop)


def test_schema_that_only_grew_stays(shop: Installation) -> None:
    """The code of the version before runs on it."""
    go_back(migrated(shop))
    assert (shop.versions("api"), shop.engine["database"]) == (["0.1.1"], "0002_more")


def test_schema_that_took_something_away_refuses(shop: Installation) -> None:
    """With the reason and what would do instead; nothing was touched."""
    migrated(shop, kind="contract", breaks=["a coluna x deixa de existir"])
    with pytest.raises(SchemaMovedOn, match="a coluna x deixa de existir") as refused:
        go_back(shop)
    assert "--with-database" in refused.value.hint
    assert shop.versions("api") == ["0.1.2"]


def test_schema_goes_back_where_nothing_is_lost(shop: Installation) -> None:
    """Only when asked for."""
    go_back(migrated(shop, kind="contract", breaks=["x"]), with_database=True)
    assert (shop.versions("api"), shop.engine["database"]) == (["0.1.1"], "0001_first")


def test_what_would_be_lost_is_told_with_the_copy_that_remains(shop: Installation) -> None:
    """How old it is too: that is what would be lost with it."""
    migrated(shop, kind="contract", breaks=["x"], reversible=False, loses=["notas (3)"])
    with pytest.raises(SchemaMovedOn, match=r"perderia: notas \(3\)") as refused:
        go_back(shop, with_database=True)
    assert refused.value.hint == "resta a cópia: secretaria restore backups/old.tar (perde os últimos 30 minutos)"


@pytest.mark.parametrize("fault", ["crash.api", "doctor"])
def test_version_gone_back_to_must_pass_too(shop: Installation, fault: str) -> None:
    """Otherwise the one that ran goes on."""
    shop.deploy()
    shop.change_engine(faults=[f"{fault}:0.1.1"])
    with pytest.raises(GateFailed):
        go_back(shop)
    assert (shop.versions("api"), shop.ledger[-1].outcome) == (["0.1.2"], "went_back")


def test_image_that_is_gone_can_be_built_again_from_its_tag(shop: Installation) -> None:
    """The hint says how."""
    shop.deploy()
    shop.change_engine(images={name: one for name, one in shop.engine["images"].items() if not name.endswith("0.1.1")})
    with pytest.raises(NotFound) as refused:
        go_back(shop)
    assert refused.value.hint == "construa-a de novo da marca: secretaria deploy --tag v0.1.1"


def test_picker_offers_what_can_be_gone_back_to(shop: Installation) -> None:
    """The newest first, and never the one that runs."""
    shop.deploy()
    shop.deploy()
    assert [one.version for one in choices(shop.host())] == ["0.1.2", "0.1.1"]


def test_looking_touches_nothing(shop: Installation) -> None:
    """A dry run asks, and that is all."""
    shop.deploy()
    before = shop.engine["containers"]
    find_way_back(shop.host(), "", lambda: None, with_database=False)
    assert shop.engine["containers"] == before


def test_version_brought_up_by_hand_can_be_gone_back_to(shop: Installation) -> None:
    """Its first line in the ledger is written when the next is published."""
    (shop.folder / "home/releases.jsonl").unlink()
    shop.git("tag", "--delete", "v0.1.1")
    shop.deploy("minor")
    assert go_back(shop).version == "0.1.1"
