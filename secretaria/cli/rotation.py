"""A secret changes hands without a gap: beside the old one first, tried at the running service, then alone."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
from pydantic import SecretStr

from secretaria.cli.container_secrets import containers_host, holds, note_inside, reach_containers
from secretaria.cli.installed import open_installation, operator
from secretaria.errors import Conflict, PreflightRefused, SecretariaError, UsageInvalid
from secretaria.settings import CONFIG_FILE, CONFIG_VARIABLE, Settings, env_file_of, load_settings
from secretaria.settings.env_file import read_value, write_value
from secretaria.settings.secrets import EXAMPLE_VALUES, MINIMUM_BYTES
from secretaria.settings.sections import Secrets

ROTATABLE = ("WEBHOOK_SECRET", "WEBHOOK_TOKEN", "JWT_SECRET")
NEEDED = ("WEBHOOK_SECRET|WEBHOOK_TOKEN", "JWT_SECRET", "WHATICKET_TOKEN", "LLM_API_KEY")
TRY_SECONDS = 15.0
TRY_PAUSE_SECONDS = 0.5
UNAUTHORIZED, FLOOD = 401, 429
OTHERS_BITS = 0o077
NAMES = tuple(name.upper() for name, field in Secrets.model_fields.items() if field.annotation is SecretStr)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one secret, never its value."""

    name: str
    state: str
    fine: bool


