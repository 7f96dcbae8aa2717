"""Assist without any set-up: starting, stopping and asking by the names of our entities."""

import json
import re
from typing import Any

import pytest

from tests.assist import LANGUAGES, ask, command, copy_sentences, expose, set_up
from tests.home import Home
from tests.namespace import GARAGE, GARAGE_POINT
from tests.texts import FOLDER, ROOT, TEXTS

SENTENCES = {
    "en": {
        "on": "turn on {}",
        "off": "turn off {}",
        "is_on": "is {} on",
        "yes": "Yes",
        "no": "No",
        "what": "what is {}",
    },
    "de": {
        "on": "schalte {} ein",
        "off": "schalte {} aus",
        "is_on": "ist {} an",
        "yes": "Ja",
        "no": "Nein",
        "what": "wie ist {}",
    },
}


def _runs(home: Home) -> bool:
    """Tell whether a session runs in the network, whatever Home Assistant says."""
    return home.simulator.namespace.connector(GARAGE, 1).session is not None


@pytest.mark.parametrize("language", SENTENCES)
async def test_names_are_enough(home: Home, language: str) -> None:
    """Test that sessions are started, stopped and asked about by the names of entities."""
    home.hass.config.language = language
    await set_up(home.hass)
    await home.add_namespace()
    home.simulator.namespace.plug(GARAGE, 1)
    words = SENTENCES[language]
    switch = home.state("switch", "charging", GARAGE_POINT).name
    is_on = words["is_on"].format(switch)

    # A switch is exposed from the first moment, sensors are not.
    assert (await ask(home, is_on, language))["said"].startswith(words["no"])
    await command(home, words["on"].format(switch), language)
    assert _runs(home)
    assert (await ask(home, is_on, language))["said"] == words["yes"]
    status = home.state("sensor", "status", GARAGE_POINT).name
    assert (await ask(home, words["what"].format(status), language))["response_type"] == "error"

    expose(home, *home.hass.states.async_entity_ids())
    told = await ask(home, words["what"].format(status), language)
    assert told["said"].endswith("charging")
    await home.run(300)
    energy = home.state("sensor", "session_energy", GARAGE_POINT)
    told = await ask(home, words["what"].format(energy.name), language)
    assert f"{float(energy.state):.2f} kWh" in told["said"]

    # The binary sensor is exposed as well now, and must not be taken for the switch.
    await command(home, words["off"].format(switch), language)
    assert not _runs(home)
    assert home.simulator.log.counts()["start_session"] == 1
    assert home.simulator.log.counts()["stop_session"] == 1


async def test_examples_of_the_docs(home: Home) -> None:
    """Test that all that docs/voice.md says one can say is understood."""
    copy_sentences(home.hass)
    await set_up(home.hass)
    await home.add_namespace()
    expose(home, *home.hass.states.async_entity_ids())
    home.simulator.namespace.plug(GARAGE, 1)
    docs = (ROOT / "docs/voice.md").read_text(encoding="utf-8")
    examples = re.findall(r"^\| \*(.+?)\* \|", docs, re.MULTILINE)
    assert len(examples) == 17
    for text in examples:
        if text.startswith("turn"):
            await command(home, text)
            assert _runs(home) is (" on " in text)
        else:
            answer = await ask(home, text)
            assert answer["response_type"] == "query_answer", (text, answer)
    # Asking has started nothing.
    assert home.simulator.log.counts()["start_session"] == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_entities_are_called_alike(language: str) -> None:
    """Test that the entities of a charge point differ by name: else Assist can use neither."""
    path = FOLDER / "translations" / f"{language}.json"
    texts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    names = [
        texts["entity"][platform].get(key, described)["name"].casefold()
        for platform, entities in TEXTS["entity"].items()
        for key, described in entities.items()
    ]
    assert len(names) == len(set(names)), sorted(names)
