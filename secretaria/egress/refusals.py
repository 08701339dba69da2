"""What can go wrong on the way out, each with its sentence; none quotes the address, which may hold a secret."""

from __future__ import annotations

from secretaria.errors import Rejected, Unavailable

_REFUSED = {
    "malformed": (
        "o endereço não é uma URL utilizável",
        "use só https://servidor/caminho, sem espaços, acentos ou senha",
    ),
    "scheme": ("só chamamos endereços https", "http só vale para um endereço interno em [egress] trusted_origins"),
    "host": ("esse servidor não está na lista dos permitidos", "acrescente-o à lista se ele for mesmo de confiança"),
    "address": (
        "esse servidor aponta para um endereço interno ou reservado",
        "se for um serviço seu, escreva a origem exata em [egress] trusted_origins",
    ),
}
_ANSWERS = {
    "redirect": ("o servidor mandou para outro endereço, e redirecionamentos não são seguidos", "use o endereço final"),
    "status": ("o servidor recusou o pedido", "confira o endereço e a credencial"),
    "too_large": ("a resposta passa do tamanho permitido", ""),
    "content_type": ("a resposta não é do tipo esperado", ""),
    "encoded": ("a resposta veio comprimida, embora não tenha sido pedido", ""),
}


class DestinationRefused(Rejected):
    """We do not call this address; trying again changes nothing.

    Attributes:
        cause: ``malformed``, ``scheme``, ``host`` or ``address``.
    """

    def __init__(self, cause: str) -> None:
        super().__init__(*_REFUSED[cause])
        self.cause = cause


class AnswerRefused(Rejected):
    """The service answered something we do not take.

    Attributes:
        cause: ``redirect``, ``status``, ``too_large``, ``content_type`` or ``encoded``.
        status: The HTTP status.
    """

    def __init__(self, cause: str, status: int) -> None:
        super().__init__(*_ANSWERS[cause])
        self.cause = cause
        self.status = status


class DestinationUnavailable(Unavailable):
    """The service did not answer, not in time, or with an error of its own.

    Attributes:
        cause: ``dns``, ``timeout``, ``unreachable`` or ``status``.
    """

    def __init__(self, cause: str) -> None:
        super().__init__(f"o serviço externo não respondeu ({cause})", "tente de novo mais tarde")
        self.cause = cause
