"""Kubeconfigs, cluster Secrets and Argo CD's, by the thousand: read or refused with a sentence, and no secret told.

1,500 in all, the same each time; ``FUZZ=5000`` in the environment makes it so many, and other ones each time.
"""

from __future__ import annotations

import base64
import os
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from landbridge.api.core import Secret
from landbridge.api.meta import ObjectMeta
from landbridge.api.names import CLUSTER_LABEL, CLUSTER_LABEL_VALUE, POD_CIDRS
from landbridge.cli import main
from landbridge.cli.outcome import REFUSED, outcome
from landbridge.enroll.argocd.source import read_config
from landbridge.fleet.cluster import read_cluster
from landbridge.fleet.refusal import RefusedError
from landbridge.kube.api import Api
from landbridge.kube.config import ConfigError, load
from landbridge.kube.credentials import StaticToken
from tests.unit.kube.certificates import Authority

SCALE = int(os.environ.get("FUZZ", "1500")) / 5000
HUSH = "s3cr3tM4rk"
AUTHORITY = Authority()
CERTIFICATE, KEY = AUTHORITY.issue("me")


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


HIDDEN = (HUSH, encoded(KEY)[80:120], KEY.decode().splitlines()[2])
"""No output may hold any of these."""


def fuzzed(examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return settings(
        max_examples=round(examples * SCALE),
        derandomize="FUZZ" not in os.environ,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def refused(read: Callable[[], Any]) -> bool:
    """Whether it is refused; what is said of it, or what it is like, holds no secret."""
    try:
        said = repr(read())
        error = None
    except (ConfigError, RefusedError) as refusal:
        error = refusal
        code, message = outcome(refusal)
        assert code == REFUSED
        assert len(message.split()) > 4, "a sentence"
        said = f"{message} {refusal!r} {''.join(traceback.format_exception_only(refusal))}"
    for hidden in HIDDEN:
        assert hidden not in said
    return error is not None


C = st.just("c")
TEXT = st.text(max_size=20)
LEAF = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    TEXT,
    st.sampled_from(
        [
            "",
            " ",
            "\0",
            "\x1b[2J",
            "é",
            "é" * 70,
            "a..b",
            "x" * 20_000,
            "2024-01-01",
            "1e3",
            "on",
            "~",
            "../..",
            "/dev/null",
        ]
    ),
)
ODD = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=6
)
SECRET = st.sampled_from([HUSH, f" {HUSH}\n", f"{HUSH} {HUSH}", f"{HUSH}\0", f"{HUSH}é", f"{HUSH}\n{HUSH}"])
SERVERS = st.sampled_from(
    [
        "https://a:6443",
        "https://[::1]:6443/k8s/",
        "http://a",
        f"https://u:{HUSH}@a",
        f"https://a?token={HUSH}",
        f"https://a#{HUSH}",
        f"https://{HUSH}@[::1",
        "https://a:99999",
        f"https://a:{HUSH}",
        "https://" + "a" * 300,
    ]
)
PROXIES = st.sampled_from(
    [
        "http://proxy:3128",
        f"http://u:{HUSH}@proxy:3128",
        f"socks5://u:{HUSH}@proxy",
        f"http://u:{HUSH}@",
        f"http://u:{HUSH}@a b",
        f"http://u:{HUSH}@proxy:99999",
        f"http://u:{HUSH}@[::1",
        f"ftp://{HUSH}",
        f"http://u:{HUSH}%ff@proxy/{HUSH}",
    ]
)
PEMS = st.sampled_from(
    [AUTHORITY.pem, AUTHORITY.pem * 2, b"\xff" + AUTHORITY.pem, AUTHORITY.pem[:-90], b"0\x82", b"", CERTIFICATE]
)
ENCODED = PEMS.map(encoded) | st.sampled_from(["*", "é", "A", encoded(AUTHORITY.pem)[:101]])
KEYS = st.sampled_from([encoded(KEY), encoded(KEY[:-60]), encoded(HUSH.encode()), HUSH, "*" + HUSH])
CERTIFICATES = st.sampled_from([encoded(CERTIFICATE), encoded(AUTHORITY.pem), "*"])


