from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from landbridge.api.core import SECRETS, Secret
from landbridge.enroll.admission import NAME_TAKEN, Wish
from landbridge.enroll.argocd.account import TOKEN_TIMEOUT
from landbridge.enroll.argocd.installed import NO_ARGOCD
from landbridge.enroll.argocd.registration import ALREADY_REGISTERED
from landbridge.enroll.join import join
from landbridge.enroll.trial import WRONG_SERVER
from landbridge.fleet.refusal import RefusedError, TimedOutError
from landbridge.kube.config import ExecPlugin, ServerConfig
from landbridge.kube.credentials import StaticToken
from landbridge.kube.errors import ConflictError, ForbiddenError, KubeError, UnauthorizedError, UnreachableError
from tests.silence import silent
from tests.unit.fleet.stage import (
    ACCOUNT,
    ARGOCD,
    ARGOCD_ACCOUNT,
    ARGOCD_BINDING,
    ARGOCD_SECRET,
    ENDLESS,
    REGISTRATION,
    SECRET,
    SYSTEM,
    TOKEN,
    WITH_ARGOCD,
    TokenController,
    cluster,
    join_in_memory,
    put_secret,
)
from tests.unit.memory_api import Hook, MemoryApi

ELSEWHERE = "https://10.9.9.9:6443"


@pytest.fixture
def member() -> TokenController:
    return cluster("old", "https://old:6443")


async def registration(hub: MemoryApi) -> Secret:
    return await hub.get(SECRETS, "cluster-oldcluster", "argocd")


async def test_the_registration_is_what_argo_cd_reads(hub: MemoryApi, member: TokenController) -> None:
    config = ServerConfig(member.server, ca=b"PEM", tls_server_name="kubernetes", token="a person's")
    await join(hub, member, config, WITH_ARGOCD, silent, connect=lambda config, token: member)
    secret = await registration(hub)
    assert secret.metadata.labels == {"argocd.argoproj.io/secret-type": "cluster"}
    assert secret.metadata.annotations == {
        "landbridge.dev/cluster-uid": "old",
        "cluster_id": "oldcluster",
        "cluster_name": "oldcluster",
    }
    assert set(secret.data or {}) == {"name", "server", "config"}
    assert (secret.text("name"), secret.text("server")) == ("oldcluster", member.server)
    assert msgspec.json.decode(secret.text("config")) == {
        "bearerToken": ENDLESS,
        "tlsClientConfig": {"insecure": False, "caData": "UEVN", "serverName": "kubernetes"},
    }


async def test_argo_cds_account_is_apart_from_ours_and_has_a_role_of_kubernetes(
    hub: MemoryApi, member: TokenController
) -> None:
    await join_in_memory(hub, member)
    ours = dict(member.objects)
    await join_in_memory(hub, member, WITH_ARGOCD)
    added = {path: body for path, body in member.objects.items() if path not in ours}
    assert set(added) == {ARGOCD_ACCOUNT, ARGOCD_BINDING, ARGOCD_SECRET}
    assert {path: member.objects[path] for path in ours} == ours
    assert added[ARGOCD_BINDING]["roleRef"]["name"] == "cluster-admin"
    (subject,) = added[ARGOCD_BINDING]["subjects"]
    assert subject == {"kind": "ServiceAccount", "name": "landbridge-argocd", "namespace": "kube-system"}


async def test_our_own_secret_is_written_last(hub: MemoryApi, member: TokenController) -> None:
    seen: list[tuple[str, int]] = []

    def before(method: str, path: str) -> None:
        if method == "POST":
            seen.append((path, len(member.writes)))

    hub.before = before
    await join_in_memory(hub, member, WITH_ARGOCD)
    everything = len(member.writes)
    assert seen == [(f"{ARGOCD}/secrets", everything), (f"{SYSTEM}/secrets", everything)]


async def test_each_token_is_tried_where_it_may_be_and_the_address_of_argo_cd_never(
    hub: MemoryApi, member: TokenController
) -> None:
    seen: list[tuple[str, str | None]] = []
    said: list[str] = []
    wish = replace(WITH_ARGOCD, server="https://direct:6443", argocd_server=ELSEWHERE)
    joined = await join_in_memory(hub, member, wish, said.append, seen=seen)
    assert seen == [("https://direct:6443", TOKEN), (member.server, ENDLESS)]
    assert (await registration(hub)).text("server") == ELSEWHERE
    assert joined.registration
    assert joined.registration.config.server == ELSEWHERE
    assert any(f"Argo CD reaches it at {ELSEWHERE} (not tried from here" in line for line in said)


