"""The steps of the walk, as data: what is typed, and who serves afterwards.

The command lines run as they stand here, in docs/tutorial, with the lab's kubectl.
"""

from dataclasses import dataclass

from demo.chain import NEW, OLD, Serving

ALL_OLD: Serving = ((OLD,), (OLD,), (OLD,))
PATIENCE = "--timeout=120s"
IDS = f"s/<Your-New-Cluster-ID>/{NEW}/; s/<Your-Old-Cluster-ID>/{OLD}/"


@dataclass(frozen=True)
class Step:
    """One step: commands, who serves after them, what to look at then. `joined`: there are MultiClusterServices."""

    title: str
    commands: tuple[str, ...]
    serving: Serving
    look: tuple[str, ...] = ()
    joined: bool = True
    pictured: bool = False


def deploy(service: str, manifest: str) -> tuple[str, ...]:
    """Give a Service's pods to the new cluster."""
    return f"kubectl --context {NEW} apply -f {manifest}", rolled_out(NEW, service)


def scale(cluster: str, service: str, replicas: int) -> tuple[str, ...]:
    """Scale a Deployment, and wait until its pods run, or until they have ended: then nobody can still ask them."""
    deployment = f"deployment/svc-demo-{service}"
    command = f"kubectl --context {cluster} scale -n mcs-demo {deployment} --replicas={replicas}"
    ended = f"kubectl --context {cluster} wait -n mcs-demo --for=delete pod -l app={service} {PATIENCE}"
    return command, rolled_out(cluster, service) if replicas else ended


def rolled_out(cluster: str, service: str) -> str:
    """Wait until a Deployment's pods run."""
    return f"kubectl --context {cluster} rollout status -n mcs-demo deployment/svc-demo-{service} {PATIENCE}"


STEPS = (
    Step(
        "Step 1: all of it in the old cluster",
        (
            f"kubectl --context {OLD} create namespace mcs-demo",
            f"kubectl --context {OLD} create namespace customer-ns",
            f"kubectl --context {OLD} apply -f web-demo-old.yaml -f curl-client.yaml",
            *(rolled_out(OLD, service) for service in ("service1", "service2", "service3")),
            f"kubectl --context {OLD} wait -n customer-ns --for=condition=Ready pod/curl-client {PATIENCE}",
        ),
        ALL_OLD,
        joined=False,
    ),
    Step(
        "Step 2: definitions in the new cluster",
        (
            f"kubectl --context {NEW} create namespace mcs-demo",
            f"kubectl --context {NEW} apply -f web-demo-svc-new.yaml",
        ),
        ALL_OLD,
        joined=False,
    ),
    Step(
        "Step 3: MultiClusterServices on the fleet",
        (
            "kubectl --context fleet create ns mcs-demo",
            f"sed '{IDS}' multiclusterservice.yaml | kubectl --context fleet apply -f -",
            f"kubectl --context fleet wait -n mcs-demo --for=condition=Ready mcs --all {PATIENCE}",
        ),
        ALL_OLD,
        look=(
            "kubectl --context fleet get mcs -A",
            f"kubectl --context {NEW} get endpointslices -n mcs-demo",
        ),
    ),
    Step(
        "Step 4: service2 starts in the new cluster",
        deploy("service2", "web-demo-new.yaml"),
        ((OLD,), (NEW, OLD), (OLD,)),
        look=("kubectl --context fleet get mcs -A",),
        pictured=True,
    ),
    Step(
        "service2 verified: old one scaled to zero",
        scale(OLD, "service2", 0),
        ((OLD,), (NEW,), (OLD,)),
        pictured=True,
    ),
    Step(
        "Roll back: old service2 scaled up again",
        scale(OLD, "service2", 1),
        ((OLD,), (OLD, NEW), (OLD,)),
    ),
    Step(
        "Roll back: new service2 scaled to zero",
        scale(NEW, "service2", 0),
        ALL_OLD,
    ),
    Step(
        "service2 again: new one scaled up",
        scale(NEW, "service2", 1),
        ((OLD,), (NEW, OLD), (OLD,)),
    ),
    Step(
        "service2 verified: old one scaled to zero",
        scale(OLD, "service2", 0),
        ((OLD,), (NEW,), (OLD,)),
    ),
    Step(
        "service3 starts in the new cluster",
        deploy("service3", "web-demo-new-service3.yaml"),
        ((OLD,), (NEW,), (NEW, OLD)),
    ),
    Step(
        "service3 verified: old one scaled to zero",
        scale(OLD, "service3", 0),
        ((OLD,), (NEW,), (NEW,)),
    ),
    Step(
        "service1 starts in the new cluster",
        deploy("service1", "web-demo-new-service1.yaml"),
        ((NEW, OLD), (NEW,), (NEW,)),
    ),
    Step(
        "service1 verified: old one scaled to zero",
        scale(OLD, "service1", 0),
        ((NEW,), (NEW,), (NEW,)),
        look=("kubectl --context fleet get mcs -A", f"kubectl --context {OLD} get deployments -n mcs-demo"),
    ),
)
