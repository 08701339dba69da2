"""One file and the environment become one frozen Settings, or one sentence that says all that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from secretaria.errors import ConfigurationError
from secretaria.settings import (
    SECTIONS,
    Settings,
    describe,
    load_settings,
    require,
    require_strong_secrets,
    secret_values,
)

SHIPPED = Path(__file__).parents[2] / "secretaria.toml"
STRONG = "segredo-inventado-com-mais-de-32-bytes"


def loaded(folder: Path, toml: str = "", dotenv: str = "", **environment: str) -> Settings:
    """Load what stands in a folder under an environment of its own."""
    (folder / "secretaria.toml").write_text(toml, encoding="utf-8")
    (folder / ".env").write_text(dotenv, encoding="utf-8")
    return load_settings(folder / "secretaria.toml", {"HOME": "/home/ninguem", **environment})


def refused(folder: Path, toml: str = "", **environment: str) -> str:
    """Return the sentence with which a configuration is refused; it always comes with a hint."""
    with pytest.raises(ConfigurationError) as caught:
        loaded(folder, toml, **environment)
    assert caught.value.hint
    return caught.value.message


def test_the_shipped_file_holds_the_defaults() -> None:
    """Whoever starts from secretaria.toml changes nothing by it, and finds every key there."""
    shipped = load_settings(SHIPPED, {"HOME": "/home/ninguem"})
    for name, section in SECTIONS.items():
        written = getattr(shipped, name)
        assert written.model_fields_set == set(section.model_fields)
        if name != "business":  # its folder becomes absolute
            assert written == section()


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ("[servr]\nport = 1", "chave desconhecida 'servr' (você quis dizer 'server'?)"),
        ("[server]\nprot = 1", "chave desconhecida 'server.prot' (você quis dizer 'server.port'?)"),
        (
            "[turns]\nquiet_perod_seconds = 1",
            "'turns.quiet_perod_seconds' (você quis dizer 'turns.quiet_period_seconds'?)",
        ),
        ("[server]\nxyzzy = 1", "chave desconhecida 'server.xyzzy'"),
        ("[secrets]\nwebhook_secret = 'x'", "chave desconhecida 'secrets'"),
        ("port = 8000", "chave desconhecida 'port'"),
        ("server = 8000", "server precisa ser uma tabela, [server]"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_name(tmp_path: Path, toml: str, told: str) -> None:
    """A typing mistake is found by name and file instead of leaving a default in force."""
    message = refused(tmp_path, toml)
    assert told in message
    assert str(tmp_path / "secretaria.toml") in message


def test_an_unknown_key_of_the_environment_is_refused(tmp_path: Path) -> None:
    """An override that changes nothing is a mistake as well."""
    message = refused(tmp_path, SECRETARIA__SERVER__PROT="1", SECRETARIA__SERVR__PORT="1")
    assert "ambiente: chave desconhecida 'server.prot' (você quis dizer 'server.port'?)" in message
    assert "ambiente: chave desconhecida 'servr'" in message


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ("[server]\nport = 0", "valor inválido em server.port: 0 (o mínimo é 1)"),
        ("[server]\nport = 'oito'", "valor inválido em server.port: 'oito' (precisa ser um número inteiro)"),
        ("[server]\nport = 80.5", "valor inválido em server.port: 80.5 (precisa ser um número inteiro)"),
        ("[turns]\nquiet_period_seconds = nan", "valor inválido em turns.quiet_period_seconds: nan"),
        ("[turns]\nquiet_period_seconds = 121", "(o máximo é 120.0)"),
        ("[llm]\ntimeout_seconds = 0", "(precisa ser maior que 0.0)"),
        ("[llm]\nmodel = ''", "valor inválido em llm.model: '' (não pode ser vazio)"),
        ("[llm]\nmodel = 4", "(precisa ser um texto entre aspas)"),
        ("[whaticket]\nflavour = 'zap'", "(aceita 'community', 'saas'"),
        ("[worker]\nqueues = ['inbox', 'saida']", "valor inválido em worker.queues.1: 'saida'"),
        ("[server", "não é um TOML válido"),
        (
            '[budget]\nprices = ["gpt-4.1-mini 0,40 1,60"]\n',
            "budget.prices.0: 'gpt-4.1-mini 0,40 1,60' (escreva o modelo",
        ),
        ('[egress]\ntrusted_origins = ["10.0.0.5"]\n', "egress.trusted_origins.0: '10.0.0.5' (escreva só protocolo"),
    ],
)
def test_a_wrong_value_is_told_with_its_path_and_its_rule(tmp_path: Path, toml: str, told: str) -> None:
    """Who reads the sentence knows which key, what it holds and what it may hold."""
    assert told in refused(tmp_path, toml)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    """Nobody mends a file one restart at a time."""
    message = refused(
        tmp_path, "[server]\nport = 0\nprocesses = 0\n[llm]\ntemperature = 3", SECRETARIA__LOG__LEVEL="ALTO"
    )
    assert all(key in message for key in ("server.port", "server.processes", "llm.temperature", "log.level"))


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("SERVER__PORT", "9000", 9000),
        ("TURNS__QUIET_PERIOD_SECONDS", "0", 0.0),
        ("LLM__TEMPERATURE", "0.75", 0.75),
        ("LLM__MODEL", "modelo-novo", "modelo-novo"),
        ("LLM__MODEL", "null", "null"),
        ("WHATICKET__CHANNEL", "2000", "2000"),
        ("WHATICKET__CHANNEL", "007", "007"),
        ("WORKER__QUEUES", '["inbox", "turns"]', ("inbox", "turns")),
        ("LOG__LEVEL", "DEBUG", "DEBUG"),
    ],
)
def test_any_key_can_be_overridden_by_the_environment(tmp_path: Path, name: str, text: str, value: object) -> None:
    """SECRETARIA__SECTION__KEY wins over the file, and is read as the kind that the key has."""
    toml = "[server]\nport = 7000\n[llm]\nmodel = 'modelo-do-arquivo'"
    settings = loaded(tmp_path, toml, **{f"SECRETARIA__{name}": text})
    section, key = name.lower().split("__")
    assert getattr(getattr(settings, section), key) == value


def test_a_wrong_override_is_told_by_its_path(tmp_path: Path) -> None:
    """The environment is checked by the same rules as the file."""
    message = refused(tmp_path, SECRETARIA__SERVER__PORT="oito", SECRETARIA__WORKER__QUEUES="inbox")
    assert "server.port: 'oito' (precisa ser um número inteiro)" in message
    assert "worker.queues" in message


def test_the_env_file_stands_beside_and_below_the_process(tmp_path: Path) -> None:
    """Secrets and overrides may stand in .env beside the file; what the process was given wins."""
    dotenv = "WEBHOOK_SECRET=do-arquivo\nWEBHOOK_TOKEN='com espaço'\nSECRETARIA__SERVER__PORT=7001\n# comentário\n"
    settings = loaded(tmp_path, "", dotenv, WEBHOOK_SECRET="do-processo")
    assert settings.secrets.webhook_secret.get_secret_value() == "do-processo"
    assert settings.secrets.webhook_token.get_secret_value() == "com espaço"
    assert settings.server.port == 7001


def test_an_env_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Bytes of another encoding are told by the file's name, not by a traceback."""
    (tmp_path / "secretaria.toml").touch()
    (tmp_path / ".env").write_bytes(b"WEBHOOK_SECRET=\xe7\xe3o\n")
    with pytest.raises(ConfigurationError, match=r"\.env"):
        load_settings(tmp_path / "secretaria.toml", {})


