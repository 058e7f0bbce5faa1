"""A command in a pseudo-terminal, between it and the user's terminal: the loop that passes bytes and tells of them.

It knows neither files nor formats: `emit(moment, code, data)` is told what happened, after the terminal has it.
"""

import errno
import os
import select
import signal
import termios
import time

from recordings.capture import signals, spawn, terminal
from recordings.capture.asciicast import INPUT, OUTPUT, RESIZE
from recordings.capture.ending import IDLE_SECONDS, Ending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from recordings.capture.typed import TypedInput

    Emit = Callable[[float, str, bytes], None]

# Linux hands out 4 KiB less one byte at a time, others more.
READ_BYTES = 16 * 1024
# After as much there is more, most often, and asking whether costs as much as reading it. Keys wait a tenth of a
# millisecond for it.
FULL_READ_BYTES, READS_AT_ONCE = 4095, 8
# A program that reads nothing must not make us hold a paste of any size: beyond this the terminal waits.
INPUT_BACKLOG_BYTES = 1024 * 1024
# How often to look for what no event announces: coming to the foreground, a terminal opened again.
LOOK_AGAIN_SECONDS = 0.25
KILL_AFTER_SECONDS = 2.0
CAUGHT = (*signals.FORWARDED, signal.SIGWINCH, signal.SIGCHLD, signal.SIGTSTP, signal.SIGCONT)


