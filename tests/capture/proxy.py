"""An SSH proxy that records who goes through it: clients log in here, and what they do happens on another server.

An example of use of `SessionRecorder`. Terminals, sizes, signals, exit statuses and separate errors pass through.
"""

import asyncio
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from recordings.capture import RecordingConfig, SessionRecorder

BLOCK = 32 * 1024


class Door(asyncssh.SSHServer):
    """Lets in whoever has one of the keys that are authorised."""

    def public_key_auth_supported(self) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return False


@dataclass
class Proxy:
    """Forwards to `host` and `port` with the key `user_key`, and records with `config`."""

    host: str
    port: int
    user: str
    user_key: Path
    config: RecordingConfig
    sessions: list[str] = field(default_factory=list)

    async def listen(self, authorized_keys: Path) -> asyncssh.SSHAcceptor:
        """Start to listen on a free port of 127.0.0.1."""
        return await asyncssh.create_server(
            Door,
            "127.0.0.1",
            0,
            server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
            authorized_client_keys=str(authorized_keys),
            process_factory=self._serve,
            encoding=None,
            line_editor=False,
        )

    async def _serve(self, client: asyncssh.SSHServerProcess[bytes]) -> None:
        async with asyncssh.connect(
            self.host, self.port, username=self.user, client_keys=[str(self.user_key)], known_hosts=None
        ) as connection:
            size = client.term_size
            server = await connection.create_process(
                client.command, term_type=client.term_type, term_size=size, encoding=None
            )
            session_id = str(uuid.uuid4())
            self.sessions.append(session_id)
            metadata = {"user": client.get_extra_info("username"), "host": self.host, "command": client.command}
            recorder = SessionRecorder(self.config, session_id, size[0] or 80, size[1] or 24, metadata)
            recorder.start()
            try:
                await self._pass_on(client, server, recorder)
            finally:
                recorder.stop()
                recorder.write_metadata()

    async def _pass_on(
        self,
        client: asyncssh.SSHServerProcess[bytes],
        server: asyncssh.SSHClientProcess[bytes],
        recorder: SessionRecorder,
    ) -> None:
        upward = asyncio.create_task(self._input(client, server, recorder))
        await asyncio.gather(
            self._output(server.stdout, client.stdout, recorder),
            self._output(server.stderr, client.stderr, recorder),
        )
        result = await server.wait()
        upward.cancel()
        if result.exit_signal:
            name, dumped, message, language = result.exit_signal
            client.exit_with_signal(name, dumped, message, language)
        else:
            client.exit(result.exit_status or 0)

    async def _output(
        self,
        source: "asyncssh.SSHReader[bytes]",
        target: "asyncssh.SSHWriter[bytes]",
        recorder: SessionRecorder,
    ) -> None:
        while data := await source.read(BLOCK):
            target.write(data)
            recorder.record_output(data)
            await target.drain()

    async def _input(
        self,
        client: asyncssh.SSHServerProcess[bytes],
        server: asyncssh.SSHClientProcess[bytes],
        recorder: SessionRecorder,
    ) -> None:
        while True:
            try:
                data = await client.stdin.read(BLOCK)
            except asyncssh.TerminalSizeChanged as change:
                server.change_terminal_size(*change.term_size)
                recorder.record_resize(change.width, change.height)
                continue
            except asyncssh.SignalReceived as received:
                server.send_signal(received.signal)
                continue
            except asyncssh.BreakReceived as received:
                server.send_break(received.msec)
                continue
            if not data:
                server.stdin.write_eof()
                return
            server.stdin.write(data)
            recorder.record_input(data)
            await server.stdin.drain()