async def test_no_credentials_of_a_person_go_along_with_a_new_token(hub: MemoryApi, member: TokenController) -> None:
    tried: list[ServerConfig] = []

    def connect(config: ServerConfig, token: StaticToken) -> MemoryApi:
        tried.append(config)
        return member

    trust = ServerConfig(member.server, b"PEM", "kubernetes")
    person = replace(trust, token="a person's", client_cert=b"CERT", client_key=b"KEY", exec_plugin=ExecPlugin("p"))
    await join(hub, member, person, WITH_ARGOCD, silent, connect=connect)
    assert tried == [trust, trust]


async def test_an_address_that_was_tried_is_not_doubted(hub: MemoryApi, member: TokenController) -> None:
    said: list[str] = []
    await join_in_memory(hub, member, replace(WITH_ARGOCD, server="https://direct:6443"), said.append)
    assert "Argo CD reaches it at https://direct:6443" in said


async def test_joining_again_keeps_address_token_and_what_others_wrote(hub: MemoryApi, member: TokenController) -> None:
    await join_in_memory(hub, member, replace(WITH_ARGOCD, argocd_server=ELSEWHERE))
    found = await registration(hub)
    await hub.merge_patch(SECRETS, found.metadata, {"metadata": {"labels": {"team": "a"}}, "data": {"shard": "MQ=="}})
    before = hub.objects[REGISTRATION], {path: member.objects[path] for path in (ARGOCD_ACCOUNT, ARGOCD_SECRET)}
    await join_in_memory(hub, member, WITH_ARGOCD)
    assert hub.objects[REGISTRATION] == before[0]
    assert {path: member.objects[path] for path in (ARGOCD_ACCOUNT, ARGOCD_SECRET)} == before[1]


async def test_a_default_address_follows_the_controllers(hub: MemoryApi, member: TokenController) -> None:
    await join_in_memory(hub, member, WITH_ARGOCD)
    await join_in_memory(hub, member, replace(WITH_ARGOCD, server="https://direct:6443"))
    assert (await registration(hub)).text("server") == "https://direct:6443"
    await join_in_memory(hub, member, replace(WITH_ARGOCD, argocd_server=ELSEWHERE))
    await join_in_memory(hub, member, replace(WITH_ARGOCD, server=member.server))
    assert (await registration(hub)).text("server") == ELSEWHERE


async def test_joining_again_without_the_option_leaves_it_as_it_is(hub: MemoryApi, member: TokenController) -> None:
    await join_in_memory(hub, member, WITH_ARGOCD)
    hub.calls.clear()
    member.calls.clear()
    assert (await join_in_memory(hub, member)).registration is None
    assert [call for call in hub.calls if ARGOCD in call[1]] == []
    assert [call for call in member.calls if "landbridge-argocd" in call[1]] == []


async def test_joining_again_mends_what_is_missing(hub: MemoryApi, member: TokenController) -> None:
    await join_in_memory(hub, member, WITH_ARGOCD)
    found = await registration(hub)
    await hub.merge_patch(
        SECRETS,
        found.metadata,
        {"metadata": {"labels": {"argocd.argoproj.io/secret-type": None}}, "data": {"config": ""}},
    )
    member.remove(ARGOCD_BINDING)
    await join_in_memory(hub, member, WITH_ARGOCD)
    after = await registration(hub)
    assert after.metadata.labels == {"argocd.argoproj.io/secret-type": "cluster"}
    assert ENDLESS in after.text("config")
    assert ARGOCD_BINDING in member.objects


def failing(error: KubeError, method: str, path: str) -> Hook:
    def before(asked: str, where: str) -> None:
        if (asked, where) == (method, path):
            raise error

    return before


Failure = tuple[KubeError, str, str]
OURS = ("POST", f"{SYSTEM}/secrets")
LOST = UnreachableError("cut")
CHANGED = ConflictError(409, "Conflict", "it exists")
DENIED = ForbiddenError(403, "Forbidden", "no")
UNKNOWN = UnauthorizedError(401, "Unauthorized", "Unauthorized")


