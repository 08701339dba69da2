"""Agenda: who may do what to it, two attendants for one slot, and everything else that may be typed into it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from secretaria.conversations.store import upsert_contact
from secretaria.database.transaction import transaction
from tests.builders import rows
from tests.integration.web.panel.conftest import Browser

ZONE = ZoneInfo("America/Sao_Paulo")
NUMBER = "5520900000301"
WEDNESDAY = (datetime.now(ZONE) + timedelta(days=(2 - datetime.now(ZONE).weekday()) % 7 + 28)).date()
FORM = {
    "tipo": "limpeza",
    "unidade": "centro",
    "dia": str(WEDNESDAY),
    "hora": "10:40",
    "pedido": "",
    "quem": "Célia Prado",
}


def entered(browser: Browser, login: str) -> Browser:
    """Open another browser and enter."""
    other = Browser(browser.site, {})
    other.enter(login)
    return other


def booked(browser: Browser, **other: str) -> str:
    """Book as an attendant; return the code."""
    answer = entered(browser, "ana").post("/painel/agenda/marcar", {**FORM, **other})
    assert answer.status_code == 200, answer.text
    return answer.headers["HX-Redirect"].rpartition("=")[2]


def seen(engine: Engine) -> str:
    """Return the time of the newest booking as a page writes it."""
    return str(rows(engine, "booking")[-1]["starts_at"].astimezone(UTC).isoformat())


def test_a_name_is_booked_and_audited(browser: Browser, engine: Engine) -> None:
    """Somebody who only walked in needs no number; the page says what was done."""
    code = booked(browser)
    page = entered(browser, "vera").get(f"/painel/agenda?dia={WEDNESDAY}&feito={code}").text
    assert "Limpeza de Célia Prado" in page
    assert f"/painel/agenda/marcacao/{code}" in page
    entry = next(one for one in rows(engine, "audit_entry") if one["action"] == "agenda.booked")
    assert (entry["target"], entry["actor"], entry["origin"]) == (code, "ana", "panel")


def test_a_known_contact_is_found_and_booked(browser: Browser, engine: Engine) -> None:
    """By a part of the name without its accents, and by the number however it is written."""
    with transaction(engine) as session:
        contact = upsert_contact(
            session, identity_key="552000000301", number=NUMBER, name="José Aurélio", now=datetime.now(UTC)
        )
    ana = entered(browser, "ana")
    for typed in ("aurelio", "(20) 9 0000-0301"):
        found = ana.post("/painel/agenda/clientes", {"quem": typed}).text
        assert "José Aurélio" in found
        assert f'value="{contact}"' in found
        assert NUMBER not in found
    ana.post("/painel/agenda/marcar", {**FORM, "quem": "aurelio", "contato": str(contact)})
    assert (rows(engine, "booking")[-1]["contact_id"], rows(engine, "booking")[-1]["person"]) == (contact, None)


def test_a_new_number_becomes_a_customer(browser: Browser, engine: Engine) -> None:
    """Who will be reminded."""
    booked(browser, quem="20 90000-0302", nome="Ivone")
    assert rows(engine, "contact")[-1]["number"] == "5520900000302"
    assert rows(engine, "booking")[-1]["person"] == "Ivone"


def test_of_two_attendants_one_gets_the_slot(browser: Browser, engine: Engine) -> None:
    """The other is told, sees what is free now, and keeps what was typed."""
    people = [entered(browser, login) for login in ("ana", "dona")]
    barrier = Barrier(2)

    def book(one: Browser) -> tuple[int, str]:
        barrier.wait()
        answer = one.post("/painel/agenda/marcar", FORM)
        return answer.status_code, answer.text

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(book, people))
    assert [status for status, _ in answers] == [200, 409]
    assert "acabou de ser ocupado" in answers[1][1]
    assert 'id="times" hx-swap-oob' in answers[1][1]
    assert len(rows(engine, "booking")) == 1


def test_the_same_request_twice_books_once(browser: Browser, engine: Engine) -> None:
    """Somebody pressed again because the answer was lost."""
    ana = entered(browser, "ana")
    answers = {ana.post("/painel/agenda/marcar", {**FORM, "pedido": "um-pedido"}).headers["HX-Redirect"] for _ in "12"}
    assert len(answers) == 1
    assert len(rows(engine, "booking")) == 1


def test_a_booking_is_confirmed_moved_and_cancelled(browser: Browser, engine: Engine) -> None:
    """Each written down with what was before."""
    code, ana = booked(browser), entered(browser, "ana")
    assert "confirmado" in ana.post("/painel/agenda/confirmar", {"codigo": code, "visto": seen(engine)}).text
    new = {"codigo": code, "visto": seen(engine), "unidade": "palmeiras", "dia": str(WEDNESDAY), "outra": "15:10"}
    assert ana.get(f"/painel/agenda/mover/{code}").status_code == 200
    assert ana.post("/painel/agenda/mover", new).headers["HX-Redirect"].endswith(f"feito={code}")
    assert "cancelado" in ana.post("/painel/agenda/cancelar", {"codigo": code, "visto": seen(engine)}).text
    actions = [entry["action"] for entry in rows(engine, "audit_entry") if entry["action"].startswith("agenda.")]
    assert actions == ["agenda.booked", "agenda.confirmed", "agenda.moved", "agenda.cancelled"]
    page = ana.get(f"/painel/agenda/marcacao/{code}").text
    assert "remarcado" in page
    assert "horário está livre de novo" in page


def test_what_changed_since_it_was_seen_is_not_cancelled(browser: Browser, engine: Engine) -> None:
    """Another attendant moved it in between."""
    code, before = booked(browser), seen(engine)
    new = {"codigo": code, "visto": before, "unidade": "centro", "dia": str(WEDNESDAY), "hora": "16:00"}
    entered(browser, "dona").post("/painel/agenda/mover", new)
    refused = entered(browser, "ana").post("/painel/agenda/cancelar", {"codigo": code, "visto": before})
    assert refused.status_code == 409
    assert "mudou enquanto você olhava" in refused.text
    assert rows(engine, "booking")[-1]["state"] == "booked"


def test_outside_the_hours_needs_to_be_meant(browser: Browser, engine: Engine) -> None:
    """A unit that is closed is no obstacle to somebody who says so; a taken seat always is."""
    ana = entered(browser, "ana")
    late = {**FORM, "outra": "21:30"}
    assert "não abre nesse horário" in ana.post("/painel/agenda/marcar", late).text
    assert ana.post("/painel/agenda/marcar", {**late, "encaixe": "sim"}).status_code == 200
    assert ana.post("/painel/agenda/marcar", {**late, "encaixe": "sim"}).status_code == 409
    assert len(rows(engine, "booking")) == 1


WRONG = (
    ({"dia": "2026-13-45"}, 400), ({"dia": "9999-12-31"}, 400), ({"dia": "2020-01-02"}, 409), ({"hora": "25:99"}, 400),
    ({"hora": ""}, 400), ({"hora": "٢٥:٩٩"}, 400), ({"tipo": "nada"}, 400), ({"unidade": "lua"}, 400),
    ({"quem": "  "}, 400), ({"contato": "99999"}, 404), ({"contato": "1; drop"}, 400), ({"quem": "x" * 81}, 400),
    ({"nome": "\0"}, 400), ({"unidade": "\0"}, 400),
)  # fmt: skip


def test_what_makes_no_sense_is_refused_in_portuguese(browser: Browser, engine: Engine) -> None:
    """And nothing is written."""
    ana = entered(browser, "ana")
    for wrong, status in WRONG:
        answer = ana.post("/painel/agenda/marcar", {**FORM, **wrong})
        assert answer.status_code == status, (wrong, answer.text)
        assert 'class="told bad"' in answer.text
    assert ana.get("/painel/agenda/marcacao/%00").status_code == 404
    assert not rows(engine, "booking")


def test_a_viewer_reads_and_changes_nothing(browser: Browser, engine: Engine) -> None:
    """The buttons are absent, and the routes refuse."""
    code, vera = booked(browser), entered(browser, "vera")
    page = vera.get(f"/painel/agenda?dia={WEDNESDAY}").text
    assert "Célia Prado" in page
    assert 'hx-post="/painel/agenda' not in page
    assert "/painel/agenda/marcar" not in page
    which = {"codigo": code, "visto": seen(engine)}
    for path, form in (("marcar", FORM), ("cancelar", which), ("confirmar", which), ("mover", which), ("clientes", {})):
        assert vera.post(f"/painel/agenda/{path}", form).status_code == 403
    assert vera.get("/painel/agenda.ics").status_code == 403


def test_a_change_needs_the_word_of_the_session(browser: Browser, engine: Engine) -> None:
    """Another site cannot book."""
    ana = entered(browser, "ana")
    ana.word = "0" * 64
    assert ana.post("/painel/agenda/marcar", FORM).status_code == 403
    assert not rows(engine, "booking")


def test_any_address_shows_some_day(browser: Browser) -> None:
    """What is not understood is today, a day, all units."""
    vera = entered(browser, "vera")
    for asked in ("dia=x&vista=y&unidade=z", "vista=semana", "dia=0001-01-01&vista=semana", "unidade=centro&dia=%00"):
        page = vera.get(f"/painel/agenda?{asked}")
        assert page.status_code == 200
        assert 'class="diary' in page.text


def test_a_closed_date_is_marked(browser: Browser) -> None:
    """In the day and in the week."""
    vera = entered(browser, "vera")
    for view in ("dia", "semana"):
        assert "feriado" in vera.get(f"/painel/agenda?dia=2026-12-25&vista={view}").text


def test_the_calendar_goes_out_without_numbers(browser: Browser, engine: Engine) -> None:
    """And it is written down who took it."""
    booked(browser, quem="20 90000-0302", nome="Ivone")
    answer = entered(browser, "ana").get("/painel/agenda.ics")
    assert answer.headers["Content-Type"].startswith("text/calendar")
    assert "Ivone" in answer.text
    assert "90000" not in answer.text
    assert rows(engine, "audit_entry")[-1]["action"] == "agenda.exported"
