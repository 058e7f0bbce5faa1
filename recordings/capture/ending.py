"""When to stop reading after a command's end: what it leaves running may hold its pipes open for ever."""

# The command's own last words are there at once, at most what a kernel buffer holds. So it is over when nothing has
# come for IDLE seconds, or when this much waiting or reading was done.
IDLE_SECONDS = 0.1
WAIT_SECONDS = 0.25
READ_BYTES = 1024 * 1024


class Ending:
    """Counts from `begin` on; time in which the user's terminal took nothing is not to be counted."""

    def __init__(self) -> None:
        self.begun = False
        self._idle = self._waited = 0.0
        self._read = 0

    def begin(self) -> None:
        """The command has ended."""
        self.begun = True

    def read(self, count: int) -> None:
        """So many bytes came."""
        if self.begun:
            self._read += count
            self._idle = 0.0

    def waited(self, seconds: float) -> None:
        """So long was spent waiting for more."""
        if self.begun:
            self._waited += seconds
            self._idle += seconds

    @property
    def over(self) -> bool:
        """Whether to wait no more. What is there already is still to be read, unless it is `enough`."""
        # A little tolerance: poll counts whole milliseconds.
        return self.begun and (self._idle > IDLE_SECONDS - 0.005 or self._waited > WAIT_SECONDS or self.enough)

    @property
    def enough(self) -> bool:
        """Whether to stop though there may be more."""
        return self._read > READ_BYTES
