"""Signing in at Shell Recharge, in each of the published ways.

Source: the guides of developer.shell.com (form fields) and the vendor's SDKs (HTTP Basic).
"""

from base64 import b64encode
from http import HTTPStatus

from ..errors import AuthenticationError, RequestRejectedError
from .shell_recharge_wire import decode_token, error_code
from .transport import HttpAnswer, Token, Transport

# What RFC 6749 calls the errors that only other credentials can mend.
_WRONG_CREDENTIALS = {"invalid_client", "invalid_grant", "unauthorized_client"}


class SignIn:
    """The client credentials of an account, and the way in which they are accepted.

    The first sign-in finds out the path and the form; later ones go the same way at once.
    """

    def __init__(self, client_id: str, client_secret: str, *, is_first_generation: bool) -> None:
        """Prepare without sending anything."""
        self._form = {"client_id": client_id, "client_secret": client_secret}
        # By hand, because aiohttp refuses what is not Latin-1 and a colon in a name.
        credentials = b64encode(f"{client_id}:{client_secret}".encode()).decode()
        self._basic = {"Authorization": f"Basic {credentials}"}
        self._uses_basic = False
        # The seed's paths go with v1; live installations of v1 use the newer token path.
        self._paths = ["v2/oauth/token"]
        if is_first_generation:
            self._paths.insert(0, "v1/oauth/token")

    async def token(self, transport: Transport) -> Token:
        """Sign in.

        Raises AuthenticationError when the credentials are refused in every way,
        RequestRejectedError when something else is, and what ``Transport.send`` and
        ``decode_token`` raise.
        """
        answer = await self._attempt(transport)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            if _blames_credentials(answer):
                raise AuthenticationError("The client id or secret was refused")
            code = error_code(answer.body) or f"HTTP {answer.status}"
            if answer.status == HTTPStatus.NOT_FOUND:
                # Not a rejection, or it would be taken for that of what it was needed for.
                raise transport.unavailable("no sign-in at this address")
            raise RequestRejectedError(code, status=answer.status)
        return transport.decoded(answer.body, decode_token)

    async def _attempt(self, transport: Transport) -> HttpAnswer:
        """Return the answer of the first way that works, or else of the last one."""
        for path in list(self._paths):
            for uses_basic in (self._uses_basic, not self._uses_basic):
                answer = await self._send(transport, path, uses_basic=uses_basic)
                if answer.status < HTTPStatus.BAD_REQUEST:
                    self._uses_basic = uses_basic
                    self._paths.remove(path)
                    self._paths.insert(0, path)
                    return answer
                if not _blames_credentials(answer):
                    break
            if answer.status != HTTPStatus.NOT_FOUND:
                break
        return answer

    async def _send(self, transport: Transport, path: str, *, uses_basic: bool) -> HttpAnswer:
        form = {"grant_type": "client_credentials"}
        if uses_basic:
            return await transport.send(
                "POST", path, form=form, headers=lambda: self._basic, kind="sign-in"
            )
        return await transport.send("POST", path, form=form | self._form, kind="sign-in")


def _blames_credentials(answer: HttpAnswer) -> bool:
    return answer.status == HTTPStatus.UNAUTHORIZED or error_code(answer.body) in _WRONG_CREDENTIALS