class NewValueRefused(PreflightRefused):
    """The running service does not take the new value; the old one stands alone again."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"o serviço em execução não aceitou o valor novo de {name}; o antigo continua valendo",
            "confira se o serviço lê este .env (secretaria config show) e tente de novo",
        )


def env_path() -> Path:
    """Return the .env of the secretaria.toml in use; a named environment may have its own."""
    return env_file_of(Path(os.environ.get(CONFIG_VARIABLE) or CONFIG_FILE).absolute())


def known_name(name: str) -> str:
    """Return a secret's name as it is spelled.

    Raises:
        UsageInvalid: There is no such secret.
    """
    chosen = name.upper()
    if chosen not in NAMES:
        raise UsageInvalid(f"segredo desconhecido: {name}", f"os que existem: {', '.join(NAMES)}")
    return chosen


def rotatable(name: str) -> str:
    """Return the name of a secret that may be two values for a while.

    Raises:
        UsageInvalid: It may not; it is set at once instead.
    """
    chosen = known_name(name)
    if chosen not in ROTATABLE:
        raise UsageInvalid(f"{chosen} não vale em dobro", f"troque de uma vez com: secretaria secrets set {chosen}")
    return chosen


def check_strength(name: str, value: str) -> None:
    """Refuse a value that closes nothing.

    Raises:
        UsageInvalid: It is short, an example, or holds a line break or a comma.
    """
    if any(character in value for character in "\r\n\x00") or (name in ROTATABLE and "," in value):
        raise UsageInvalid("o valor tem vírgula ou quebra de linha", "nada mudou")
    if len(value.encode()) < MINIMUM_BYTES.get(name, 1) or value.lower() in EXAMPLE_VALUES:
        raise UsageInvalid(f"valor fraco para {name}: pelo menos {MINIMUM_BYTES.get(name, 1)} caracteres", "nada mudou")


def findings(path: Path) -> list[Finding]:
    """Look at every secret and at the file they stand in."""
    settings = load_settings()
    values = {name: getattr(settings.secrets, name.lower()).get_secret_value() for name in NAMES}
    missing = [needed for needed in NEEDED if not any(values[name] for name in needed.split("|"))]
    told = {name for needed in missing for name in needed.split("|")}
    found = [_finding(name, value) for name, value in values.items() if name not in told]
    found += [Finding(needed.replace("|", " ou "), "falta", fine=False) for needed in missing]
    if path.is_file():
        open_to_others = path.stat().st_mode & OTHERS_BITS
        state = f"aberto a outros; rode: chmod 600 {path}" if open_to_others else "só do dono"
        found.append(Finding(str(path), state, fine=not open_to_others))
    return found


def begin_rotation(path: Path, name: str, value: str | None) -> None:
    """Make a new value active beside the old one and try it; if it does not work, everything is as before.

    Raises:
        Conflict: A rotation is under way already.
        PreflightRefused: The value comes from the process environment, there is none yet, or the service refuses it.
    """
    if os.environ.get(name):
        raise PreflightRefused(
            f"{name} vem do ambiente do processo, não do .env", "troque-o onde o ambiente é definido"
        )
    old = read_value(path, name)
    if not old:
        raise PreflightRefused(f"{name} ainda não tem valor em {path}", f"defina com: secretaria secrets set {name}")
    if "," in old:
        raise Conflict(f"{name} já está em troca", f"termine com: secretaria secrets rotate {name} --finish")
    new = value or secrets.token_urlsafe(48)
    check_strength(name, new)
    write_value(path, name, f"{new},{old}")
    works = False
    try:
        works = _takes(name, new, changed=True)
    finally:
        if not works:
            write_value(path, name, old)
            make_known()
    if not works:
        raise NewValueRefused(name)
    note_change("secrets.rotation_begun", name, before=True, after=True)


def finish_rotation(path: Path, name: str) -> None:
    """Let the new value stand alone, if the running service takes it.

    Raises:
        Conflict: No rotation is under way.
        PreflightRefused: The service does not take the new value; both stand.
    """
    new, comma, _ = read_value(path, name).partition(",")
    if not comma:
        raise Conflict(f"{name} não está em troca", f"comece com: secretaria secrets rotate {name}")
    if not _takes(name, new, changed=False):
        raise NewValueRefused(name)
    write_value(path, name, new)
    make_known()
    note_change("secrets.rotated", name, before=True, after=True)


def note_change(action: str, name: str, *, before: bool, after: bool) -> None:
    """Note in the audit that a secret changed, where the database can be reached; a fresh installation has none yet."""
    from secretaria.audit.trail import note_alone
    from secretaria.cli.console import say

    host = containers_host()
    try:
        if host is not None and not host.on_swarm:  # there the database is reached from here too
            note_inside(host, action, name, before=before, after=after)
            return
        installation = open_installation()
        told = {"before": {"set": before}, "after": {"set": after}}
        note_alone(installation.engine, operator(), action, name, at=installation.clock.now(), **told)
    except SecretariaError as error:
        say(f"não ficou na auditoria: {error.message}")


def make_known() -> bool:
    """Bring what .env says to containers, which read it only when they are made; say whether there are any."""
    host = containers_host()
    if host is not None:
        reach_containers(host)
    return host is not None


def _takes(name: str, value: str, *, changed: bool) -> bool:
    """Say whether the service takes a value; where it runs in containers, they are made anew for one that has changed."""
    host = containers_host()
    if host is None:
        return _works(load_settings(), name, value)
    if changed:
        reach_containers(host)
    return holds(host, name, value)


def _finding(name: str, value: str) -> Finding:
    values = [part.strip() for part in value.split(",") if part.strip()] if name in ROTATABLE else [value] * bool(value)
    if not values:
        return Finding(name, "vazio", fine=True)
    weak = any(len(v.encode()) < MINIMUM_BYTES.get(name, 1) or v.lower() in EXAMPLE_VALUES for v in values)
    if weak:
        return Finding(name, "fraco ou de exemplo", fine=False)
    return Finding(name, "em troca: dois valores valem" if len(values) > 1 else "definido", fine=True)


def _works(settings: Settings, name: str, value: str) -> bool:
    """Knock at the running service with the new value; where none runs there is nothing that could refuse it."""
    if name == "JWT_SECRET":
        return True  # tokens of the old one are read until it goes; the next ones are signed with the new
    deadline = time.monotonic() + TRY_SECONDS
    url = f"http://{settings.server.host}:{settings.server.port}/webhook/whaticket"
    while True:
        try:
            status = httpx.post(url, content=b"{}", headers=_knock(name, value), timeout=5, trust_env=False).status_code
        except httpx.ConnectError:
            return True
        except httpx.HTTPError:
            status = UNAUTHORIZED
        if status not in {UNAUTHORIZED, FLOOD}:
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(TRY_PAUSE_SECONDS)


def _knock(name: str, value: str) -> dict[str, str]:
    """Return headers that are authentic with this value, over a body that means nothing."""
    if name == "WEBHOOK_TOKEN":
        return {"x-webhook-token": value}
    stamp = str(int(time.time()))
    signature = hmac.new(value.encode(), f"{stamp}.{{}}".encode(), hashlib.sha256).hexdigest()
    return {"x-timestamp": stamp, "x-signature": signature}
