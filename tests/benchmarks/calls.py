"""Calls of the network: how soon a switch turns, and how a home stands a flood of them.

The floor is a webhook of the same Home Assistant that does nothing but answer.
"""

import asyncio
import gc
import json
from statistics import median
import tempfile

from tests import ha_compat  # noqa: F401 - loads what must come before Home Assistant

from pytest_homeassistant_custom_component.common import async_test_home_assistant  # isort: skip

from .calls_home import CallsHome, Watch, calls_home
from .calls_peer import Flood, Flooded, Message, flood, network, turns
from .measure import report

STARTS = 60
RATE, SECONDS = 1000, 10.0
SOON = 100.0
# What a call may cost more than one that is merely answered.
MOST_CPU = 1.5
# Other programs make one flood late and spare the other: 0.7 to 4.3 without any cause of ours.
MOST_LATE = 5.0
MOST_MEMORY = 10.0


async def _starts(home: CallsHome) -> bool:
    """Measure the time from the call in to the switch turned on."""
    messages = []
    for driver in range(STARTS):
        start, stop = (home.call(name, driver) for name in ("session-start", "session-stop"))
        messages += [home.bare(start), start, stop]
    done = await turns(*messages)
    bares, starts, stops = done[0::3], done[1::3], done[2::3]
    codes = {json.loads(each.body)["result"]["code"] for each in (*starts, *stops)}
    turned_on = [moment for moment, is_on in home.switch.turned if is_on]
    assert codes == {0}
    assert len(turned_on) == STARTS
    took = [(on - each.sent) * 1e3 for on, each in zip(turned_on, starts, strict=True)]
    answered = median((each.answered - each.sent) * 1e3 for each in starts)
    floor = median((each.answered - each.sent) * 1e3 for each in bares)
    print(
        f"  {STARTS} starts: switched on after {min(took):.1f} to {max(took):.1f} ms, answered"
        f" after {answered:.1f} ms; a bare webhook's round trip is {floor:.1f} ms"
    )
    print(f"  from the call to the switch: {median(took) / floor:.1f} x a bare round trip")
    return report("Call in to switch turned on, median", median(took), SOON, "ms")


async def flooded(
    title: str, *messages: Message, rate: int = RATE, seconds: float = SECONDS
) -> tuple[Flooded, Watch]:
    """Flood the home with these calls and watch it."""
    # What lies about from before would be counted, or cleared away, by chance.
    gc.collect()
    async with Watch() as watch:
        what = await flood(Flood(messages=list(messages), rate=rate, seconds=seconds))
    print(
        f"  {title}: {what.rate:.0f} calls a second, answers {what.answers}\n"
        f"    loop late by {watch.typical:.1f} ms (median), {watch.late:.1f} ms (99 %),"
        f" {max(watch.lags):.1f} ms (most);"
        f" {watch.cpu / what.sent * 1e3:.2f} ms of CPU a call;"
        f" memory {watch.memory[0]:.1f}, most {max(watch.memory):.1f},"
        f" then {watch.memory[-1]:.1f} MB"
    )
    return what, watch


def replays(home: CallsHome) -> list[Message]:
    """Return what somebody with the key may say all day: nonsense, and what was said before."""
    return [
        home.call("session-begin", 1),
        home.call("session-start", STARTS, **{"payment-reference": "order-1"}),
        home.call("session-stop", 1),
        home.call("session-start", 2),
    ]


async def _floods(home: CallsHome) -> bool:
    """Measure how a home stands a thousand calls a second."""
    wrong = home.call("session-start", 1, key="wrong")
    real = home.call("session-start", STARTS, **{"payment-reference": "order-1"})
    await flooded("warming up", home.bare(wrong), wrong, seconds=3)
    home.switch.turned.clear()
    floor, floor_watch = await flooded("bare webhook", home.bare(wrong))
    flooding = asyncio.create_task(flooded("wrong key", wrong))
    await asyncio.sleep(SECONDS / 2)
    (started,) = await turns(real)
    assert not flooding.done()
    refused, refused_watch = await flooding
    print(
        f"  a start with the key was answered after"
        f" {(started.answered - started.sent) * 1e3:.0f} ms amid the wrong ones"
    )
    known, known_watch = await flooded("right key", *replays(home))
    is_still = [is_on for _, is_on in home.switch.turned] == [True]
    is_right = (
        set(floor.answers) == {"200"}
        and set(refused.answers) <= {"401", "cut"}
        and set(known.answers) <= {"200", "400", "401", "429", "cut"}
        and (started.status, json.loads(started.body)["result"]["code"]) == (200, 0)
    )
    print(f"  only the one start moved the switch: {is_still}; every answer was right: {is_right}")
    reached = [is_still, is_right]
    for title, what, watch in (
        ("Flood with a wrong key", refused, refused_watch),
        ("Flood with the right key", known, known_watch),
    ):
        cost = (watch.cpu / what.sent) / (floor_watch.cpu / floor.sent)
        grown = max(watch.memory) - watch.memory[0]
        late = watch.late / floor_watch.late
        print(f"  {title}, median lag: {watch.typical / floor_watch.typical:.2f} x the floor")
        reached += [
            report(f"{title}, CPU a call", cost, MOST_CPU),
            report(f"{title}, how late the loop is (99 %)", late, MOST_LATE),
            report(f"{title}, more memory", grown, MOST_MEMORY, "MB"),
        ]
    return all(reached)


async def run() -> bool:
    """Run the benchmarks of calls."""
    with tempfile.TemporaryDirectory() as folder:
        async with async_test_home_assistant(config_dir=folder) as hass, network() as url:
            # It would time every step of the loop.
            hass.loop.set_debug(False)
            async with calls_home(hass, url) as home:
                is_reached = await _starts(home)
                is_reached = await _floods(home) and is_reached
            await hass.async_stop(force=True)
    return is_reached


if __name__ == "__main__":
    raise SystemExit(not asyncio.run(run()))
