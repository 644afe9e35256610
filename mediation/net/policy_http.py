"""Asks a policy by HTTP: the only module that imports aiohttp.

Connections are kept and used again. Nothing is followed, unpacked or remembered that the other side may send.
"""

import json
import os
import ssl
from collections.abc import Mapping
from typing import Final

import aiohttp

from mediation import __version__
from mediation.net.policy import NoAnswer, PolicyUnusable
from mediation.routing.ruling import answer_of
from mediation.settings.policy import PolicyHook

GOOD, NOTHING_TO_SAY = 200, 204
KEPT_S: Final = 30.0
"""So long a connection without questions is kept."""
_CHUNK: Final = 16_384


class HttpPolicy:
    """A policy behind a URL. To be made in the event loop; raises PolicyUnusable."""

    def __init__(self, rules: PolicyHook) -> None:
        self._url = rules.url
        self._most_octets = 1024 * rules.max_answer_kb
        told = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"Mediation-Server/{__version__}",
        }
        if rules.token.text:
            told["Authorization"] = f"Bearer {rules.token.text}"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=rules.at_once, ssl=trusted(rules), keepalive_timeout=KEPT_S, ttl_dns_cache=30
            ),
            timeout=aiohttp.ClientTimeout(total=rules.deadline_ms / 1000),
            headers=told,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )

    async def ask(self, question: Mapping[str, object]) -> object:
        """The answer as JSON has it. Raises NoAnswer, BadAnswer."""
        body = json.dumps(question).encode()
        try:
            try:
                return await self._post(body)
            except (aiohttp.ServerDisconnectedError, ConnectionResetError):
                # the server has closed a kept connection just then; asking twice does no harm
                return await self._post(body)
        except aiohttp.ClientConnectorCertificateError:
            raise NoAnswer("its certificate is not good") from None
        except aiohttp.ClientConnectorDNSError:
            raise NoAnswer("its name cannot be looked up") from None
        except aiohttp.ClientConnectorError as error:
            why = os.strerror(error.os_error.errno) if error.os_error.errno else "no connection"
            raise NoAnswer(f"it cannot be reached: {why}") from None
        except TimeoutError:
            raise NoAnswer("no answer in time") from None
        except (aiohttp.ClientError, OSError) as error:
            raise NoAnswer(f"no good HTTP: {type(error).__name__}") from None

    async def aclose(self) -> None:
        """Close its connections."""
        await self._session.close()

    async def _post(self, body: bytes) -> object:
        async with self._session.post(self._url, data=body, allow_redirects=False) as response:
            if response.status == NOTHING_TO_SAY:
                return {}
            if response.status != GOOD:
                raise NoAnswer(f"HTTP {response.status}")
            if "Content-Encoding" in response.headers:
                raise NoAnswer("the answer is packed, which nobody has asked for")
            return answer_of(await self._read(response))

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            body += chunk
            if len(body) > self._most_octets:
                response.close()  # with it goes the connection: nobody reads the rest
                raise NoAnswer(f"the answer is longer than {self._most_octets} octets")
        return bytes(body)


def trusted(rules: PolicyHook) -> ssl.SSLContext:
    """Whose certificates are taken. Raises PolicyUnusable."""
    try:
        return ssl.create_default_context(cafile=rules.authorities or None)
    except (OSError, ssl.SSLError) as error:
        reason = f"{rules.authorities} cannot be read: {error.strerror or type(error).__name__}"
        raise PolicyUnusable("authorities", reason, "name a file of certificates in PEM") from None
