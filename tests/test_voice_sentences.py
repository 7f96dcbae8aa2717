"""The sentences to be copied: in every language they are understood, and answered with figures."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
import json

from hassil.intents import Intents, SlotList, TextSlotList
from hassil.sample import sample_sentence
import pytest

from homeassistant.helpers import area_registry as ar, device_registry as dr
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import load_yaml_dict

from custom_components.ev_charging_sessions.charging.model import Session
from custom_components.ev_charging_sessions.intent import (
    INTENT_ACTIVE,
    INTENT_TOTALS,
    PERIODS,
)
from tests.assist import LANGUAGES, SENTENCES, ask, copy_sentences, expose, set_up
from tests.calls import add_second_account
from tests.conftest import START
from tests.home import EVSE, OTHER_EVSE, Home
from tests.namespace import DEPOT, ENTRANCE, GARAGE_POINT
from tests.past_sessions import add_archive, cost, ended
from tests.simulator.defaults import CARDS, CLEVEREV_ID_TAGS
from tests.texts import FOLDER, TEXTS

PLACE = "Hotel Garage"
COMPANY = "Company card"
ENTRANCE_NAME, DEPOT_NAME = "Hotel Entrance 1 1", "Depot Fast"
UNKNOWN_CARD = {
    "da": "et ukendt kort",
    "de": "eine unbekannte Ladekarte",
    "en": "an unknown card",
    "es": "una tarjeta desconocida",
    "fr": "une carte inconnue",
    "it": "una tessera sconosciuta",
    "nb": "et ukjent kort",
    "nl": "een onbekende laadpas",
    "pl": "nieznana karta",
    "pt": "um cartão desconhecido",
    "sl": "neznana kartica",
    "sv": "ett okänt kort",
}

# When a session began at home in Amsterdam, and what was charged: no two periods come to the same.
PAST = {
    "2026-11-21 00:10": 1.5,
    "2026-11-20 23:50": 2.25,
    "2026-11-16 00:00": 4.125,
    "2026-11-15 23:59": 8.5,
    "2026-11-01 00:30": 16.25,
    "2026-10-31 23:30": 32.75,
    "2026-01-01 00:00": 64.5,
    "2025-12-31 23:00": 128.25,
}
# How many of these, from the newest one on, lie in a period, and how many are newer than it.
SHARE = {
    "today": (0, 1),
    "yesterday": (1, 2),
    "this_week": (0, 3),
    "last_week": (3, 4),
    "this_month": (0, 5),
    "last_month": (5, 6),
    "this_year": (0, 7),
    "last_year": (7, 8),
}


def _past(home: Home) -> list[Session]:
    """Return half an hour of charging from each of these moments, the second one past midnight."""
    zone = dt_util.get_default_time_zone()
    return [
        ended(
            home,
            f"past {number}",
            begun := datetime.fromisoformat(time).replace(tzinfo=zone),
            charge_point_id=GARAGE_POINT,
            energy=energy,
            cost=cost(str(Decimal(str(energy)) / 2)),
            ended=begun + timedelta(minutes=30),
        )
        for number, (time, energy) in enumerate(PAST.items())
    ]


def _samples(language: str) -> Iterator[tuple[str, str, str | None, str]]:
    """Yield intent, kind of answer, period and a sentence, for every sentence of a file.

    Each is said in full about today, and the first one of its kind in short, about all periods.
    """
    path = SENTENCES / language / "ev_charging_sessions.yaml"
    file = Intents.from_dict(load_yaml_dict(path))
    place = TextSlotList.from_tuples([(PLACE, PLACE)], allow_template=False)
    periods = file.slot_lists["ev_period"]
    assert isinstance(periods, TextSlotList)
    assert [each.value_out for each in periods.values] == PERIODS
    today = periods.values[0]
    for name, found in file.intents.items():
        for data in found.data:
            in_short = periods.values if name == INTENT_TOTALS else [today]
            wanted = [(each, today, False) for each in data.sentences]
            wanted += [(data.sentences[0], period, True) for period in in_short]
            for sentence, period, is_short in wanted:
                lists: dict[str, SlotList] = {
                    "ev_place": place,
                    "ev_period": TextSlotList("ev_period", [period]),
                }
                texts = sample_sentence(
                    sentence, lists, file.expansion_rules, skip_optionals=is_short
                )
                text = " ".join(next(iter(texts)).split())
                told = str(period.value_out) if name == INTENT_TOTALS else None
                yield name, str(data.response), told, text


@cache
def _decimal_sign(language: str) -> str:
    texts = json.loads((FOLDER / "translations" / f"{language}.json").read_text())
    return str(texts["common"]["decimal_sign"])


def _said(language: str, figure: Decimal, digits: int) -> str:
    """Return a figure as it is spoken in a language."""
    return f"{figure:.{digits}f}".replace(".", _decimal_sign(language))


@pytest.mark.parametrize("languages", [LANGUAGES[start::3] for start in range(3)], ids=" ".join)
async def test_every_sentence_of_every_language(home: Home, languages: list[str]) -> None:
    """Test that each sentence is understood, first answered from the archive, then from now."""
    await home.hass.config.async_set_time_zone("Europe/Amsterdam")
    copy_sentences(home.hass)
    await set_up(home.hass)
    await home.add_namespace()
    await add_archive(home, *_past(home))
    await home.add_subentry("charge_card", identifier=CLEVEREV_ID_TAGS[0], alias=COMPANY)
    for language in languages:
        for name, kind, period, text in _samples(language):
            answer = await ask(home, text, language)
            told = (language, text, answer["said"])
            assert answer["intent"] == name, told
            assert answer["response_type"] == "query_answer", told
            assert answer["said"].endswith("."), told
            if name == INTENT_ACTIVE:
                assert answer["speech_slots"]["charging"] == [], told
                continue
            assert answer["said"].startswith(f"{PLACE}: ") is (PLACE in text), told
            assert _figure(language, kind, period) in answer["said"], told

    home.simulator.namespace.start_at_pole(ENTRANCE, 1, CLEVEREV_ID_TAGS[0])
    home.simulator.namespace.start_at_pole(DEPOT, 1, CLEVEREV_ID_TAGS[1])
    await home.advance(310)
    await home.advance(310)
    for language in languages:
        for name, kind, _, text in _samples(language):
            if name != INTENT_ACTIVE or PLACE in text:
                continue
            answer = await ask(home, text, language)
            assert answer["speech_slots"]["connected"], (language, answer)
            places = [ENTRANCE_NAME, DEPOT_NAME] if kind != "connected" else []
            cards = [COMPANY, UNKNOWN_CARD[language]] if kind == "who" else []
            assert all(each in answer["said"] for each in places + cards), (language, answer)
            assert not any(number in str(answer) for number in CLEVEREV_ID_TAGS)
    slots = (await ask(home, "what did it cost at Depot Fast"))["speech_slots"]
    session = home.coordinator.data.charge_points[f"{DEPOT}-1"].session
    assert session
    assert session.cost
    assert (slots["still_open"], slots["cost"]) == (1, [f"{session.cost.amount} EUR"])


def _figure(language: str, kind: str, period: str | None) -> str:
    """Return the figure that answers a question; without a period it is about the last session."""
    energies = list(PAST.values())[slice(*SHARE[period] if period else (0, 1))]
    energy = Decimal(str(sum(energies)))
    if kind == "energy":
        return f"{_said(language, energy, 1)} kWh"
    return _said(language, energy / 2, 4).rstrip("0")


async def test_unknown_is_said_as_unknown(home: Home) -> None:
    """Test that a network without figures, and one out of reach, make nobody hear a zero."""
    copy_sentences(home.hass)
    await set_up(home.hass)
    await home.add_account(EVSE)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.advance(310)
    assert (await ask(home, "what did I charge today"))["said"] == (
        "How much was charged today is not known."
    )
    assert (await ask(home, "what did it cost"))[
        "said"
    ] == "What the last session cost is not known."
    await add_archive(
        home,
        ended(home, "1", START - timedelta(hours=3)),
        ended(home, "2", START - timedelta(hours=2), cost=cost("7", "CHF")),
    )
    assert (await ask(home, "what did I charge today"))["said"] == (
        "22.4 kWh were charged today. Sessions of unknown energy: 1."
    )
    assert (await ask(home, "what did charging cost today"))["said"] == (
        "Charging cost 4.35 EUR and 7.00 CHF today. Sessions of unknown cost: 1."
    )
    await home.simulator.stop()
    await home.advance(400)
    assert (await ask(home, "who is charging"))[
        "said"
    ] == "Whether anybody is charging is not known."
    assert (await ask(home, "is a car connected"))["said"] == "That is not known."


async def test_only_what_is_exposed(home: Home) -> None:
    """Test that what is not exposed is not told, and that an account stands for all of it."""
    copy_sentences(home.hass)
    await set_up(home.hass)
    await home.add_account(EVSE, OTHER_EVSE)
    dr.async_get(home.hass).async_update_device(home.device_id(), name_by_user="Yard")
    area = ar.async_get(home.hass).async_create("Street", aliases={"Road"})
    dr.async_get(home.hass).async_update_device(home.device_id(OTHER_EVSE), area_id=area.id)
    await add_archive(
        home,
        ended(home, "1", START - timedelta(hours=3), energy=1.0),
        ended(home, "2", START - timedelta(hours=3), energy=2.0, charge_point_id=OTHER_EVSE),
        ended(home, "3", START - timedelta(hours=3), energy=4.0, charge_point_id=None),
    )
    question = "what did I charge today"

    async def energy(place: str = "") -> str:
        return str((await ask(home, question + place))["speech_slots"]["energy"])

    # Both switches are exposed from the start; the session at an unknown place belongs to neither.
    assert await energy() == "3.0 kWh"
    assert await energy(" in the Street") == await energy(" in the road") == "2.0 kWh"
    calendar = home.entity_id("calendar", "sessions", None)
    expose(home, calendar)
    assert await energy() == "7.0 kWh"
    expose(home, calendar, home.entity_id("switch", "charging"), exposed=False)
    assert await energy() == "2.0 kWh"
    assert (await ask(home, f"{question} at the Yard"))["said"] == "Sorry, Yard is not exposed"
    assert "moon" in (await ask(home, f"{question} at the moon"))["said"]
    expose(home, home.entity_id("switch", "charging", OTHER_EVSE), exposed=False)
    answer = await ask(home, question)
    assert answer["response_type"] == "error"
    assert answer["said"] == TEXTS["exceptions"]["nothing_exposed"]["message"]


async def test_one_account_as_a_whole_and_one_in_part(home: Home) -> None:
    """Test that the archive of one account opens nothing of another."""
    copy_sentences(home.hass)
    await set_up(home.hass)
    await home.add_account(EVSE)
    expose(home, home.entity_id("calendar", "sessions", None))
    began = START - timedelta(hours=3)
    await add_archive(home, ended(home, "1", began, energy=1.0, charge_point_id=None))
    other = await add_second_account(home)
    home.simulator.world.start_at_pole(OTHER_EVSE, CARDS[1])
    await home.advance(310)
    entry = home.hass.config_entries.async_get_known_entry(other)
    there = {"account": entry.runtime_data.account}
    await add_archive(
        home,
        ended(home, "2", began, energy=2.0, charge_point_id=None, **there),
        ended(home, "3", began, energy=4.0, charge_point_id=OTHER_EVSE, **there),
    )
    slots = (await ask(home, "what did I charge today"))["speech_slots"]
    assert slots["energy"] == "5.0 kWh"
    await home.hass.config_entries.async_unload(other)


async def test_archive_in_trouble(home: Home) -> None:
    """Test that an archive that cannot be read is told in plain words."""
    copy_sentences(home.hass)
    await set_up(home.hass)
    await home.add_account(EVSE)
    await home.coordinator.ledger.close()
    answer = await ask(home, "what did I charge today")
    assert answer["response_type"] == "error"
    assert answer["said"] == TEXTS["exceptions"]["ledger_error"]["message"]
