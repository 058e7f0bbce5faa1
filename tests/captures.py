"""A capture that sends while it records, to be silenced."""

from recordings.models import Recording
from tests import tus_client
from tests.tus_client import Tus, metadata

DATA = tus_client.recording()
PART = 6000  # in the middle of a cluster


def capture(tus: Tus, live: Recording, sent: bytes = DATA[:PART]) -> str:
    """A capture that has sent so much while it records."""
    address = tus.begun(Upload_Metadata=metadata(recording_id=str(live.pk)))
    if sent:
        assert tus.patch(address, 0, sent).status_code == 204
    return address


def now_is(live: Recording) -> Recording:
    live.refresh_from_db()
    return live
