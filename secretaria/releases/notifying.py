"""Tells MONITORING_WEBHOOK_URL what became of a release; that nobody listens stops nothing."""

from __future__ import annotations

import json
from dataclasses import asdict

from secretaria.egress import AnswerRefused, DestinationRefused, DestinationUnavailable, fetch, origin_of
from secretaria.releases.ledger import Release

SENTENCES = {
    ("deploy", "released"): "A versão {version} da Secretaria está no ar (antes: {before}).",
    ("promotion", "released"): "A versão {version} da Secretaria foi promovida e está no ar (antes: {before}).",
    ("install", "released"): "A Secretaria foi instalada na versão {version}.",
    ("rollback", "released"): "A Secretaria voltou à versão {version} (antes: {before}).",
    ("deploy", "went_back"): "A versão {version} não passou e a {before} está de volta: {reason}",
    ("promotion", "went_back"): "A versão {version} não passou e a {before} está de volta: {reason}",
    ("rollback", "went_back"): "A volta à versão {version} não passou e a {before} continua: {reason}",
}
FAILED = "A publicação da versão {version} falhou antes da troca; nada mudou no atendimento: {reason}"


def notify(url: str, release: Release) -> str:
    """Post a release as JSON, with a sentence in ``text`` as chat services want it.

    Args:
        url: Where; the operator's own word, so it may be private. Empty tells nobody.
        release: What became of it.

    Returns:
        Why nobody was told, in Portuguese; empty where somebody was, or nobody is to be.
    """
    if not url:
        return ""
    sentence = SENTENCES.get((release.kind, release.outcome), FAILED).format(**asdict(release))
    body = json.dumps({"text": sentence, "event": f"release.{release.outcome}", **asdict(release)}, ensure_ascii=False)
    try:
        fetch(
            url,
            trusted_origins=(origin_of(url),),
            method="POST",
            headers={"Content-Type": "application/json"},
            body=body.encode(),
        )
    except (AnswerRefused, DestinationRefused, DestinationUnavailable) as error:
        return f"MONITORING_WEBHOOK_URL não foi avisado: {error.message}"
    return ""