def test_the_names_of_the_model_s_maker_are_understood(tmp_path: Path) -> None:
    """OPENAI_API_KEY and OPENAI_BASE_URL fill our own names, which win where both are given."""
    foreign = {"OPENAI_API_KEY": "chave-1", "OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}
    settings = loaded(tmp_path, **foreign)
    assert settings.secrets.llm_api_key.get_secret_value() == "chave-1"
    assert settings.secrets.llm_base_url == "http://127.0.0.1:1/v1"
    assert loaded(tmp_path, **foreign, LLM_API_KEY="chave-2").secrets.llm_api_key.get_secret_value() == "chave-2"
    assert loaded(tmp_path, **foreign, LLM_API_KEY="").secrets.llm_api_key.get_secret_value() == "chave-1"


def test_the_file_is_named_or_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SECRETARIA_CONFIG names the file; without it the current folder's stands, and without that the defaults."""
    monkeypatch.chdir(tmp_path)
    assert load_settings(environ={}).source is None
    (tmp_path / "secretaria.toml").write_text("[server]\nport = 7002\n", encoding="utf-8")
    assert load_settings(environ={}).server.port == 7002
    other = tmp_path / "outra.toml"
    other.write_text("[server]\nport = 7003\n", encoding="utf-8")
    assert load_settings(environ={"SECRETARIA_CONFIG": str(other)}).server.port == 7003
    with pytest.raises(ConfigurationError, match=r"nao-existe\.toml"):
        load_settings(environ={"SECRETARIA_CONFIG": "nao-existe.toml"})


def test_the_business_folder_stands_beside_the_file(tmp_path: Path) -> None:
    """A relative folder counts from the file, wherever the command is run."""
    assert loaded(tmp_path).business.folder == tmp_path / "negocio"
    assert loaded(tmp_path, "[business]\nfolder = '/srv/clinica'").business.folder == Path("/srv/clinica")


def test_secrets_hide_themselves(tmp_path: Path) -> None:
    """Neither what is shown to an operator nor what a debugger prints holds a secret; an empty one shows as empty."""
    secrets = {
        "DATABASE_URL": "postgresql://ana:canario-1@127.0.0.1/x",
        "WEBHOOK_SECRET": "canario-2",
        "WHATICKET_PASSWORD": "canario-3",
        "LLM_API_KEY": "canario-4",
        "MONITORING_WEBHOOK_URL": "https://avisos.example/canario-5",
    }
    settings = loaded(tmp_path, **secrets)
    shown = describe(settings)
    assert "canario" not in f"{shown}{settings!r}{settings}{settings.model_dump_json()}"
    assert {shown["environment"][name] for name in secrets} == {"***"}
    assert shown["environment"]["WEBHOOK_TOKEN"] == ""
    assert shown["server"]["port"] == 8000


def test_settings_are_frozen(tmp_path: Path) -> None:
    """What was checked at the start is what is in force until the end."""
    settings = loaded(tmp_path)
    with pytest.raises(ValidationError):
        settings.server.port = 1  # type: ignore[misc]  # that is the point
    with pytest.raises(ValidationError):
        settings.secrets.whaticket_url = "http://127.0.0.1:1"  # type: ignore[misc]  # the same


def test_all_that_is_missing_is_told_at_once(tmp_path: Path) -> None:
    """A command names every key that it needs and does not have; of alternatives one is enough."""
    needed = ("DATABASE_URL", "REDIS_URL", "WEBHOOK_SECRET|WEBHOOK_TOKEN", "WHATICKET_URL")
    settings = loaded(tmp_path, REDIS_URL="redis://127.0.0.1/0", WHATICKET_URL="  ")
    with pytest.raises(ConfigurationError) as caught:
        require(settings, needed)
    assert "DATABASE_URL, WEBHOOK_SECRET ou WEBHOOK_TOKEN, WHATICKET_URL" in caught.value.message
    assert "REDIS_URL" not in caught.value.message
    given = {"DATABASE_URL": "x", "REDIS_URL": "x", "WEBHOOK_TOKEN": "x", "WHATICKET_URL": "x"}
    require(loaded(tmp_path, **given), needed)


def test_a_secret_may_be_two_while_it_rotates(tmp_path: Path) -> None:
    """Values are separated by a comma; blanks and an empty half are no value."""
    secrets = loaded(tmp_path, WEBHOOK_SECRET=" novo , antigo ,", WEBHOOK_TOKEN=" , ").secrets
    assert secret_values(secrets.webhook_secret) == ["novo", "antigo"]
    assert secret_values(secrets.webhook_token) == secret_values(secrets.jwt_secret) == []


@pytest.mark.parametrize(
    ("environment", "weak"),
    [
        ({"WEBHOOK_SECRET": "x" * 31}, {"WEBHOOK_SECRET"}),
        ({"WEBHOOK_SECRET": f"{STRONG},curto"}, {"WEBHOOK_SECRET"}),
        ({"WEBHOOK_TOKEN": "x" * 15}, {"WEBHOOK_TOKEN"}),
        ({"WEBHOOK_SECRET": "segredo", "WEBHOOK_TOKEN": "changeme"}, {"WEBHOOK_SECRET", "WEBHOOK_TOKEN"}),
    ],
)
def test_a_weak_secret_closes_no_door(tmp_path: Path, environment: dict[str, str], weak: set[str]) -> None:
    """A service does not start with a secret that can be guessed, and says which without printing it."""
    with pytest.raises(ConfigurationError) as caught:
        require_strong_secrets(loaded(tmp_path, **environment))
    assert {name for name in ("WEBHOOK_SECRET", "WEBHOOK_TOKEN") if name in caught.value.message} == weak
    assert not any(value in caught.value.message for value in environment.values())


def test_strong_secrets_pass(tmp_path: Path) -> None:
    """Long ones are taken, two at a time, and what is not set is nobody's weakness."""
    require_strong_secrets(loaded(tmp_path, WEBHOOK_SECRET=f"{STRONG},{STRONG}2"))
    require_strong_secrets(loaded(tmp_path, WEBHOOK_TOKEN="x" * 16))
    require_strong_secrets(loaded(tmp_path))


def test_policy_for_unknown_sends_has_a_short_name(tmp_path: Path) -> None:
    """UNCONFIRMED_POLICY is the short way to say it, and the full name wins over it."""
    assert loaded(tmp_path, UNCONFIRMED_POLICY="resend_once").outbox.unconfirmed_policy == "resend_once"
    both = {"UNCONFIRMED_POLICY": "resend_once", "SECRETARIA__OUTBOX__UNCONFIRMED_POLICY": "hold"}
    assert loaded(tmp_path, **both).outbox.unconfirmed_policy == "hold"
