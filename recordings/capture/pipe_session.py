"""A command whose output goes to a file or another program: no terminal comes between, bytes stay as they are.

A pseudo-terminal would turn every line feed into two bytes and put errors among the results. So the command gets a
pipe for its output and one for its errors, and `emit(moment, code, data)` is told what passed.
"""

import os
import select
import signal
import time

from recordings.capture import signals, spawn, terminal
from recordings.capture.asciicast import INPUT, OUTPUT
from recordings.capture.ending import IDLE_SECONDS, Ending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from recordings.capture.typed import TypedInput

    Emit = Callable[[float, str, bytes], None]

# Beside asciicast's codes: what the command said on standard error. A renderer makes output of it.
ERRORS = "e"
READ_BYTES = 64 * 1024
KEPT_BYTES = 1024
KILL_AFTER_SECONDS = 2.0
CAUGHT = (*signals.FORWARDED, signal.SIGCHLD)


class Stream:
    """One of the command's outputs: `source` is our end of its pipe, `outlet` where it goes on to."""

    def __init__(self, source: int, outlet: int, code: str) -> None:
        self.source = source
        self.outlet = terminal.Outlet(outlet)
        self.code = code
        self.ended = False
        self.last = b""

    def end(self) -> None:
        """Read no more: a command that writes on learns it as it would without us, by SIGPIPE."""
        if not self.ended:
            self.ended = True
            os.close(self.source)


class PipeSession:
    """Runs one command. `typed`, if given, decides what of the input is told of; else we do not see the input."""

    _emit: "Emit"

    def __init__(self, typed: "TypedInput | None" = None) -> None:
        self.size = (terminal.window(1) or terminal.window(2) or terminal.DEFAULT_WINDOW)[:2]
        self.signals = signals.Signals(CAUGHT)
        self._typed = typed
        self._streams: list[Stream] = []
        self._log: Stream | None = None
        self._log_end = -1
        self._input = b""
        self._input_ended = typed is None
        self._feed = -1
        self._pid = -1
        self._status: int | None = None
        self._ending = Ending()
        self._kill_at: float | None = None
        self._poll = select.poll()

    def run(self, command: spawn.Command, emit: "Emit", started: "Callable[[], None]") -> int:
        """Run the command to its end, telling `emit` of it; `started()` is called once it runs.

        Raises OSError and CannotRun before that, and only then. Signals stay caught until `close`, so that none
        ends the recorder while it puts the recording away.
        """
        self._emit = emit
        self.signals.catch()
        self._start(command)
        started()
        self.signals.unblock()
        self._poll.register(self.signals.fd, select.POLLIN)
        while self._status is None or self._has_more():
            self._turn()
        if self._log:
            self._pass_on(self._log)
        return self._status

    def log_file(self) -> str:
        """A path the command may write messages of its own to; "" if the system has none to offer.

        They go where errors go, and the last of them are in `logged` afterwards.
        """
        source, self._log_end = os.pipe()
        # By way of this process: ssh, for one, closes every descriptor it inherits.
        path = f"/proc/{os.getpid()}/fd/{self._log_end}"
        if not os.path.exists(path):
            os.close(source)
            os.close(self._log_end)
            self._log_end = -1
            return ""
        os.set_blocking(source, False)
        self._log = Stream(source, 2, ERRORS)
        return path

    @property
    def logged(self) -> bytes:
        """The last of what came through `log_file`."""
        return self._log.last if self._log else b""

    @property
    def last_errors(self) -> bytes:
        """The last of what came on standard error."""
        return next((stream.last for stream in self._streams if stream.code == ERRORS), b"")

    def close(self) -> None:
        """Give back what `run` took. What the command left running is left a process that passes its output on."""
        self.signals.release()
        if self._log:
            self._log.end()
            os.close(self._log_end)
        open_streams = [stream for stream in self._streams if not stream.ended]
        if open_streams and os.fork() == 0:
            leave_behind(open_streams)
        for stream in self._streams:
            stream.end()
            stream.outlet.close()
        if self._feed >= 0:
            os.close(self._feed)

    def _start(self, command: spawn.Command) -> None:
        """Give the command a pipe for each place its output goes to."""
        ends: dict[int, int] = {}
        try:
            for number, code in ((1, OUTPUT), (2, ERRORS)):
                if number == 2 and same_place():
                    ends[2] = ends[1]
                    continue
                source, ends[number] = os.pipe()
                self._streams.append(Stream(source, number, code))
            if self._typed is not None:
                ends[0], self._feed = os.pipe()
                os.set_blocking(self._feed, False)
            self._pid = spawn.with_pipes(command, self.signals, ends)
        finally:
            for fd in set(ends.values()):
                os.close(fd)

    def _has_more(self) -> bool:
        going = [stream for stream in self._streams if not stream.ended]
        if not going or any(stream.outlet.pending for stream in self._streams):
            return any(stream.outlet.pending for stream in self._streams)
        # On a busy machine the time may be over though nobody has looked yet.
        return not self._ending.over or (not self._ending.enough and any(map(self._pass_on_at_once, going)))

    def _pass_on_at_once(self, stream: Stream) -> bool:
        """False if there was nothing."""
        look = select.poll()
        look.register(stream.source, select.POLLIN)
        if not look.poll(0):
            return False
        self._pass_on(stream)
        return not stream.ended

    # The loop

    def _turn(self) -> None:
        self._watch()
        timeout = self._timeout()
        before = time.monotonic()
        ready = self._poll.poll(timeout)
        if timeout is not None:
            self._time_passed(before)
        for fd, _ in ready:
            if fd == self.signals.fd:
                self._take_signals()
            elif fd == self._feed:
                self._send_input()
            elif fd == 0:
                self._pass_on_input()
            else:
                self._stream_ready(fd)

    def _watch(self) -> None:
        """Poll for what can be dealt with now: a source only when what it last gave has been passed on."""
        for stream in self._all_streams():
            pending = bool(stream.outlet.pending)
            if not stream.ended:
                self._watch_for(stream.source, 0 if pending else select.POLLIN)
            self._watch_for(stream.outlet.fd, select.POLLOUT if pending else 0)
        if self._typed is not None:
            self._watch_for(0, 0 if self._input or self._input_ended else select.POLLIN)
            if self._feed >= 0:
                self._watch_for(self._feed, select.POLLOUT if self._input else 0)

    def _all_streams(self) -> list[Stream]:
        return [*self._streams, self._log] if self._log else self._streams

    def _watch_for(self, fd: int, events: int) -> None:
        self._poll.register(fd, events)
        if not events:
            self._poll.unregister(fd)

    def _timeout(self) -> float | None:
        """Milliseconds until something is to be looked at though nothing happened."""
        if self._ending.begun or self._kill_at is not None:
            return IDLE_SECONDS * 1000
        return None

    def _time_passed(self, before: float) -> None:
        now = time.monotonic()
        if not any(stream.outlet.pending for stream in self._streams):
            self._ending.waited(now - before)
        if self._kill_at is not None and now > self._kill_at:
            self._kill_at = None
            signals.send(self._pid, signal.SIGKILL)

    # Bytes

    def _stream_ready(self, fd: int) -> None:
        for stream in self._all_streams():
            if fd == stream.source and not stream.ended:
                self._pass_on(stream)
            elif fd == stream.outlet.fd:
                stream.outlet.flush()

    def _pass_on(self, stream: Stream) -> None:
        try:
            data = os.read(stream.source, READ_BYTES)
        except BlockingIOError:
            return
        if not data:
            self._end(stream)
            return
        moment = time.monotonic()
        stream.last = data[-KEPT_BYTES:]
        stream.outlet.write(data)
        self._emit(moment, stream.code, data)
        self._ending.read(len(data))
        if self._typed is not None:
            self._typed.shown(data)
        if stream.outlet.closed and stream is not self._log:
            self._end(stream)

    def _end(self, stream: Stream) -> None:
        # It may not be watched at the moment: what it last gave has only just been passed on.
        self._watch_for(stream.source, 0)
        stream.end()

    def _pass_on_input(self) -> None:
        try:
            data = os.read(0, READ_BYTES)
        except OSError:
            data = b""  # a terminal that went away
        moment = time.monotonic()
        if not data:
            self._input_ended = True
        self._input += data
        self._send_input()
        told = self._typed.take(data, hidden=os.isatty(0) and terminal.hides_typing(0)) if self._typed else b""
        if told:
            self._emit(moment, INPUT, told)

    def _send_input(self) -> None:
        try:
            sent = os.write(self._feed, self._input) if self._input else 0
        except BlockingIOError:
            return
        except OSError:
            self._input_ended = True  # the command reads no more
            sent = len(self._input)
        self._input = self._input[sent:]
        if self._input_ended and not self._input:
            self._watch_for(self._feed, 0)
            os.close(self._feed)
            self._feed = -1

    # Signals

    def _take_signals(self) -> None:
        for number in self.signals.take():
            if number == signals.WOKEN:
                self._hang_up()
            elif number == signal.SIGCHLD:
                self._reap()
            else:
                self._forward(number)

    def _reap(self) -> None:
        if self._status is None:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                self._status = spawn.exit_status(status)
                self._ending.begin()

    def _forward(self, number: int) -> None:
        """Pass a signal on, unless the terminal has sent it to the command as well: both are in one group."""
        if self._status is not None:
            for stream in self._streams:
                stream.outlet.give_up()
        elif number not in (signal.SIGINT, signal.SIGQUIT) or not from_keyboard():
            signals.send(self._pid, number)

    def _hang_up(self) -> None:
        """End the command, and kill it if it stays."""
        signals.send(self._pid, signal.SIGHUP)
        signals.send(self._pid, signal.SIGCONT)
        self._kill_at = time.monotonic() + KILL_AFTER_SECONDS


