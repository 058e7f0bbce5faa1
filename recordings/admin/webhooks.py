"""Addresses that are told what happens to recordings, and the log of what was told them."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from recordings.admin import columns, filters
from recordings.admin.acts import Act, ActingAdmin, Refused
from recordings.admin.base import address
from recordings.audit import Actor, actor_of
from recordings.forms import WebhookForm
from recordings.models import Delivery, Recording, Webhook
from recordings.permissions import Can, can
from recordings.webhooks import manage
from recordings.webhooks.addresses import BadAddress


def _test(hook: Webhook, by: Actor, reason: str) -> None:
    delivery = manage.send_test(hook, by)
    if not delivery.delivered_at:
        raise Refused(f"The test was not taken. {delivery.error}")


def _resume(hook: Webhook, by: Actor, reason: str) -> None:
    manage.resume(hook, by)


def _remove(hook: Webhook, by: Actor, reason: str) -> None:
    manage.remove(hook, by)


ACTS: tuple[Act[Webhook], ...] = (
    Act(
        name="test",
        label="Send a test",
        icon="upload",
        can=Can.ADMINISTER,
        do=_test,
        fits=lambda hook: True,
        one="“{name}” took the test.",
        many="{count} webhooks took the test.",
    ),
    Act(
        name="resume",
        label="Resume",
        icon="restore",
        can=Can.ADMINISTER,
        do=_resume,
        fits=lambda hook: hook.paused_at is not None,
        one="“{name}” goes on. What has waited is sent now.",
        many="{count} webhooks go on. What has waited is sent now.",
    ),
    Act(
        name="remove",
        label="Remove",
        icon="delete",
        can=Can.ADMINISTER,
        do=_remove,
        fits=lambda hook: True,
        one="“{name}” was removed.",
        many="{count} webhooks were removed.",
        question="Remove {it}?",
        explained="It is told nothing any more, and the log of what it was told is forgotten.",
        destroys=True,
    ),
)


class WebhookAdmin(ActingAdmin[Webhook]):
    acts = ACTS
    heading = "Webhooks"
    list_display = ("action_checkbox", "called", "tells", "health", "log", "since")
    list_display_links = ("called",)
    fields = ("called", "tells", "health", "log", "since", "key")
    readonly_fields = fields

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.secret_view)
        edit = self.admin_site.admin_view(self.edit_view)
        return [
            path("<uuid:pk>/secret/", view, name="recordings_webhook_secret"),
            path("<uuid:pk>/edit/", edit, name="recordings_webhook_edit"),
            *super().get_urls(),
        ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return can(request.user, Can.ADMINISTER)

    def may(self, request: HttpRequest, act: Act[Any], row: Webhook) -> bool:
        return can(request.user, act.can)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask for an address and the events, then show the secret: in this answer, and never again."""
        form = WebhookForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                given = form.cleaned_data
                hook, secret = manage.add(given["url"], given["events"], actor_of(request))
                return self._shown(request, "Add webhook", made=hook, secret=secret)
            except BadAddress as error:
                form.add_error("url", str(error))
        return self._shown(request, "Add webhook", form=form)

    def edit_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Another address, or other events."""
        hook = self._hook(request, pk)
        initial = {"url": hook.url, "events": hook.events.split()}
        form = WebhookForm(request.POST if request.method == "POST" else None, initial=initial)
        if form.is_valid():
            try:
                manage.change(hook, form.cleaned_data["url"], form.cleaned_data["events"], actor_of(request))
                messages.success(request, "Saved.")
                return self._to(hook)
            except BadAddress as error:
                form.add_error("url", str(error))
        return self._shown(request, "Change webhook", form=form)

    def secret_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Make a new secret and show it, this once."""
        hook = self._hook(request, pk)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        secret = manage.renew_secret(hook, actor_of(request))
        return self._shown(request, "New secret", made=hook, secret=secret)

    def _hook(self, request: HttpRequest, pk: UUID) -> Webhook:
        if not can(request.user, Can.ADMINISTER):
            raise PermissionDenied
        hook = Webhook.objects.filter(pk=pk).first()
        if hook is None:
            raise Http404
        return hook

    def _shown(self, request: HttpRequest, title: str, **more: Any) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "title": title, "opts": self.opts, **more}
        wrong = "form" in more and more["form"].errors
        return TemplateResponse(request, "admin/webhook.html", context, status=400 if wrong else 200)

    def _to(self, hook: Webhook) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:recordings_webhook_change", args=(hook.pk,)))

    @admin.display(description="Address")
    def called(self, hook: Webhook) -> str:
        return hook.url

    @admin.display(description="Is told")
    def tells(self, hook: Webhook) -> SafeString:
        words = ", ".join(event.removeprefix("recording.") for event in hook.events.split())
        where = reverse("admin:recordings_webhook_edit", args=(hook.pk,))
        return format_html('{} <a href="{}">Change</a>', words, where)

    @admin.display(description="State")
    def health(self, hook: Webhook) -> SafeString | str:
        if hook.paused_at:
            since = columns.when(hook.paused_at)
            return format_html('<span class="badge incomplete">Paused</span> {}, after failing', since)
        times = "once" if hook.failures == 1 else f"{hook.failures} times in a row"
        return f"Failed {times}" if hook.failures else "Good"

    @admin.display(description="Log")
    def log(self, hook: Webhook) -> SafeString:
        return format_html('<a href="{}">Deliveries</a>', address("delivery", webhook=hook.pk))

    @admin.display(description="Added")
    def since(self, hook: Webhook) -> SafeString | str:
        return columns.when(hook.created_at)

    @admin.display(description="Secret")
    def key(self, hook: Webhook) -> SafeString:
        where = reverse("admin:recordings_webhook_secret", args=(hook.pk,))
        return format_html('Kept encrypted. <button class="button" formaction="{}">Make a new one</button>', where)


