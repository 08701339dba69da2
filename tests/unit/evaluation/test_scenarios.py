"""A scenario is read strictly, and what is wrong with it is told in Portuguese with its line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from secretaria.evaluation.dialogue_grader import grade_dialogue
from secretaria.evaluation.observed import BookingSeen
from secretaria.evaluation.scenario_file import ScenarioInvalid
from secretaria.evaluation.scenarios import Scenario, Wanted, load_scenarios, read_scenario

WORKSHOP = Path(__file__).parents[2] / "fixtures" / "oficina-rota"
ZONE = ZoneInfo("America/Sao_Paulo")
GOOD = """objetivo: Marcar
comeca: 2026-09-14T09:00
para:
  quando: marcou
espera:
  pessoa: false
"""


def a_scenario(folder: Path, text: str) -> Path:
    """Write a scenario."""
    file = folder / "cenario.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_workshop_has_scenarios_with_a_script() -> None:
    """Those of the fixture can be played without a model; times and dates in them stay texts."""
    scenarios = load_scenarios(WORKSHOP)
    assert [one.name for one in scenarios] == [
        "cancelar-hoje", "desconto-na-revisao", "freio-que-nao-responde", "troca-de-oleo-amanha",
    ]  # fmt: skip
    assert all(one.script for one in scenarios)
    assert scenarios[3].script[2].drafts[0]["tool_time"] == "10:10"


def test_the_example_of_the_documentation_can_be_played(tmp_path: Path) -> None:
    """What people copy is read as it stands there."""
    page = (Path(__file__).parents[3] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    scenario = read_scenario(a_scenario(tmp_path, page.partition("```yaml\n")[2].partition("```")[0]))
    assert (scenario.stop.turns, scenario.wanted.must_say, len(scenario.script)) == (6, ("R$ 210",), 1)


def test_a_short_scenario_is_enough(tmp_path: Path) -> None:
    """Goal, beginning, end and what is expected; the rest has defaults."""
    scenario = read_scenario(a_scenario(tmp_path, GOOD))
    assert (scenario.name, scenario.stop.turns, scenario.wanted.bookings) == ("cenario", 8, None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD.replace("objetivo", "objetvo"), "linha 1: chave desconhecida 'objetvo' (você quis dizer 'objetivo'?)"),
        (GOOD.replace("  quando: marcou", "  turnos: 99"), "linha 4: valor inválido em 'para.turnos' (o máximo é 20)"),
        (GOOD.replace("  quando: marcou", "  turnos: 3"), "linha 3: falta a chave 'para.quando'"),
        (GOOD.replace("false", "talvez"), "linha 6: valor inválido em 'espera.pessoa' (precisa ser true ou false)"),
        (GOOD.replace("2026-09-14T09:00", "amanhã"), "linha 2: valor inválido em 'comeca' (precisa ser um momento"),
        (f"{GOOD}  diz: [1, 'x']\n", "linha 7: valor inválido em 'espera.diz.0' (precisa ser um texto entre aspas)"),
        (f"{GOOD}  agenda:\n    - estado: sumiu\n", "linha 8: valor inválido em 'espera.agenda.0.estado' (aceita"),
        (f"{GOOD}objetivo: Outro\n", "linha 7: a chave 'objetivo' aparece duas vezes"),
        (f"{GOOD}name: meu\n", "linha 7: chave desconhecida 'name'"),
        (GOOD.replace("Marcar", "&a Marcar").replace("marcou", "*a"), "linha 4: âncoras (*) não são aceitas"),
        (GOOD.replace("Marcar", "[Marcar"), "não é um YAML válido"),
        ("- um\n- dois\n", "linha 1: não é um cenário"),
        ("", "linha 1: não é um cenário"),
        (f"# {'x' * 70_000}\n{GOOD}", "grande demais"),
        ("objetivo: !!python/object/apply:os.system ['true']\n", "não é um YAML válido"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    """An unknown, missing or repeated key, a value of another kind, an anchor, a tag: file, line and reason."""
    with pytest.raises(ScenarioInvalid) as error:
        read_scenario(a_scenario(tmp_path, text))
    assert told in error.value.message
    assert "cenario.yaml" in error.value.message


def test_what_is_no_text_is_told(tmp_path: Path) -> None:
    """A file in another encoding is named."""
    file = tmp_path / "cenario.yaml"
    file.write_bytes("objetivo: marcação\n".encode("latin-1"))
    with pytest.raises(ScenarioInvalid, match="UTF-8"):
        read_scenario(file)


def wanted(**changes: object) -> Wanted:
    """Build what is wanted in the end."""
    scenario = {"objetivo": "x", "comeca": "2026-09-14", "para": {"quando": "x"}, "espera": changes}
    return Scenario.model_validate(scenario).wanted


BOOKED = BookingSeen("A1", "galpao", datetime(2026, 9, 15, 13, 10, tzinfo=UTC), "booked", "troca_oleo")
CANCELLED = BookingSeen("A2", "galpao", datetime(2026, 9, 16, 13, 0, tzinfo=UTC), "cancelled", "revisao")


@pytest.mark.parametrize(
    ("agenda", "seen", "fits"),
    [
        ([], [], True),
        ([], [CANCELLED], True),
        ([], [BOOKED], False),
        ([{"unidade": "Galpão", "inicio": "2026-09-15T10:10"}], [BOOKED, CANCELLED], True),
        ([{"inicio": "2026-09-15T11:10"}], [BOOKED], False),
        ([{"tipo": "troca_oleo", "estado": "cancelado"}], [BOOKED], False),
        ([{"estado": "cancelado"}], [CANCELLED], True),
        ([{}], [], False),
    ],
)
def test_the_agenda_is_as_wanted_one_to_one(agenda: list[object], seen: list[BookingSeen], *, fits: bool) -> None:
    """A wanted booking that is missing and a live one too many are both wrong; a cancelled one is not in the way."""
    differing = list(grade_dialogue(wanted(agenda=agenda), [], seen, handed_off=False, zone=ZONE))
    assert (not differing) == fits


def test_what_is_said_and_who_is_called_are_compared() -> None:
    """Each thing that is otherwise is named by its kind."""
    end = wanted(pessoa=True, diz=["R$ 210,00"], nao_diz=["15:00"])
    kinds = [kind for kind, _, _ in grade_dialogue(end, ["às 15h"], [], handed_off=False, zone=ZONE)]
    assert kinds == ["handoff", "must_include", "must_not_include"]
    assert not list(grade_dialogue(end, ["R$ 210"], [], handed_off=True, zone=ZONE))
