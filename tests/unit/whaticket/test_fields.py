"""Looking things up in JSON whose shape nobody guarantees."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from secretaria.whaticket.fields import at, every

PATHS = ("a", "a.b", "a.c.d", "b", "a.c", "b.a", "a.c.b")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=4),
    max_leaves=15,
)


@given(VALUES, st.lists(st.sampled_from(PATHS), max_size=7).map(tuple))
def test_several_paths_find_what_each_of_them_finds(value: object, paths: tuple[str, ...]) -> None:
    """What stands at several paths is what stands at each, in their order and without nulls."""
    assert every(value, paths) == [found for path in paths if (found := at(value, path)) is not None]
