"""Many clients that each upload at a pace of their own, in one loop, as a process of its own (`child`).

Asked to `begin`, with `port`, `uploads` (of each the `head` of its requests, with {at} for the offset, and the
offset `at` of the first), `file` (the body of every request), `turn` (bytes a client sends at a time) and `every`
(seconds from turn to turn). Clients take their first turns one after the other, and every further one when it is
due, or as soon as what was due before is answered. Asked to `end`, it answers with how late answers were, in
seconds from when a request's last turn was due: of all that were due between `warm` seconds after the beginning and
the last second.
"""

import heapq
import os
import select
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench.child import Answer, answer
from tests.bench.report import percentiles

_LAST_ANSWERS = 15.0  # seconds


class Crowd:
    def __init__(self, question: Answer) -> None:
        self._file = open(question["file"], "rb", buffering=0)  # noqa: SIM115  (open for as long as the crowd is)
        self._length = Path(question["file"]).stat().st_size
        self._turn, self._every, self._warm = question["turn"], question["every"], question["warm"]
        self._clients = [_Client(_connected(question["port"]), **each) for each in question["uploads"]]
        self._by_socket = {client.socket.fileno(): client for client in self._clients}
        self._poll = select.epoll()
        for number in self._by_socket:
            self._poll.register(number, select.EPOLLIN)
        self._late: list[tuple[float, float]] = []  # when it was due, and how late it was
        self._over: float | None = None  # when
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def end(self) -> Answer:
        self._over = now = time.monotonic()
        self._thread.join()
        waiting = [(client.due, now - client.due) for client in self._clients if client.is_awaiting_answer]
        for client in self._clients:
            client.socket.close()
        self._file.close()
        self._poll.close()
        if self._error:
            raise self._error
        begun = self._began + self._warm
        late = [seconds for due, seconds in [*self._late, *waiting] if begun <= due < now - 1]
        return {"answers": len(late), **(percentiles(late) if late else {})}

    def _run(self) -> None:
        try:
            self._loop()
        except Exception as error:
            self._error = error

    def _loop(self) -> None:
        self._began = time.monotonic()
        apart = self._every / len(self._clients)
        turns = [(self._began + place * apart, place) for place in range(len(self._clients))]
        heapq.heapify(turns)
        while not self._is_done():
            now = time.monotonic()
            while turns[0][0] <= now and self._over is None:
                due, place = heapq.heappop(turns)
                heapq.heappush(turns, (due + self._every, place))
                self._clients[place].turns.append(due)
                self._go_on(self._clients[place])
            for number, events in self._poll.poll(min(0.1, max(0.001, turns[0][0] - time.monotonic()))):
                client = self._by_socket[number]
                if events & select.EPOLLIN:
                    self._receive(client)
                self._go_on(client)

    def _is_done(self) -> bool:
        """Once it is over: whether all that was sent whole is answered too; nobody can go on from there before."""
        if self._over is None:
            return False
        unanswered = any(client.is_awaiting_answer for client in self._clients)
        return not unanswered or time.monotonic() > self._over + _LAST_ANSWERS

    def _go_on(self, client: "_Client") -> None:
        """Send what is due and the socket takes."""
        while client.is_free:
            if client.left_of_turn == 0:
                client.due = client.turns.pop(0)
                client.left_of_turn = min(self._turn, self._length - client.sent)
                if client.sent == 0:
                    client.socket.sendall(client.head.replace("{at}", str(client.at)).encode())
            try:
                went = os.sendfile(client.socket.fileno(), self._file.fileno(), client.sent, client.left_of_turn)
            except BlockingIOError:
                went = 0
            client.sent += went
            client.left_of_turn -= went
            client.is_awaiting_answer = client.sent == self._length
            self._listen(client, blocked=client.left_of_turn > 0)
            if client.left_of_turn:
                return

    def _listen(self, client: "_Client", *, blocked: bool) -> None:
        if blocked != client.is_blocked:
            client.is_blocked = blocked
            self._poll.modify(client.socket.fileno(), select.EPOLLIN | (select.EPOLLOUT if blocked else 0))

    def _receive(self, client: "_Client") -> None:
        got = client.socket.recv(4096)
        client.answer += got
        whole = b"\r\n\r\n" in client.answer
        if not got or (whole and not client.answer.startswith(b"HTTP/1.1 204 ")):
            raise ConnectionError(f"{client.sent} of {self._length} bytes: {client.answer!r}")
        if whole:
            self._late.append((client.due, time.monotonic() - client.due))
            client.at, client.sent, client.answer = client.at + self._length, 0, b""
            client.is_awaiting_answer = False


@dataclass
class _Client:
    """`at` is the offset of its upload, `sent` how much of the present request's body has been sent."""

    socket: socket.socket
    head: str
    at: int
    sent: int = 0
    left_of_turn: int = 0
    due: float = 0
    answer: bytes = b""
    is_awaiting_answer: bool = False
    is_blocked: bool = False

    def __post_init__(self) -> None:
        self.turns: list[float] = []

    @property
    def is_free(self) -> bool:
        """Whether there is something to send, and the server expects it."""
        return not self.is_awaiting_answer and bool(self.left_of_turn or self.turns)


def _connected(port: int) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), timeout=30)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.setblocking(False)
    return made


_crowds: list[Crowd] = []


def respond(question: Answer) -> Answer:
    if question["do"] == "begin":
        _crowds.append(Crowd(question))
        return {}
    return _crowds.pop().end()


if __name__ == "__main__":
    answer(respond)
