"""The [[consultas]] of negocio.toml: an address that may be asked with checked parameters, GET only."""

from __future__ import annotations

import re
from string import Formatter
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from secretaria.knowledge.tables import Table, Words

ParameterKind = Literal["texto", "inteiro", "codigo", "data", "hora", "unidade", "tipo", "telefone"]
FREE_KINDS = ("texto", "inteiro", "codigo")  # what the model writes itself; of these a look-up has one at most
SECRET_NAME = re.compile(r"env:(CONSULTA_[A-Z0-9_]+)", re.ASCII)
HeaderSource = Annotated[str, Field(pattern=SECRET_NAME.pattern)]
ParameterName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


class Lookup(Table):
    """One thing that can be looked up over HTTP.

    Attributes:
        url: ``https://host/path?x={name}``; parameters stand in path and query only, so no parameter names the host.
        parameters: Kind of each parameter. ``telefone`` is the number of the person who writes, filled in by us.
        headers: Where each value comes from: ``env:CONSULTA_NAME``. Only such names, so that whoever edits this file
            cannot have another secret of the installation sent away.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{2,39}$")] = Field(alias="nome")
    description: Words = Field(alias="descricao", max_length=300)
    url: str
    parameters: dict[ParameterName, ParameterKind] = Field(default_factory=dict, alias="parametros")
    headers: dict[Words, HeaderSource] = Field(default_factory=dict, alias="cabecalhos")
    answer: Literal["json", "texto"] = Field(default="json", alias="resposta")

    @property
    def host(self) -> str:
        """The only host that is asked, with its port where one is written."""
        return urlsplit(self.url).netloc

    @property
    def free_parameter(self) -> str | None:
        """The parameter that the model writes, where there is one."""
        return next((name for name, kind in self.parameters.items() if kind in FREE_KINDS), None)

    @model_validator(mode="after")
    def _can_be_asked(self) -> Lookup:
        try:
            named = {name for _, name, _, _ in Formatter().parse(self.url) if name is not None}
            parts = urlsplit(self.url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            raise PydanticCustomError("lookup_url", "a url não é um endereço") from None
        if parts.scheme != "https" or not host or "{" in parts.netloc or "@" in parts.netloc:
            raise PydanticCustomError("lookup_url", "a url precisa ser https://servidor/..., com o servidor escrito")
        if named != set(self.parameters):
            raise PydanticCustomError("lookup_parameters", "os nomes entre chaves na url precisam ser os de parametros")
        if sum(kind in FREE_KINDS for kind in self.parameters.values()) > 1:
            raise PydanticCustomError("lookup_free", "só um parâmetro pode ser texto, inteiro ou codigo")
        return self
