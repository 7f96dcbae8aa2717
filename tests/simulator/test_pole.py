"""Tests of the pole: what flows, what its meter shows of that, and how a home asks for it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from . import Simulator
from .cars import Car
from .client import Client
from .clock import Clock
from .defaults import POLES
from .pole import Pole
from .test_control import control

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
FRONT = POLES[0]


@pytest.fixture
def pole() -> Pole:
    """Put up a pole whose meter shows 100 kWh."""
    return Pole(Clock(START), FRONT, register=100)


def _pass(pole: Pole, seconds: float) -> None:
    pole._clock.advance(seconds)


def _charge(pole: Pole, seconds: float, power: float = 7.2) -> None:
    if pole.car is None:
        pole.plug(Car(max_power=power, capacity=1000))
    pole.turn(on=True)
    _pass(pole, seconds)


def test_flows_only_while_plugged_in_and_on(pole: Pole) -> None:
    """Neither a car alone nor current alone is a charge."""
    pole.turn(on=True)
    _pass(pole, 600)
    pole.turn(on=False)
    pole.plug(Car(max_power=7.2))
    _pass(pole, 600)
    assert (pole.energy, pole.power, pole.shown()) == (0, 0, 100)
    pole.turn(on=True)
    _pass(pole, 600)
    assert (pole.power, pole.shown()) == (7.2, 101.2)
    pole.turn(on=False)
    _pass(pole, 600)
    assert (pole.power, pole.shown()) == (0, 101.2)
    stay = pole.unplug()
    assert (stay.plugged, stay.unplugged) == (pole._since.replace(minute=10), pole._clock.now())
    assert stay.energy == pytest.approx(1.2)


def test_a_second_of_3600_watts_is_a_watt_hour(pole: Pole) -> None:
    """The meter shows whole watt-hours after whole seconds, however often the relay moves."""
    pole.plug(Car(max_power=3.6))
    for second in range(500):
        pole.turn(on=True)
        _pass(pole, 1)
        pole.turn(on=False)
        _pass(pole, 1)
        assert pole.shown() == round(100 + (second + 1) / 1000, 3)


def test_a_pole_gives_no_more_than_it_can(pole: Pole) -> None:
    """A fast car charges as fast as the pole."""
    pole.max_power = 3.6
    _charge(pole, 3600, power=22)
    assert pole.energy == pytest.approx(3.6)


def test_a_full_car(pole: Pole) -> None:
    """It takes what fits and no more, and a car that has had enough takes nothing."""
    pole.plug(Car(capacity=60, level=59, max_power=7.2))
    pole.turn(on=True)
    _pass(pole, 3600)
    assert (pole.shown(), pole.power) == (101, 0)
    pole.turn(on=False)
    pole.turn(on=True)
    _pass(pole, 3600)
    assert pole.shown() == 101
    pole.unplug()
    pole.plug(Car(max_power=7.2))
    _pass(pole, 600)
    pole.full()
    _pass(pole, 600)
    assert (pole.shown(), pole.power) == (102.2, 0)


def test_a_car_that_changes_its_mind(pole: Pole) -> None:
    """What flowed before stays as it was."""
    _charge(pole, 600, power=7.2)
    pole.set_car_power(3.6)
    _pass(pole, 600)
    assert pole.shown() == 101.8


def test_truth_by_the_minute(pole: Pole) -> None:
    """What flowed can be asked for any time, and a reset of the meter does not change it."""
    _charge(pole, 90, power=7.2)
    pole.turn(on=False)
    pole.reset_meter()
    _pass(pole, 90)
    pole.turn(on=True)
    _pass(pole, 30)
    minutes = pole.by_minute(START, pole._clock.now())
    assert minutes == pytest.approx([0.12, 0.06, 0.0, 0.06])
    assert pole.flowed(START, pole._clock.now()) == pytest.approx(0.24)
    assert pole.energy == pytest.approx(0.24)
    assert pole.shown() == 0.06


def test_reset(pole: Pole) -> None:
    """A meter counts on from zero, or from what a new meter shows."""
    _charge(pole, 500)
    pole.reset_meter()
    assert pole.shown() == 0
    _pass(pole, 500)
    assert pole.shown() == 1
    pole.reset_meter(250.5)
    _pass(pole, 500)
    assert pole.shown() == 251.5


def test_roll_over() -> None:
    """Behind its last figure a register begins anew."""
    pole = Pole(Clock(START), FRONT, register=99_999.5, register_end=100_000)
    _charge(pole, 250)
    assert pole.shown() == 0
    _pass(pole, 500)
    assert pole.shown() == 1


@pytest.mark.parametrize(
    ("resolution", "shown"), [(0.001, 100.123), (0.01, 100.12), (0.1, 100.1), (1, 100)]
)
def test_resolution(pole: Pole, resolution: float, shown: float) -> None:
    """A coarse meter hides what is not yet a whole step."""
    pole.resolution = resolution
    _charge(pole, 123, power=3.6)
    assert pole.shown() == shown


def test_resolution_after_many_small_steps(pole: Pole) -> None:
    """Ten steps of a tenth are a whole, for all that floats say."""
    pole.resolution = 0.1
    for _ in range(10):
        _charge(pole, 50)
    assert pole.shown() == 101


def test_interval(pole: Pole) -> None:
    """A meter that tells news every half minute owes some when the current is off."""
    pole.interval = 30
    _charge(pole, 45)
    assert pole.shown() == 100.06
    pole.turn(on=False)
    _pass(pole, 14)
    assert pole.shown() == 100.06
    _pass(pole, 1)
    assert pole.shown() == 100.09
    pole.reset_meter()
    assert pole.shown() == 0


def test_slip(pole: Pole) -> None:
    """A meter that shows nonsense counts on behind it."""
    _charge(pole, 500)
    pole.slip_meter(0)
    _pass(pole, 500)
    assert pole.shown() == 0
    pole.slip_meter(None)
    assert pole.shown() == 102


def test_stuck(pole: Pole) -> None:
    """A relay that is stuck obeys nobody, and the pole remembers who tried."""
    pole.stick()
    pole.turn(on=True)
    states = [pole.is_on]
    pole.stick(stuck=False)
    pole.turn(on=True)
    pole.turn(on=True)
    assert [*states, pole.is_on] == [False, True]
    assert [(each.on, each.moved) for each in pole.switched] == [
        (True, False),
        (True, True),
        (True, False),
    ]


def test_what_cannot_be(pole: Pole) -> None:
    """No second car fits, and nobody leaves who is not there."""
    for act in (pole.unplug, pole.full, lambda: pole.set_car_power(1)):
        with pytest.raises(ValueError, match="No car"):
            act()
    pole.plug()
    with pytest.raises(ValueError, match="already"):
        pole.plug()
    with pytest.raises(ValueError, match="not a valid Part"):
        pole.set_offline("lamp")


def test_listeners_hear_of_what_changed(pole: Pole) -> None:
    """Who listens hears of the plug and the relay, with what is true then."""
    heard: list[tuple[bool, bool]] = []
    pole.listen(lambda: heard.append((pole.car is not None, pole.is_on)))
    pole.plug()
    pole.turn(on=True)
    pole.turn(on=True)
    pole.turn(on=False)
    pole.unplug()
    assert heard == [(True, False), (True, True), (True, False), (False, False)]


async def _get(client: Client, part: str, name: str = FRONT) -> tuple[int, Any]:
    return await client.json("GET", f"/pole/{name}/{part}")


async def _switch(client: Client, body: object, name: str = FRONT) -> tuple[int, Any]:
    return await client.json("POST", f"/pole/{name}/relay", json=body)


async def test_as_a_home_sees_it(simulator: Simulator, client: Client) -> None:
    """Each part has an address, and the relay can be switched at its own."""
    assert await _get(client, "relay") == (200, {"on": False})
    assert await _get(client, "plug") == (200, {"plugged": False})
    assert await _get(client, "meter") == (200, {"energy": 4711.25, "power": 0})
    simulator.poles.pole(FRONT).plug(Car(max_power=7.2))
    assert await _switch(client, {"on": True}) == (200, {"on": True})
    simulator.clock.advance(500)
    assert await _get(client, "plug") == (200, {"plugged": True})
    assert await _get(client, "meter") == (200, {"energy": 4712.25, "power": 7.2})
    assert await _switch(client, {"on": False}) == (200, {"on": False})
    assert await _get(client, "relay", POLES[1]) == (200, {"on": False})
    assert simulator.log.count("switch", backend="pole") == 2


async def test_offline(simulator: Simulator, client: Client) -> None:
    """A part that is offline answers nothing, and the relay obeys nobody from outside."""
    pole = simulator.poles.pole(FRONT)
    pole.set_offline("relay", "meter")
    assert [(await _get(client, each))[0] for each in ("relay", "meter", "plug")] == [503, 503, 200]
    assert (await _switch(client, {"on": True}))[0] == 503
    assert pole.switched == []
    pole.set_offline()
    assert (await _switch(client, {"on": True}))[0] == 200


@pytest.mark.parametrize("body", [None, [], {}, {"on": "yes"}, {"on": 1}])
async def test_nonsense(simulator: Simulator, client: Client, body: object) -> None:
    """What is no order switches nothing."""
    assert (await _switch(client, body))[0] == 400
    assert simulator.poles.pole(FRONT).switched == []


async def test_unknown_places(client: Client) -> None:
    """A pole or a part that is not there is not found."""
    assert (await _get(client, "relay", "attic"))[0] == 404
    assert (await _switch(client, {"on": True}, "attic"))[0] == 404
    assert (await _get(client, "lamp"))[0] == 404


async def test_faults_reach_the_pole(simulator: Simulator, client: Client) -> None:
    """Whatever can go wrong with a network can go wrong with a device, call by call."""
    simulator.faults.on("http_500", scope="pole switch")
    assert (await _switch(client, {"on": True}))[0] == 500
    assert (await _get(client, "relay")) == (200, {"on": False})


async def test_by_remote_control(simulator: Simulator, client: Client) -> None:
    """Everything that can happen at a pole can be made to happen over HTTP."""
    name = {"name": "shed"}
    added = await control(client, "POST", "pole/add", name | {"register": 9, "register_end": 10})
    assert (added["shown"], added["energy"], added["on"]) == (9, 0, False)
    await control(client, "POST", "pole/plug", name | {"car": {"name": "Van", "max_power": 7.2}})
    start = simulator.clock.now().isoformat()
    pressed = await control(client, "POST", "pole/turn", name | {"on": True})
    assert (pressed["car"], pressed["power"]) == ("Van", 7.2)
    await control(client, "POST", "clock", {"advance": 600})
    await control(client, "POST", "pole/car_power", name | {"max_power": 3.6})
    await control(client, "POST", "clock", {"advance": 600})
    await control(client, "POST", "pole/full", name)
    await control(client, "POST", "pole/stick", name | {"stuck": True})
    await control(client, "POST", "pole/offline", name | {"parts": ["meter"]})
    await control(client, "POST", "pole/turn", name | {"on": False})
    end = (await control(client, "POST", "clock", {"advance": 60}))["now"]
    truth = await control(client, "POST", "pole/energy", name | {"start": start, "end": end})
    assert truth["energy"] == pytest.approx(1.8)
    assert truth["by_minute"] == pytest.approx([0.12] * 10 + [0.06] * 10 + [0])
    assert (await control(client, "POST", "pole/slip_meter", name | {"shown": 77}))["shown"] == 77
    assert (await control(client, "POST", "pole/slip_meter", name | {"shown": None}))[
        "shown"
    ] == 0.8
    assert (await control(client, "POST", "pole/reset_meter", name | {"to": 5}))["shown"] == 5
    stay = await control(client, "POST", "pole/unplug", name)
    assert stay["energy"] == pytest.approx(1.8)
    *_, shed = (await control(client, "GET", "state"))["poles"]
    assert (shed["offline"], shed["stuck"], shed["on"]) == (["meter"], True, True)
    assert [each["moved"] for each in shed["switched"]] == [True, False]
    assert shed["stays"] == [stay]


async def test_remote_control_of_a_pole_that_is_not_there(client: Client) -> None:
    """An unknown name is told apart from a wrong request."""
    for name, status in (("attic", 404), (FRONT, 400)):
        async with client.session.post("/_control/pole/unplug", json={"name": name}) as response:
            assert response.status == status
