"""A YAML file of a scenario, read strictly: no anchors, no key twice, and every problem with the line it stands in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from secretaria.errors import ConfigurationError

LARGEST = 64_000  # bytes; a scenario is a page
HINT = "o formato está em docs/evaluation.md, com exemplos em secretaria/simulation/clinica-sorriso/cenarios"


class PlainLoader(yaml.SafeLoader):
    """Reads only what everybody expects: ``10:10`` is no number, a date is a text, and nothing is merged into anything."""


PlainLoader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"(?:~|null|)$", ["~", "n", ""]),
    ("bool", r"(?:true|false)$", ["t", "f"]),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)$", list("-+0123456789")),
    ("float", r"[-+]?[0-9]+\.[0-9]+$", list("-+0123456789")),
):
    PlainLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


class ScenarioInvalid(ConfigurationError):
    """A scenario cannot be played; the message names file and line."""


def read_mapping(file: Path) -> tuple[dict[str, Any], yaml.MappingNode]:
    """Read a file that holds one mapping.

    Args:
        file: The file.

    Returns:
        What it says, and where each part of it stands.

    Raises:
        ScenarioInvalid: It cannot be read, is no YAML, or is not written strictly.
    """
    try:
        raw = file.read_bytes()
        if len(raw) > LARGEST:
            raise ScenarioInvalid(f"{file}: grande demais, o máximo são {LARGEST} bytes", HINT)
        text = raw.decode("utf-8-sig")
        _refuse_anchors(file, text)
        loader = PlainLoader(text)
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise ScenarioInvalid(f"{file}, linha 1: não é um cenário (chave: valor)", HINT)
        _refuse_repeated(file, node)
        told = loader.construct_document(node)
    except OSError as error:
        raise ScenarioInvalid(f"não consegui ler {file}: {error.strerror}", "confira as permissões") from error
    except UnicodeDecodeError as error:
        raise ScenarioInvalid(f"{file}: não está em UTF-8", "salve o arquivo com a codificação UTF-8") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f", linha {mark.line + 1}" if mark is not None else ""
        raise ScenarioInvalid(f"{file}{line}: não é um YAML válido ({error.problem})", HINT) from error
    except (ValueError, yaml.YAMLError) as error:
        raise ScenarioInvalid(f"{file}: não é um YAML válido ({error})", HINT) from error
    return told, node


def line_of(node: yaml.Node, path: Sequence[str | int]) -> int:
    """Return the line of a value, or of the nearest thing around it that is there.

    Args:
        node: The whole file.
        path: Keys and places, from the top.
    """
    line: int = node.start_mark.line + 1
    for part in path:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if found is None:
                return line
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            return line
    return line


def _refuse_anchors(file: Path, text: str) -> None:
    """Refuse what lets a small file become a huge one."""
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            line = event.start_mark.line + 1 if event.start_mark is not None else 1
            raise ScenarioInvalid(f"{file}, linha {line}: âncoras (*) não são aceitas", HINT)


def _refuse_repeated(file: Path, node: yaml.Node) -> None:
    for mapping in _mappings(node):
        seen: set[str] = set()
        for key, _ in mapping.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise ScenarioInvalid(f"{file}, linha {line}: a chave '{key.value}' aparece duas vezes", HINT)
            seen.add(key.value)


def _mappings(node: yaml.Node) -> Iterator[yaml.MappingNode]:
    if isinstance(node, yaml.MappingNode):
        yield node
        for _, value in node.value:
            yield from _mappings(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _mappings(value)
