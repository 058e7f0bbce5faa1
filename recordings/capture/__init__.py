"""The terminal recorder and its command line: standard library only, so that any host with Python can run it.

For a program that has a terminal's bytes in its hands, such as an SSH proxy:

    from recordings.capture import RecordingConfig, SessionRecorder
"""

VERSION = "0.1.0"

# typing.TYPE_CHECKING would cost the import of typing at every start of the command line.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from recordings.capture.session_recorder import RecordingConfig as RecordingConfig
    from recordings.capture.session_recorder import SessionRecorder as SessionRecorder


def __getattr__(name: str) -> object:
    """Load the library on first use: the command line has no use for it and starts faster without."""
    if name in ("RecordingConfig", "SessionRecorder"):
        from recordings.capture import session_recorder

        return getattr(session_recorder, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
