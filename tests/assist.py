"""Assist as a person talks to it: Home Assistant's own agent, with the sentences to be copied."""

import asyncio
from pathlib import Path
from typing import Any

from homeassistant.components.conversation import async_converse
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import Context, HomeAssistant
from homeassistant.setup import async_setup_component

from tests.home import Home
from tests.texts import ROOT

ASSISTANT = "conversation"
SENTENCES = ROOT / "docs/voice/custom_sentences"
LANGUAGES = sorted(path.name for path in SENTENCES.iterdir())


async def set_up(hass: HomeAssistant) -> None:
    """Set up Assist, before or after there are accounts."""
    for component in ("homeassistant", "intent", ASSISTANT):
        assert await async_setup_component(hass, component, {})


def copy_sentences(hass: HomeAssistant) -> None:
    """Copy the sentences to where a person copies them."""
    for source in SENTENCES.rglob("*.yaml"):
        target = Path(hass.config.path("custom_sentences", source.parent.name, source.name))
        target.parent.mkdir(parents=True)
        target.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")


def expose(home: Home, *entity_ids: str, exposed: bool = True) -> None:
    """Choose whether the assistant may know these entities."""
    for entity_id in entity_ids:
        async_expose_entity(home.hass, ASSISTANT, entity_id, exposed)


async def ask(home: Home, text: str, language: str = "en") -> dict[str, Any]:
    """Say something and return the answer, with the intent it was taken for."""
    result = await async_converse(home.hass, text, None, Context(), language=language)
    response = result.response
    return {
        **response.as_dict(),
        "said": response.speech["plain"]["speech"],
        "intent": response.intent.intent_type if response.intent else None,
    }


async def command(home: Home, text: str, language: str = "en") -> str:
    """Say something that takes its time, let that pass, and return what is answered."""
    asked = asyncio.create_task(ask(home, text, language))
    await home.settle()
    for _ in range(60):
        await home.advance(1)
    answer = await asked
    assert answer["response_type"] != "error", answer
    said: str = answer["said"]
    return said
