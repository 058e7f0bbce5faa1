"""Webhooks as admins see to them: added, tested, changed, removed, and what they were told."""

import json
from typing import Any

import pytest

from recordings import retention
from recordings.audit import Actor
from recordings.models import AuditEvent, Delivery, Recording, User, Webhook
from recordings.webhooks import deliver
from tests.hooked import types, work
from tests.making import browser, started
from tests.receiver import Receiver, Verifier

pytestmark = pytest.mark.django_db

HOOKS = "/admin/recordings/webhook/"


def test_an_admin_adds_tests_and_removes_one(ada: User, receiver: Receiver) -> None:
    client = browser(ada)
    answer = client.post(f"{HOOKS}add/", {"url": f"{receiver.url}/x", "events": ["recording.ready"]})
    page = answer.content.decode()
    secret = page.partition('value="whsec_')[2].partition('"')[0]
    assert len(secret) == 44
    hook = Webhook.objects.get()
    given = {"_selected_action": str(hook.pk), "confirmed": "yes"}
    assert "took the test" in client.post(f"{HOOKS}do/test/", given, follow=True).content.decode()
    assert Verifier(f"whsec_{secret}").accepts(receiver.told[0])
    assert types(receiver) == ["test"]
    receiver.statuses = [500]
    assert "status 500" in client.post(f"{HOOKS}do/test/", given, follow=True).content.decode()
    assert work() == 0
    log = client.get(f"/admin/recordings/delivery/?webhook={hook.pk}").content.decode()
    assert "Taken with 204" in log
    assert "Given up: It answered with status 500." in log
    assert log.count('aria-current="page">Webhooks</a>') == 1
    assert ">once</td>" in log
    client.post(f"{HOOKS}do/remove/", given)
    assert not Webhook.objects.exists()
    assert AuditEvent.objects.filter(action="webhook").count() == 2


def test_an_admin_changes_one_and_renews_its_secret(ada: User, hook: Webhook, receiver: Receiver) -> None:
    client = browser(ada)
    answer = client.post(f"{HOOKS}{hook.pk}/edit/", {"url": f"{receiver.url}/y", "events": ["recording.failed"]})
    assert answer.status_code == 302
    hook.refresh_from_db()
    assert (hook.url, hook.events) == (f"{receiver.url}/y", "recording.failed")
    before = hook.secret
    assert 'value="whsec_' in client.post(f"{HOOKS}{hook.pk}/secret/").content.decode()
    assert client.get(f"{HOOKS}{hook.pk}/secret/").status_code == 405
    hook.refresh_from_db()
    assert hook.secret != before
    assert "whsec" not in client.get(f"{HOOKS}{hook.pk}/change/").content.decode()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"url": "", "events": ["recording.ready"]}, "Type the address"),
        ({"url": "http://169.254.169.254/", "events": ["recording.ready"]}, "private address"),
        ({"url": "https://example.com"}, "Say what it is told of."),
        ({"url": "https://example.com", "events": ["test"]}, "not one of the available choices"),
    ],
)
def test_what_cannot_be_added_is_said(ada: User, given: Any, words: str) -> None:
    answer = browser(ada).post(f"{HOOKS}add/", given)
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert not Webhook.objects.exists()


def test_a_delivery_is_sent_again_with_the_same_id(
    alice: User, ada: User, hook: Webhook, receiver: Receiver
) -> None:
    retention.delete(started(alice), Actor(alice))
    work()
    delivery = Delivery.objects.get()
    browser(ada).post("/admin/recordings/delivery/do/again/", {"_selected_action": str(delivery.pk)})
    assert deliver.send_due() == 1
    assert len({told.headers["webhook-id"] for told in receiver.told}) == 1
    assert json.loads(delivery.body) == receiver.told[1].content


def test_users_see_nothing_of_them(alice: User, hook: Webhook) -> None:
    client = browser(alice)
    for path in (HOOKS, f"{HOOKS}add/", f"{HOOKS}{hook.pk}/edit/", f"{HOOKS}{hook.pk}/secret/"):
        assert client.get(path).status_code == 403
        assert client.post(path).status_code == 403


def test_the_start_page_tells_of_those_in_trouble(ada: User, hook: Webhook) -> None:
    client = browser(ada)
    assert "Webhooks in trouble" not in client.get("/admin/").content.decode()
    Webhook.objects.update(failures=3)
    page = client.get("/admin/").content.decode()
    assert "Webhooks in trouble" in page
    assert hook.url in page
    assert Recording.objects.count() == 0
