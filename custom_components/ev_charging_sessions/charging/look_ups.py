"""The charge points of an account, and what the network says about each of them."""

from collections.abc import Callable, Iterable
from copy import replace
from datetime import UTC, datetime, timedelta
import logging

from .backends.backend import Backend
from .errors import AuthenticationError, BackendError, BackendUnavailableError, RateLimitError
from .model import ChargePoint

_LOGGER = logging.getLogger(__name__)

LOOK_UP_INTERVAL = timedelta(hours=1)
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
        self._looked_up: dict[str, datetime] = {}

    def add(self, charge_point_ids: Iterable[str]) -> None:
        """Show these charge points too; the next look-ups find out about them."""
        for charge_point_id in charge_point_ids:
            self.by_id.setdefault(charge_point_id, ChargePoint(charge_point_id=charge_point_id))

    def drop(self, charge_point_id: str) -> None:
        """No longer show a charge point."""
        self.by_id.pop(charge_point_id, None)

    def look_up_soon(self, charge_point_id: str) -> None:
        """Do not wait for the hour to be over."""
        self._looked_up.pop(charge_point_id, None)

    async def look_up(self, now: datetime, is_in_use: Callable[[str], bool]) -> None:
        """Look up those whose hour is over, the longest waiting first.

        One that is not in use was only visited once: it is looked up once too. A look-up is
        not worth failing a poll for, so only AuthenticationError is raised.
        """
        due = sorted(
            (looked_up, charge_point_id)
            for charge_point_id in self.by_id
            if now - (looked_up := self._looked_up.get(charge_point_id, _NEVER)) >= LOOK_UP_INTERVAL
            and (looked_up is _NEVER or is_in_use(charge_point_id))
        )
        for _, charge_point_id in due[:LOOK_UPS_PER_POLL]:
            self._looked_up[charge_point_id] = now
            try:
                found = await self._backend.charge_point(charge_point_id)
            except AuthenticationError:
                raise
            except BackendError as err:
                _LOGGER.debug("A charge point could not be looked up: %s", err)
                self._keep(charge_point_id, None, now)
                if isinstance(err, BackendUnavailableError | RateLimitError):
                    # The next one would fare no better, and make commands wait even longer.
                    return
            else:
                self._keep(charge_point_id, found, now)

    def _keep(self, charge_point_id: str, found: ChargePoint | None, now: datetime) -> None:
        known = self.by_id.get(charge_point_id)
        if known is None:
            # Removed by a person while the network was thinking.
            return
        if found is not None:
            self.by_id[charge_point_id] = found
        elif known.updated and now - known.updated > STATUS_EXPIRES:
            self.by_id[charge_point_id] = replace(known, status=None)
