from __future__ import annotations

from landbridge_lab import Lab

from landbridge.api.core import SECRETS
from landbridge.fleet.cluster import encode
from landbridge.fleet.members import find
from landbridge.fleet.settings import render_settings
from landbridge.kube.api import Api
from tests.api.command import Command

LIST = ("fleet", "list", "--hub-context", "fleet")
JOIN = ("fleet", "join", "oldcluster", "--context", "oldcluster", "--hub-context", "fleet", "--pod-cidr", "10.1.0.0/16")


async def test_a_member_is_listed_with_its_version_and_token(hub: Api, member: Api, landbridge: Command) -> None:
    await landbridge.done(*JOIN, "--namespace", "shop")
    (row,) = (await landbridge.done(*LIST, "-o", "json")).json
    assert (row["name"], row["state"], row["server"]) == ("oldcluster", "Ready", member.server)
    assert row["version"].startswith("v1.")
    assert (row["podCidrs"], row["namespaces"]) == (["10.1.0.0/16"], ["shop"])
    assert row["tokenExpires"] > row["since"]


async def test_a_table_names_every_column_and_no_token(hub: Api, member: Api, landbridge: Command) -> None:
    await landbridge.done(*JOIN)
    outcome = await landbridge.done(*LIST)
    assert "NAME" in outcome.out
    assert "oldcluster" in outcome.out
    found = await find(hub, "oldcluster")
    assert found
    assert found.cluster
    assert found.cluster.token not in outcome.out


async def test_members_in_trouble_are_listed_too(hub: Api, member: Api, landbridge: Command, own_lab: Lab) -> None:
    await landbridge.done(*JOIN)
    await own_lab.clusters["oldcluster"].cut(api=True)
    try:
        (row,) = (await landbridge.done(*LIST, "-o", "json")).json
    finally:
        await own_lab.clusters["oldcluster"].heal()
    assert row["state"] == "Unreachable"
    assert row["message"]


async def test_a_refused_secret_is_listed_with_its_reason(hub: Api, member: Api, landbridge: Command) -> None:
    await landbridge.done(*JOIN)
    found = await find(hub, "oldcluster")
    assert found
    config = '{"execProviderConfig": {"command": "sh"}}'
    await hub.merge_patch(SECRETS, found.meta, {"data": {"config": encode(config)}})
    (row,) = (await landbridge.done(*LIST, "-o", "json")).json
    assert row["state"] == "ExecPlugin"
    await landbridge.done(*JOIN)
    (row,) = (await landbridge.done(*LIST, "-o", "json")).json
    assert row["state"] == "Ready"


async def test_a_token_that_is_refused_is_said(hub: Api, member: Api, landbridge: Command) -> None:
    await landbridge.done(*JOIN)
    found = await find(hub, "oldcluster")
    assert found
    assert found.cluster
    config = render_settings(found.cluster.config, "not.our.token")
    await hub.merge_patch(SECRETS, found.meta, {"data": {"config": encode(config)}})
    (row,) = (await landbridge.done(*LIST, "-o", "json")).json
    assert row["state"] == "Unauthorized"
    assert "join it again" in row["message"]
