"""The examinations of the doctor: each looks at one thing and never stops the others."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from sqlmodel import Session

from secretaria.bootstrap import Installation
from secretaria.cli.processes import OUTSIDE_REQUIRED
from secretaria.copies.schedule import proof_is_late
from secretaria.errors import SecretariaError
from secretaria.queue.chores import BACKUP, BACKUP_VERIFIED, last_chore
from secretaria.settings import Settings, load_settings, require, require_strong_secrets

Status = Literal["ok", "aviso", "falha"]
MINIMUM_FREE_BYTES = 1024**3


class Advice(SecretariaError):
    """Something works, and should be otherwise."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one examination found; ``mend`` is the command or step that puts it right, ``seconds`` what it took."""

    name: str
    status: Status
    found: str
    mend: str = ""
    seconds: float | None = None


def examine() -> Iterator[Result]:
    """Examine the installation from the inside out, yielding each result as it is known."""
    try:
        settings = load_settings()
    except SecretariaError as error:
        yield Result("configuração", "falha", error.message, error.hint)
        return
    yield Result("configuração", "ok", str(settings.source or "sem secretaria.toml, valem os padrões"))
    installation = Installation(settings)
    examinations: tuple[tuple[str, str, Callable[[], str]], ...] = (
        ("segredos", "secretaria config init", partial(_secrets, settings)),
        ("negócio", "secretaria config check", partial(_business, installation)),
        ("disco", f"libere espaço em {settings.home}", partial(_disk, settings)),
        ("postgresql", "secretaria up, ou confira DATABASE_URL", partial(_postgresql, installation)),
        ("papel no banco", "docs/operacao/instalar.md, O papel no banco", partial(_role, installation)),
        ("migrações", "secretaria migrate", partial(_migrations, installation)),
        ("redis", "secretaria up, ou confira REDIS_URL", partial(_redis, installation)),
        ("workers", "secretaria worker", partial(_workers, installation)),
        ("whaticket", "confira WHATICKET_URL e se o Whaticket está no ar", partial(_whaticket, installation)),
        ("orçamento", "preencha [budget] prices", partial(_budget, settings)),
        ("modelo", "confira LLM_API_KEY, LLM_BASE_URL e [llm] model", partial(_model, installation)),
    )
    for name, mend, examination in examinations:
        yield _examined(name, mend, examination)
    proved = _examined("cópia conferida", "secretaria backup verify", partial(_proof, installation))
    yield replace(proved, status="aviso") if proved.status == "falha" else proved


def _examined(name: str, mend: str, examination: Callable[[], str]) -> Result:
    try:
        return Result(name, "ok", examination())
    except Advice as advice:
        return Result(name, "aviso", advice.message, advice.hint or mend)
    except SecretariaError as error:
        return Result(name, "falha", error.message, error.hint or mend)
    except Exception as error:  # noqa: BLE001  # a fault in one examination must not hide the others
        return Result(name, "falha", f"{type(error).__name__}: não respondeu", mend)


def _secrets(settings: Settings) -> str:
    require(settings, ("WEBHOOK_SECRET|WEBHOOK_TOKEN", *OUTSIDE_REQUIRED))
    require_strong_secrets(settings)
    return "segredos do webhook fortes, chaves do Whaticket e do modelo presentes"


def _business(installation: Installation) -> str:
    business = installation.business
    held = f"versão {business.version_id} publicada" if business.version_id else "ainda só na pasta"
    return f"{business.card.identity.name}: {len(business.chunks)} unidades na base, {held} ({business.version})"


def _disk(settings: Settings) -> str:
    place = next(folder for folder in (settings.home, *settings.home.parents, Path("/")) if folder.exists())
    free = shutil.disk_usage(place).free
    if free < MINIMUM_FREE_BYTES:
        raise SecretariaError(f"só {free // 1024**2} MiB livres em {place}")
    return f"{free // 1024**3} GiB livres em {place}"


def _postgresql(installation: Installation) -> str:
    from sqlalchemy import text

    require(installation.settings, ("DATABASE_URL",))
    with installation.health_engine.connect() as connection:
        version = connection.execute(text("SHOW server_version")).scalar_one()
    return f"PostgreSQL {version}"


def _role(installation: Installation) -> str:
    from secretaria.database.roles import may_change_schema

    require(installation.settings, ("DATABASE_URL",))
    role = installation.health_engine.url.username
    if may_change_schema(installation.health_engine):
        raise Advice(f"serviço e workers entram como {role}, que pode mudar ou apagar tabelas")
    return f"{role} usa as linhas e não muda o esquema"


def _migrations(installation: Installation) -> str:
    from secretaria.database.migrate import pending_revisions

    require(installation.settings, ("DATABASE_URL",))
    pending = pending_revisions(installation.health_engine)
    if pending:
        raise SecretariaError(f"faltam: {', '.join(pending)}")
    return "em dia"


def _redis(installation: Installation) -> str:
    require(installation.settings, ("REDIS_URL",))
    installation.redis.ping()
    return "respondeu"


def _workers(installation: Installation) -> str:
    from secretaria.queue.heartbeats import living_workers

    require(installation.settings, ("REDIS_URL",))
    living = living_workers(installation.redis)
    if not living:
        raise SecretariaError("nenhum worker vivo")
    return f"{len(living)} vivos"


def _whaticket(installation: Installation) -> str:
    require(installation.settings, ("WHATICKET_URL", "WHATICKET_TOKEN"))
    installation.gateway.ping()
    return f"respondeu ({installation.settings.whaticket.flavour})"


def _budget(settings: Settings) -> str:
    from secretaria.clock import SystemClock
    from secretaria.llm.pricing import PriceList

    prices, today, limits = PriceList(settings.budget.prices), SystemClock().now().date(), settings.budget
    asked = [settings.llm.model, settings.llm.fallback_model, limits.small_model]
    asked += [settings.media.model] if settings.media.transcribe else []
    unpriced = [model for model in dict.fromkeys(asked) if model and not prices.knows(model, on=today)]
    held = f"US$ {limits.day_usd:g} por dia e US$ {limits.month_usd:g} por mês (0 não limita)"
    told = f"; sem preço, só os tokens têm limite: {', '.join(unpriced)}" if unpriced else ""
    return held + told


def _model(installation: Installation) -> str:
    require(installation.settings, ("LLM_API_KEY",))
    offered, wanted = installation.chat.list_models(), installation.settings.llm.model
    if offered and wanted not in offered:
        raise SecretariaError(f"o serviço não oferece {wanted}; oferece: {', '.join(offered[:5])}")
    return f"{wanted} disponível"


def _proof(installation: Installation) -> str:
    with Session(installation.engine) as session:
        taken, proved = (last_chore(session, name) for name in (BACKUP, BACKUP_VERIFIED))
    if taken is None:
        return "nenhuma cópia ainda"
    at = proved.ended_at if proved else None
    if proof_is_late(at, installation.settings.backup, installation.clock.now()):
        told = f"a última foi em {at.astimezone():%d/%m/%Y}" if at else "nenhuma foi"
        raise SecretariaError(f"há muito nenhuma cópia é restaurada à parte: {told}")
    return f"restaurada à parte em {at.astimezone():%d/%m/%Y}" if at else "a prova das cópias está desligada"
