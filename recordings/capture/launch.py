"""From a command that is to be recorded to its exit status: the policy of when to record, and what if that fails.

The command is run exactly once. Before it has started, recording may be given up for running it bare; afterwards it
is only watched.
"""

import gc
import os
import sys

from recordings.capture import home, recording
from recordings.capture.spawn import CannotRun
from recordings.capture.track import Options
from recordings.capture.transcript import TerminalText

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn, Protocol

    from recordings.capture.pipe_session import PipeSession
    from recordings.capture.pty_session import PtySession
    from recordings.capture.spawn import Command
    from recordings.capture.track import Track
    from recordings.capture.transcript import Renderer
    from recordings.capture.typed import TypedInput

    class Made(Protocol):
        """A recording begun for a command that has not started."""

        session_id: str
        path: str
        track: Track

        @property
        def duration(self) -> float: ...

        def abandon(self, status: int | None) -> None: ...

    Session = PtySession | PipeSession

SESSION_VARIABLE = "SORTIE_SESSION"
DECLINE_VARIABLE = "SORTIE_NO_RECORD"
# The recorder's own failure, where recording is required; env(1), timeout(1) and others use it so.
NOT_RECORDED = 125


class Plan:
    """What to run and how to tell of it. `name` becomes part of the file's, `header` of the cast's first line."""

    def __init__(self, command: "Command", about: dict[str, str], options: Options, *, name: str) -> None:
        self.command = command
        self.about = about
        self.options = options
        self.name = name
        self.header: dict[str, object] = {}
        self.typed: TypedInput | None = None
        # Use a terminal even where there is none; say nothing at the end.
        self.force_terminal = False
        self.quiet = False


def declined() -> bool:
    """Whether the environment says not to record."""
    return os.environ.get(DECLINE_VARIABLE, "").lower() not in ("", "0", "false")


def is_nested() -> bool:
    """Whether a recording is going on around us.

    What the variable names may be over: whatever outlives a recorded session, such as a tmux server, hands it on.
    """
    session = os.environ.get(SESSION_VARIABLE)
    if not session:
        return False
    from recordings.capture import cast_file, library

    found = library.with_id(session)
    return not found or any(cast_file.is_locked(path) for path in found)


def run(plan: Plan) -> int:
    """Run the command, recorded. Returns its exit status, or NOT_RECORDED. Raises CannotRun."""
    in_terminal = plan.force_terminal or (os.isatty(0) and os.isatty(1))
    session, renderer = session_for(plan, in_terminal=in_terminal)
    try:
        made = begin(plan, session, renderer)
    except OSError as error:
        return without_recording(plan.command, plan.options, error)
    status = watch(session, plan, made)
    problem = made.finish(status)
    session.close()
    if not plan.quiet:
        tell(made, problem)
    return NOT_RECORDED if problem and plan.options.required else status


def session_for(plan: Plan, *, in_terminal: bool) -> "tuple[Session, Renderer]":
    """What runs the command: in a terminal of its own, or with pipes where bytes must stay as they are."""
    if in_terminal:
        from recordings.capture.pty_session import PtySession

        return PtySession(plan.typed), TerminalText()
    from recordings.capture.pipe_session import PipeSession
    from recordings.capture.presentation import CommandText

    return PipeSession(plan.typed), CommandText()


def begin(plan: Plan, session: "Session", renderer: "Renderer") -> recording.Recording:
    """Begin the recording. Raises OSError."""
    return recording.begin(
        plan.about,
        plan.options,
        renderer,
        name=plan.name,
        size=session.size,
        header=plan.header,
        on_error=when_lost(plan.options, session),
    )


def when_lost(options: Options, session: "Session") -> "Callable[[], None] | None":
    """What to do when writing fails while the command runs: nothing, unless recording is required."""
    return session.signals.wake if options.required else None


def watch(session: "Session", plan: Plan, made: "Made") -> int:
    """Run the command to its end. Returns its status. Raises CannotRun; ends here if it cannot be recorded."""
    plan.command.environment = {**plan.command.environment, SESSION_VARIABLE: made.session_id}
    # Nothing here makes cycles, and a collection in the wrong moment is felt at the keyboard.
    gc.freeze()
    gc.disable()
    started = False

    def start() -> None:
        nonlocal started
        started = True
        made.track.start()

    try:
        return session.run(plan.command, made.track.put, start)
    except CannotRun as error:
        made.abandon(error.status)
        session.close()
        raise
    except OSError as error:
        if started:
            raise
        made.abandon(None)
        session.close()
        sys.exit(without_recording(plan.command, plan.options, error))


def without_recording(command: "Command", options: Options, error: OSError) -> int:
    """The recording cannot begin: run the command bare, or not at all where recording is required."""
    where = f" ({home.shown(str(error.filename))})" if error.filename else ""
    say(f"cannot record: {error.strerror or error}{where}")
    if not options.required:
        run_bare(command)
    return NOT_RECORDED


def run_bare(command: "Command") -> "NoReturn":
    """Become the command: nothing of the recorder stays. Raises CannotRun."""
    command.become()


def tell(made: "Made", problem: str) -> None:
    """One line at the end, for people; problems for everybody."""
    if problem:
        say(f"the recording is not complete: {problem}")
    elif os.isatty(1) and os.isatty(2):
        from recordings.capture import display, library

        short = library.short_id(made.session_id)
        line = f"recorded {display.duration(made.duration)} to {home.shown(made.path)}, sortie replay {short}"
        print(display.dim(line, sys.stderr), file=sys.stderr)


def say(text: str) -> None:
    """To standard error, which may be closed."""
    if sys.stderr is not None:
        print(f"sortie: {text}", file=sys.stderr)
