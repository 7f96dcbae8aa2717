"""Tests of the addresses at which a network may be reached."""

import pytest

from custom_components.ev_charging_sessions.charging.backends.transport import (
    checked_base_url,
)
from custom_components.ev_charging_sessions.charging.errors import (
    InvalidInputError,
)

from .secrets import said_by


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://api.shell.com", "https://api.shell.com"),
        (" https://api.shell.com/ ", "https://api.shell.com"),
        ("HTTPS://API.Shell.com:8443/ev//", "https://api.shell.com:8443/ev"),
        ("https://192.168.1.5", "https://192.168.1.5"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("http://127.0.0.1:8400/", "http://127.0.0.1:8400"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:8400", "http://[::1]:8400"),
        ("http://localhost:8400", "http://localhost:8400"),
        ("http://LOCALHOST", "http://localhost"),
    ],
)
def test_base_urls(text: str, url: str) -> None:
    """Test the addresses that are accepted, and their canonical form."""
    assert checked_base_url(text) == url


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("http://api.shell.com", "base_url_not_https"),
        ("http://192.168.1.5", "base_url_not_https"),
        ("http://127.0.0.1.evil.example", "base_url_not_https"),
        ("http://localhost.evil.example", "base_url_not_https"),
        ("http://127.1", "base_url_not_https"),
        ("ftp://localhost", "base_url_not_https"),
        ("ws://api.shell.com", "base_url_not_https"),
        ("//api.shell.com", "base_url_not_https"),
        ("", "invalid_base_url"),
        ("api.shell.com", "invalid_base_url"),
        ("https://", "invalid_base_url"),
        ("https:///ev", "invalid_base_url"),
        ("https://user@api.shell.com", "invalid_base_url"),
        ("https://user:pass@api.shell.com", "invalid_base_url"),
        ("https://:pass@api.shell.com", "invalid_base_url"),
        ("http://user@localhost", "invalid_base_url"),
        ("https://api.shell.com?key=1", "invalid_base_url"),
        ("https://api.shell.com#x", "invalid_base_url"),
        ("https://api.shell.com:99999", "invalid_base_url"),
        ("https://[::1", "invalid_base_url"),
        ("https://api shell.com", "invalid_base_url"),
        ("https://api.shell.com\x00", "invalid_base_url"),
        ("https://\udcff.com", "invalid_base_url"),
    ],
)
def test_base_urls_that_are_refused(text: str, key: str) -> None:
    """Test that clear text leaves no machine, and that credentials stay out of a URL."""
    with pytest.raises(InvalidInputError) as caught:
        checked_base_url(text)
    assert (caught.value.field, caught.value.key) == ("base_url", key)
    assert "pass" not in said_by(caught.value)