def mostly(good: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """It, and now and then something that is odd."""
    return st.integers(0, 39).flatmap(lambda dice: ODD if dice == 39 else good)


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A mapping that has some of these fields."""
    return mostly(
        st.fixed_dictionaries({}, optional={name.replace("_", "-"): mostly(value) for name, value in fields.items()})
    )


def named(kind: str, body: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    entry = mostly(st.fixed_dictionaries({"name": mostly(C), kind: body}))
    other = mostly(st.fixed_dictionaries({"name": st.sampled_from(["d", "c"]), kind: body}))
    return mostly(entry.map(lambda one: [one]) | st.tuples(entry, other).map(list))


PLUGIN = some(
    command=st.sampled_from(["plugin", "./plugin", "/bin/plugin", f"{'x' * 50}"]),
    args=st.just(["--token", HUSH]),
    env=st.just([{"name": "PASSWORD", "value": HUSH}]),
    apiVersion=st.sampled_from(
        [f"client.authentication.k8s.io/{version}" for version in ("v1", "v1beta1", "v1alpha1")]
    ),
    interactiveMode=st.sampled_from(["Never", "IfAvailable", "Always", "x"]),
    provideClusterInfo=st.booleans(),
    installHint=TEXT,
)
USER = some(
    token=SECRET,
    tokenFile=st.just("token"),
    client_certificate_data=CERTIFICATES,
    client_key_data=KEYS,
    client_key=st.just("/dev/null"),
    exec=PLUGIN,
) | st.fixed_dictionaries(
    {"username": st.just("me"), "password": SECRET, "auth-provider": st.just({"config": {"id": HUSH}})}
)
CLUSTER = st.fixed_dictionaries(
    {"server": mostly(SERVERS)},
    optional={
        "certificate-authority-data": mostly(ENCODED),
        "certificate-authority": mostly(st.just("ca")),
        "proxy-url": mostly(PROXIES),
        "tls-server-name": mostly(st.just("kubernetes")),
        "insecure-skip-tls-verify": mostly(st.booleans()),
        "extensions": mostly(st.just([{"name": "client.authentication.k8s.io/exec", "extension": {"a": 1}}])),
    },
)
KUBECONFIG = st.fixed_dictionaries(
    {
        "current-context": mostly(st.just("c")),
        "contexts": named("context", st.fixed_dictionaries({"cluster": mostly(C), "user": mostly(C)})),
        "clusters": named("cluster", CLUSTER),
        "users": named("user", USER),
    },
    optional={"kind": mostly(st.just("Config")), "apiVersion": mostly(st.just("v1")), "x": ODD},
)


def as_yaml(document: Any) -> str:
    return yaml.safe_dump(document, allow_unicode=True)


def as_json(document: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode().replace("\n ", "\n\t")


WRITTEN = st.tuples(KUBECONFIG, st.sampled_from([as_yaml, as_json])).map(lambda pair: pair[1](pair[0]))
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "latin-1"])
SPOT = st.tuples(
    st.floats(0, 1),
    st.binary(min_size=1, max_size=3) | st.sampled_from([b"\n", b"\t", b"---\n", b"*", b"&", b"!!", b"{", b"[", b"\0"]),
)


@st.composite
def garbled(draw: st.DrawFn) -> bytes:
    """A kubeconfig with some bytes put in or overwritten, or cut off."""
    data: bytes = draw(WRITTEN).encode(draw(ENCODINGS), "replace")
    for where, what in draw(st.lists(SPOT, max_size=3)):
        at = int(where * len(data))
        data = data[:at] + what + data[at + draw(st.sampled_from([0, len(what)])) :]
    return data[: int(len(data) * draw(st.sampled_from([1, 1, 1, 0.5])))]


@pytest.fixture(scope="module")
def path() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "ca").write_bytes(AUTHORITY.pem)
        yield Path(folder) / "config"


def connect(path: Path) -> Any:
    """As a command begins: nobody is connected, and no plugin run."""
    config = load(kubeconfig=path)
    if config.ca:
        Api(config)
    return config


@fuzzed(1_500)
@given(text=WRITTEN)
def test_kubeconfigs_of_odd_structure(path: Path, text: str) -> None:
    path.write_text(text, errors="replace")
    refused(lambda: connect(path))


@fuzzed(1_500)
@given(data=garbled() | st.binary(max_size=100))
def test_kubeconfigs_of_odd_bytes(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    refused(lambda: connect(path))


@fuzzed(100)
@given(data=garbled())
def test_what_is_refused_is_one_line_of_the_command(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    if not refused(lambda: connect(path)):
        return
    with pytest.MonkeyPatch.context() as patch:
        said: list[str] = []
        patch.setattr("builtins.print", lambda *words, **_: said.extend(map(str, words)))
        with pytest.raises(SystemExit) as end:
            main(["fleet", "list", "--kubeconfig", str(path)])
    assert end.value.code == REFUSED
    (line,) = said
    assert line.startswith("landbridge: refused (Kubeconfig): ")
    assert line.isprintable()
    assert not any(hidden in line for hidden in HIDDEN)


TLS = some(
    caData=ENCODED,
    serverName=st.just("kubernetes"),
    insecure=st.just(False),
    certData=CERTIFICATES,
    keyData=KEYS,
    caFile=TEXT,
)
CONFIG = some(
    bearerToken=SECRET,
    proxyUrl=PROXIES,
    tlsClientConfig=TLS,
    username=st.just(""),
    password=st.just(HUSH),
    execProviderConfig=st.just({"command": "x", "env": {"a": HUSH}}),
    disableCompression=st.booleans(),
)
USUAL = st.fixed_dictionaries(
    {"bearerToken": SECRET, "tlsClientConfig": st.fixed_dictionaries({"caData": ENCODED})},
    optional={"proxyUrl": PROXIES},
)
SETTINGS = (CONFIG | USUAL).map(lambda config: msgspec.json.encode(config)) | st.binary(max_size=40)
RAW = st.sampled_from(["*", "A", "é", encoded(b"\xff"), ""])


@st.composite
def secrets(draw: st.DrawFn) -> Secret:
    data = {
        "name": draw(mostly(st.just(b"x")).map(_bytes)),
        "server": draw(SERVERS).encode(),
        "config": draw(SETTINGS),
        "namespaces": draw(mostly(st.just(b"a,b")).map(_bytes)),
    }
    kept = {key: encoded(value) if draw(st.integers(0, 39)) < 39 else draw(RAW) for key, value in data.items()}
    annotations = draw(
        st.dictionaries(st.sampled_from([POD_CIDRS, "x"]), st.sampled_from(["10.0.0.0/8", "10.0.0.1/8", "x", ""]))
    )
    labels = {CLUSTER_LABEL: CLUSTER_LABEL_VALUE}
    return Secret(metadata=ObjectMeta(name="cluster-x", labels=labels, annotations=annotations), data=kept)


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


@fuzzed(1_000)
@given(secret=secrets())
def test_cluster_secrets(secret: Secret) -> None:
    def read() -> Any:
        cluster = read_cluster(secret)
        assert not cluster.config.exec_plugin
        if cluster.config.ca:
            Api(cluster.config, StaticToken(cluster.token))
        return cluster

    refused(read)


@fuzzed(1_000)
@given(secret=secrets(), server=st.sampled_from(["", "", "https://b:6443", f"https://u:{HUSH}@b"]))
def test_secrets_of_argo_cd(secret: Secret, server: str) -> None:
    refused(lambda: read_config(secret, server))