class PtySession:
    """Runs one command. `run` returns its exit status; everything else is called from there.

    `stdin` and `stdout` are the user's terminal, or whatever else is there. `typed`, if given, decides what of the
    input is told of.
    """

    _emit: "Emit"

    def __init__(self, typed: "TypedInput | None" = None, *, stdin: int = 0, stdout: int = 1) -> None:
        self._window = terminal.window(stdout) or terminal.window(stdin) or terminal.DEFAULT_WINDOW
        self.size = self._window[:2]
        self.signals = signals.Signals(CAUGHT)
        self._typed = typed
        self._stdin, self._stdout = stdin, stdout
        self._stdin_is_terminal = os.isatty(stdin)
        self._raw = terminal.RawMode(stdin)
        self._has_modes = True
        self._outlet = terminal.Outlet(stdout)
        self._input = self._last_input = b""
        self._input_ended = False
        self._master = self._pid = -1
        self._status: int | None = None
        self._hung_up = False
        self._ending = Ending()
        self._kill_at: float | None = None
        self._poll = select.poll()
        self._watched = (False, False, False, False)

    def run(self, command: spawn.Command, emit: "Emit", started: "Callable[[], None]") -> int:
        """Run the command to its end, telling `emit` of it; `started()` is called once it runs.

        Raises OSError and CannotRun before that, and only then. Signals stay caught until `close`, so that none
        ends the recorder while it puts the recording away.
        """
        self._emit = emit
        self.signals.catch()
        try:
            self._start(command)
            started()
            self._take_terminal()
            self.signals.unblock()
            self._poll.register(self.signals.fd, select.POLLIN)
            while self._status is None or self._has_more():
                self._watch()
                self._turn()
        finally:
            self._raw.leave()
        return self._status

    def close(self) -> None:
        """Give back what `run` took."""
        self.signals.release()
        self._outlet.close()
        if self._master >= 0:
            os.close(self._master)

    def _start(self, command: spawn.Command) -> None:
        # In the background these are the modes of whatever is in the foreground, a shell's line editor perhaps.
        self._has_modes = not self._stdin_is_terminal or terminal.in_foreground(self._stdin)
        self._pid, self._master = spawn.in_terminal(
            command,
            self.signals,
            size=self._window,
            modes=(terminal.attributes(self._stdin) or terminal.attributes(self._stdout))
            if self._has_modes
            else None,
            own_stderr=os.isatty(self._stdout) and not os.isatty(2),
        )

    def _take_terminal(self) -> None:
        """Go raw if the terminal is ours now; a command started in the background gets its modes only then."""
        modes = self._raw.enter()
        if modes is not None and not self._has_modes:
            self._has_modes = True
            terminal.set_modes(self._master, termios.TCSANOW, modes)

    def _has_more(self) -> bool:
        """Whether, after the command's end, there is still output to come or to pass on."""
        if self._outlet.pending or self._hung_up:
            return bool(self._outlet.pending)
        # On a busy machine the time may be over though nobody has looked yet.
        return not self._ending.over or (not self._ending.enough and self._pass_on_output() > 0)

    # The loop

    def _turn(self) -> None:
        """Wait for something to happen and deal with it."""
        timeout = self._timeout()
        before = time.monotonic() if timeout is not None else 0.0
        ready = self._poll.poll(timeout)
        if timeout is not None:
            self._time_passed(before)
        for fd, event in ready:
            if fd == self._master:
                self._master_ready(event)
            elif fd == self._stdin:
                self._pass_on_input()
            elif fd == self._outlet.fd:
                self._outlet.flush()
            else:
                self._take_signals()

    def _watch(self) -> None:
        """Poll for what can be dealt with now and nothing else: poll reports a hang-up whether asked or not."""
        reads = not self._hung_up and not self._outlet.pending
        sends = not self._hung_up and self._input != b""
        listens = (
            not self._input_ended
            and len(self._input) < INPUT_BACKLOG_BYTES
            and (self._raw.on or not self._stdin_is_terminal)
        )
        wanted = (reads, sends, listens, self._outlet.pending != b"")
        if wanted != self._watched:
            self._watched = wanted
            self._watch_for(self._master, (select.POLLIN if reads else 0) | (select.POLLOUT if sends else 0))
            self._watch_for(self._stdin, select.POLLIN if listens else 0)
            self._watch_for(self._outlet.fd, select.POLLOUT if wanted[3] else 0)

    def _watch_for(self, fd: int, events: int) -> None:
        self._poll.register(fd, events)
        if not events:
            self._poll.unregister(fd)

    def _timeout(self) -> float | None:
        """Milliseconds until something is to be looked at though nothing happened."""
        if self._ending.begun and not self._outlet.pending:
            return IDLE_SECONDS * 1000
        if self._hung_up or self._kill_at is not None or (self._stdin_is_terminal and not self._raw.on):
            return LOOK_AGAIN_SECONDS * 1000
        return None

    def _time_passed(self, before: float) -> None:
        now = time.monotonic()
        if not self._outlet.pending:
            self._ending.waited(now - before)
        if self._kill_at is not None and now > self._kill_at:
            self._kill_at = None
            signals.send(self._pid, signal.SIGKILL)
        if self._status is None:
            # The command may open its terminal again; we may have come to the foreground.
            self._hung_up = False
            self._take_terminal()
            if self._stdin_is_terminal and not self._input_ended and terminal.attributes(self._stdin) is None:
                # It went away while we were in the background, where nobody tells us.
                self._forward(signal.SIGHUP)
                self._end_input()

    # Bytes

    def _master_ready(self, event: int) -> None:
        if event & select.POLLOUT:
            self._send_input()
        if event & ~select.POLLOUT:
            for _ in range(READS_AT_ONCE):
                if self._outlet.pending or self._pass_on_output() < FULL_READ_BYTES:
                    break

    def _pass_on_output(self) -> int:
        """Bytes, 0 if there was nothing."""
        try:
            data = os.read(self._master, READ_BYTES)
        except BlockingIOError:
            return 0
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            data = b""  # how Linux says that nobody has the other side open
        if not data:
            self._hung_up = True
            return 0
        moment = time.monotonic()
        self._outlet.write(data)
        self._emit(moment, OUTPUT, data)
        if self._typed is not None:
            self._typed.shown(data)
        self._ending.read(len(data))
        return len(data)

    def _pass_on_input(self) -> None:
        try:
            data = os.read(self._stdin, READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""  # a terminal that went away
        if not data:
            self._end_input()
            return
        moment = time.monotonic()
        # Before the command has it: what it does on reading a password's last character is to turn echo on again.
        hidden = self._typed is not None and terminal.hides_typing(self._master)
        self._last_input = data[-1:]
        self._input += data
        self._send_input()
        if self._typed is not None:
            told = self._typed.take(data, hidden=hidden)
            if told:
                self._emit(moment, INPUT, told)

    def _send_input(self) -> None:
        try:
            sent = os.write(self._master, self._input)
        except BlockingIOError:
            return
        except OSError:
            sent = len(self._input)  # nobody is there to read it
        self._input = self._input[sent:]

    def _end_input(self) -> None:
        """Tell the command that no more input comes: in a terminal that is a character, twice after half a line."""
        self._input_ended = True
        modes = terminal.attributes(self._master)
        if modes is not None:
            end = modes[terminal.CC][termios.VEOF]
            self._input += end if self._last_input in (b"", b"\n", b"\r") else end * 2

    # Signals

    def _take_signals(self) -> None:
        for number in self.signals.take():
            if number == signals.WOKEN:
                self._hang_up()
            elif number == signal.SIGCHLD:
                self._reap()
            elif number == signal.SIGWINCH:
                self._resize()
            elif number == signal.SIGTSTP:
                self._stop()
            elif number == signal.SIGCONT:
                self._go_on()
            else:
                self._forward(number)

    def _reap(self) -> None:
        if self._status is not None:
            return
        pid, status = os.waitpid(self._pid, os.WNOHANG | os.WUNTRACED)
        if pid and os.WIFSTOPPED(status):
            if not self._outlet.pending:
                self._pass_on_output()  # what it showed before it stopped is not for after the break
            self._stop()
            signals.send(self._pid, signal.SIGCONT)
        elif pid:
            self._status = spawn.exit_status(status)
            self._ending.begin()

    def _stop(self) -> None:
        """Stop, as the user or the command wants, and leave the terminal usable meanwhile."""
        self._raw.leave()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._go_on()

    def _go_on(self) -> None:
        self._take_terminal()
        self._resize()

    def _resize(self) -> None:
        window = terminal.window(self._stdout) or terminal.window(self._stdin)
        if window is None or window == self._window:
            return
        self._window = window
        moment = time.monotonic()
        terminal.set_window(self._master, window)
        if self.size != window[:2]:
            self.size = window[:2]
            self._emit(moment, RESIZE, b"%dx%d" % self.size)

    def _forward(self, number: int) -> None:
        """Pass a signal on to what runs in the foreground of the command's terminal."""
        if self._status is not None:
            self._outlet.give_up()
            return
        try:
            group = os.tcgetpgrp(self._master)
        except OSError:
            group = 0
        if group > 0:
            signals.send(group, number, group=True)
        if group != self._pid and (group <= 0 or number == signal.SIGHUP):
            signals.send(self._pid, number)

    def _hang_up(self) -> None:
        """End the command as a terminal that goes away does, and kill it if it stays."""
        self._forward(signal.SIGHUP)
        signals.send(self._pid, signal.SIGCONT)
        self._kill_at = time.monotonic() + KILL_AFTER_SECONDS
