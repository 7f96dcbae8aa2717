"""Tests that every rule of the quality scale is met or exempt for a reason, with its evidence."""

import ast
from functools import cache
from pathlib import Path
import re
from typing import Any

import pytest

from homeassistant.util.yaml import load_yaml_dict

from custom_components.ev_charging_sessions.const import DOMAIN
from custom_components.ev_charging_sessions.networks import NETWORKS
from tests.texts import FOLDER, ROOT, TEXTS, all_calls, calls, trees

TIERS = {
    "Bronze": """
        action-setup appropriate-polling brands common-modules config-flow-test-coverage config-flow
        dependency-transparency docs-actions docs-conditions docs-high-level-description
        docs-installation-instructions docs-removal-instructions docs-triggers entity-event-setup
        entity-unique-id has-entity-name runtime-data test-before-configure test-before-setup
        unique-config-entry""",
    "Silver": """
        action-exceptions config-entry-unloading docs-configuration-parameters
        docs-installation-parameters entity-unavailable integration-owner log-when-unavailable
        parallel-updates reauthentication-flow test-coverage""",
    "Gold": """
        devices diagnostics discovery-update-info discovery docs-data-update docs-examples
        docs-known-limitations docs-supported-devices docs-supported-functions docs-troubleshooting
        docs-use-cases dynamic-devices entity-category entity-device-class
        entity-disabled-by-default entity-translations exception-translations icon-translations
        reconfiguration-flow repair-issues stale-devices""",
    "Platinum": "async-dependency inject-websession strict-typing",
}
RULES = [rule for rules in TIERS.values() for rule in rules.split()]

SCALE: dict[str, Any] = load_yaml_dict(FOLDER / "quality_scale.yaml")["rules"]
TABLE = ROOT / "docs" / "quality.md"
EVIDENCE = dict(re.findall(r"^\| ([a-z-]+) \| (.*) \|$", TABLE.read_text(), re.MULTILINE))

DOCUMENTS = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob(".github/*.md")})


def _path(word: str) -> Path:
    """Return the file that a word of the table stands for."""
    places = {"T": ROOT / "tests", "I": FOLDER}
    start, _, rest = word.partition("/")
    return places[start] / rest if start in places else ROOT / word


@cache
def _functions(path: Path) -> set[str]:
    nodes = ast.walk(ast.parse(path.read_text()))
    return {each.name for each in nodes if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}


