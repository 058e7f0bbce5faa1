"""`python -m recordings.capture` is `sortie`."""

import sys

from recordings.capture.cli import main

if __name__ == "__main__":
    sys.exit(main())
