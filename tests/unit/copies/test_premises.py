"""What a copy is made of, as the configuration names it."""

from __future__ import annotations

from pathlib import Path

from secretaria.copies.premises import compose_premises
from secretaria.settings import load_settings


def test_named_environment_is_copied_with_its_own_file(tmp_path: Path) -> None:
    """Compose would read the passwords and addresses of another installation from the usual one."""
    for name in ("", ".staging"):
        (tmp_path / f".env{name}").write_text("", encoding="utf-8")
        (tmp_path / f"secretaria{name}.toml").write_text(
            f'[deploy]\nengine = "compose"\nproject = "shop{name.replace(".", "-")}"\n', encoding="utf-8"
        )
    staging = compose_premises(load_settings(tmp_path / "secretaria.staging.toml", {}))
    usual = compose_premises(load_settings(tmp_path / "secretaria.toml", {}))
    named = [one.compose.env_file for one in (staging, usual) if one.compose]
    assert named == [str(tmp_path / ".env.staging"), ""]
    assert (staging.env_file, usual.env_file) == (tmp_path / ".env.staging", tmp_path / ".env")
