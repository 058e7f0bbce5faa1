"""Deleting takes a preview and then a confirmation."""

from tests.agents.house import House


def test_deleting_takes_two_steps(house: House) -> None:
    pk = house.new()
    preview = house.call("alice", "recording_delete", id=pk)
    assert (preview["deleted"], preview["recording"]["id"], preview["restorable_hours"]) == (False, pk, 24)
    assert "they agree" in preview["next_step"]
    assert house.call("alice", "recording_show", id=pk)["id"] == pk
    gone = house.call("alice", "recording_delete", id=pk, confirmation=preview["confirmation"])
    assert (gone["deleted"], gone["confirmation"]) == (True, None)
    assert "no recording" in house.call("alice", "recording_show", id=pk)
    with house.api("alice") as client:
        assert client.get(f"/recordings/{pk}").status_code == 404
        assert client.post(f"/recordings/{pk}/restore").status_code == 200
        who = [(event["action"], event["who"]) for event in client.get(f"/recordings/{pk}/activity").json()]
    assert ("delete", "alice") in who
    again = house.call("alice", "recording_delete", id=pk, confirmation=preview["confirmation"])
    assert "changed since" in again


def test_a_confirmation_is_for_one_recording_and_one_user(house: House) -> None:
    mine, other = house.new(), house.new()
    preview = house.call("alice", "recording_delete", id=mine)["confirmation"]
    for who, pk, given in (
        ("alice", other, preview),
        ("ada", mine, preview),
        ("alice", mine, ""),
        ("alice", mine, preview[:-1]),
        ("alice", mine, house.tokens["alice"]),
    ):
        told = house.call(who, "recording_delete", id=pk, confirmation=given)
        assert "Nothing was deleted" in told
    for pk in (mine, other):
        assert house.call("alice", "recording_show", id=pk)["id"] == pk


def test_what_is_on_hold_stays(house: House) -> None:
    pk = house.new()
    preview = house.call("alice", "recording_delete", id=pk)["confirmation"]
    hold = f"from recordings.models import Recording; Recording.objects.filter(pk={pk!r}).update(on_hold=True)"
    house.portal.manage("shell", "--verbosity=0", "-c", hold)
    for more in ({}, {"confirmation": preview}):
        assert "on hold" in house.call("alice", "recording_delete", id=pk, **more)
    assert house.call("alice", "recording_show", id=pk)["on_hold"] is True
