"""Deleting in two steps, where a program acts for a person: what would go is shown first, then it is done.

A confirmation is signed, not stored. It is for one user, for one recording as it was shown, and for some minutes.
"""

from datetime import timedelta
from typing import Any

from django.core import signing

from recordings import audit, retention
from recordings.audit import Actor
from recordings.models import Action, Recording

GOOD_FOR = timedelta(minutes=10)
_SALT = "recordings.deleting"


class NotConfirmed(Exception):
    """There is no valid confirmation; nothing was deleted. The text says what to do."""


def confirmation(recording: Recording, by: Actor) -> str:
    """What `confirmed` is to be given, by somebody who was shown the recording.

    Raises:
        retention.OnHold: it cannot be deleted.
    """
    if recording.on_hold:
        raise retention.OnHold(recording.hold_reason)
    return signing.dumps(_shown(recording, by), salt=_SALT)


def confirmed(recording: Recording, by: Actor, given: str) -> None:
    """Delete the recording, as `retention.delete` does.

    Raises:
        NotConfirmed: `given` is no confirmation for this.
        retention.OnHold: it is held by now.
    """
    try:
        shown = signing.loads(given, salt=_SALT, max_age=GOOD_FOR)
    except signing.SignatureExpired as error:
        raise NotConfirmed("The confirmation is too old.") from error
    except signing.BadSignature as error:
        raise NotConfirmed("This is no confirmation.") from error
    if shown != _shown(recording, by):
        raise NotConfirmed("The confirmation is for something else, or the recording has changed since.")
    retention.delete(recording, by)


def _shown(recording: Recording, by: Actor) -> dict[str, Any]:
    """Whatever makes it another deletion if it is another; deleted before and restored, it is."""
    before = audit.activity(recording).filter(action=Action.DELETE).count()
    user = str(by.user.pk) if by.user else ""
    return {"recording": str(recording.pk), "sha256": recording.sha256, "user": user, "before": before}
