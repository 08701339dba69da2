"""The model's word alone writes nothing: a stored offer, the customer's own words, and only their own bookings."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.agenda_counter import Counter
from tests.builders import rows

ROSANGELA, STRANGER = "5520900000103", "5520900000299"
OFFERED = "Em Palmeiras tenho terça às 14h20 ou às 19h. Qual prefere?"


def offer(clinic: Counter) -> None:
    """Offer two slots of Tuesday in Palmeiras."""
    clinic.serve(
        "horarios", "tem limpeza terça?", bubbles=[OFFERED], kind="limpeza", unit="palmeiras", date="2026-08-11"
    )


def test_without_an_offer_a_call_only_offers(clinic: Counter) -> None:
    """A model that books at once is told that nothing is booked, and what may be offered."""
    result = clinic.serve("agendar", "marca terça às 19h", date="2026-08-11", time="19:00")
    assert (result.plan, result.actions) == (None, ())
    assert "19:00 está livre" in result.told
    assert "Ainda não está marcado" in result.told
    assert len(clinic.bookings()) == 5


@pytest.mark.parametrize(
    "texts",
    [("quanto custa?",), ("não quero",), ("e amanhã tem estacionamento?",), ("às 15h",), ("",), ("deixa pra lá",)],
)
def test_a_yes_that_the_customer_did_not_say_writes_nothing(clinic: Counter, texts: tuple[str, ...]) -> None:
    """The model claims a choice; the customer's own words do not make it."""
    offer(clinic)
    result = clinic.serve("agendar", *texts, date="2026-08-11", time="19:00")
    assert result.plan is None
    assert len(clinic.bookings()) == 5


@pytest.mark.parametrize(
    "texts",
    [
        ("as 7",), ("19h pode ser",), ("pode ser", "às sete... 19:00"), ("o segundo",), ("٧ da noite, às ٧",),
        ("AS 7 TA ÓTIMO",), ("sim",), ("7",), ("👍",),
    ],
)  # fmt: skip
def test_a_choice_in_the_customers_words_is_booked_as_it_was_stored(clinic: Counter, texts: tuple[str, ...]) -> None:
    """However it is written, what is executed is the stored offer: seven is nineteen hours where that was offered."""
    offer(clinic)
    result = clinic.serve("agendar", *texts, date="2026-08-11", time="07:00")
    assert result.actions == ("booked",), result.told
    assert clinic.newest() == ("limpeza", "palmeiras", "2026-08-11 19:00", "booked")


def test_a_choice_that_fits_two_offers_is_asked_again(clinic: Counter) -> None:
    """No time, two offers: nobody guesses."""
    offer(clinic)
    result = clinic.serve("agendar", "pode ser", date="2026-08-11")
    assert result.plan is None
    assert "14:20, 19:00" in result.told


def test_only_what_was_really_said_was_offered(clinic: Counter) -> None:
    """The tool told the model of more slots than its reply named; those were not offered."""
    clinic.serve("horarios", "tem terça?", bubbles=["Tenho às 19h."], date="2026-08-11")
    assert clinic.serve("agendar", "às 15h", date="2026-08-11", time="15:00").plan is None
    assert len(rows(clinic.engine, "agenda_offer")[0]["changes"]) == 1


def test_only_the_newest_set_counts(clinic: Counter) -> None:
    """What was offered before the last offer cannot be accepted any more."""
    offer(clinic)
    clinic.serve("horarios", "e quarta?", bubbles=["Quarta às 19h20?"], unit="palmeiras", date="2026-08-12")
    result = clinic.serve("agendar", "terça às 19h", date="2026-08-11", time="19:00")
    assert result.plan is None
    assert "19:00 está livre" in result.told


def test_an_offer_expires(clinic: Counter) -> None:
    """A day later the yes is to nothing; it becomes an offer of what is free now."""
    offer(clinic)
    clinic.now += timedelta(hours=24)
    assert clinic.serve("agendar", "pode ser às 19h", date="2026-08-11", time="19:00").plan is None


def test_another_contacts_code_sounds_like_one_that_nobody_has(clinic: Counter) -> None:
    """Codes are easy to guess: whoever guesses learns nothing."""
    told = {
        clinic.serve(name, "cancela por favor", number=STRANGER, booking=code).told
        for name in ("cancelar", "confirmar", "remarcar")
        for code in ("A-2041", "A-9999", "x", "'; DROP TABLE booking")
    }
    assert len(told) == 1
    assert clinic.booking("A-2041")["state"] == "booked"
    assert "A-2041" not in clinic.lines(STRANGER)


