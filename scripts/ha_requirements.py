"""Print the requirements that Home Assistant would install at the demo's first start.

Home Assistant installs the requirements of an integration when it first loads it, which needs a
network. So set-up installs them beforehand: those of the integrations it always loads, of the
demo's configuration and of what our own manifest names, with all their dependencies. The pins are
those of Home Assistant's own manifests. The demo then starts Home Assistant with --skip-pip.
"""

from collections.abc import Iterable
import json
from pathlib import Path
import tomllib
from typing import Any

from homeassistant import components
from homeassistant.bootstrap import CORE_INTEGRATIONS, DEFAULT_INTEGRATIONS
from homeassistant.util.yaml import load_yaml_dict

_PROJECT = Path(__file__).parents[1]
_OWN_MANIFEST = _PROJECT / "custom_components/ev_charging_sessions/manifest.json"
_DEMO_CONFIGURATION = _PROJECT / "scripts/demo_home/configuration.yaml"
_CORE = Path(components.__path__[0])

# The benchmarks compare our import time with that of this integration of the core.
_BENCHMARKED = "ohme"


def _with_wheels() -> tuple[str, ...]:
    """Return the names of what set-up installs in another version, as a wheel exists of that."""
    project = tomllib.loads((_PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    return tuple(pin.partition("==")[0] for pin in project["dependency-groups"]["wheels"])


def _manifest(path: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return manifest


def _needed(manifest: dict[str, Any]) -> list[str]:
    # Home Assistant installs for the after_dependencies as well, whether they are set up or not.
    return [*manifest.get("dependencies", []), *manifest.get("after_dependencies", [])]


def _requirements(domains: Iterable[str]) -> set[str]:
    """Walk the dependencies of integrations and collect what they require."""
    open_domains = set(domains)
    seen: set[str] = set()
    requirements: set[str] = set()
    while open_domains:
        domain = open_domains.pop()
        seen.add(domain)
        path = _CORE / domain / "manifest.json"
        if not path.exists():
            continue
        manifest = _manifest(path)
        requirements.update(manifest.get("requirements", []))
        open_domains.update(set(_needed(manifest)) - seen)
    return requirements


def main() -> None:
    """Print the pins."""
    domains = {*CORE_INTEGRATIONS, *DEFAULT_INTEGRATIONS, _BENCHMARKED}
    if _DEMO_CONFIGURATION.exists():
        domains.update(load_yaml_dict(str(_DEMO_CONFIGURATION)))
    requirements = set[str]()
    if _OWN_MANIFEST.exists():
        own = _manifest(_OWN_MANIFEST)
        domains.update(_needed(own))
        requirements.update(own.get("requirements", []))
    requirements |= _requirements(domains)
    print("\n".join(sorted(each for each in requirements if not each.startswith(_with_wheels()))))


if __name__ == "__main__":
    main()
