"""A scripted model says what was written for the prompt it sees, and shows the prompt nobody wrote for."""

from __future__ import annotations

from pathlib import Path

import pytest

from secretaria.simulation.llm_protocol import Asked, RequestRefused
from secretaria.simulation.llm_script import Script, ScriptInvalid, Step, load_script


def asked(text: str) -> Asked:
    """Build a request."""
    return Asked("modelo-inventado", (("user", text),))


def test_steps_answer_in_order_and_once() -> None:
    """The first step that fits and is not used up answers."""
    script = Script([Step(("limpeza",), draft={"intention": "preco"}), Step(("limpeza",), text="outra vez")])
    first = script.write(asked("quanto custa a limpeza?"))
    assert not isinstance(first, str)
    assert (first["intention"], first["bubbles"]) == ("preco", ["Certo!"])
    assert script.write(asked("e a limpeza?")) == "outra vez"
    assert script.left == 0


def test_an_unexpected_prompt_is_an_error_that_shows_it() -> None:
    """Whoever reads the failure sees what the model was told."""
    script = Script([Step(("limpeza",), absent=("urgente",), text="sim")])
    with pytest.raises(RequestRefused, match="limpeza urgente") as refused:
        script.write(asked("limpeza urgente"))
    assert refused.value.status == 400
    assert script.unexpected == ["limpeza urgente"]


def test_a_step_may_be_an_error() -> None:
    """Scripts know failures too."""
    with pytest.raises(RequestRefused) as refused:
        Script([Step((), status=503)]).write(asked("oi"))
    assert refused.value.status == 503


def test_a_written_script_is_read(tmp_path: Path) -> None:
    """What expects one fragment or several is a step, in the order of the file."""
    written = tmp_path / "roteiro.yaml"
    written.write_text("- expect: limpeza\n  text: sim\n- expect: [dor, urgente]\n  status: 503\n", encoding="utf-8")
    script = load_script(written)
    assert (script.write(asked("limpeza")), script.left) == ("sim", 1)


@pytest.mark.parametrize("written", ["steps: 3", "- expect: a", "- text: a\n  status: 500", "- texto: a", "[", "\x00"])
def test_what_is_no_script_is_refused_with_its_file(tmp_path: Path, written: str) -> None:
    """Neither a list of steps nor YAML at all: the error names the file."""
    path = tmp_path / "roteiro.yaml"
    path.write_text(written, encoding="utf-8")
    with pytest.raises(ScriptInvalid, match=r"roteiro\.yaml"):
        load_script(path)
