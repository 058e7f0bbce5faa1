"""Addresses that are told what happens to recordings, and what was told them."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from recordings.querysets import DeliveryQuerySet


class Event(models.TextChoices):
    READY = "recording.ready", "A recording is ready"
    FAILED = "recording.failed", "A recording has failed"
    DELETED = "recording.deleted", "A recording was deleted"
    SHARED = "recording.shared", "A recording was shared"
    TEST = "test", "A test"


class Webhook(models.Model):
    """One address. `failures` are those in a row; after too many it is paused until an admin resumes it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    url = models.URLField("address", max_length=500)
    events = models.CharField(max_length=200, help_text="Separated by spaces.")
    secret = models.CharField(max_length=500, editable=False, help_text="Encrypted (recordings.secrets).")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False)
    paused_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        indexes = [models.Index(fields=["-created_at", "-id"], name="webhook_newest")]

    def __str__(self) -> str:
        return self.url


class Delivery(models.Model):
    """One event for one address. Its id stays the same however often it is sent."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=30, choices=Event.choices)
    recording_id = models.UUIDField(null=True)
    body = models.TextField(help_text="JSON, as it is sent.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    # When it is tried next; None once it was taken, or was tried as often as it may.
    due_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    tried_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Of the last answer.")
    error = models.CharField(max_length=200, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="delivery_newest"),
            models.Index(fields=["webhook", "-created_at", "-id"], name="delivery_of_webhook"),
            models.Index(fields=["due_at"], name="delivery_due", condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return str(self.id)[:8]

    @property
    def state(self) -> str:
        """`delivered`, `waiting` or `failed`."""
        if self.delivered_at:
            return "delivered"
        return "failed" if self.due_at is None else "waiting"
