"""Early pytest plugin: loads the test package 0.13.375 with Home Assistant 2026.11.0.

The package is pytest-homeassistant-custom-component. The imports stand in the only order that
works. Home Assistant puts its own HTTP library in the place of httpx, which fails once something
else, here respx, has imported httpx. The JSON patches of the package must come before the rest of
Home Assistant, so they come before the logger component, of which the package still expects a name
that has moved. Drop this file as soon as the package has a release for Home Assistant 2026.11.
"""

# ruff: noqa: I001 - the order that works is not the alphabet's
import homeassistant  # noqa: F401 - loaded for what it does to httpx
from pytest_homeassistant_custom_component import patch_json  # noqa: F401 - loaded for its patches
from homeassistant.components import logger
from homeassistant.components.logger import helpers

vars(logger).setdefault("_clear_logger_overwrites", helpers._clear_logger_overwrites)
