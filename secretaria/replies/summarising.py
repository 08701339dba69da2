"""Use case: an ended episode is summed up by one call in the background; what fails costs the summary and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from loguru import logger
from sqlalchemy import Engine, text
from sqlmodel import Session

from secretaria.clock import Clock
from secretaria.context.engine import HistoryLine
from secretaria.context.schema import DraftUnreadable
from secretaria.context.summary import SCHEMA_NAME, Summary, parse_summary, summary_prompt, summary_schema
from secretaria.conversations import episodes
from secretaria.conversations.models import Author, Episode, EpisodeState, Message
from secretaria.database.transaction import after_commit, transaction
from secretaria.llm.chat import Chat, ChatMisconfigured, ChatRequest, ChatUnavailable
from secretaria.queue.jobs import SUMMARISE_EPISODE
from secretaria.queue.publisher import Publisher

MESSAGES_READ = 40
PURPOSE = "summary"
CLOSING_LOCK = 7_305_414_503
AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class SummaryRoom:
    """What summing up works with."""

    engine: Engine
    clock: Clock
    chat: Chat


def close_episodes(engine: Engine, publisher: Publisher, clock: Clock, silence: timedelta) -> int:
    """End what has been silent for long enough, and nudge every summary that waits; one process does it at a time.

    Raises:
        DatabaseUnavailable: PostgreSQL is away; the next look finds the same rows.
    """
    now = clock.now()
    with transaction(engine) as session:
        if not session.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": CLOSING_LOCK}).scalar_one():
            return 0
        episodes.end_silent_episodes(session, silence, now, AT_ONCE)
        waiting = episodes.forgotten_episodes(session, now, AT_ONCE)
        for episode_id in waiting:
            after_commit(session, partial(publisher.publish, SUMMARISE_EPISODE, str(episode_id)))
    return len(waiting)


def summarise_episode(room: SummaryRoom, episode_id: int) -> None:
    """Sum up one episode; of several runs one does it, and a run that died is taken up again two minutes later.

    Raises:
        DatabaseUnavailable: PostgreSQL went away.
    """
    now = room.clock.now()
    with transaction(room.engine) as session:
        episode = episodes.claim_episode(session, episode_id, now)
        if episode is None:
            return
        token, tries = episode.claimed_until, episode.tries
        lines = [_line(message) for message in episodes.messages_of_episode(session, episode, MESSAGES_READ)]
        conversation_id = episode.conversation_id
    summary, model = _ask(room.chat, conversation_id, episode_id, lines)
    with transaction(room.engine) as session:
        _keep(session, episode_id, token, tries, summary, model)


def _ask(
    chat: Chat, conversation_id: int, episode_id: int, lines: list[HistoryLine]
) -> tuple[Summary | None, str | None]:
    request = ChatRequest(
        messages=summary_prompt(lines),
        schema_name=SCHEMA_NAME,
        schema=summary_schema(),
        unit=f"episode:{episode_id}",
        conversation_id=conversation_id,
        purpose=PURPOSE,
    )
    try:
        answer = chat.complete(request)
        return parse_summary(answer.text), answer.model
    except (ChatUnavailable, ChatMisconfigured) as error:
        cause = error.cause
    except DraftUnreadable:
        cause = "unreadable_draft"
    logger.bind(episode_id=episode_id, cause=cause).warning("episode_not_summarised")
    return None, None


def _keep(
    session: Session, episode_id: int, token: datetime | None, tries: int, summary: Summary | None, model: str | None
) -> None:
    episode = session.get_one(Episode, episode_id, with_for_update=True, populate_existing=True)
    if episode.state != EpisodeState.SUMMARISING or episode.claimed_until != token:
        return  # it took too long, and another run has it
    episode.claimed_until = None
    if summary is not None:
        episode.state, episode.model = EpisodeState.SUMMARISED, model
        episode.summary, episode.resolved = summary.summary, summary.resolved
        episode.satisfaction, episode.pending = summary.satisfaction, list(summary.pending)
        logger.bind(episode_id=episode_id).info("episode_summarised")
    else:
        given_up = tries >= episodes.SUMMARY_TRIES
        episode.state = EpisodeState.UNSUMMARISED if given_up else EpisodeState.ENDED
    session.add(episode)


def _line(message: Message) -> HistoryLine:
    return HistoryLine(author=Author(message.author).value, text=message.words, kind=message.kind, at=message.sent_at)
