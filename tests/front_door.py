"""A reverse proxy with ``https`` and a name of its own, as homes have one towards the internet."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
import socket
import ssl

from aiohttp import ClientSession, TCPConnector, web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import DATA_CLIENTSESSION, _make_key

HOST = "home.example.com"


class _Here(AbstractResolver):
    """Finds every name at this machine."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the address of this machine."""
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        """Close nothing."""


def _make_certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    # The clock of the test stands still, and that of TLS does not.
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=3650))
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "front_door.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file


@asynccontextmanager
async def front_door(hass: HomeAssistant, url: str, folder: Path) -> AsyncIterator[str]:
    """Return an address under which the home at ``url`` can be reached as if from outside."""
    file = _make_certificate(folder)
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_side.load_cert_chain(file)
    trusted = ssl.create_default_context(cafile=str(file))
    connector = TCPConnector(resolver=_Here(), ssl=trusted)
    async with ClientSession() as inside, ClientSession(connector=connector) as outside:

        async def pass_on(request: web.Request) -> web.Response:
            body = await request.read()
            async with inside.post(f"{url}{request.path}", data=body) as answer:
                return web.Response(status=answer.status, body=await answer.read())

        app = web.Application()
        app.router.add_post("/{path:.*}", pass_on)
        server = TestServer(app, scheme="https")
        await server.start_server(ssl=server_side)
        sessions = hass.data[DATA_CLIENTSESSION]
        before = sessions[_make_key()]
        sessions[_make_key()] = outside
        try:
            yield f"https://{HOST}:{server.port}"
        finally:
            sessions[_make_key()] = before
            await server.close()
