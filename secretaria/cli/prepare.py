"""secretaria prepare: what ``up`` has done before it begins, in a process that takes the libraries for it along when it ends."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from secretaria.bootstrap import Installation


def prepare() -> None:
    """Migra o banco e publica o negócio, se ainda não há um publicado."""
    from secretaria.bootstrap import Installation
    from secretaria.cli.migrating import bring_up
    from secretaria.cli.processes import end_with_parent
    from secretaria.settings import load_settings

    end_with_parent()
    installation = Installation(load_settings())
    bring_up(installation)
    _tell_of_business(installation)


def _tell_of_business(installation: "Installation") -> None:
    """Publish the configured folder if nothing is; if it says something else than what is published, tell so."""
    from secretaria.cli.supervision import tell
    from secretaria.errors import SecretariaError
    from secretaria.knowledge.folder import load_business_folder

    published, folder = installation.library.ensure(), installation.settings.business.folder
    tell("up", f"{published.card.identity.name}, versão {published.version_id} da base")
    try:
        differs = load_business_folder(folder).version != published.version
    except SecretariaError:  # what is published holds; the folder is no longer needed
        return
    if differs:
        tell("up", f"a pasta {folder} diz outra coisa; para publicar: secretaria knowledge import {folder}")
