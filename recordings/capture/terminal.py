"""The user's own terminal: its size, its modes, and writing to it without ever waiting for it."""

import errno
import fcntl
import os
import stat
import struct
import termios

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Columns, rows, and the whole in pixels, which programs that show pictures ask for; 0 where that is not known.
Window = tuple[int, int, int, int]
DEFAULT_WINDOW: Window = (80, 24, 0, 0)
IFLAG, OFLAG, CFLAG, LFLAG, ISPEED, OSPEED, CC = range(7)


def window(fd: int) -> Window | None:
    """How large a terminal is; None if `fd` is none or does not know its size."""
    try:
        rows, columns, width, height = struct.unpack("HHHH", fcntl.ioctl(fd, termios.TIOCGWINSZ, b"\0" * 8))
    except OSError:
        return None
    return (columns, rows, width, height) if columns and rows else None


def set_window(fd: int, size: Window) -> None:
    """Tell a pseudo-terminal how large it is; the kernel tells the programs in it."""
    columns, rows, width, height = size
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, width, height))


def attributes(fd: int) -> "list[Any] | None":
    """The terminal's modes; None if `fd` is no terminal."""
    try:
        return termios.tcgetattr(fd)
    except (termios.error, OSError):
        return None


def set_modes(fd: int, when: int, modes: "list[Any]") -> bool:
    """Set the terminal's modes as termios.tcsetattr does; False if the terminal is gone, which needs none."""
    while True:
        try:
            termios.tcsetattr(fd, when, modes)
        except termios.error as error:
            if error.args[0] == errno.EINTR:
                continue  # waiting for its output, it was told of a signal
            if error.args[0] != errno.EIO:
                raise
            return False
        return True


def hides_typing(master: int) -> bool:
    """Whether the program in a pseudo-terminal reads a line without echo, as for a password.

    Echo off alone says nothing: editors, shells and ssh turn it off together with line mode.
    """
    modes = attributes(master)
    return modes is None or bool(modes[LFLAG] & termios.ICANON and not modes[LFLAG] & termios.ECHO)


class RawMode:
    """The terminal at `fd` handed through untouched: every key is a byte, nothing is echoed.

    Entered only while this process is in the foreground: setting modes from the background would stop it.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._before: list[Any] | None = None

    @property
    def on(self) -> bool:
        return self._before is not None

    def enter(self) -> "list[Any] | None":
        """Go raw, if this is a terminal that is ours to change. Returns the modes it had if so."""
        before = attributes(self._fd)
        if before is None or self.on or not in_foreground(self._fd):
            return None
        if not set_modes(self._fd, termios.TCSANOW, raw(before)):
            return None
        self._before = before
        return before

    def leave(self) -> None:
        """Put the modes back as they were."""
        before, self._before = self._before, None
        if before is not None:
            set_modes(self._fd, termios.TCSADRAIN, before)


def in_foreground(fd: int) -> bool:
    """Whether this process may use the terminal `fd`: always, if it is not the one that controls us."""
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        return True


def raw(modes: "list[Any]") -> "list[Any]":
    """`modes` as cfmakeraw(3) would have them."""
    iflag, oflag, cflag, lflag, ispeed, ospeed, cc = modes
    iflag &= ~(termios.IGNBRK | termios.BRKINT | termios.PARMRK | termios.ISTRIP)
    iflag &= ~(termios.INLCR | termios.IGNCR | termios.ICRNL | termios.IXON)
    oflag &= ~termios.OPOST
    cflag = cflag & ~(termios.CSIZE | termios.PARENB) | termios.CS8
    lflag &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN)
    cc = list(cc)
    cc[termios.VMIN], cc[termios.VTIME] = 1, 0
    return [iflag, oflag, cflag, lflag, ispeed, ospeed, cc]


class Outlet:
    """Where output goes on to. `write` takes everything at once; `pending` is what is yet to be taken there."""

    def __init__(self, fd: int) -> None:
        self.fd, self._own = reopened(fd)
        self.pending = b""
        self.closed = False
        # Why it closed, where that is not simply that nobody reads any more.
        self.error: OSError | None = None

    def write(self, data: bytes) -> None:
        """Pass on what the other side takes now, keep the rest for `flush`."""
        if self.pending:
            self.pending += data
        elif not self.closed:
            sent = self._send(data)
            if sent < len(data):
                self.pending = data[sent:]

    def flush(self) -> None:
        """Pass on more of what is pending."""
        self.pending = self.pending[self._send(self.pending) :]

    def give_up(self) -> None:
        """Forget what is pending and take no more."""
        self.pending = b""
        self.closed = True

    def wait_when_full(self) -> None:
        """From now on `write` blocks until all is taken, if this is a descriptor of our own."""
        if self._own:
            os.set_blocking(self.fd, True)

    def close(self) -> None:
        """End it; the descriptor it was made from stays open."""
        if self._own:
            os.close(self.fd)

    def _send(self, data: bytes) -> int:
        """How much of it is dealt with; all, once nobody reads any more."""
        try:
            return os.write(self.fd, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            self.closed = True
            if error.errno not in (errno.EPIPE, errno.EIO, errno.EBADF):
                self.error = error
            return len(data)


def reopened(fd: int) -> tuple[int, bool]:
    """A non-blocking way to the same terminal or pipe, and whether it is a new one; `fd` itself if there is none.

    Making `fd` itself non-blocking would do so for every other process that has it, the user's shell first.
    """
    try:
        mode = os.fstat(fd).st_mode
        if stat.S_ISCHR(mode) or stat.S_ISFIFO(mode):
            path = os.ttyname(fd) if os.isatty(fd) else f"/dev/fd/{fd}"
            return os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC), True
    except OSError:
        return fd, False
    return fd, False