def same_place() -> bool:
    """Whether output and errors go into one file or pipe: then their order matters, and one pipe keeps it.

    On a terminal they are kept apart: a recording can then show errors as such.
    """
    try:
        return os.path.samestat(os.fstat(1), os.fstat(2)) and not os.isatty(1)
    except OSError:
        return False


def from_keyboard() -> bool:
    """Whether an interrupt may have come from the terminal's keyboard, so that our whole group has it."""
    try:
        fd = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return terminal.in_foreground(fd)
    finally:
        os.close(fd)


def leave_behind(streams: list[Stream]) -> None:
    """Pass output on, unrecorded, until nobody holds the pipes any more. Never returns: it has its own process.

    Without it, whatever the command left running in the background would die of SIGPIPE with the recorder's end.
    """
    try:
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, signal.SIG_IGN)
        poll = select.poll()
        sources = {stream.source: stream.outlet.fd for stream in streams}
        for stream in streams:
            stream.outlet.wait_when_full()
            poll.register(stream.source, select.POLLIN)
        while sources:
            for source, _ in poll.poll():
                if not copy_some(source, sources[source]):
                    poll.unregister(source)
                    os.close(source)
                    del sources[source]
    finally:
        os._exit(0)


def copy_some(source: int, outlet: int) -> bool:
    """Copy what there is; False at the end, on either side."""
    data = os.read(source, READ_BYTES)
    try:
        while data:
            data = data[os.write(outlet, data) :]
            if not data:
                return True
    except OSError:
        return False
    return False
