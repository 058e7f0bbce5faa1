"""The rows of the portal: people, sessions, recordings and what is to be done with them."""

from recordings.models.attempt import Attempt
from recordings.models.audit import Action, AuditEvent
from recordings.models.export import Export, ExportForm, ExportStatus
from recordings.models.import_ import Import
from recordings.models.install import Install
from recordings.models.job import Job, JobKind
from recordings.models.marker import Marker
from recordings.models.passage import Passage
from recordings.models.picture import Picture, PictureKind
from recordings.models.policy import Policy
from recordings.models.recording import Kind, Recording, Status, Tag, WrongStatusError
from recordings.models.segments import Segments
from recordings.models.session import Session, SessionStatus
from recordings.models.share import ShareLink, ShareVisit
from recordings.models.storage_day import StorageDay
from recordings.models.terminal import Terminal
from recordings.models.token import Token
from recordings.models.upload import Upload
from recordings.models.user import User
from recordings.models.webhook import Delivery, Event, Webhook

__all__ = [
    "Action",
    "Attempt",
    "AuditEvent",
    "Delivery",
    "Event",
    "Export",
    "ExportForm",
    "ExportStatus",
    "Import",
    "Install",
    "Job",
    "JobKind",
    "Kind",
    "Marker",
    "Passage",
    "Picture",
    "PictureKind",
    "Policy",
    "Recording",
    "Segments",
    "Session",
    "SessionStatus",
    "ShareLink",
    "ShareVisit",
    "Status",
    "StorageDay",
    "Tag",
    "Terminal",
    "Token",
    "Upload",
    "User",
    "Webhook",
    "WrongStatusError",
]
