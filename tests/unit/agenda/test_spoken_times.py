"""Times and days as people write them, in any script, and the words that cancel or confirm outright."""

from __future__ import annotations

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretaria.agenda.spoken import names_day, plain, same_time, same_word, times_in, written_code
from secretaria.agenda.wishes import cancels, confirms

TODAY = date(2026, 8, 10)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("às 15h", ["15:00"]), ("15h30", ["15:30"]), ("15:30", ["15:30"]), ("15 horas", ["15:00"]), ("as 7", ["07:00"]),
        ("7 e meia não, às 8h e meia", ["08:30"]), ("10", ["10:00"]), ("meio-dia", ["12:00"]), ("17H CENTRO", ["17:00"]),
        ("hoje às 18h30, amanhã às 19h ou quarta às 19h20", ["18:30", "19:00", "19:20"]), ("١٥:٣٠", ["15:30"]),
        ("das 9 às 10", ["09:00", "10:00"]), ("R$ 180", []), ("25h", []), ("10/08", []), ("tenho 4 filhos", []),
        ("15:99", []), ("", []), ("2026", []), ("100h", []),
    ],
)  # fmt: skip
def test_times_that_a_text_names(text: str, expected: list[str]) -> None:
    """Hours with their sign, with a colon, behind a preposition, or alone in a message; prices and dates are none."""
    assert sorted(f"{at:%H:%M}" for at in times_in(text)) == expected


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading(text: str) -> None:
    """Whatever a customer or a model writes."""
    assert all(isinstance(at, time) for at in times_in(text))
    assert plain(plain(text)) == plain(text)
    assert names_day(text, TODAY, TODAY) in {True, False}
    assert cancels([text]) in {True, False}
    assert confirms([text]) in {True, False}


def test_seven_may_be_nineteen_hours() -> None:
    """Twelve hours apart is the same time as people say it; other minutes are not."""
    assert same_time(time(7), time(19))
    assert not same_time(time(7), time(19, 20))


@pytest.mark.parametrize(
    ("text", "day"),
    [("hj", 10), ("amanhã cedo", 11), ("na QUINTA", 13), ("sáb", 15), ("dia 14", 14), ("14/08", 14), ("14/8", 14)],
)
def test_days_that_a_text_names(text: str, day: int) -> None:
    """By weekday, by distance and by date; no other day of the week after."""
    named = [number for number in range(10, 17) if names_day(text, date(2026, 8, number), TODAY)]
    assert named == [day]


def test_names_of_the_business_are_compared_as_people_write_them() -> None:
    """Accents, case and the sign between words do not matter; another word does."""
    assert same_word("manutencao_aparelho", "Manutenção aparelho")
    assert not same_word("centro", "centro 2")


@pytest.mark.parametrize(
    ("text", "cancelled"),
    [
        ("bom dia nao vou poder ir hj as 15:40 meu filho adoeceu", True), ("n vou conseguir ir", True),
        ("pode desmarcar por favor", True), ("CANCELA A MINHA LIMPEZA", True), ("não posso amanhã", True),
        ("posso cancelar?", False), ("não cancela não", False), ("não quero cancelar", False), ("oi", False),
        ("não vou atrasar?", False), ("obrigada", False),
        ("vou ter q cancelar hj as 14h, pago algo?", True), ("não posso ir hj. tem multa?", True),
        ("se eu cancelar, pago multa?", False), ("oi, da pra cancelar, ou tem taxa?", False),
    ],
)  # fmt: skip
def test_words_that_cancel(text: str, *, cancelled: bool) -> None:
    """A statement cancels; a question and its contrary do not."""
    assert cancels([text]) is cancelled


@pytest.mark.parametrize(
    ("text", "confirmed"),
    [
        ("confirmo", True), ("👍👍 confirmado amanha 17:10", True), ("sim, estarei aí", True), ("👍", True),
        ("não confirmo", False), ("vou ter que pagar?", False), ("confirma pra mim o endereço?", False), ("bom dia", False),
    ],
)  # fmt: skip
def test_words_that_confirm(text: str, *, confirmed: bool) -> None:
    """A statement or a thumb confirms; a question and a no do not."""
    assert confirms([text]) is confirmed


@pytest.mark.parametrize("typed", ["A-2041", " a-2041 ", "A-٢٠٤١", "a-2041\0"])
def test_a_code_is_found_however_it_was_typed(typed: str) -> None:
    """Case, blanks and the digits of any script."""
    assert written_code(typed) == "A-2041"
