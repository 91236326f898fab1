"""A crowd for `peers_live.py`: clients without a screen repeat what one real page has sent.

    python benchmarks/peers_crowd.py 19 < recording.json

Each client has a session of its own and repeats the recorded drag without a pause, each at another
point of it. It keeps to the page's rules: one question is under way, and of those that fall due
meanwhile only the newest is asked; Explore's strips give way where answers are slow. It fetches the
pictures that the answers name, as a page does, and draws nothing. It ends when its standard input
is closed, and prints the answers it got.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
import re
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

Question = tuple[float, bytes]  # seconds from the start of the drag, what was sent
Ask = Callable[[bytes], Awaitable[None]]
STRIPS = 1024  # bytes; codes of a whole strip are a larger question
PICTURE = re.compile(rb"/media/[0-9a-f]+\.png|/gradio_api/file=[^\"\s]+?\.png")


@dataclass
class Line:
    """One connection of a page: a WebSocket, or POSTs to one address."""

    url: str
    opening: list[bytes] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)


def dump(lines: list[Line], seconds: float) -> str:
    """As JSON, for the standard input of this script."""
    parts = [asdict(line) for line in lines]
    text = json.dumps(
        {"seconds": seconds, "lines": parts}, default=lambda raw: base64.b64encode(raw).decode()
    )
    return text.replace("\n", " ") + "\n"


def load(text: str) -> tuple[list[Line], float]:
    """What :func:`dump` has written."""
    recording = json.loads(text)
    lines = [
        Line(
            line["url"],
            [base64.b64decode(raw) for raw in line["opening"]],
            [(due, base64.b64decode(raw)) for due, raw in line["questions"]],
        )
        for line in recording["lines"]
    ]
    return lines, recording["seconds"]


class Client:
    """One user: every line of the page, with a session of its own."""

    def __init__(self, lines: list[Line], seconds: float) -> None:
        self.answers = 0
        self._lines = lines
        self._seconds = seconds
        self._trip = self._strips_from = 0.0  # seconds of small questions; no strips before then
        self._session = f"{random.getrandbits(64):x}"

    async def run(self) -> None:
        """Drag until cancelled."""
        start = asyncio.get_running_loop().time() - random.random() * self._seconds
        await asyncio.gather(*(self._run(line, start) for line in self._lines))

    async def _run(self, line: Line, start: float) -> None:
        url = urlsplit(line.url)
        if url.scheme == "http":
            await self._repeat(line, start, lambda body: self._ask_gradio(url.netloc, body))
            return
        streamlit = url.path.endswith("/_stcore/stream")
        protocols = [Subprotocol("streamlit")] if streamlit else None
        async with connect(
            line.url,
            subprotocols=protocols,
            origin=None if streamlit else f"http://{url.netloc}",  # type: ignore[arg-type]
            compression=None,
            max_size=None,
            open_timeout=120,
            ping_interval=None,  # browsers do not ask either whether the server is still there
        ) as socket:
            for frame in line.opening:
                await socket.send(frame)
            if not streamlit:
                await self._repeat(line, start, lambda frame: self._ask_live(socket, frame))
                return
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read_streamlit(socket, url.netloc))
                group.create_task(self._repeat(line, start, socket.send))

    async def _repeat(self, line: Line, start: float, ask: Ask) -> None:
        """Ask each question when it is due, but of several that are due only the newest."""
        loop = asyncio.get_running_loop()
        asked = 0  # questions dealt with since the first start
        while True:
            passed = loop.time() - start
            rounds, within = divmod(passed, self._seconds)
            due = sum(when <= within for when, _ in line.questions)
            newest = int(rounds) * len(line.questions) + due
            if newest > asked:
                asked = newest
                await ask(line.questions[(newest - 1) % len(line.questions)][1])
            else:
                following = [when for when, _ in line.questions if when > within]
                until = following[0] if following else self._seconds + line.questions[0][0]
                await asyncio.sleep(max(0.001, until - within))

    async def _ask_live(self, socket: ClientConnection, frame: bytes) -> None:
        begun = asyncio.get_running_loop().time()
        strips = len(frame) >= STRIPS
        if strips and begun < self._strips_from:
            return
        await socket.send(frame)
        # Text is a refusal, which pages get too: originals are not at hand without the data set.
        self.answers += isinstance(await socket.recv(), bytes)
        took = asyncio.get_running_loop().time() - begun
        if strips:  # pages/components/strips.js paces itself so
            self._strips_from = begun + 2 * max(took, self._trip)
        else:
            self._trip += 0.3 * (took - self._trip)

    async def _read_streamlit(self, socket: ClientConnection, host: str) -> None:
        async for message in socket:
            if isinstance(message, bytes):
                await self._fetch_pictures(host, message)

    async def _ask_gradio(self, host: str, body: bytes) -> None:
        question = json.loads(body) | {"session_hash": self._session}
        await http(host, "POST", "/gradio_api/queue/join?", json.dumps(question).encode())
        path = f"/gradio_api/queue/data?session_hash={self._session}"
        await self._fetch_pictures(host, await http(host, "GET", path))

    async def _fetch_pictures(self, host: str, answer: bytes) -> None:
        for path in set(PICTURE.findall(answer)):
            await http(host, "GET", path.decode())
            self.answers += 1


async def http(host: str, method: str, path: str, body: bytes = b"") -> bytes:
    """The whole answer to one request, its head included.

    Raises:
        RuntimeError: if its status is not 200.
    """
    name, port = host.split(":")
    reader, writer = await asyncio.open_connection(name, int(port))
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    answer = await reader.read()
    writer.close()
    if answer.split(b" ", 2)[1:2] != [b"200"]:
        raise RuntimeError(f"{method} {path}: {answer[:200]!r}")
    return answer


async def main(users: int) -> None:
    lines, seconds = load(sys.stdin.readline())
    clients = [Client(lines, seconds) for _ in range(users)]
    started = asyncio.get_running_loop().time()
    crowd = asyncio.gather(*(client.run() for client in clients))
    end = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    await asyncio.wait([crowd, end], return_when=asyncio.FIRST_COMPLETED)
    if crowd.done():
        crowd.result()  # nobody of the crowd may leave: this raises
    passed = asyncio.get_running_loop().time() - started
    crowd.cancel()
    await asyncio.gather(crowd, return_exceptions=True)
    answers = sum(client.answers for client in clients)
    print(json.dumps({"answers_per_user_and_second": round(answers / users / passed, 2)}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