@pytest.mark.looptime
@pytest.mark.parametrize("member_before", [False, True], ids=["new", "joined before"])
@pytest.mark.parametrize(
    ("at_hub", "at_member", "expected"),
    [
        (None, (DENIED, "PATCH", ARGOCD_BINDING), ForbiddenError),
        (None, (LOST, "POST", f"{ACCOUNT}/token"), UnreachableError),
        (None, (LOST, "PATCH", ARGOCD_SECRET), UnreachableError),
        ((LOST, "POST", f"{ARGOCD}/secrets"), None, UnreachableError),
        ((CHANGED, "POST", f"{ARGOCD}/secrets"), None, ConflictError),
        ((LOST, *OURS), None, UnreachableError),
    ],
    ids=["binding", "our token", "its Secret", "registration", "registration by another", "our Secret"],
)
async def test_whatever_fails_what_was_made_is_taken_back(
    hub: MemoryApi,
    member: TokenController,
    at_hub: Failure | None,
    at_member: Failure | None,
    expected: type[Exception],
    member_before: bool,
) -> None:
    if member_before:
        await join_in_memory(hub, member)
    before = set(hub.objects), set(member.objects)
    if at_hub == (LOST, *OURS) and member_before:
        at_hub = (LOST, "PATCH", SECRET)
    hub.before = failing(*at_hub) if at_hub else hub.before
    member.before = failing(*at_member) if at_member else member.before
    with pytest.raises(expected):
        await join_in_memory(hub, member, WITH_ARGOCD)
    assert (set(hub.objects), set(member.objects)) == before


@pytest.mark.looptime
async def test_a_token_that_never_comes_ends_in_time_and_leaves_nothing(
    hub: MemoryApi, member: TokenController
) -> None:
    member.at_work = False
    before = set(hub.objects), set(member.objects)
    with pytest.raises(TimedOutError, match=f"no token after {TOKEN_TIMEOUT:.0f} s.*controller manager"):
        await join_in_memory(hub, member, WITH_ARGOCD)
    assert (set(hub.objects), set(member.objects)) == before


@pytest.mark.looptime
async def test_the_secret_of_an_account_that_was_deleted_is_not_used(hub: MemoryApi, member: TokenController) -> None:
    await join_in_memory(hub, member, WITH_ARGOCD)
    member.remove(ARGOCD_ACCOUNT)
    asked: list[str] = []

    def collect_garbage(method: str, path: str) -> None:
        if path == ARGOCD_SECRET:
            asked.append(method)
        if asked[-3:] == ["PATCH", "GET", "GET"]:  # the first look saw the old one
            member.before = lambda method, path: None
            member.remove(ARGOCD_SECRET)

    member.before = collect_garbage
    await join_in_memory(hub, member, WITH_ARGOCD)
    assert member.before is not collect_garbage
    owner = member.objects[ARGOCD_SECRET]["metadata"]["annotations"]["kubernetes.io/service-account.uid"]
    assert owner == member.objects[ARGOCD_ACCOUNT]["metadata"]["uid"]


@pytest.mark.looptime
@pytest.mark.parametrize("late", [UNKNOWN, DENIED], ids=["token", "rules"])
async def test_an_api_server_may_hear_of_token_and_rules_a_moment_later(
    hub: MemoryApi, member: TokenController, late: KubeError
) -> None:
    asked: list[str] = []

    def before(method: str, path: str) -> None:
        if (method, path) == ("GET", "/api/v1/namespaces"):
            asked.append(path)
            if 1 < len(asked) < 4:  # the first is the trial of our own token
                raise late

    member.before = before
    await join_in_memory(hub, member, WITH_ARGOCD)
    assert REGISTRATION in hub.objects


@pytest.mark.looptime
async def test_a_token_that_is_refused_has_nothing_to_do_with_the_controllers_address(
    hub: MemoryApi, member: TokenController
) -> None:
    asked: list[str] = []

    def before(method: str, path: str) -> None:
        if (method, path) == ("GET", "/api/v1/namespaces"):
            asked.append(path)
            if len(asked) > 1:  # the first is the trial of our own token
                raise UNKNOWN

    member.before = before
    with pytest.raises(RefusedError, match="mend that, and join again") as refusal:
        await join_in_memory(hub, member, WITH_ARGOCD)
    assert refusal.value.reason == WRONG_SERVER
    assert "--server" not in str(refusal.value)


async def test_a_change_of_the_secret_meanwhile_stays_and_is_in_nobodys_way(
    hub: MemoryApi, member: TokenController
) -> None:
    await join_in_memory(hub, member, WITH_ARGOCD)

    def before(method: str, path: str) -> None:
        if (method, path) == ("PATCH", REGISTRATION):
            found = hub.objects[path]
            hub.put(path, found | {"metadata": found["metadata"] | {"labels": {"team": "a"}}})

    hub.before = before
    await join_in_memory(hub, member, WITH_ARGOCD)
    labels = (await registration(hub)).metadata.labels
    assert labels == {"team": "a", "argocd.argoproj.io/secret-type": "cluster"}


