"""POST of Alertmanager's notices: the owner hears of them on WhatsApp."""

from __future__ import annotations

from typing import Annotated, Literal

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from secretaria.alarms.telling import tell_owner
from secretaria.alarms.wording import Alert
from secretaria.bootstrap import Installation
from secretaria.web.access import for_alertmanager

MAX_NOTICE_BYTES = 256 * 1024
Word = Annotated[str, Meta(pattern=r"^\w{1,80}$")]
Sentence = Annotated[str, Meta(max_length=2000)]
Page = Annotated[str, Meta(pattern=r"^[\w./-]{0,120}$")]


class Labels(Struct):
    """What names an alert; the other labels stay at Alertmanager."""

    alertname: Word


class Annotations(Struct):
    """What a rule says of itself."""

    summary: Sentence = ""
    runbook: Page = ""


class Ringing(Struct):
    """One alert of a notice."""

    status: Literal["firing", "resolved"]
    labels: Labels
    annotations: Annotations
    fingerprint: Annotated[str, Meta(pattern=r"^[0-9a-f]{1,32}$")]


class Notice(Struct):
    """What Alertmanager's webhook posts, as far as it is used; it may add fields with any version."""

    version: Literal["4"]
    alerts: Annotated[list[Ringing], Meta(max_length=200)]


class Told(Struct):
    """Of how many alerts the owner was told now."""

    told: int


@post("/alerts", status_code=200, sync_to_thread=True, request_max_body_size=MAX_NOTICE_BYTES, **for_alertmanager())
def take_notice(data: JSONBody[Notice], installation: NamedDependency[Installation]) -> Told:
    """Tell the owner what they do not know yet; 503 lets Alertmanager come again."""
    if not installation.settings.alerts.owner_number:
        return Told(0)
    alerts = [
        Alert(
            fingerprint=one.fingerprint,
            firing=one.status == "firing",
            name=one.labels.alertname,
            summary=one.annotations.summary,
            runbook=one.annotations.runbook,
        )
        for one in data.alerts
    ]
    return Told(tell_owner(installation.alarm_room, alerts))
