"""Tests that every language says all that English says, and says it in its own words."""

from collections import Counter, defaultdict
import json
import re

import pytest

from tests.texts import FOLDER, TEXTS, leaves

ENGLISH = dict(leaves(TEXTS))

# What is the same in every language: names, and what Home Assistant fills in.
NAMES = {
    *("CCS (Combo)", "CEE+", "CHAdeMO", "Marechal", "NEMA", "Scame", "Schuko", "Tesla"),
    *("T13", "T15", "T23", "EMA-ID", "{month} {year}"),
    *("EV Charging Sessions", "CleverEV", "PlugSurfing", "Shell Recharge", "Smappee"),
}

# Words that a language shares with English, or that Home Assistant has taken over into it.
SHARED = {
    "da": {
        *("E-mail", "Format", "Normal", "Session", "Smart", "Start", "Start session", "Status"),
        *("Stop session", "Type", "Version"),
    },
    "de": {
        *("April", "August", "September", "November"),
        *("Format", "Limit", "Name", "Normal", "Smart", "Status", "Version"),
    },
    "es": {"Normal", "Total"},
    "fr": {
        *("E-mail", "Format", "Latitude", "Longitude", "Normal", "Options", "Session", "Sessions"),
        *("sessions", "Source", "Total", "Type", "Version"),
    },
    "it": {"Account", "Client ID", "E-mail", "File", "Password"},
    "nb": {"Format", "Normal", "Smart", "Start", "Status", "Type"},
    "nl": {"Account", "Accounts", "Connector", "Connectors", "E-mail", "Status", "Type"},
    "pl": {"E-mail", "EVSE ID", "Format", "Limit", "Status"},
    "pt": {"E-mail", "Latitude", "Longitude", "Normal", "Total"},
    "sl": {"April", "September", "November", "December"},
    "sv": {"Format", "Normal", "Session", "Smart", "Start", "Status", "Version"},
}

# Names that a sentence keeps, too, whatever its language makes of the words around them.
KEPT = re.compile(
    r"EV Charging Sessions|Shell Recharge|Shell|Smappee|CleverEV|PlugSurfing|Home Assistant"
    r"|PostgreSQL|EMA-ID|EVSE|RFID|OCPP|API|UTC|CSV|JSON|kWh|https|\d+|\n"
)
PLACEHOLDER = re.compile(r"{\w+}")

every_language = pytest.mark.parametrize("language", sorted(SHARED))


def _texts(language: str) -> dict[str, str]:
    """Return the texts of a language, under their paths."""
    path = FOLDER / "translations" / f"{language}.json"
    return dict(leaves(json.loads(path.read_text())))


def test_languages() -> None:
    """Test that these are the languages that there are, so that none goes unchecked."""
    files = {path.stem for path in (FOLDER / "translations").iterdir()}
    assert files == {"en", *SHARED}


@every_language
def test_texts_are_complete(language: str) -> None:
    """Test that a language has the texts of English, in their order."""
    assert list(_texts(language)) == list(ENGLISH)


@every_language
def test_texts_are_filled_in_alike(language: str) -> None:
    """Test that texts have the placeholders, names, figures and paragraphs of English.

    A brace of anything else would be syntax of the frontend, and one in quotes would be shown.
    """
    for key, text in _texts(language).items():
        english = ENGLISH[key]
        assert Counter(PLACEHOLDER.findall(text)) == Counter(PLACEHOLDER.findall(english)), key
        assert not re.search(r"[{}]", PLACEHOLDER.sub("", text)), key
        assert not re.search(r"'{|}'", text), key
        assert set(KEPT.findall(text)) >= set(KEPT.findall(english)), key
        assert text == text.strip(), key
        assert "  " not in text, key


@every_language
def test_texts_are_translated(language: str) -> None:
    """Test that no text has been left in English."""
    left = {text for key, text in _texts(language).items() if text == ENGLISH[key]}
    words = {re.sub(r" [\dE]$", "", text) for text in left}
    assert words <= NAMES | SHARED[language]


@every_language
def test_choices_differ(language: str) -> None:
    """Test that no two states of an entity, and no two choices of a form, look the same."""
    choices: defaultdict[str, list[str]] = defaultdict(list)
    for key, text in _texts(language).items():
        path, _, _ = key.rpartition(".")
        if path.endswith((".state", ".options", ".menu_options")):
            choices[path].append(text)
    for path, texts in choices.items():
        assert len(set(texts)) == len(texts), path


@every_language
def test_names_are_short(language: str) -> None:
    """Test that what stands in cards, menus and columns is hardly longer than in English."""
    short = re.compile(r"\.entity\.|\.common\.(?!note)|\.selector\.|.*\.menu_options\.")
    for key, text in _texts(language).items():
        if short.match(key):
            assert len(text) <= 1.8 * len(ENGLISH[key]) + 10, key