async def test_what_somebody_else_made_meanwhile_is_not_taken_back(hub: MemoryApi, member: TokenController) -> None:
    def before(method: str, path: str) -> None:
        if (method, path) == ("POST", f"{ARGOCD}/secrets"):
            put_secret(hub, "cluster-oldcluster", {"name": "oldcluster", "server": member.server}, uid="old")

    hub.before = before
    with pytest.raises(ConflictError):
        await join_in_memory(hub, member, WITH_ARGOCD)
    assert REGISTRATION in hub.objects
    assert ARGOCD_ACCOUNT not in member.objects


async def test_what_cannot_be_taken_back_on_the_hub_is_said(hub: MemoryApi, member: TokenController) -> None:
    def before(method: str, path: str) -> None:
        if (method, path) in (("POST", f"{SYSTEM}/secrets"), ("DELETE", REGISTRATION)):
            raise LOST

    hub.before = before
    said: list[str] = []
    with pytest.raises(UnreachableError):
        await join_in_memory(hub, member, WITH_ARGOCD, said.append)
    assert any("Secret argocd/cluster-oldcluster stays on the hub" in line for line in said)


REFUSED = [
    (NO_ARGOCD, WITH_ARGOCD, "install Argo CD on the hub first"),
    (NAME_TAKEN, WITH_ARGOCD, "argocd/cluster-oldcluster"),
    (ALREADY_REGISTERED, WITH_ARGOCD, "--from-argocd cluster-theirs"),
    ("Malformed", replace(WITH_ARGOCD, argocd_server="http://10.9.9.9"), "--argocd-server cannot be used"),
    (ALREADY_REGISTERED, replace(WITH_ARGOCD, argocd_server="https://kubernetes.default.svc"), "--argocd-server"),
]


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize(("reason", "wish", "words"), REFUSED)
async def test_a_refusal_comes_before_anything_is_written(
    hub: MemoryApi, member: TokenController, reason: str, wish: Wish, words: str, dry_run: bool
) -> None:
    if reason == NO_ARGOCD:
        hub.remove(ARGOCD)
    if reason == NAME_TAKEN:
        put_secret(hub, "cluster-oldcluster", {"name": "x", "server": ELSEWHERE}, labels={})
    if "theirs" in words:
        put_secret(hub, "cluster-theirs", {"name": "x", "server": f"{member.server}/"})
    hub.calls.clear()
    with pytest.raises(RefusedError) as refusal:
        await join_in_memory(hub, member, wish, dry_run=dry_run)
    assert refusal.value.reason == reason
    assert words in str(refusal.value)
    assert hub.writes == member.writes == []


async def test_a_person_who_may_not_read_there_is_refused_by_the_hub(hub: MemoryApi, member: TokenController) -> None:
    hub.before = failing(DENIED, "GET", f"{ARGOCD}/secrets")
    with pytest.raises(ForbiddenError):
        await join_in_memory(hub, member, WITH_ARGOCD)
    assert hub.writes == member.writes == []


async def test_the_hub_itself_is_not_registered(hub: MemoryApi) -> None:
    with pytest.raises(RefusedError, match="is the hub, which Argo CD on it knows as in-cluster") as refusal:
        await join_in_memory(hub, hub, WITH_ARGOCD)
    assert refusal.value.reason == ALREADY_REGISTERED
    assert hub.writes == []


async def test_a_dry_run_says_what_would_be_made_and_makes_nothing(hub: MemoryApi, member: TokenController) -> None:
    said: list[str] = []
    joined = await join_in_memory(hub, member, WITH_ARGOCD, said.append, dry_run=True)
    assert hub.writes == member.writes == []
    assert joined.registration
    assert any(
        "would make account landbridge-argocd" in line and "Secret argocd/cluster-oldcluster" in line for line in said
    )


async def test_no_token_is_told(hub: MemoryApi, member: TokenController) -> None:
    said: list[str] = []
    joined = await join_in_memory(hub, member, WITH_ARGOCD, said.append)
    secrets = [
        (await registration(hub)).text("config"),
        (await hub.get(SECRETS, "cluster-oldcluster", "landbridge-system")).text("config"),
    ]
    for token in (ENDLESS, TOKEN):
        assert token in "".join(secrets)
        assert token not in "".join(said) + repr(joined)
