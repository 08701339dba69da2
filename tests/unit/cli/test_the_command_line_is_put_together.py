"""What every start of a command pays for: all commands are described before the one that was asked for runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import typer

from secretaria.cli.app import app


def test_no_annotation_of_a_command_is_left_as_text() -> None:
    """Typer would compile each one twice at every start: it was half of what ``--help`` took."""
    left = [
        f"{command.__module__}.{command.__qualname__}: {name}"
        for command in _commands(app)
        for name, annotation in command.__annotations__.items()
        if isinstance(annotation, str)
    ]
    assert left == []


def _commands(of: typer.Typer) -> Iterator[Callable[..., Any]]:
    for command in of.registered_commands:
        if command.callback is not None:
            yield command.callback
    for group in of.registered_groups:
        if group.typer_instance is not None:
            yield from _commands(group.typer_instance)
