"""Texts of secretaria.toml that have a form of their own, each with the sentence that says which."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError


def _origin(text: str) -> str:
    if not re.fullmatch(r"https?://[^/?#@\s]+", text):
        raise PydanticCustomError("not_an_origin", "escreva só protocolo, servidor e porta: http://10.0.0.5:8080")
    return text


def _origin_if_any(text: str) -> str:
    return text and _origin(text)


def _price(text: str) -> str:
    if not re.fullmatch(r"\S+(\s+\d+(\.\d{1,6})?){1,3}", text):
        raise PydanticCustomError(
            "not_a_price", 'escreva o modelo e de um a três preços com ponto: "modelo 0.40 0.10 1.60"'
        )
    return text


def _number(text: str) -> str:
    if not re.fullmatch(r"(\d{10,15})?", text, re.ASCII):
        raise PydanticCustomError("not_a_phone", "escreva só dígitos, com país e DDD: 5520900000101")
    return text


Origin = Annotated[str, AfterValidator(_origin)]
OriginIfAny = Annotated[str, AfterValidator(_origin_if_any)]
Price = Annotated[str, AfterValidator(_price)]
PhoneNumber = Annotated[str, AfterValidator(_number)]
