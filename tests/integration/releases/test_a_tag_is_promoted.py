"""A version that has its tag is taken as it is: the image that was tried elsewhere, or the same commit built again."""

from __future__ import annotations

from tests.recorded_installation import Installation


def tried(shop: Installation) -> str:
    """Publish 0.1.2, go back to 0.1.1 and let the branch move on; return the image that was tried."""
    image = shop.deploy().image
    shop.deploy(tag="v0.1.1")
    shop.commit("later.md")
    return image


def builds(shop: Installation) -> int:
    """Return how many images were built."""
    return sum(call[0] == "build" for call in shop.engine["calls"])


def test_image_that_is_here_is_taken(shop: Installation) -> None:
    """By its id: what was tried is what runs, and nothing is built."""
    image, before = tried(shop), builds(shop)
    release = shop.deploy(tag="v0.1.2")
    assert (release.image, builds(shop)) == (image, before)
    assert (shop.versions("api"), shop.versions("worker")) == (["0.1.2"], ["0.1.2"])


def test_image_that_is_not_here_is_built_from_the_tag(shop: Installation) -> None:
    """Not from the branch, which has moved on."""
    tried(shop)
    shop.change_engine(images={name: one for name, one in shop.engine["images"].items() if not name.endswith("0.1.2")})
    release = shop.deploy(tag="v0.1.2")
    labels = shop.engine["images"]["secretaria:0.1.2"]["Config"]["Labels"]
    tagged = shop.git("rev-parse", "v0.1.2^{commit}").strip()
    assert (release.revision, labels["org.opencontainers.image.revision"]) == (tagged, tagged)
    assert shop.versions("api") == ["0.1.2"]


def test_nothing_is_committed_or_tagged(shop: Installation) -> None:
    """The tag stays the object it was, and the branch where it stood."""
    tried(shop)
    before = (shop.git("show-ref"), shop.git("rev-parse", "HEAD"))
    shop.deploy(tag="v0.1.2")
    assert (shop.git("show-ref"), shop.git("rev-parse", "HEAD")) == before


def test_promotion_is_recorded_and_audited_as_one(shop: Installation) -> None:
    """With what ran before, so that it can be gone back from."""
    tried(shop)
    release = shop.deploy(tag="v0.1.2")
    assert (release.kind, release.version, release.before, release.outcome) == (
        "promotion",
        "0.1.2",
        "0.1.1",
        "released",
    )
    assert shop.ledger[-1] == release
    assert (shop.engine["notes"][-1]["kind"], shop.engine["notes"][-1]["version"]) == ("promotion", "0.1.2")
