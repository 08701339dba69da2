"""Error family to sentence, hint and exit code; a traceback only when it is asked for with -v."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from secretaria.cli.forwarding import VERBOSE, forward
from secretaria.errors import ConfigurationError, GateFailed, LockHeld, PreflightRefused, SecretariaError, UsageInvalid

FAILURE, USAGE, PREFLIGHT, LOCKED, WENT_BACK, INTERRUPTED = 1, 2, 3, 4, 5, 130


def run(arguments: Sequence[str]) -> int:
    """Run the command line and translate whatever comes out of it.

    Args:
        arguments: Without the program's name; ``-v`` may stand anywhere before a ``--``.

    Returns:
        The exit code.
    """
    from secretaria.cli.app import app

    own, foreign = _split(arguments)
    verbose = any(argument in VERBOSE for argument in own)
    try:
        forward(arguments)
        code = app(args=[*(argument for argument in own if argument not in VERBOSE), *foreign], standalone_mode=False)
    except SecretariaError as error:
        _say(error.message, error.hint, error if verbose else None)
        return exit_code(error)
    except (KeyboardInterrupt, EOFError):
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader left; its silence is no error
        return FAILURE
    except Exception as error:  # noqa: BLE001  # the last catcher: a person reads what comes out of here
        return _explain_unexpected(error, verbose=verbose)
    return code if isinstance(code, int) else 0


def exit_code(error: SecretariaError) -> int:
    """Return the exit code of an error of ours."""
    own = getattr(error, "exit_code", None)
    if isinstance(own, int):
        return own
    if isinstance(error, UsageInvalid):
        return USAGE
    if isinstance(error, LockHeld):
        return LOCKED
    if isinstance(error, GateFailed):
        return WENT_BACK
    return PREFLIGHT if isinstance(error, ConfigurationError | PreflightRefused) else FAILURE


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    listed = list(arguments)
    cut = listed.index("--") if "--" in listed else len(listed)
    return listed[:cut], listed[cut:]


def _explain_unexpected(error: Exception, *, verbose: bool) -> int:
    """Usage errors come from the command-line library in English; the rest is our mistake."""
    code = getattr(error, "exit_code", None)
    if type(error).__name__ == "Abort":
        return INTERRUPTED
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error, file=sys.stderr)  # noqa: T201  # its message is the help itself
        return USAGE
    if code == USAGE:
        _say(_in_portuguese(str(getattr(error, "message", error))), "veja o uso com: secretaria --help", None)
        return USAGE
    from secretaria.privacy import describe_exception

    shown = error if verbose else None
    _say(f"erro inesperado: {describe_exception(error)}", "repita com -v para ver de onde veio", shown)
    return FAILURE


def _in_portuguese(sentence: str) -> str:
    for english, portuguese in (
        ("No such command", "comando desconhecido:"),
        ("No such option", "opção desconhecida"),
        ("Missing argument", "falta o argumento"),
        ("Missing option", "falta a opção"),
        ("Missing command.", "falta o comando"),
        ("Got unexpected extra argument", "argumento a mais"),
        ("Invalid value for", "valor inválido para"),
        ("requires an argument", "precisa de um valor"),
        ("is not a valid integer", "não é um número inteiro"),
        ("does not exist", "não existe"),
        ("Did you mean", "você quis dizer"),
    ):
        sentence = sentence.replace(english, portuguese)
    return sentence


def _say(message: str, hint: str, shown: BaseException | None) -> None:
    if shown is not None:
        from secretaria.privacy import tell_exception

        print(tell_exception(shown), file=sys.stderr)  # noqa: T201  # the same as below
    print(f"erro: {message}", file=sys.stderr)  # noqa: T201  # the one place that speaks when nothing else can
    if hint:
        print(f"dica: {hint}", file=sys.stderr)  # noqa: T201  # the same
