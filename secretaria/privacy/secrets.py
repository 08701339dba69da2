"""Finds what opens doors: keys, tokens, passwords, cookies, signatures and credentials in addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from secretaria.privacy.folding import Folded
from secretaria.privacy.spans import Span, tag

SHOWN = tag("segredo")

SHAPES = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----[A-Za-z0-9+/=\s:,.\-]{0,20000}"
    r"|eyJ[\w-]{5,4000}(?:\.[\w-]{2,8000}){1,4}|eyJ[\w-]{15,4000}"  # JWT, JWE, and what was cut off one
    r"|\$(?:argon2(?:id|i|d)|scrypt|pbkdf2(?:-sha\d+)?)\$[\w$=,+/.\-]{8,400}"
    r"|\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{20,60}"
    r"|\bpbkdf2_sha\d+\$\d+\$[\w$=+/.\-]{8,300}"
    r"|(?<![A-Za-z0-9])(?:sk-|sk_live_|sk_test_|rk_live_|rk_test_|pk_live_|pk_test_|gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|xapp-"
    r"|npm_|pypi-|hf_|whsec_|gsk_|xai-|dop_v1_|shpat_|sbp_|r8_|SG\.|ya29\.|APP_USR-|AGE-SECRET-KEY-1|\$aact_|aact_|EAA[A-Z])"
    r"[\w.\-]{8,600}"
    r"|(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,20}"
    r"|(?<![A-Za-z0-9])AIza[\w-]{30,45}"
    r"|(?:(?<![A-Za-z0-9])|(?<=/bot))\d{8,10}:AA[\w-]{30,40}"
)
BLOCK_END = re.compile(r"-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----")

URL_CREDENTIAL = re.compile(r"(?<=://)[^\s/\"'”<>?#]{0,300}@(?=[\w.\[\-])")
WEBHOOK_PATH = re.compile(r"(?<=/webhook/whaticket/)[^\s/?\"'”&<>#]{1,300}")

SCHEME = re.compile(
    r"(?i:\b(?:bearer|basic|digest|negotiate|apikey|hmac|token)):? {1,3}(?![a-zç]{1,14}(?:[\s,.;:!?]|$))(?P<value>[\w.~+/=\-]{6,4000})"
)
COOKIE = re.compile(r"\b(?:set-)?cookies?[\"'”]?\s{0,3}[:=]\s{0,3}[\[\"'”]{0,2}(?P<pairs>[^\r\n\"'”]{1,4000})")
DICTIONARY = re.compile(r"cookies?[\"'”]?\s?[:=]\s?\{(?P<pairs>[^}\r\n]{1,4000})\}")
ENTRY = re.compile(r"[\"'”]\s?:\s?[\"'”](?P<value>[^\"'”]{1,2000})")
PAIR = re.compile(r"\s*(?P<name>[^=;,\s]{1,100})=(?P<value>[^;\s]{1,4000})")
HEADER = re.compile(
    r"(?:authorization|cookie|signature|token|secret|api-?key)[\"'”]\s?,\s?b?(?P<quote>[\"'”])"
    r"(?=[^\"'”\r\n]{0,4000}[0-9])(?P<value>[^\"'”\r\n]{6,4000})(?P=quote)(?!\s?:)"
)
LONG_HEX = re.compile(
    r"(?:signature|assinatura|hmac|response=|nonce=|token|secret)[\s\"'”:=(]{0,5}(?:sha\d+[=:\s]{1,2})?(?P<value>[0-9a-f]{24,256})(?![0-9a-z])"
)
COMMAND_LINE = re.compile(
    r"(?<![\w-])(?:-u|--user|--proxy-user)[ =][\"'”]?(?P<value>[^\s\"'”:]{1,100}:[^\s\"'”]{1,200})"
)
COOKIE_ATTRIBUTES = {"path", "domain", "max-age", "expires", "samesite", "version", "priority"}

NAMES = (
    "password", "passwd", "pwd", "passphrase", "passcode", "senha", "secret", "segredo", "token", "api_key", "api-key", "api key",
    "apikey", "access_key", "access-key", "accesskey", "secret_key", "secretkey", "private_key", "privatekey", "secret_access_key",
    "authorization", "signature", "assinatura", "hmac", "credential", "credencial", "jwt", "sessionid", "session_id", "session-id",
    "sessid", "sess_id", "csrf", "xsrf", "client_secret", "auth_key", "authkey", "account_key", "accountkey", "encryption_key",
    "chave_api", "chave_de_api", "chave de api", "chave da api", "chave secreta", "chave privada",
)  # fmt: skip
SHORT_NAMES = ("pass", "sig", "sid", "auth", "otp", "pin", "pat", "session", "x-api", "key")
NAMED = re.compile(
    r"(?<!\[)(?:(?P<strong>"
    + "|".join(sorted(map(re.escape, NAMES), key=len, reverse=True))
    + r")(?:[_-]?(?:hash|key|[0-9]))?"
    r"|(?<![a-z0-9])(?P<weak>" + "|".join(map(re.escape, SHORT_NAMES)) + r"))(?![a-z0-9_])"
    r"(?:[\"'”\])]{0,3}|\s{1,2}(?:do|da|de)\s{1,2}[\w-]{1,20}|-\d{1,4})\s{0,3}(?::=|=>|->|:|==?|\)=\()\s{0,3}"
    r"(?:(?P<quote>b?[\"'”(]{1,2})|(?P<scheme>bearer|basic|token|digest|sha\d+=|hmac)\s{0,3})?"
)
QUOTED = {
    '"': re.compile(r'[^"\r\n]{1,2000}'),
    "'": re.compile(r"[^'\r\n]{1,2000}"),
    "”": re.compile(r"[^”\"\r\n]{1,2000}"),
}
BARE = re.compile(r"[^\s\"'”,;&<>)\]}]{1,2000}")
BARE_PASSWORD = re.compile(r"[^\s\"'”<>]{1,200}")

SPOKEN = re.compile(
    r"(?<![a-z0-9_])(?:minha |a |nova |sua |meu |o )?(?P<name>senha|s[ .-]e[ .-]n[ .-]h[ .-]a|password|passwd|pwd|passphrase|passcode|pin)(?![a-z0-9_])"
    r"(?:\s{1,2}(?:nova|antiga|atual|provisoria|temporaria|nao|dele|dela|nossa|aqui|ai|certa|correta))?"
    r"(?:\s{1,2}(?:do|da|de|pro|pra|para|no|na|of|for)\s{1,2}(?:o |a |meu |minha |user |usuario |cliente )?[\w\-]{1,20}){0,2}"
    r"\??(?P<verb>\s{0,2}(?:[:=,]|->|=>|-)\s{0,2}|\s{1,2}(?:e|eh|era|foi|ficou|sera|vai ser|is|was|continua|agora e)(?:\s{0,2}:\s{0,2}|\s{1,2})|\s{1,2})"
    r"(?P<quote>[\"'”]?)(?P<value>[^\s\"'”<>]{3,200})"
)
NEXT_PARAMETER = re.compile(r"&[\w.\-]{1,40}=")
TRAILING = ".,;:?)]}"
NOT_SECRETS = frozenset(
    "null none nil true false undefined vazio vazia ausente missing expired expirado expirada invalid invalido invalida revoked"
    " revogado revogada required obrigatorio obrigatoria necessario necessaria incorreto incorreta errado errada correto correta"
    " pessoal enviada enviado gerada gerado gerar diferente igual fraca forte qual que como para por nao sim muito esquecida"
    " perdida trocada alterada bloqueada redefinida segura numerica unica mesma mesmo sempre so secreta secreto sigilosa ok"
    " denied refused present absent changed unchanged stored hidden redacted mismatch valid valido valida string str bytes"
    " bearer basic token optional opcional ate depois quando onde quem porque pois mas uma umas esta essa este esse aqui"
    " solicitada pedida usada alguma nenhuma cadastrada padrao protegida guardada criptografada necessario confirmada"
    " confirmado minimo maximo pelo menos letras numeros digite escolha desconhecido unknown incorrect wrong weak strong".split()
)
HINTS = ("sen", "n h a", "n.h.a", "n-h-a", "pass", "pwd", "secr", "segr", "tok", "key", "auth", "sign", "assin", "hmac", "cred", "jwt", "sess", "csrf", "xsrf",
         "chave", "sig", "sid", "otp", "pin", "pat")  # fmt: skip
MINIMUM_BARE = 6


def find_secrets(folded: Folded) -> Iterator[Span]:
    """Yield every secret; the whole value is hidden."""
    plain, low = folded.plain, folded.low
    yield from _shapes(plain)
    if "://" in plain:
        yield from (Span(*_without_at(found), SHOWN) for found in URL_CREDENTIAL.finditer(plain))
    if "/webhook/" in plain:
        yield from (Span(*found.span(), SHOWN) for found in WEBHOOK_PATH.finditer(plain))
    for pattern in (HEADER, LONG_HEX, COMMAND_LINE):
        yield from (Span(*found.span("value"), SHOWN) for found in pattern.finditer(low))
    if "cookie" in low:
        yield from _cookies(low)
    if any(hint in low for hint in ("bear", "basic", "digest", "negot", "apik", "hmac", "token")):
        yield from (Span(*found.span("value"), SHOWN) for found in SCHEME.finditer(plain))
    if any(hint in low for hint in HINTS):
        yield from _named(low)
        yield from _spoken(low)


def _shapes(plain: str) -> Iterator[Span]:
    for found in SHAPES.finditer(plain):
        start, end = found.span()
        if found[0].startswith("-----BEGIN"):
            closed = BLOCK_END.search(plain, start, end + 100)
            end = closed.end() if closed else end
        yield Span(start, end, SHOWN)


def _without_at(found: re.Match[str]) -> tuple[int, int]:
    return found.start(), found.end() - 1


def _cookies(low: str) -> Iterator[Span]:
    for header in COOKIE.finditer(low):
        for pair in PAIR.finditer(low, *header.span("pairs")):
            if pair["name"] not in COOKIE_ATTRIBUTES and not pair["value"].startswith("["):
                yield Span(*pair.span("value"), SHOWN)
    for header in DICTIONARY.finditer(low):
        yield from (Span(*entry.span("value"), SHOWN) for entry in ENTRY.finditer(low, *header.span("pairs")))


def _named(low: str) -> Iterator[Span]:
    for found in NAMED.finditer(low):
        quote = (found["quote"] or "").lstrip("b(")
        name = found["strong"] or found["weak"]
        bare = (
            BARE_PASSWORD
            if name.startswith(("pass", "senha", "pwd")) and "&" not in low[found.end() : found.end() + 80]
            else BARE
        )
        value = (QUOTED[quote[0]] if quote else bare).match(low, found.end())
        if value is None:
            continue
        start, end = value.span()
        if quote and value[0].lstrip()[:1] in {",", "}", "]", ":"}:
            continue  # the quote ended a text, it begins none
        if not quote:
            end = _trimmed(low, start, end)
        if _is_secret(low[start:end], name, quoted=bool(quote)):
            yield Span(start, end, SHOWN)


def _spoken(low: str) -> Iterator[Span]:
    for found in SPOKEN.finditer(low):
        value, verb = found["value"], found["verb"].strip()
        start = found.start("value")
        end = found.end("value") if found["quote"] else _trimmed(low, start, found.end("value"))
        following = NEXT_PARAMETER.search(low, start, end) if verb == "=" else None
        end = following.start() if following else end
        value = low[start:end]
        if value.startswith(("[", "***")) or value.strip(TRAILING + "!") in NOT_SECRETS:
            continue
        mixed = any(not character.isalpha() for character in value)
        said = verb in {":", "=", "->", "=>"} or found["quote"]
        enough = len(value) >= (4 if verb != "-" else 5) and not (found["name"] == "pin" and not value.isdigit())
        if (
            said
            or (verb not in {"", ",", "-"} and (mixed or len(value) >= MINIMUM_BARE or _ends_the_text(low, end)))
            or (mixed and enough and not _is_a_number_of_something(value))
        ):
            yield Span(start, end, SHOWN)


def _is_secret(value: str, name: str, *, quoted: bool) -> bool:
    if (
        not value
        or value.startswith(("[segredo", "***", "{", "[", "secretstr("))
        or value.strip(TRAILING + "!") in NOT_SECRETS
    ):
        return False
    if name in {"password", "passwd", "pwd", "passphrase", "passcode", "senha", "pass", "otp", "pin", "authorization"}:
        return True
    if name in {"sid", "session"}:
        return len(value) >= 8 and any(character.isdigit() for character in value) and ":" not in value
    if name in {"key", "auth", "pat", "sig"}:
        return len(value) >= 16 and any(character.isdigit() for character in value) and ":" not in value
    if name in {"signature", "assinatura", "hmac"}:
        return any(character.isdigit() for character in value) or len(value) >= 16
    return quoted or len(value) >= MINIMUM_BARE


def _trimmed(low: str, start: int, end: int) -> int:
    while end > start + 1 and low[end - 1] in TRAILING:
        end -= 1
    return end


def _ends_the_text(low: str, end: int) -> bool:
    return low[end : end + 1] in {"", "\n", ".", "!", ",", ";"}


def _is_a_number_of_something(value: str) -> bool:
    return (
        re.fullmatch(r"\d{1,3}|\d{1,2}[:h]\d{0,2}|\d{1,2}/\d{1,2}(?:/\d{2,4})?|[a-z]{1,2}-?\d{1,3}|\d{1,2}x", value)
        is not None
    )
