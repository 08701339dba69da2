"""What a browser is shown instead of a page: who must enter first, who may not, what went wrong and what to do now."""

from __future__ import annotations

from urllib.parse import quote

from litestar import Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap
from loguru import logger

from secretaria.attendants.tokens import TokenInvalid
from secretaria.errors import SecretariaError
from secretaria.web.access import SAFE_METHODS, CrossSite, PasswordExpired
from secretaria.web.failures import headers_of, status_of
from secretaria.web.panel.showing import Http, is_part, send_to, show

LOGIN, PASSWORD = "/painel/entrar", "/painel/senha"
INVALID, UNAUTHORIZED, FORBIDDEN, MISSING, FAULT = 400, 401, 403, 404, 500
SENTENCES = {
    INVALID: ("isto não pôde ser lido", "confira o que foi preenchido e tente de novo"),
    MISSING: ("esta página não existe", "volte ao início"),
    405: ("isto não se faz aqui", "volte à página e tente de novo"),
    413: ("isto é grande demais", "envie menos de uma vez"),
}


def refuse_error(request: Http, error: SecretariaError) -> Response[str]:
    """Show an error of ours: its sentence and its hint."""
    if isinstance(error, TokenInvalid):
        return _ask_to_enter(request)
    return _told(request, status_of(error), error.message, error.hint, headers_of(error))


def refuse_http(request: Http, error: HTTPException) -> Response[str]:
    """Show what the guard or the framework refused."""
    if isinstance(error, PasswordExpired):
        return send_to(request, PASSWORD)
    if isinstance(error, CrossSite):
        return _told(request, FORBIDDEN, error.detail, "recarregue a página e tente de novo")
    if error.status_code == FORBIDDEN:
        return _told(request, FORBIDDEN, error.detail, "peça a quem tem o papel de dono")
    sentence, hint = SENTENCES.get(error.status_code, SENTENCES[INVALID])
    return _told(request, error.status_code, sentence, hint)


def refuse_fault(request: Http, error: Exception) -> Response[str]:
    """Hide a fault of ours and write it to the log."""
    logger.opt(exception=error).error("page_failed")
    return _told(request, FAULT, "algo falhou do nosso lado", "tente de novo; o registro do serviço diz o que houve")


def _ask_to_enter(request: Http) -> Response[str]:
    """Send to the login, and from there back to where the person was."""
    if not is_part(request) and request.method not in SAFE_METHODS:
        return _told(request, UNAUTHORIZED, "sua sessão terminou", "entre de novo")
    open_page = "/painel" + request.headers.get("hx-current-url", "").partition("/painel")[2]
    back = open_page if is_part(request) else request.scope["path"]
    answer = send_to(request, f"{LOGIN}?depois={quote(back)}&motivo=terminou")
    if is_part(request):
        answer.status_code = UNAUTHORIZED  # htmx obeys the redirect all the same; others are told plainly
    return answer


def _told(request: Http, status: int, sentence: str, hint: str, headers: dict[str, str] | None = None) -> Response[str]:
    template = "_refusal.html" if is_part(request) else "refusal.html"
    return show(request, template, status=status, headers=headers, sentence=sentence, hint=hint)


HANDLERS: ExceptionHandlersMap = {
    SecretariaError: refuse_error,
    HTTPException: refuse_http,
    Exception: refuse_fault,
}
