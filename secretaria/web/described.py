"""What ``/schema`` says beyond the framework: how refusals read, and that bodies take no fields but their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from litestar._openapi.schema_generation.plugins.struct import StructSchemaPlugin  # there is no public way to it
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import Schema
from litestar.typing import FieldDefinition
from msgspec import Struct

if TYPE_CHECKING:
    from litestar._openapi.schema_generation import SchemaCreator

REFUSALS = {
    400: "o pedido não serve",
    401: "ninguém foi reconhecido",
    403: "não é permitido",
    404: "não existe",
    409: "algo mudou no meio tempo",
    413: "grande demais",
    415: "formato não aceito",
    429: "pedidos demais; Retry-After diz quanto esperar",
    503: "algo está fora; Retry-After diz quanto esperar",
}
OF_EVERYONE, OF_INTERNAL, OF_PERSONS = (400, 401, 403, 413, 415, 429, 503), (400, 404), tuple(REFUSALS)
OF_ALERTMANAGER = (400, 404, 413, 503)


class Refusal(Struct):
    """How every refusal reads."""

    error: str


def responses(statuses: Iterable[int], told: Mapping[int, Any] | None = None) -> dict[int, ResponseSpec]:
    """Describe what a route answers where it does not do what was asked.

    Args:
        statuses: Of refusals.
        told: Shapes of answers, by status, that are something else.
    """
    shapes: dict[int, Any] = {**dict.fromkeys(statuses, Refusal), **(told or {})}
    return {
        status: ResponseSpec(shape, generate_examples=False, description=REFUSALS.get(status, ""))
        for status, shape in shapes.items()
    }


class ClosedStructs(StructSchemaPlugin):
    """Says of a body that refuses unknown fields that it does."""

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: SchemaCreator) -> Schema:
        """Describe one struct."""
        schema = super().to_openapi_schema(field_definition, schema_creator)
        if field_definition.type_.__struct_config__.forbid_unknown_fields:
            schema.additional_properties = False
        return schema
