"""One page of a browser, as a person uses it: look, wait, click, take a picture."""

import asyncio
from base64 import b64decode
from collections.abc import Awaitable, Callable, Iterable
import json
from pathlib import Path
import re
from tempfile import mkdtemp
from time import monotonic
from typing import Any

from .chromium import BrowserError, Connection

_SEEN = Path(__file__).with_name("page.js").read_text(encoding="utf-8")
# What is there at once on a quick machine takes long on one that is busy with other tests.
_SECONDS_TO_SHOW = 90
_SECONDS_BETWEEN_LOOKS = 0.25


class Page:
    """A page of its own, with a size and a time zone; ``new_page`` opens it."""

    def __init__(self, connection: Connection, session: str) -> None:
        """Remember the session that the page has on the connection."""
        self._connection = connection
        self._session = session

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command of the DevTools protocol to this page."""
        return await self._connection.command(method, self._session, **parameters)

    async def resize(self, width: int, height: int) -> None:
        """Give the page a size, in pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self.command("Emulation.setDeviceMetricsOverride", **size)

    async def open(self, url: str) -> None:
        """Go to a page, and return before it is loaded."""
        answer = await self.command("Page.navigate", url=url)
        if reason := answer.get("errorText"):
            raise BrowserError(f"{url} does not open: {reason}")

    async def show(self, document: str) -> None:
        """Show a document of HTML that has no address."""
        await self.open("about:blank")
        tree = await self.command("Page.getFrameTree")
        await self.command(
            "Page.setDocumentContent", frameId=tree["frameTree"]["frame"]["id"], html=document
        )

    async def evaluate(self, expression: str) -> Any:
        """Return what an expression of JavaScript comes to, or its promise."""
        answer = await self.command(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if failure := answer.get("exceptionDetails"):
            what = failure.get("exception", {}).get("description", failure["text"])
            raise BrowserError(f"{expression}: {what}")
        return answer["result"].get("value")

    async def text(self) -> str:
        """Return all text that can be seen, in shadow roots too, a line for each piece."""
        seen: str = await self.evaluate("evSeen.text()")
        return seen

    async def look_until(
        self, is_shown: Callable[[str], bool], seconds: float = _SECONDS_TO_SHOW
    ) -> bool:
        """Tell whether all the text, as one line, has become in time as it should be."""

        async def is_true() -> bool:
            return is_shown(" ".join((await self.text()).split()))

        return await _until(is_true, seconds)

    async def wait_until(self, is_shown: Callable[[str], bool], what: str) -> None:
        """Wait until all the text, as one line, is as it should be."""
        if not await self.look_until(is_shown):
            await self.fail(f"After {_SECONDS_TO_SHOW} s nobody sees {what}")

    async def wait_for(self, *texts: str, seconds: float = _SECONDS_TO_SHOW) -> None:
        """Wait until all those texts can be seen, however they are broken into lines."""
        missing: Iterable[str] = texts

        async def is_seen() -> bool:
            nonlocal missing
            seen = " ".join((await self.text()).split())
            missing = [each for each in texts if each not in seen]
            return not missing

        if not await _until(is_seen, seconds):
            await self.fail(f"After {seconds} s nobody sees {', '.join(map(repr, missing))}")

    async def wait_until_gone(self, text: str) -> None:
        """Wait until a text cannot be seen any more, such as that of a dialog that closes."""
        await self.wait_until(lambda shown: text not in shown, f"the end of {text!r}")

    async def wait_for_match(self, pattern: str) -> str:
        """Wait for text that a regular expression finds, and return its first group."""
        found = ""

        def is_shown(text: str) -> bool:
            nonlocal found
            match = re.search(pattern, text)
            found = match[1] if match else ""
            return bool(found)

        await self.wait_until(is_shown, pattern)
        return found

    async def pieces(self) -> list[tuple[str, bool]]:
        """Return every piece of text that can be seen, and whether a part of it is cut off."""
        return [(text, is_cut) for text, is_cut in await self.evaluate("evSeen.pieces()")]

    async def click(self, text: str, index: int = 0) -> None:
        """Click on what bears a text or a label, once it is there and at rest.

        Of several things that do, the index tells the one.
        """
        places: list[Any] = [None, None]

        async def is_at_rest() -> bool:
            places.append(await self.evaluate(f"evSeen.place({json.dumps(text)}, {index})"))
            return bool(places[-1]) and places[-1] == places[-2]

        if not await _until(is_at_rest, _SECONDS_TO_SHOW):
            await self.fail(f"After {_SECONDS_TO_SHOW} s there is nothing to click at {text!r}")
        x, y = places[-1]
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            await self.command(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1
            )

    async def type(self, text: str) -> None:
        """Type into what has the focus."""
        await self.command("Input.insertText", text=text)

    async def fill(self, label: str, text: str) -> None:
        """Put a text into a field, in the place of what is there."""
        await self.click(label)
        await self.command(
            "Input.dispatchKeyEvent", type="rawKeyDown", key="a", commands=["selectAll"]
        )
        await self.type(text)

    async def press_enter(self) -> None:
        """Press the key that answers a question with yes."""
        for kind in ("keyDown", "keyUp"):
            await self.command(
                "Input.dispatchKeyEvent",
                type=kind,
                key="Enter",
                code="Enter",
                windowsVirtualKeyCode=13,
                text="\r",
            )

    async def screenshot(self) -> bytes:
        """Take a picture of what can be seen, as PNG."""
        answer = await self.command("Page.captureScreenshot", format="png")
        return b64decode(answer["data"])

    async def fail(self, what: str) -> None:
        """Raise ``BrowserError`` with all that helps to see why."""
        picture = _keep(await self.screenshot())
        address = await self.evaluate("location.href")
        raise BrowserError(
            f"{what}.\nA picture of {address} is {picture}, and its text:\n{await self.text()}"
            f"\nThe page complains:\n{'\n'.join(self.complaints) or 'of nothing'}"
        )

    @property
    def complaints(self) -> list[str]:
        """What the page has written to its console as an error, or failed with."""
        found = []
        for event in self._connection.events.get(self._session, []):
            match event:
                case {"method": "Runtime.exceptionThrown", "params": {"exceptionDetails": what}}:
                    found.append(what.get("exception", {}).get("description", what["text"]))
                case {"method": "Log.entryAdded", "params": {"entry": {"level": "error"} as what}}:
                    found.append(f"{what['text']} {what.get('url', '')}")
        return found


async def new_page(connection: Connection, *, time_zone: str) -> Page:
    """Open a page in a place with that time zone; it shows nothing yet."""
    made = await connection.command("Target.createTarget", url="about:blank")
    attached = await connection.command(
        "Target.attachToTarget", targetId=made["targetId"], flatten=True
    )
    page = Page(connection, attached["sessionId"])
    for domain in ("Page", "Runtime", "Log"):
        await page.command(f"{domain}.enable")
    await page.command("Page.addScriptToEvaluateOnNewDocument", source=_SEEN)
    await page.command("Emulation.setTimezoneOverride", timezoneId=time_zone)
    return page


def _keep(picture: bytes) -> Path:
    file = Path(mkdtemp(prefix="browser-")) / "page.png"
    file.write_bytes(picture)
    return file


async def _until(is_true: Callable[[], Awaitable[bool]], seconds: float) -> bool:
    """Tell whether something has become true in time."""
    end = monotonic() + seconds
    while not await is_true():
        if monotonic() > end:
            return False
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
    return True
