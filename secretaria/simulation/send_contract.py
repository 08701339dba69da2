"""What each edition of Whaticket demands of a send and answers to it, word by word; no state, no network."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from secretaria.settings import Flavour

INTERNAL = "Internal server error"
INVALID_TOKEN = "Invalid token. We'll try to assign a new one on next request"  # noqa: S105 - the text of an answer
SAAS_GENERAL = "Não foi possível enviar a mensagem, tente novamente em alguns instantes"
SAAS_FOREIGN_TICKET = "Não é possível consultar registros de outra empresa"
SAAS_CODED = frozenset({"ERR_WAPP_NOT_INITIALIZED", "ERR_SENDING_WAPP_MSG", "ERR_NO_DEF_WAPP_FOUND"})
STATUS_OF_CODE = {
    "saas": {
        "ERR_CHECK_NUMBER": 400,
        "ERR_MESSAGE_SEND_FAILED": 400,
        "ERR_INVALID_API_TOKEN": 401,
        "ERR_PLAN_FEATURE_DISABLED": 403,
        "ERR_COMPANY_DELINQUENT": 403,
        "ERR_RATE_LIMIT_EXCEEDED": 429,
        "ERR_INTERNAL_SERVER_ERROR": 500,
    },
    "ticketz": {"ERR_SYNTAX": 400, "ERR_SUBSCRIPTION_EXPIRED": 402, "ERR_WHATSAPP_NOT_FOUND": 404},
}
COMMUNITY_JSON_LIMIT = 100 * 1024
COMMUNITY_COLUMN_LIMIT = 65_535
TEMPLATE_TAG = re.compile(r"\{\{\{?.*?\}\}\}?", re.DOTALL)
SUCCESS: dict[Flavour, object] = {
    "community": None,
    "saas": {"mensagem": "Mensagem enviada"},
    "ticketz": {"mensagem": "Message added to queue"},
}


class Refused(Exception):
    """Whaticket answers with an error.

    Attributes:
        status: The HTTP status.
        error: The text of the ``error`` field.
    """

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error


@dataclass(frozen=True)
class SendRequest:
    """A send that passed the checks; ``save_on_ticket`` is only ever false in ticketz."""

    number: str
    body: str
    close_ticket: bool
    save_on_ticket: bool


def check_api_token(flavour: Flavour, authorization: str, token: str) -> None:
    """Check the static token of a send.

    Raises:
        Refused: 401 or 403 in the words of the edition; a JWT or a bare token does not open this door.
    """
    scheme, _, given = authorization.partition(" ")
    if flavour == "community":
        if not authorization:
            raise Refused(401, "ERR_SESSION_EXPIRED")
        if given != token:
            raise Refused(403, INVALID_TOKEN)
    elif scheme.lower() != "bearer" or given != token:
        raise Refused(401, "Acesso não permitido")


def read_send_request(flavour: Flavour, raw: bytes) -> SendRequest:
    """Read the JSON body of a send; the doubles do not speak multipart.

    Raises:
        Refused: What is wrong with it, in the words of the edition.
    """
    if flavour == "community" and len(raw) > COMMUNITY_JSON_LIMIT:
        raise Refused(500, INTERNAL)
    fields = read_json(raw)
    read_number = {"community": _community_number, "saas": _saas_number, "ticketz": _ticketz_number}[flavour]
    number = read_number(fields.get("number"))
    body = fields.get("body")
    if not isinstance(body, str):
        raise {
            "community": Refused(400, "ERR_SENDING_WAPP_MSG"),
            "saas": Refused(400, SAAS_GENERAL),
            "ticketz": Refused(400, "ERR_SYNTAX"),
        }[flavour]
    return SendRequest(
        number=number,
        body=body,
        close_ticket=flavour == "saas" and bool(fields.get("closeTicket")),
        save_on_ticket=flavour != "ticketz" or bool(fields.get("saveOnTicket")),
    )


def read_json(raw: bytes) -> dict[str, object]:
    """Read a JSON object; anything else is the 500 that Express gives for it."""
    try:
        fields = json.loads(raw)
    except ValueError as error:
        raise Refused(500, INTERNAL) from error
    if not isinstance(fields, dict):
        raise Refused(500, INTERNAL)
    return fields


def render(flavour: Flavour, body: str) -> str:
    """Render a body as the Mustache template it is in community and saas: tags disappear.

    Raises:
        Refused: A tag is not closed.
    """
    if flavour == "ticketz":
        return body
    rendered = TEMPLATE_TAG.sub("", body)
    if "{{" in rendered:
        raise Refused(400, "ERR_SENDING_WAPP_MSG" if flavour == "community" else SAAS_GENERAL)
    return rendered


def refusal(flavour: Flavour, code: str) -> Refused:
    """Return the answer an edition gives for an error inside it.

    Args:
        flavour: The edition.
        code: A text such as ``ERR_WAPP_INVALID_CONTACT``. Saas and ticketz hide most of them behind a general one.
    """
    if flavour == "community":
        return Refused(400, code)
    if code in STATUS_OF_CODE[flavour]:
        return Refused(STATUS_OF_CODE[flavour][code], code)
    if flavour == "ticketz":
        return Refused(500, "ERR_INTERNAL_ERROR")
    return Refused(400, code if code in SAAS_CODED else SAAS_GENERAL)


def internal_error(flavour: Flavour) -> Refused:
    """Return the 500 of an edition."""
    return Refused(500, "ERR_INTERNAL_ERROR" if flavour == "ticketz" else INTERNAL)


def _community_number(value: object) -> str:
    if not isinstance(value, str):
        raise Refused(500, INTERNAL)
    number = value.replace("-", "", 1).replace(" ", "", 1)
    if not number:
        raise Refused(400, "number is a required field")
    if not re.fullmatch(r"[0-9]+", number):
        raise Refused(400, "Invalid number format. Only numbers is allowed.")
    return number


def _saas_number(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise Refused(400, SAAS_GENERAL)
    return value


def _ticketz_number(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise Refused(400, "ERR_SYNTAX")
    return value
