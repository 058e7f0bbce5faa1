"""Django's admin, as Sortie's admins see it: one module for each kind of row, one for the start page."""

from django.contrib.auth.models import Group

from recordings.admin.audit import AuditEventAdmin
from recordings.admin.installs import InstallAdmin
from recordings.admin.policy import PolicyAdmin
from recordings.admin.recordings import RecordingAdmin
from recordings.admin.sessions import SessionAdmin
from recordings.admin.shares import ShareAdmin
from recordings.admin.site import site
from recordings.admin.tokens import TokenAdmin
from recordings.admin.users import UserAdmin
from recordings.admin.webhooks import DeliveryAdmin, WebhookAdmin
from recordings.models import (
    AuditEvent,
    Delivery,
    Install,
    Policy,
    Recording,
    Session,
    ShareLink,
    Token,
    User,
    Webhook,
)

site.register(Recording, RecordingAdmin)
site.register(Session, SessionAdmin)
site.register(AuditEvent, AuditEventAdmin)
site.register(Policy, PolicyAdmin)
site.register(User, UserAdmin)
site.register(ShareLink, ShareAdmin)
site.register(Token, TokenAdmin)
site.register(Install, InstallAdmin)
site.register(Webhook, WebhookAdmin)
site.register(Delivery, DeliveryAdmin)

# Importing Django's user admin registers groups; Sortie's policy knows none.
site.unregister(Group)