@pytest.mark.parametrize("code", ["A-2041", "a2041", "A 2041", "a-2041 "])
def test_a_code_is_read_as_people_write_it(clinic: Counter, code: str) -> None:
    """Case, blanks and the dash do not matter."""
    assert clinic.serve("cancelar", "pode cancelar", number=ROSANGELA, booking=code).actions == ("cancelled",)


@pytest.mark.parametrize("texts", [("posso cancelar?",), ("não cancela não",), ("quanto é a multa?",), ("oi",)])
def test_to_ask_about_cancelling_is_not_to_cancel(clinic: Counter, texts: tuple[str, ...]) -> None:
    """The model is told to ask; a yes to that cancels."""
    first = clinic.serve("cancelar", *texts, bubbles=["Quer que eu cancele a limpeza?"], number=ROSANGELA)
    assert first.plan is None
    assert clinic.booking("A-2041")["state"] == "booked"
    assert clinic.serve("cancelar", "sim", number=ROSANGELA).actions == ("cancelled",)


def test_writes_switched_off_write_and_offer_nothing(clinic: Counter) -> None:
    """A turn that smells of injection may look, no more."""
    offer(clinic)
    clinic.may_write = False
    assert clinic.serve("agendar", "as 19h", date="2026-08-11", time="19:00").plan is None
    assert clinic.serve("cancelar", "cancela", number=ROSANGELA).plan is None
    assert "14:20" in clinic.ask("horarios", "tem terça?", date="2026-08-11").told
    assert clinic.ask("horarios", "tem terça?", date="2026-08-11").offers == ()
    assert len(rows(clinic.engine, "agenda_offer")) == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"kind": "clareamento"}, "tipos: avaliacao"),
        ({"unit": "shopping"}, "unidades: centro, palmeiras"),
        ({"date": "2026-08-09"}, "já passou"),
        ({"date": "2027-08-09"}, "só abre até"),
        ({"date": "2026-09-07"}, "Nada livre em segunda 07/09/2026"),
        ({"date": "2026-08-16"}, "Nada livre em domingo 16/08/2026"),
    ],
)
def test_what_is_not_of_this_world_is_told(clinic: Counter, arguments: dict[str, str], told: str) -> None:
    """Unknown kinds and units, days outside the calendar and closed days are answered with what there is."""
    result = clinic.serve("agendar", "quero marcar", **arguments)
    assert result.plan is None
    assert told in result.told


def test_names_are_only_those_that_were_written(clinic: Counter) -> None:
    """A name the model made up is not written on a booking; the one the customer wrote is."""
    offer(clinic)
    assert clinic.serve("agendar", "as 19h", date="2026-08-11", time="19:00", person="Maria Inventada").plan is not None
    assert clinic.bookings()[-1]["person"] is None
    clinic.serve("horarios", "e outro?", bubbles=["Tenho 14h20."], unit="palmeiras", date="2026-08-11")
    clinic.serve("agendar", "14h20 para Ana Lúcia", date="2026-08-11", time="14:20", person="Ana Lucia")
    assert clinic.bookings()[-1]["person"] == "Ana Lucia"


def test_kind_and_unit_are_read_without_accents_and_case(clinic: Counter) -> None:
    """As the model, and the customer, write them."""
    told = clinic.ask("horarios", "tem?", kind="Manutenção Aparelho", unit="PALMEIRAS", date="2026-08-11").told
    assert "manutencao aparelho (30 min)" in told
    assert "centro" not in told


def test_the_prompt_says_what_stands_for_this_contact(clinic: Counter) -> None:
    """Bookings ahead and the standing offer, each with everything that may be said of it."""
    offer(clinic)
    assert clinic.lines() == "oferecido (limpeza), falta o cliente escolher:\nterça 11/08/2026: palmeiras 14:20, 19:00"
    assert "A-2041 limpeza, centro, quarta 12/08/2026 14:00, para Rosângela Matias" in clinic.lines(ROSANGELA)


def test_a_second_wish_of_a_settled_booking_says_so(clinic: Counter) -> None:
    """Confirming twice is confirmed, and writes nothing more."""
    assert clinic.serve("confirmar", "confirmo", number=ROSANGELA).plan is not None
    again = clinic.serve("confirmar", "confirmo sim", number=ROSANGELA)
    assert (again.ok, again.plan, again.actions) == (True, None, ("confirmed",))
