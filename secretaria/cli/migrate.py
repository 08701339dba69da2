"""secretaria migrate: the database's schema."""

from __future__ import annotations

from typing import Annotated

import typer


def migrate(
    check: Annotated[bool, typer.Option("--check", help="Só diz o que falta; sai com 1 se faltar algo.")] = False,
    sql: Annotated[bool, typer.Option("--sql", help="Só imprime o SQL, sem conectar.")] = False,
) -> None:
    """Leva o banco ao esquema desta versão (seguro com a versão anterior no ar)."""
    from secretaria.cli.console import say
    from secretaria.database.migrate import pending_revisions, upgrade, upgrade_sql

    if sql:
        typer.echo(upgrade_sql(), nl=False)
        return
    from secretaria.bootstrap import Installation
    from secretaria.settings import load_settings, require

    settings = load_settings()
    require(settings, ("DATABASE_URL",))
    engine = Installation(settings).engine
    if check:
        pending = pending_revisions(engine)
        say(f"faltam: {', '.join(pending)}" if pending else "o banco está em dia")
        raise typer.Exit(1 if pending else 0)
    applied = upgrade(engine)
    say(f"aplicadas: {', '.join(applied)}" if applied else "o banco já estava em dia")
