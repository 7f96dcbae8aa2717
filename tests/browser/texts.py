"""What is wrong with the texts of ours that can be seen on a page, in one language."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
import json
import re
from time import monotonic
from typing import Any

from scripts.demo_home.processes import PROJECT
from tests.browser.page import Page

_FOLDER = PROJECT / "custom_components" / "ev_charging_sessions" / "translations"
LANGUAGES = tuple(sorted(each.stem for each in _FOLDER.glob("*.json")))

# What is shown where a text is missing: the key itself, or the name of a field or a state.
_RAW = re.compile(r"\bcomponent\.|^[a-z]+(_[a-z]+)+$|\{\w+\}|^(entity|config|options|selector)\.")
_PLACEHOLDER = re.compile(r"\{\w+\}")
# Shorter ones are found in the words of others.
_FEWEST_LETTERS = 3
_SECONDS_TO_SHOW = 20
_SECONDS_TO_REST = 3


class Texts:
    """Our texts in one language, next to those in English."""

    def __init__(self, language: str) -> None:
        """Read them from the files that are delivered."""
        self._texts: dict[str, Any] = _read(language)
        own = {each for text in _leaves(self._texts) for each in _lines(text)}
        english = {each for text in _leaves(_read("en")) for each in _lines(text)}
        self._own = _pattern(own)
        self._foreign = _pattern(english - own)

    def of(self, *path: str) -> list[str]:
        """Return every text below a place in the file."""
        return list(_leaves(self.at(*path)))

    def at(self, *path: str) -> Any:
        """Return what is at a place in the file; raises ``KeyError``."""
        found: Any = self._texts
        for key in path:
            found = found[key]
        return found

    async def complaints(self, page: Page, expected: list[str]) -> list[str]:
        """Wait for the texts that are expected, and tell all that is wrong with the page then."""
        missing: list[str] = []

        def is_complete(shown: str) -> bool:
            nonlocal missing
            missing = self._missing(expected, shown)
            return not missing

        await page.look_until(is_complete, _SECONDS_TO_SHOW)
        found = [f"missing: {each!r}" for each in missing]
        # What opens or moves hides a part of itself until it has come to rest.
        end = monotonic() + _SECONDS_TO_REST
        while wrong := list(dict.fromkeys(self._wrong(await page.pieces()))):
            if monotonic() > end:
                break
            await asyncio.sleep(0.2)
        return [*found, *wrong]

    @staticmethod
    def _missing(texts: Iterable[str], shown: str) -> list[str]:
        return [
            line for text in texts for line in _lines(text) if not re.search(_as_regex(line), shown)
        ]

    def _wrong(self, pieces: Iterable[tuple[str, bool]]) -> Iterator[str]:
        for text, is_cut in pieces:
            if _RAW.search(text):
                yield f"raw: {text!r}"
            elif self._own.fullmatch(text):
                if is_cut:
                    yield f"cut: {text!r}"
            elif self._foreign.fullmatch(text):
                yield f"English: {text!r}"


def _read(language: str) -> Any:
    text = (_FOLDER / f"{language}.json").read_text(encoding="utf-8")
    # Spaces that do not break a line, as before a French question mark, are seen as any other.
    return json.loads(
        text.translate(dict.fromkeys(map(ord, "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"), " "))
    )


def _leaves(texts: Any) -> Iterator[str]:
    if isinstance(texts, Mapping):
        for each in texts.values():
            yield from _leaves(each)
    else:
        yield texts


def _lines(text: str) -> Iterator[str]:
    """Return the pieces that the frontend draws a text in, and that are more than a value."""
    for line in text.replace("**", "").splitlines():
        piece = " ".join(line.split())
        if sum(each.isalpha() for each in _PLACEHOLDER.sub("", piece)) >= _FEWEST_LETTERS:
            yield piece


def _as_regex(text: str) -> str:
    return ".+?".join(re.escape(each) for each in _PLACEHOLDER.split(text))


def _pattern(texts: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(_as_regex, texts)) or "(?!)")
