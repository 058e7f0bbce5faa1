"""Look through files and folders for recordings of programs that we know."""

from collections.abc import Callable, Iterator
from pathlib import Path

from recordings.media.errors import MediaError
from recordings.media.importers import casts, script, sudo, tlog, ttyrec
from recordings.media.importers.files import Unreadable, folders
from recordings.media.importers.imported import Imported, Source

_READERS: dict[str, Callable[[Source], Imported]] = {
    module.FORMAT: module.read for module in (casts, script, sudo, tlog, ttyrec)
}


class NotRecognised(MediaError):
    """There is nothing there that we know."""


def find(path: Path) -> Iterator[Source]:
    """The recordings at a path: in a folder and all below it, or in a file with what lies beside it.

    Raises:
        NotRecognised: it is a file, and no recording that we know.
        Unreadable: it cannot be read.
    """
    if path.is_dir():
        for folder, files in folders(path):
            yield from _in_folder(folder, files)
        return
    if not path.exists():
        raise Unreadable(f"{path} does not exist.")
    _, beside = next(iter(folders(path.parent)))
    found = [
        source for source in _in_folder(path.parent, beside) if path in (source.path, *source.files, *source.beside)
    ]
    if not found:
        raise NotRecognised(f"{path.name} is no recording of a kind that can be imported.")
    yield from found


def read(source: Source) -> Imported:
    """Open a recording that was found.

    Raises:
        CastError, DamagedLog, Unreadable: it is not what it seemed to be.
    """
    return _READERS[source.format](source)


def _in_folder(folder: Path, files: list[Path]) -> Iterator[Source]:
    """The recordings whose files lie together; each file counts for the first that it fits."""
    log = list(sudo.sources(folder, files))
    if log:
        yield from log
        return
    taken: set[Path] = set()
    for look in (casts.sources, script.sources, tlog.sources, ttyrec.sources):
        left = [path for path in files if path not in taken]
        for source in look(left):
            taken.update((*source.files, *source.beside))
            yield source
