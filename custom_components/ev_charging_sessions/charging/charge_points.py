"""The charge points of an account, and what the network says about each of them."""

from collections.abc import Callable, Iterable, Set as AbstractSet
from copy import replace
from datetime import UTC, datetime, timedelta
import logging

from .backends.backend import Answer, Backend
from .errors import AuthenticationError, BackendError, BackendUnavailableError, RateLimitError
from .model import ChargePoint

_LOGGER = logging.getLogger(__name__)

LOOK_UP_INTERVAL = timedelta(hours=1)
# A network in trouble is left alone for a while, but not for an hour.
RETRY_AFTER = timedelta(minutes=5)
# More would make an account with many charge points wait for its budget.
LOOK_UPS_PER_POLL = 4
# A status that could not be read again for this long is no longer shown.
STATUS_EXPIRES = timedelta(hours=2)

_NEVER = datetime.fromtimestamp(0, UTC)


class ChargePoints:
    """All charge points that are shown, as they were at their last look-up."""

    def __init__(self, backend: Backend) -> None:
        """Start with none."""
        self.by_id: dict[str, ChargePoint] = {}
        self._backend = backend
        self._listed: AbstractSet[str] | None = None
        self._looked_up: dict[str, datetime] = {}

    def add(self, charge_point_ids: Iterable[str]) -> None:
        """Show these charge points too; the next look-ups find out about them."""
        for charge_point_id in charge_point_ids:
            self.by_id.setdefault(charge_point_id, ChargePoint(charge_point_id=charge_point_id))

    def apply(self, answer: Answer) -> None:
        """Follow what a poll says about charge points."""
        for charge_point in answer.charge_points:
            self.by_id[charge_point.charge_point_id] = charge_point
        if answer.listed is not None:
            self._listed = answer.listed

    def is_gone(self, charge_point_id: str) -> bool:
        """Tell whether the network lists its charge points, and not this one."""
        return self._listed is not None and charge_point_id not in self._listed

    def is_listed(self, charge_point_id: str) -> bool:
        """Tell whether the network lists this charge point, so that it would come back."""
        return self._listed is not None and charge_point_id in self._listed

    def drop(self, charge_point_id: str) -> None:
        """No longer show a charge point."""
        self.by_id.pop(charge_point_id, None)

    def look_up_soon(self, charge_point_id: str) -> None:
        """Do not wait for the hour to be over."""
        self._looked_up.pop(charge_point_id, None)

    def expire(self, now: datetime) -> None:
        """No longer take a status for live that was last read too long ago.

        Where all are told by every poll, a poll that succeeds has told them all.
        """
        if not self._backend.capabilities.look_up:
            return
        for charge_point_id, known in self.by_id.items():
            if known.status and known.updated and now - known.updated > STATUS_EXPIRES:
                self.by_id[charge_point_id] = replace(known, status=None)

    def due(self, now: datetime, is_in_use: Callable[[str], bool]) -> list[str]:
        """Return those whose hour is over, the longest waiting first, as many as fit in a poll.

        One that is not in use was only visited once: it is looked up once too.
        """
        if not self._backend.capabilities.look_up:
            return []
        due = sorted(
            (looked_up, charge_point_id)
            for charge_point_id in self.by_id
            if now - (looked_up := self._looked_up.get(charge_point_id, _NEVER)) >= LOOK_UP_INTERVAL
            and (looked_up is _NEVER or is_in_use(charge_point_id))
        )
        return [charge_point_id for _, charge_point_id in due[:LOOK_UPS_PER_POLL]]

    async def look_up(self, charge_point_ids: Iterable[str], now: datetime) -> None:
        """Look up these charge points.

        That is not worth failing a poll for, so only AuthenticationError is raised.
        """
        for charge_point_id in charge_point_ids:
            self._looked_up[charge_point_id] = now
            try:
                found = await self._backend.charge_point(charge_point_id)
            except AuthenticationError:
                raise
            except BackendError as err:
                _LOGGER.debug("A charge point could not be looked up: %s", err)
                if isinstance(err, BackendUnavailableError | RateLimitError):
                    self._looked_up[charge_point_id] = now - LOOK_UP_INTERVAL + RETRY_AFTER
                    # The next one would fare no better, and make commands wait even longer.
                    return
                continue
            # It may have been removed by a person while the network was thinking.
            if found is not None and charge_point_id in self.by_id:
                self.by_id[charge_point_id] = found
