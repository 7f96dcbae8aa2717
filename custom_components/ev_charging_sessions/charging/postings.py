"""What an operator owes its network: the sessions that are to be posted, and when."""

from collections.abc import Hashable
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from .model import Account, Session, SessionStatus


class PostingState(StrEnum):
    """What became of posting a session."""

    WAITING = "waiting"
    POSTED = "posted"
    REFUSED = "refused"


class PostingSource(Struct, frozen=True, kw_only=True):
    """A charge point of an account whose sessions are posted, as those of a connector.

    ``is_live`` tells that they are posted while they are open, too. Those that had ended
    before ``since`` are not posted, whenever they come to be known: they were charged before
    anybody was to be billed for them.
    """

    account: Account
    charge_point_id: str
    connector_id: str
    is_live: bool
    since: datetime | None = None


class Posting(Struct, frozen=True, kw_only=True):
    """A session in the outbox of a target account, as it is known now.

    ``revision`` counts how often there was something new to post. ``attempts`` is how often
    the network could not take this revision, ``due`` when it is to be posted next. ``code``
    is what the network has answered last, or else why the session was not even sent.
    """

    target: Account
    session: Session
    connector_id: str
    revision: int
    state: PostingState
    attempts: int
    due: datetime
    code: str | None


def is_worth_posting(
    before: Session | None, after: Session, *, is_live: bool, is_known: bool
) -> bool:
    """Tell whether a change of a session has to be posted.

    ``before`` is ``None`` for a session that is new, or new at its charge point. An open
    session is posted only to a target that wants them live, or that knows of it already
    (``is_known``): that one has to hear how it ends, too.
    """
    told = _told(after, is_live or is_known, is_known)
    return told is not None and (
        before is None or told != _told(before, is_live or is_known, is_known)
    )


def _told(session: Session, is_live: bool, is_known: bool) -> tuple[Hashable, ...] | None:
    """Return all that a post would tell of a session, ``None`` if there would be none."""
    if session.card_id is None or session.started is None or session.status is None:
        # Without a card there is nobody to bill.
        return None
    details, cost = session.details, session.cost
    begin = (
        session.card_id,
        session.started,
        details and details.card_type,
        details and details.charging_started,
    )
    if session.is_open:
        return begin if is_live and session.status.is_running else None
    if session.ended is None:
        # Some networks know only that it is over. Nobody can bill that, or put it right here.
        return None
    if session.status is SessionStatus.FAILED and not session.energy and not is_known:
        return None
    return (
        *begin,
        session.ended,
        details and details.charging_ended,
        session.energy,
        cost and (cost.amount, cost.currency),
    )
