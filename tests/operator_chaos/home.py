"""The Home Assistant of the guest house, as a process that may die at any moment.

Importing Home Assistant takes longer than all else in a start, so one process does that once,
and each life is a fork of it. Nothing of a life before is in its memory, for nothing ever runs
in the process that is forked.

The clock belongs to whoever has started this: all time here is frozen until a message moves
it. The event loop tells when it has nothing left to do but to wait.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from datetime import UTC, datetime
import gc
import logging
import os
from pathlib import Path
import selectors
import socket
import sys
from typing import override

from freezegun import api, freeze_time
from freezegun.api import FrozenDateTimeFactory

# Before the rest of Home Assistant, which else keeps hold of the real time.
from pytest_homeassistant_custom_component import patch_time

from homeassistant import bootstrap, config_entries, loader  # isort: skip
from homeassistant.auth import auth_manager_from_config
from homeassistant.components import http, webhook  # noqa: F401 - loaded once, for all lives
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from custom_components.ev_charging_sessions import (  # noqa: F401 - loaded once, for all lives
    binary_sensor,
    event,
    networks,
    number,
    select,
    sensor,
    switch,
)
from custom_components.ev_charging_sessions.const import DOMAIN

from . import devices

SOCKET = "clock.sock"
LOG = "output.log"


class _Loop(asyncio.SelectorEventLoop):
    """An event loop that tells when all that is left to do is to wait."""

    def __init__(self, on_idle: Callable[[], None]) -> None:
        self._jobs = 0
        super().__init__(_Selector(self._is_idle, on_idle))
        # A timer that is due at this very moment would wait for the next one, which never comes.
        self._clock_resolution = 0.001

    def _is_idle(self) -> bool:
        return self._jobs == 0

    @override
    def run_in_executor[*Ts, T](
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        self._jobs += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._note_end)
        return future

    def _note_end(self, _: object) -> None:
        self._jobs -= 1


class _Selector(selectors.EpollSelector):
    """Tells, before it waits, that there is nothing to do."""

    def __init__(self, is_idle: Callable[[], bool], on_idle: Callable[[], None]) -> None:
        self._is_idle = is_idle
        self._on_idle = on_idle
        super().__init__()

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if ready := super().select(0):
            return ready
        if (timeout is None or timeout > 0) and self._is_idle():
            self._on_idle()
        return super().select(timeout)


class _Clock:
    """Moves the frozen time as it is told, and answers when all that follows is done."""

    def __init__(self, folder: Path, frozen: FrozenDateTimeFactory) -> None:
        self._frozen = frozen
        self._pipe = socket.socket(socket.AF_UNIX)
        self._pipe.connect(str(folder / SOCKET))
        self._rest = b""
        self._owes: bytes | None = None
        self._take()

    def follow(self, loop: asyncio.AbstractEventLoop) -> None:
        """Be told from now on."""
        self._pipe.setblocking(False)
        loop.add_reader(self._pipe, self._take)

    def answer(self) -> None:
        """Tell that everything is done, if somebody has asked."""
        if self._owes is not None:
            self._pipe.send(self._owes + b"\n")
            self._owes = None

    def _take(self) -> None:
        received = self._pipe.recv(4096)
        if not received:
            # Nobody is left to live for.
            os._exit(0)
        *lines, self._rest = (self._rest + received).split(b"\n")
        for line in lines:
            self._owes, moment = line.split()
            now = datetime.fromtimestamp(int(moment) / 1_000_000, UTC)
            self._frozen.move_to(now.replace(tzinfo=None))


async def _start(folder: Path) -> None:
    """Start as the real one does, with nothing that this home does not need."""
    hass = HomeAssistant(str(folder))
    loader.async_setup(hass)
    hass.config.skip_pip = True
    hass.config_entries = config_entries.ConfigEntries(hass, {})
    await loader.async_get_custom_components(hass)
    assert await bootstrap.async_load_base_functionality(hass)
    hass.auth = await auth_manager_from_config(hass, [], [])
    for domain in ("http", "webhook"):
        assert await async_setup_component(hass, domain, {})
    await devices.async_add(hass, (folder / devices.POLES).read_text().split())
    assert await async_setup_component(hass, DOMAIN, {})
    await hass.async_start()


def _live(folder: Path, frozen: FrozenDateTimeFactory) -> None:
    """Be one Home Assistant until somebody kills it."""
    clock = _Clock(folder, frozen)
    loop = _Loop(clock.answer)
    asyncio.set_event_loop(loop)
    clock.follow(loop)
    start = loop.create_task(_start(folder))

    def check(task: asyncio.Task[None]) -> None:
        if err := task.exception():
            logging.getLogger(__name__).critical("The start broke", exc_info=err)
            os._exit(1)

    start.add_done_callback(check)
    loop.run_forever()


def main(folder: Path) -> None:
    """Fork a life whenever a line asks for one, and tell its id, then how it has ended."""
    logging.basicConfig(
        filename=folder / LOG,
        level=logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    logging.getLogger("homeassistant.loader").setLevel(logging.ERROR)
    logging.getLogger("custom_components." + DOMAIN).setLevel(logging.INFO)
    _let_it_freeze()
    frozen = freeze_time("2026-11-21T12:00:00").start()
    assert isinstance(frozen, FrozenDateTimeFactory)
    gc.collect()
    gc.freeze()
    for _ in sys.stdin:
        child = os.fork()
        if not child:
            os.close(sys.stdin.fileno())
            # A life inherits no other end of what tells that its parent has gone.
            with suppress(KeyboardInterrupt):
                _live(folder, frozen)
            os._exit(0)
        print(child, flush=True)  # noqa: T201 - it is how this process answers
        _, status = os.waitpid(child, 0)
        print(status, flush=True)  # noqa: T201 - the same


def _let_it_freeze() -> None:
    """Make the dates of frozen time such as Home Assistant can do with."""
    vars(api).update(
        FakeDate=patch_time.HAFakeDate,
        FakeDatetime=patch_time.HAFakeDatetime,
        datetime_to_fakedatetime=patch_time.ha_datetime_to_fakedatetime,
        _get_module_attributes=patch_time.ha_get_module_attributes,
        _get_module_attributes_hash=patch_time.ha_get_module_attributes_hash,
        _should_use_real_time=patch_time.ha_should_use_real_time,
        get_current_time=patch_time.ha_get_current_time,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
