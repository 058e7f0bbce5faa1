"""One interactive recording, from its file's creation to the sidecar."""

import os
import time

from recordings.capture import home, sidecar
from recordings.capture.asciicast import header_line
from recordings.capture.cast_file import CastFile
from recordings.capture.track import Track

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from recordings.capture.track import Options
    from recordings.capture.transcript import Renderer


class Recording:
    """A recording being made; events go to `track`."""

    def __init__(
        self, path: str, about: dict[str, str], file: CastFile, track: Track, *, started: float, title: str
    ) -> None:
        self.path = path
        self.session_id = about["session_id"]
        self.track = track
        self.duration = 0.0
        self._about = about
        self._title = title
        self._file = file
        self._started = started
        self._began = time.time()

    def finish(self, status: int) -> str:
        """End the recording of a command that ended with `status`. Returns what went wrong, "" if nothing did."""
        moment = time.monotonic()
        self.duration = moment - self._started
        if self.track.end(lambda: self.track.transcript.end(moment, status)):
            try:
                sidecar.write(self.path.removesuffix(".cast") + sidecar.SUFFIX, self._sidecar())
            except OSError as failure:
                self.track.error = self.track.error or failure
            self._file.close()
        return self.track.problem()

    def abandon(self, status: int | None) -> None:  # noqa: ARG002 - recordings of single commands show it
        """Remove the recording of a command that was never started."""
        self._file.close()
        os.unlink(self.path)

    def _sidecar(self) -> dict[str, object]:
        return sidecar.content(
            self._about,
            started=self._began,
            duration=self.duration,
            commands=1,
            size=os.stat(self.path).st_size,
            payload=self.track.transcript.payload,
            title=self._title,
            **self.track.faults(),
        )


def begin(
    about: dict[str, str],
    options: "Options",
    renderer: "Renderer",
    *,
    name: str,
    size: tuple[int, int],
    header: dict[str, object],
    on_error: "Callable[[], None] | None" = None,
) -> Recording:
    """Create the file and write its header. `name` becomes part of the file's. Raises OSError."""
    path = home.cast_path(name, about["session_id"], time.time())
    home.make_folder(os.path.dirname(path))
    file = CastFile.create(path)
    started = time.monotonic()
    first = header_line(*size, int(time.time()), {**header, "sortie": published(about)})
    try:
        file.write(first)
    except OSError:
        file.close()
        os.unlink(path)
        raise
    track = Track(file, renderer, options, started=started, payload=len(first), on_error=on_error)
    return Recording(path, about, file, track, started=started, title=str(header.get("title") or ""))


def published(about: dict[str, str]) -> dict[str, str]:
    """What of the custom data goes into the header: the shell is in its `env`."""
    return {name: value for name, value in about.items() if name != "shell"}