@cache
def _headings(path: Path) -> set[str]:
    """Return the addresses of the headings of a document, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def test_every_rule_is_decided() -> None:
    """Test that all 54 rules are done, or exempt with a reason, in the order of the tiers."""
    assert len(RULES) == len(set(RULES)) == 54
    assert list(SCALE) == RULES
    for rule, status in SCALE.items():
        if status != "done":
            assert set(status) == {"status", "comment"}, rule
            assert status["status"] in {"done", "exempt"}, rule
            assert len(status["comment"].split()) > 5, rule


def test_every_rule_has_evidence() -> None:
    """Test that the table has all rules, in the same order, and the same ones exempt."""
    assert list(EVIDENCE) == RULES
    for rule, status in SCALE.items():
        is_exempt = status != "done" and status["status"] == "exempt"
        assert (EVIDENCE[rule] == "exempt") is is_exempt, rule


@pytest.mark.parametrize("rule", RULES)
def test_evidence_exists(rule: str) -> None:
    """Test that each file, test and heading that is named as evidence is there."""
    evidence = EVIDENCE[rule]
    named = [word for word in re.findall(r"`([^`]*)`", evidence) if "/" in word or "." in word]
    for word in named:
        file, _, function = word.partition("::")
        path = _path(file)
        assert path.is_file(), word
        if function:
            assert function in _functions(path), word
    assert named or re.search(r"\]\(", evidence) or evidence == "exempt"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    """Test that each link between the documents leads to a file and a heading that exist."""
    text = re.sub(r"`[^`\n]*`", "", document.read_text())
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("https://"):
            continue
        file, _, heading = target.partition("#")
        path = (document.parent / file).resolve() if file else document
        assert path.exists(), target
        if heading:
            assert heading in _headings(path), target


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "SECURITY.md"])
def test_named_files_exist(document: str) -> None:
    """Test that whoever follows a document finds the files that it names; volt is a made-up one."""
    words = re.findall(r"`([^`\s]+)`", (ROOT / document).read_text())
    files = [word for word in words if re.search(r"/|\.(py|md|yaml)$", word) and "volt" not in word]
    assert len(files) > 5
    for word in files:
        assert any(any(place.glob(word)) for place in (ROOT, FOLDER)), word


def test_forms_of_issues() -> None:
    """Test that GitHub can show the forms, and that they ask for the networks there are."""
    forms = [
        load_yaml_dict(path)
        for path in sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
        if path.stem != "config"
    ]
    assert len({form["name"] for form in forms}) == len(forms) == 3
    for form in forms:
        assert set(form) == {"name", "description", "labels", "body"}
        fields = [field for field in form["body"] if field["type"] != "markdown"]
        assert len({field["id"] for field in fields}) == len(fields)
        for field in fields:
            assert field["attributes"]["label"]
            if field["id"] == "network":
                titles = {network.title for network in NETWORKS.values()}
                assert titles < set(field["attributes"]["options"])


def test_runtime_data() -> None:
    """Test that what an account needs at run time is typed, and kept in its entry."""
    assert (
        "type ChargingConfigEntry = ConfigEntry[ChargingCoordinator]"
        in (FOLDER / "coordinator.py").read_text()
    )
    # Since when something fails is not: that outlasts the set-ups of an account that waits.
    assert "hass.data[DOMAIN]" not in "".join(path.read_text() for path in FOLDER.glob("*.py"))


def test_errors_are_translated() -> None:
    """Test that no error of Home Assistant is raised with a text of its own."""
    names = {"ConfigEntryNotReady", "ConfigEntryAuthFailed", "ConfigEntryError", "UpdateFailed"}
    for call in calls("HomeAssistantError", "ServiceValidationError", *names):
        given = {each.arg for each in call.keywords}
        assert not call.args, ast.unparse(call)
        assert {"translation_domain", "translation_key"} <= given, ast.unparse(call)


def test_icons_are_in_their_file() -> None:
    """Test that no code chooses an icon."""
    for _, call in all_calls():
        assert not any(each.arg in {"icon", "_attr_icon"} for each in call.keywords)
    for tree in trees().values():
        for node in ast.walk(tree):
            match node:
                case ast.Name(id=name) | ast.Attribute(attr=name):
                    assert name != "_attr_icon"
                case ast.FunctionDef(name=name):
                    assert name != "icon"


def test_sessions_are_those_of_home_assistant() -> None:
    """Test that every network is given its web session, and makes none of its own."""
    for path in sorted((FOLDER / "networks").glob("*.py")):
        source = path.read_text()
        if "_create(" in source:
            assert re.search(r"async_(get|create)_clientsession\(hass", source), path
    assert not list(calls("ClientSession"))


def test_every_flow_is_held_to_full_coverage() -> None:
    """Test that ``scripts/test`` knows each file with a flow of accounts or their options."""
    (listed,) = re.findall(r"^flows=\((.*)\)$", (ROOT / "scripts/test").read_text(), re.MULTILINE)
    files = {
        path.stem
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and any(
            re.search(r"(?<!Repairs)(?<!Repair)Flow$", ast.unparse(base)) for base in node.bases
        )
    }
    assert set(listed.split()) == files


def test_documents_tell_everything_that_can_be_used() -> None:
    """Test that each action, trigger, condition and entity is described where people look."""
    readme = (ROOT / "README.md").read_text()
    automations = (ROOT / "docs/automations.md").read_text()
    for action in TEXTS["services"]:
        assert f"| `{DOMAIN}.{action}` |" in readme
    for trigger, texts in TEXTS["triggers"].items():
        assert f"| `{trigger}` |" in automations
        assert texts["name"].lower() in readme
    for condition in TEXTS["conditions"]:
        assert f"| `{condition}` |" in automations
    for platform in TEXTS["entity"].values():
        for key, texts in platform.items():
            name = "sessions are to be posted" if key == "unposted_sessions" else texts["name"]
            words = re.sub(r"\s+", " ", readme.replace("*", "")).lower()
            assert name.lower() in words, key
