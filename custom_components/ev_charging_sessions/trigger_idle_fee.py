"""The trigger that warns before a minute of a session begins to cost more."""

from datetime import datetime, timedelta
from typing import NamedTuple, override

import voluptuous as vol

from homeassistant.const import CONF_OPTIONS
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, State, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.helpers.restore_state import StoredState
from homeassistant.helpers.trigger import ENTITY_STATE_TRIGGER_SCHEMA, TriggerConfig
from homeassistant.util import dt as dt_util

from .sensor_costs import IDLE_FEE
from .targets import session_shown_by
from .trigger_sensor import SessionSensorTrigger

OPTION_BEFORE = "before"

_MINUTES = vol.All(vol.Coerce(float), vol.Range(min=1, max=1440))
_BEFORE = {vol.Required(OPTION_BEFORE, default=15): _MINUTES}
_SCHEMA = ENTITY_STATE_TRIGGER_SCHEMA.extend({vol.Required(CONF_OPTIONS, default={}): _BEFORE})


class _Fee(NamedTuple):
    """A fee that has been told; which session it is of is not always known."""

    begins: datetime
    session_id: str | None


class IdleFeeStartsSoonTrigger(SessionSensorTrigger):
    """Triggers so many minutes before a fee begins, or at once if it is seen too late for that.

    Each fee is told once. One that is put off by less than it was told in advance is the
    same, for else every reading of the meter might warn again.
    """

    _key = IDLE_FEE.key
    _schema = _SCHEMA

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Have told nothing yet."""
        super().__init__(hass, config)
        self._before = timedelta(minutes=self._options[OPTION_BEFORE])
        self._told: dict[str, _Fee] = {}
        self._timers: dict[str, CALLBACK_TYPE] = {}

    @override
    def _recall(self, sensor: str, stored: StoredState) -> None:
        begins = dt_util.parse_datetime(stored.state.state)
        if begins is not None and begins - self._before <= stored.last_seen:
            self._told[sensor] = _Fee(begins, None)

    @callback
    @override
    def _look(self, sensor: str, state: State, *, is_first: bool) -> None:
        self._forget(sensor)
        begins = dt_util.parse_datetime(state.state)
        if begins is None:
            return
        session = session_shown_by(self._hass, state.entity_id)
        fee = _Fee(begins, session.session_id if session else None)
        told = self._told.get(sensor)
        if told and self._is_same(fee, told):
            return

        @callback
        def tell(_now: datetime) -> None:
            self._timers.pop(sensor, None)
            self._told[sensor] = fee
            self._tell(state)

        due = begins - self._before
        if due > dt_util.utcnow():
            self._timers[sensor] = async_track_point_in_utc_time(self._hass, tell, due)
        elif is_first:
            self._told[sensor] = fee
        else:
            tell(due)

    def _is_same(self, fee: _Fee, told: _Fee) -> bool:
        sessions = {fee.session_id, told.session_id} - {None}
        return len(sessions) < 2 and fee.begins - told.begins < self._before

    @override
    def _forget(self, sensor: str) -> None:
        if stop := self._timers.pop(sensor, None):
            stop()
