"""Shell Recharge on the wire: envelopes, sessions and errors (contract, section 0.4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Literal
from uuid import uuid4

from .backend import Json
from .world import RUNNING, Session

# Code, message and description by HTTP status, for SDK 1.1 and later.
_ERRORS = {
    400: ("E0001", "Bad Request", "Authorization header is missing"),
    401: ("E0003", "Unauthorized", "Invalid Access Token"),
    404: ("E0038", "Not Found", "Requested API resource not found"),
    429: (
        "E0009",
        "Too Many Requests",
        "Exceeded maximum allowed number of request limit",
    ),
    500: (
        "E0005",
        "Internal Server Error",
        "Server encountered an unexpected condition that prevented it from fulfilling the request",
    ),
    503: ("E0014", "Connectivity Error", "Service Unavailable"),
}
# The same for SDK 1.0.0, where the codes mean other things.
_ERRORS_1_0_0 = {
    400: ("E0001", "Validation Error", "Missing / Invalid value for: EvChargeNumber | EvseId"),
    401: ("E0006", "Unauthorized", "Invalid Access Token"),
    404: ("E0005", "Not Found", "Invalid Charging token with provided"),
    405: ("E0007", "Method Not allowed", "Method Not allowed"),
    429: (
        "E0008",
        "Too Many Requests",
        "Number of requests received per minute is more than the allowed/configured policy",
    ),
    500: ("E0002", "Unknown Error", "Unknown Error"),
    503: ("E0012", "Connectivity Error", "Connectivity Error"),
}


@dataclass(kw_only=True, slots=True)
class ShellSettings:
    """How the simulated Shell Recharge behaves where the contract leaves a choice.

    ``heartbeat`` moves ``lastUpdated`` every that many seconds of a running session; 0 is
    off. ``active_not_found`` answers 404 instead of an empty list, as 1.0.0 describes.
    ``seed_locations`` has the locations of v1 where the SDKs up to 1.2 look for them.
    """

    dialect: Literal["current", "1.0.0"] = "current"
    accept_form: bool = True
    accept_basic: bool = True
    token_lifetime: int = 899
    token_error: Literal["typo", "standard"] = "typo"
    accepted_status: int = 202
    spelling: Literal["pascal", "kebab", "upper_snake"] = "pascal"
    list_start_requested: bool = False
    bogus_stopped_at: bool = True
    last_updated: bool = True
    heartbeat: float = 0.0
    echo_request_id: bool = True
    data_when_empty: bool = True
    active_not_found: bool = False
    seed_locations: bool = False


def envelope(
    settings: ShellSettings,
    request_id: str | None,
    data: list[Json] | None = None,
    *,
    status: str = "SUCCESS",
) -> Json:
    """Wrap what a call answers; without ``data`` the key is absent."""
    if request_id is None or not settings.echo_request_id:
        request_id = str(uuid4())
    body: Json = {"requestId": request_id, "status": status}
    if data or (data is not None and settings.data_when_empty):
        body["data"] = data
    return body if settings.dialect == "current" else _pascal(body)


def error_body(
    settings: ShellSettings,
    request_id: str | None,
    status: int,
    detail: str | None = None,
) -> Json:
    """Make the body of a failure; ``detail`` replaces the standard description."""
    if settings.dialect == "1.0.0":
        code, title, text = _ERRORS_1_0_0.get(status) or _unlisted(status)
        # The published sample of a 401 says SUCCESS, so that nobody relies on it.
        body = envelope(settings, request_id, status="SUCCESS" if status == 401 else "FAILED")
        body["Errors"] = [
            {"Code": code, "Title": title, "Detail": detail or text, "AdditionalInfo": {}}
        ]
        return body
    code, message, text = _ERRORS.get(status) or _unlisted(status)
    body = envelope(settings, request_id, status="FAILED")
    error: Json = {"code": code, "message": message, "description": detail or text}
    body["errors"] = [error]
    # Only the errors of a 500 lack the details, which stand beside them.
    (body if status == 500 else error)["details"] = [detail or text]
    return body


def session_body(
    settings: ShellSettings,
    session: Session,
    now: datetime,
    state_key: Literal["sessionState", "SessionState"],
) -> Json:
    """Print a session, with its state under the key that the call uses."""
    modern = settings.dialect == "current"
    spec = "seconds" if modern else "milliseconds"
    body: Json = {
        "id": session.session_id,
        "userId": session.user_id,
        "emaId": session.card,
        "evseId": session.evse_id,
    }
    if session.started:
        body["startedAt"] = timestamp(session.started, spec)
    if session.stopped:
        body["stoppedAt"] = timestamp(session.stopped, spec)
    elif session.started and settings.bogus_stopped_at:
        body["stoppedAt"] = timestamp(session.started - timedelta(days=3652, hours=-1), spec)
    if not modern:
        message = f"Session failed: {session.error}" if session.error else None
        return {
            **_pascal(body),
            state_key.capitalize() if state_key == "sessionState" else state_key: spelled(
                settings, session.phase
            ),
            "SessionCode": session.error,
            "SessionMessage": message,
        }
    state: Json = {"status": spelled(settings, session.phase)}
    if session.error:
        state["error"] = {"code": session.error, "message": f"Failed: {session.error}"}
    body[state_key] = state
    if settings.last_updated:
        body["lastUpdated"] = timestamp(_updated(settings, session, now), "microseconds")
    return body


def rot(body: Json) -> None:
    """Give a printed session a field of a type that nobody can expect."""
    body["StartedAt" if "Id" in body else "startedAt"] = {"a": 1}


def hibernate(body: Json) -> None:
    """Give a printed session a status that is in no vocabulary."""
    for key, value in body.items():
        if key.lower() == "sessionstate":
            body[key] = {"status": "hibernating"} if isinstance(value, dict) else "hibernating"


def spelled(settings: ShellSettings, phase: str) -> str:
    """Print a status in the spelling that was chosen."""
    if settings.spelling == "kebab":
        return phase
    if settings.spelling == "upper_snake":
        return phase.replace("-", "_").upper()
    return "".join(part.capitalize() for part in phase.split("-"))


def timestamp(when: datetime, spec: str = "seconds") -> str:
    """Print a time as RFC 3339 with a Z."""
    return when.replace(tzinfo=None).isoformat(timespec=spec) + "Z"


def field(settings: ShellSettings, source: Mapping[str, str], name: str) -> str | None:
    """Read a field of a query or body; 1.0.0 does not mind the case of its first letter."""
    if settings.dialect == "1.0.0":
        name = next((key for key in source if key.lower() == name.lower()), name)
    return source.get(name)


def _updated(settings: ShellSettings, session: Session, now: datetime) -> datetime:
    if not settings.heartbeat or session.phase not in RUNNING:
        return session.updated
    beats = (now - session.updated).total_seconds() // settings.heartbeat
    return session.updated + timedelta(seconds=beats * settings.heartbeat)


def _unlisted(status: int) -> tuple[str, str, str]:
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"
    return f"E0{status}", phrase, phrase


def _pascal(body: Json) -> Json:
    return {key[0].upper() + key[1:]: value for key, value in body.items()}
