"""Starting the command, in a pseudo-terminal or with pipes, and learning for certain whether it started."""

import errno
import os
import struct
import termios

from recordings.capture import signals, terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn


NOT_FOUND, NOT_EXECUTABLE = 127, 126


class Command:
    """What to run: `program` is looked up in PATH, `arguments` start with the name the program sees as its own."""

    __slots__ = ("arguments", "environment", "program")

    def __init__(self, arguments: list[str], environment: dict[str, str], program: str = "") -> None:
        self.arguments = arguments
        self.environment = environment
        self.program = program or arguments[0]

    def become(self) -> "NoReturn":
        """Replace this process by the command. Raises CannotRun."""
        signals.stop_ignoring()
        try:
            self._execute()
        except (OSError, ValueError) as error:
            raise CannotRun(self.program, getattr(error, "errno", None) or errno.EINVAL) from error

    def _execute(self) -> "NoReturn":
        try:
            os.execvpe(self.program, self.arguments, self.environment)
        except OSError as error:
            if error.errno != errno.ENOEXEC:
                raise
        # A script without `#!`: shells run it by /bin/sh, and so does execvp(3).
        path = find(self.program, self.environment)
        os.execve("/bin/sh", ["sh", path, *self.arguments[1:]], self.environment)


class CannotRun(Exception):
    """The command was not started. `status` is what a shell would return: 127 not found, 126 anything else."""

    def __init__(self, program: str, number: int) -> None:
        reason = "not found" if number == errno.ENOENT else os.strerror(number).lower()
        super().__init__(f"{program}: {reason}")
        self.status = NOT_FOUND if number == errno.ENOENT else NOT_EXECUTABLE


def find(program: str, environment: dict[str, str]) -> str:
    """Path of a program as execvp(3) finds it."""
    if "/" in program:
        return program
    candidates = [os.path.join(folder, program) for folder in os.get_exec_path(environment)]
    return next((path for path in candidates if os.access(path, os.X_OK)), program)


def in_terminal(
    command: Command,
    caught: "signals.Signals",
    *,
    size: "terminal.Window",
    modes: "list[Any] | None",
    own_stderr: bool,
) -> tuple[int, int]:
    """Start the command in a new pseudo-terminal; returns its pid and the terminal's master side.

    The size and modes are set before the command exists: tmux, for one, looks once. With `own_stderr` the command
    keeps our standard error, which then is not the terminal. Raises OSError if there is no terminal to be had, and
    CannotRun.
    """
    master, slave = os.openpty()
    try:
        terminal.set_window(slave, size)
        if modes is not None:
            terminal.set_modes(slave, termios.TCSANOW, modes)
        stderr = os.dup(2) if own_stderr else -1

        def enter() -> None:
            os.close(master)
            os.login_tty(slave)
            if stderr >= 0:
                os.dup2(stderr, 2)

        try:
            pid = start(command, caught, enter)
        finally:
            if stderr >= 0:
                os.close(stderr)
    except BaseException:
        os.close(master)
        raise
    finally:
        os.close(slave)
    os.set_blocking(master, False)
    return pid, master


def with_pipes(command: Command, caught: "signals.Signals", pipes: dict[int, int]) -> int:
    """Start the command with `pipes` in the places of its descriptors (number to descriptor); returns its pid.

    Raises OSError if it cannot be forked, and CannotRun.
    """

    def enter() -> None:
        for number, fd in pipes.items():
            os.dup2(fd, number)

    return start(command, caught, enter)


def start(command: Command, caught: "signals.Signals", enter: "Callable[[], None]") -> int:
    """Fork, `enter()` in the child, run the command there. Signals stay blocked in the parent."""
    told, tell = os.pipe()
    try:
        pid = os.fork()
        if pid == 0:
            _run_in_child(command, caught, enter, tell)
    finally:
        os.close(tell)
    try:
        # Nothing comes if the command started: its end of the pipe closed as it did.
        report = os.read(told, 4)
    finally:
        os.close(told)
    if report:
        os.waitpid(pid, 0)
        raise CannotRun(command.program, struct.unpack("i", report)[0])
    return pid


def _run_in_child(
    command: Command, caught: "signals.Signals", enter: "Callable[[], None]", tell: int
) -> "NoReturn":
    """Never returns and never raises: this process must not run on as a second recorder."""
    number = errno.EINVAL
    try:
        caught.restore_in_child()
        enter()
        command.become()
    except CannotRun as error:
        number = getattr(error.__cause__, "errno", None) or errno.EINVAL
    except OSError as error:
        number = error.errno or errno.EINVAL
    finally:
        os.write(tell, struct.pack("i", number))
        os._exit(NOT_FOUND)


def exit_status(status: int) -> int:
    """A wait status as a shell tells it: 128 and the number for a signal."""
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