def _again(delivery: Delivery, by: Actor, reason: str) -> None:
    manage.send_again(delivery)


AGAIN = Act[Delivery](
    name="again",
    label="Send again",
    icon="restore",
    can=Can.ADMINISTER,
    do=_again,
    fits=lambda delivery: delivery.state != "waiting",
    one="“{name}” is sent again.",
    many="{count} deliveries are sent again.",
)


class DeliveryAdmin(ActingAdmin[Delivery]):
    acts = (AGAIN,)
    heading = "Deliveries"
    list_display = ("action_checkbox", "short", "when", "what", "to", "about", "result", "tries")
    list_display_links = ("short",)
    list_select_related = ("webhook",)
    list_filter = (filters.ByWebhook, "event", filters.Delivered)
    fields = ("whole_id", "when", "what", "to", "about", "result", "tries", "last", "next", "sent")
    readonly_fields = fields

    def may(self, request: HttpRequest, act: Act[Any], row: Delivery) -> bool:
        return can(request.user, act.can)

    @admin.display(description="ID")
    def short(self, delivery: Delivery) -> SafeString:
        return columns.short(delivery.pk)

    @admin.display(description="ID")
    def whole_id(self, delivery: Delivery) -> SafeString:
        return format_html("<code>{}</code>", delivery.pk)

    @admin.display(description="When")
    def when(self, delivery: Delivery) -> SafeString | str:
        return columns.when(delivery.created_at)

    @admin.display(description="Event")
    def what(self, delivery: Delivery) -> str:
        return delivery.event

    @admin.display(description="To")
    def to(self, delivery: Delivery) -> str:
        return delivery.webhook.url

    @admin.display(description="Recording")
    def about(self, delivery: Delivery) -> SafeString | str:
        if delivery.recording_id is None:
            return columns.NOTHING
        if not Recording.objects.filter(pk=delivery.recording_id).exists():
            return columns.short(delivery.recording_id)
        text = str(delivery.recording_id)[:8]
        return columns.link("admin:recordings_recording_change", text, delivery.recording_id)

    @admin.display(description="Result")
    def result(self, delivery: Delivery) -> str:
        if delivery.delivered_at:
            return f"Taken with {delivery.status}"
        waits = "Waits" if delivery.due_at else "Given up"
        return f"{waits}: {delivery.error}" if delivery.error else waits

    @admin.display(description="Tries")
    def tries(self, delivery: Delivery) -> str:
        return {0: "none", 1: "once"}.get(delivery.attempts, f"{delivery.attempts} times")

    @admin.display(description="Last tried")
    def last(self, delivery: Delivery) -> SafeString | str:
        return columns.when(delivery.tried_at)

    @admin.display(description="Next try")
    def next(self, delivery: Delivery) -> SafeString | str:
        return columns.when(delivery.due_at)

    @admin.display(description="Sent")
    def sent(self, delivery: Delivery) -> SafeString:
        return format_html("<pre>{}</pre>", delivery.body)
