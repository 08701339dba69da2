"""Each edition of Whaticket refuses and renders in its own words."""

from __future__ import annotations

import json

import pytest

from secretaria.settings import Flavour
from secretaria.simulation.send_contract import Refused, check_api_token, read_send_request, refusal, render

GENERAL = "Não foi possível enviar a mensagem, tente novamente em alguns instantes"
INVALID = "Invalid token. We'll try to assign a new one on next request"


@pytest.mark.parametrize(
    ("flavour", "authorization", "status", "error"),
    [
        ("community", "", 401, "ERR_SESSION_EXPIRED"),
        ("community", "Bearer errado", 403, INVALID),
        ("community", "ficha-inventada", 403, INVALID),
        ("saas", "", 401, "Acesso não permitido"),
        ("saas", "Basic ficha-inventada", 401, "Acesso não permitido"),
        ("ticketz", "Bearer errado", 401, "Acesso não permitido"),
    ],
)
def test_wrong_tokens_are_refused(flavour: Flavour, authorization: str, status: int, error: str) -> None:
    """A missing, wrong or bare token gets the status and the text of the edition."""
    with pytest.raises(Refused) as refused:
        check_api_token(flavour, authorization, "ficha-inventada")
    assert (refused.value.status, refused.value.error) == (status, error)


def test_community_takes_any_scheme() -> None:
    """The word before the token is not looked at by community."""
    check_api_token("community", "Qualquer ficha-inventada", "ficha-inventada")
    check_api_token("saas", "Bearer ficha-inventada", "ficha-inventada")


@pytest.mark.parametrize(
    ("flavour", "fields", "status", "error"),
    [
        ("community", {"number": 5520900000101, "body": "oi"}, 500, "Internal server error"),
        ("community", {"number": None, "body": "oi"}, 500, "Internal server error"),
        ("community", {"body": "oi"}, 500, "Internal server error"),
        ("community", {"number": "", "body": "oi"}, 400, "number is a required field"),
        (
            "community",
            {"number": "+5520900000101", "body": "oi"},
            400,
            "Invalid number format. Only numbers is allowed.",
        ),
        (
            "community",
            {"number": "55-20-900000101", "body": "oi"},
            400,
            "Invalid number format. Only numbers is allowed.",
        ),
        ("community", {"number": "5520900000101"}, 400, "ERR_SENDING_WAPP_MSG"),
        ("community", {"number": "5520900000101", "body": "a" * 102_400}, 500, "Internal server error"),
        ("saas", {"body": "oi"}, 400, GENERAL),
        ("saas", {"number": "5520900000101", "body": 1}, 400, GENERAL),
        ("ticketz", {"body": "oi"}, 400, "ERR_SYNTAX"),
        ("ticketz", ["não", "é", "objeto"], 500, "Internal server error"),
    ],
)
def test_wrong_sends_are_refused(flavour: Flavour, fields: object, status: int, error: str) -> None:
    """What is wrong with a body gets the status and the text of the edition."""
    with pytest.raises(Refused) as refused:
        read_send_request(flavour, json.dumps(fields).encode())
    assert (refused.value.status, refused.value.error) == (status, error)


def test_community_forgives_one_dash_and_one_space() -> None:
    """Only the first of each is taken out of a number."""
    asked = read_send_request("community", b'{"number": "55 20900-000101", "body": ""}')
    assert (asked.number, asked.body) == ("5520900000101", "")


def test_only_ticketz_keeps_no_copy_unless_asked() -> None:
    """Without saveOnTicket a send of ticketz never shows on the ticket."""
    assert not read_send_request("ticketz", b'{"number": "5520900000101", "body": "oi"}').save_on_ticket
    assert read_send_request(
        "ticketz", b'{"number": "5520900000101", "body": "oi", "saveOnTicket": true}'
    ).save_on_ticket
    assert read_send_request("saas", b'{"number": "5520900000101", "body": "oi"}').save_on_ticket


def test_templates_are_rendered_away() -> None:
    """Community and saas swallow Mustache tags, ticketz sends them as they are."""
    assert render("community", "oi {{name}}!") == "oi !"
    assert render("saas", "oi {{{name}}}!") == "oi !"
    assert render("ticketz", "oi {{name}}! {{") == "oi {{name}}! {{"
    assert render("community", "oi { {name}}!") == "oi { {name}}!"


@pytest.mark.parametrize(("flavour", "error"), [("community", "ERR_SENDING_WAPP_MSG"), ("saas", GENERAL)])
def test_an_open_template_is_refused(flavour: Flavour, error: str) -> None:
    """A tag that is not closed is a 400 for ever."""
    with pytest.raises(Refused) as refused:
        render(flavour, "custa {{ 180")
    assert (refused.value.status, refused.value.error) == (400, error)


@pytest.mark.parametrize(
    ("flavour", "code", "status", "error"),
    [
        ("community", "ERR_WAPP_INVALID_CONTACT", 400, "ERR_WAPP_INVALID_CONTACT"),
        ("saas", "ERR_WAPP_NOT_INITIALIZED", 400, "ERR_WAPP_NOT_INITIALIZED"),
        ("saas", "ERR_WAPP_INVALID_CONTACT", 400, GENERAL),
        ("saas", "ERR_RATE_LIMIT_EXCEEDED", 429, "ERR_RATE_LIMIT_EXCEEDED"),
        ("ticketz", "ERR_SUBSCRIPTION_EXPIRED", 402, "ERR_SUBSCRIPTION_EXPIRED"),
        ("ticketz", "ERR_WAPP_INVALID_CONTACT", 500, "ERR_INTERNAL_ERROR"),
    ],
)
def test_inner_errors_come_out_in_the_edition_s_words(flavour: Flavour, code: str, status: int, error: str) -> None:
    """Community names its errors, saas and ticketz hide most of them."""
    answer = refusal(flavour, code)
    assert (answer.status, answer.error) == (status, error)
