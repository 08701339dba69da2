"""Two snapshots are compared by what they say: keys of the card and units of the base."""

from __future__ import annotations

from secretaria.knowledge.difference import compare
from secretaria.knowledge.snapshot import Snapshot

CARD = '[negocio]\nnome = "A"\n[horarios]\nloja = { seg_sex = "09:00-18:00" }\nferiados_fechado = ["2026-12-25"]\n'
BEFORE = Snapshot(CARD, {"a.md": "## Um\n1\n## Dois\n2\n", "b.md": "## Três\n3\n"})


def test_keys_and_units_are_told_apart() -> None:
    """Each key and unit that is new, gone or other is told with both sides."""
    card = CARD.replace('"A"', '"B"').replace("09:00", "08:00").replace("[horarios]", 'ramo = "x"\n[horarios]')
    after = Snapshot(card, {"a.md": "## Um\n1\n## Dois\n22\n", "c.md": "## Quatro\n4\n"})
    difference = compare(BEFORE, after)
    assert [(change.key, change.kind, change.before, change.after) for change in difference.card] == [
        ("negocio.nome", "changed", "A", "B"),
        ("negocio.ramo", "added", None, "x"),
        ("horarios.loja.seg_sex", "changed", "09:00-18:00", "08:00-18:00"),
    ]
    assert [(change.source, change.kind) for change in difference.chunks] == [
        ("a.md#dois", "changed"),
        ("c.md#quatro", "added"),
        ("b.md#tres", "removed"),
    ]
    assert [difference.count(kind) for kind in ("added", "changed", "removed")] == [1, 1, 1]


def test_comments_and_spaces_say_nothing() -> None:
    """What no reader would notice is no difference, though the fingerprint is another."""
    after = Snapshot(f"# olá\n{CARD}", {"a.md": "\n## Um\n\n1\n\n## Dois\n2\n", "b.md": "## Três\n3\n"})
    assert compare(BEFORE, after) == compare(BEFORE, BEFORE)
    assert (compare(BEFORE, BEFORE).card, compare(BEFORE, BEFORE).chunks) == ((), ())
    assert after.fingerprint != BEFORE.fingerprint


def test_everything_is_new_where_there_was_nothing() -> None:
    """The first version adds all it says."""
    assert {change.kind for change in compare(None, BEFORE).chunks} == {"added"}
