"""Secrets, tokens and signatures are compared with ``hmac.compare_digest``, never with an operator (R13)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "secretaria"
SECRET = re.compile(r"(?:^|_)(?:secret|token|signature|password|passwd|api_key|hmac|csrf)(?:$|_(?:value|digest)$)")
FENCING = {"lease_token", "fencing_token", "claimed_until"}  # numbers that say which worker is the newest, not secrets
OURSELVES = {
    SOURCE / "simulation",  # doubles that stand for services of others
    SOURCE / "conversations" / "leases.py",  # a fencing token is a number
    SOURCE / "whaticket" / "http_panel.py",  # which of our own logins was refused
}


def test_no_secret_is_compared_with_an_operator() -> None:
    """The time of ``==`` tells how much of a value was right."""
    found = [
        f"{path.relative_to(SOURCE.parent)}:{line}"
        for path in sorted(SOURCE.rglob("*.py"))
        if path not in OURSELVES and not any(part in path.parents for part in OURSELVES)
        for line in _comparisons(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == []


def test_the_rule_sees_what_it_forbids() -> None:
    """A comparison of either side is found, one with nothing or of a fencing token is not."""
    forbidden = ast.parse(
        "a = given == self.token\nb = secret != 'x'\nc = lease_token == 1\nd = token == ''\ne = token is None"
    )
    assert list(_comparisons(forbidden)) == [1, 2]


def _comparisons(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare) or not any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            continue
        sides = [node.left, *node.comparators]
        if any(isinstance(side, ast.Constant) and side.value in {"", None, b""} for side in sides):
            continue
        if any(SECRET.search(_name(side)) for side in sides) and not any(_name(side) in FENCING for side in sides):
            yield node.lineno


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr.lower()
    return node.id.lower() if isinstance(node, ast.Name) else ""
