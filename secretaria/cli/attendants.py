"""secretaria attendants: who may enter the panel, and as what."""

from typing import TYPE_CHECKING, Annotated

import typer

from secretaria.attendants.roles import Role

if TYPE_CHECKING:
    from secretaria.attendants.accounts import AccountsRoom

app = typer.Typer(no_args_is_help=True, help="Equipe: quem entra no painel, e com que papel.")

Login = Annotated[str, typer.Argument(metavar="LOGIN", help="O que a pessoa digita para entrar.")]
RolePlayed = Annotated[Role, typer.Option(help="owner (dono), attendant (atende) ou viewer (só olha).")]
FromStdin = Annotated[bool, typer.Option("--stdin", help="Lê a senha da entrada padrão.")]
Random = Annotated[bool, typer.Option("--random", help="Sorteia uma senha, mostra uma vez e exige trocá-la ao entrar.")]


@app.callback()
def group() -> None:
    """Equipe: quem entra no painel, e com que papel."""


@app.command()
def add(
    login: Login,
    name: Annotated[str, typer.Option(help="Como a pessoa é chamada no painel.")] = "",
    role: RolePlayed = Role.ATTENDANT,
    stdin: FromStdin = False,
    random: Random = False,
) -> None:
    """Abre a conta de uma pessoa; a senha é pedida, lida de --stdin ou sorteada com --random."""
    from secretaria.attendants.accounts import add_attendant
    from secretaria.cli.console import say

    password = _password(stdin=stdin, random=random)
    add_attendant(_room(), login=login, name=name or login, role=role, password=password, expired=random)
    say(f"{login}: entra como {role}")
    _show_once(password, random=random)


@app.command("list")
def list_all(as_json: Annotated[bool, typer.Option("--json", help="JSON, uma linha por pessoa.")] = False) -> None:
    """Lista a equipe."""
    from rich.table import Table

    from secretaria.attendants.store import list_attendants
    from secretaria.cli.console import paper, print_json, say
    from secretaria.database.transaction import transaction

    with transaction(_room().engine) as session:
        found = list_attendants(session)
    if not found:
        say("ninguém ainda; comece com: secretaria attendants add LOGIN --role owner")
    if as_json:
        for one in found:
            print_json(
                {
                    "login": one.login,
                    "name": one.name,
                    "role": one.role,
                    "disabled": one.disabled_at is not None,
                    "second_step": one.second_step is not None,
                }
            )
        return
    table = Table("login", "nome", "papel", "situação", box=None)
    for one in found:
        state = "fechada" if one.disabled_at else ("precisa trocar a senha" if one.password_expired else "aberta")
        table.add_row(one.login, one.name, one.role, state)
    if found:
        paper().print(table)


@app.command("role")
def set_role(login: Login, role: Annotated[Role, typer.Argument(help="owner, attendant ou viewer.")]) -> None:
    """Troca o papel de uma pessoa; as sessões dela terminam na hora."""
    from secretaria.attendants.accounts import change_role
    from secretaria.cli.console import say

    change_role(_room(), login, role)
    say(f"{login}: agora é {role}; precisa entrar de novo")


@app.command()
def password(login: Login, stdin: FromStdin = False, random: Random = False) -> None:
    """Troca a senha de uma pessoa; as sessões dela terminam na hora."""
    from secretaria.attendants.accounts import change_password
    from secretaria.cli.console import say

    chosen = _password(stdin=stdin, random=random)
    change_password(_room(), login, chosen, expired=random)
    say(f"{login}: senha trocada; precisa entrar de novo")
    _show_once(chosen, random=random)


@app.command()
def disable(
    login: Login,
    undo: Annotated[bool, typer.Option("--undo", help="Reabre a conta.")] = False,
) -> None:
    """Fecha a conta de uma pessoa; as sessões dela terminam na hora."""
    from secretaria.attendants.accounts import disable_attendant, enable_attendant
    from secretaria.cli.console import say

    (enable_attendant if undo else disable_attendant)(_room(), login)
    say(f"{login}: conta {'reaberta' if undo else 'fechada'}")


@app.command("second-step")
def second_step(
    login: Login,
    off: Annotated[bool, typer.Option("--off", help="Volta a pedir só a senha.")] = False,
) -> None:
    """Pede, além da senha, o código de um aplicativo; as sessões da pessoa terminam na hora."""
    import sys

    from secretaria.attendants.accounts import drop_second_step, require_account, require_second_step
    from secretaria.attendants.second_step import application_address, new_key
    from secretaria.cli.console import say
    from secretaria.errors import UsageInvalid

    room = _room()
    if off:
        drop_second_step(room, login)
        say(f"{login}: entra só com a senha; precisa entrar de novo")
        return
    require_account(room, login)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageInvalid("a chave só é mostrada num terminal, e o código é pedido nele", "rode sem redirecionar")
    key = new_key()
    sys.stdout.write(f"{application_address(key, login)}\n{key}\n")
    say("ponha o endereço ou a chave no aplicativo de códigos; nada muda até o primeiro código")
    codes = require_second_step(room, login, key, typer.prompt("código", err=True))
    say(f"{login}: entra com senha e código; precisa entrar de novo. Guarde estes códigos, cada um serve uma vez:")
    sys.stdout.write("".join(f"{one}\n" for one in codes))


def _room() -> "AccountsRoom":
    from secretaria.cli.installed import open_installation, operator

    return open_installation().accounts_room(operator())


def _password(*, stdin: bool, random: bool) -> str:
    """Take a password from where nobody looks over a shoulder: never from an argument."""
    import secrets
    import sys
    from getpass import getpass

    from secretaria.errors import UsageInvalid

    if random:
        return secrets.token_urlsafe(18)
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise UsageInvalid("falta a senha, e não há terminal para pedi-la", "use --stdin ou --random")
    typed = getpass("senha: ")
    if getpass("de novo: ") != typed:
        raise UsageInvalid("as duas senhas não são iguais", "tente de novo")
    return typed


def _show_once(password: str, *, random: bool) -> None:
    import sys

    if random:
        sys.stdout.write(password + "\n")
