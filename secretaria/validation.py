"""Tells in Portuguese what is wrong with a value or a key that a person wrote; pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

NOT_A_DATE = "precisa ser uma data, AAAA-MM-DD"
NOT_A_MOMENT = "precisa ser um momento, AAAA-MM-DDTHH:MM"
NOT_AN_INTEGER = "precisa ser um número inteiro"
NOT_A_NUMBER = "precisa ser um número"
NOT_A_TABLE = "precisa ser uma tabela"
REASONS = {
    "greater_than_equal": "o mínimo é {ge}",
    "greater_than": "precisa ser maior que {gt}",
    "less_than_equal": "o máximo é {le}",
    "literal_error": "aceita {expected}",
    "int_parsing": NOT_AN_INTEGER,
    "int_type": NOT_AN_INTEGER,
    "int_from_float": NOT_AN_INTEGER,
    "float_parsing": NOT_A_NUMBER,
    "float_type": NOT_A_NUMBER,
    "string_type": "precisa ser um texto entre aspas",
    "string_too_short": "não pode ser vazio",
    "string_too_long": "tem no máximo {max_length} caracteres",
    "string_pattern_mismatch": "use letras minúsculas sem acento, números e hífen",
    "tuple_type": "precisa ser uma lista, entre colchetes",
    "model_type": NOT_A_TABLE,
    "dict_type": NOT_A_TABLE,
    "zoneinfo_str": "fuso desconhecido, use um como America/Sao_Paulo",
    "date_from_datetime_inexact": NOT_A_DATE,
    "date_from_datetime_parsing": NOT_A_DATE,
    "date_parsing": NOT_A_DATE,
    "date_type": NOT_A_DATE,
    "bool_parsing": "precisa ser true ou false",
    "bool_type": "precisa ser true ou false",
    "datetime_from_date_parsing": NOT_A_MOMENT,
    "datetime_parsing": NOT_A_MOMENT,
    "datetime_type": NOT_A_MOMENT,
    "too_long": "tem no máximo {max_length} itens",
    "too_short": "tem no mínimo {min_length} item",
    "dataclass_type": 'use "HH:MM-HH:MM", ou "" quando não abre',
}


def reason(finding: Mapping[str, Any]) -> str:
    """Say why a value was refused.

    Args:
        finding: One entry of pydantic's ``ValidationError.errors()``; a kind not in our table keeps its own words.
    """
    context = {key: str(value).replace(" or ", " ou ") for key, value in finding.get("ctx", {}).items()}
    return REASONS.get(str(finding["type"]), str(finding["msg"])).format_map(context)


def nearest(name: str, known: Iterable[str], prefix: str = "") -> str:
    """Suggest the known name closest to one that is unknown, ready to be appended; empty where none is close.

    Args:
        name: What was written.
        known: The names there are.
        prefix: What stands before the name in its path, for instance ``turns.``.
    """
    listed = list(known)
    begun = [candidate for candidate in listed if name and candidate.startswith(name)]
    match = begun or difflib.get_close_matches(name, listed, n=1, cutoff=0.5)
    return f" (você quis dizer '{prefix}{match[0]}'?)" if match else ""
