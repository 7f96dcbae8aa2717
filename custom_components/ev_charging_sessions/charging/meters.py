"""What has been charged in all, and what flows now, from the energies of sessions."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from .ledger import Change, Ledger
from .model import Account, Session, SessionStatus

# Networks pass meter values on every few minutes. What is older says nothing about now.
SAMPLE_EXPIRES = timedelta(minutes=10)
# No charge point gives more, so a jump above it corrects what was told before.
_IMPOSSIBLE_POWER = 1_000_000.0


class _Sample(NamedTuple):
    """A meter value, since when it holds, and the W since the one before.

    How long the first value of a session, or after a pause, has been there is not known.
    """

    energy: float
    at: datetime | None = None
    power: float | None = None


class Meters:
    """Sums the energies of an account up, in kWh, and tells the power of open sessions."""

    def __init__(self) -> None:
        """Start with nothing charged."""
        self.energy = 0.0
        self._at: defaultdict[str, float] = defaultdict(float)
        self._samples: dict[str, _Sample] = {}

    async def load(self, ledger: Ledger, account: Account) -> None:
        """Take up what the ledger holds. Raises LedgerError."""
        for charge_point_id, energy in (await ledger.energy(account)).items():
            self._add(charge_point_id, energy)

    def energy_at(self, charge_point_id: str) -> float:
        """Return what was ever charged at a charge point, as far as the ledger knows."""
        return round(self._at.get(charge_point_id, 0.0), 6)

    def power(self, session: Session, now: datetime) -> float | None:
        """Return the W that flow in a session, ``None`` while that is not known."""
        if session.status is None:
            return None
        if session.status is not SessionStatus.CHARGING:
            return 0.0
        sample = self._samples.get(session.session_id)
        if sample is None or sample.at is None or now - sample.at > SAMPLE_EXPIRES:
            return None
        return sample.power

    def apply(self, changes: Iterable[Change]) -> None:
        """Follow what has changed in the ledger."""
        for change in changes:
            before, after = change.before, change.after
            if before is not None:
                self._add(before.charge_point_id, -(before.energy or 0.0))
            self._add(after.charge_point_id, after.energy or 0.0)
            if after.is_open:
                self._sample(before, after)
            else:
                self._samples.pop(after.session_id, None)

    def _add(self, charge_point_id: str | None, energy: float) -> None:
        self.energy = round(self.energy + energy, 6)
        if charge_point_id is not None:
            self._at[charge_point_id] += energy

    def _sample(self, before: Session | None, session: Session) -> None:
        energy, at = session.energy, session.updated
        if energy is None or at is None:
            return
        last = self._samples.get(session.session_id)
        was_charging = before is not None and before.status is SessionStatus.CHARGING
        if not was_charging or last is None:
            self._samples[session.session_id] = _Sample(energy)
            return
        if last.energy == energy:
            return
        power = None
        if last.at and energy > last.energy and at > last.at:
            hours = (at - last.at).total_seconds() / 3600
            power = round((energy - last.energy) / hours * 1000)
            if power > _IMPOSSIBLE_POWER:
                power = None
        self._samples[session.session_id] = _Sample(energy, at, power)
