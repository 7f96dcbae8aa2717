"""What the switch and the plug of a connector say, and what of it to believe."""

from datetime import datetime, timedelta

UNPLUGGED_AFTER = timedelta(seconds=5)
# A switch in a cloud shows what it was told, then what it was before, then what it is.
BOUNCES_WITHIN = timedelta(seconds=15)


class Contacts:
    """The switch and the plug sensor of a connector.

    A plug sensor may flap for a moment, and a switch that has just come on may show that it is
    off before it shows again that it is on: a session must not end by either. ``is_on`` and
    ``is_plugged`` are what was last known.
    """

    def __init__(self, *, has_plug: bool) -> None:
        """Know nothing yet."""
        self.is_on: bool | None = None
        self.is_plugged: bool | None = None
        self._has_plug = has_plug
        self._shows_on: bool | None = None
        self._shows_plugged: bool | None = None
        self._seen: datetime | None = None
        # Since when they have shown without a break what they show now.
        self._off: datetime | None = None
        self._unplugged: datetime | None = None
        self._plugged_in: datetime | None = None
        self._settled: datetime | None = None

    def see(self, at: datetime, *, is_on: bool | None, is_plugged: bool | None) -> None:
        """Take in what they show; ``None`` is what is not known now."""
        is_plugged = is_plugged if self._has_plug else None
        if is_on is False and (self._off is None or self._shows_on is None or at < self._off):
            self._off = at
        if is_on:
            self._off = None
        if is_plugged:
            self._plug_in(at)
        elif is_plugged is False and (
            self._unplugged is None or self._shows_plugged is None or at < self._unplugged
        ):
            self._unplugged = at
        self._seen, self._shows_on, self._shows_plugged = at, is_on, is_plugged
        self.is_on = self.is_on if is_on is None else is_on
        self.is_plugged = self.is_plugged if is_plugged is None else is_plugged

    def _plug_in(self, at: datetime) -> None:
        if self._unplugged is not None:
            if self._plugged_in is None or at - self._unplugged >= UNPLUGGED_AFTER:
                self._plugged_in = at
            self._unplugged = None

    def settle(self, at: datetime) -> None:
        """Believe for a moment that the switch is on, whatever it shows."""
        self._settled = at + BOUNCES_WITHIN

    @property
    def plugged_in(self) -> datetime | None:
        """Return when the car that is there was plugged in, if that was seen."""
        return None if self.is_plugged is False else self._plugged_in

    @property
    def off_since(self) -> datetime | None:
        """Return when the switch that is off now was first seen off, once that is sure."""
        if self._shows_on is not False or self._is_settling:
            return None
        return self._off

    @property
    def gone_since(self) -> datetime | None:
        """Return when the car that is gone was first seen gone, once that is sure.

        Who turns the switch off as well does so on purpose.
        """
        since, seen = self._unplugged, self._seen
        if self._shows_plugged is not False or since is None or seen is None:
            return None
        is_sure = seen - since >= UNPLUGGED_AFTER or self.off_since is not None
        return since if is_sure else None

    @property
    def is_pending(self) -> bool:
        """Tell whether something is shown that is not believed yet."""
        if self._shows_plugged is False and self.gone_since is None:
            return True
        return self._shows_on is False and self._is_settling

    @property
    def _is_settling(self) -> bool:
        return self._seen is not None and self._settled is not None and self._seen < self._settled
