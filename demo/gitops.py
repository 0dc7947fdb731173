"""The tutorial's Option B, as data: Services by ApplicationSet, MultiClusterServices and a move through Git.

The tutorial reads the clusters' addresses from Argo CD's own Secrets; so do these lines. $GITOPS is a clone of the
repository that Argo CD deploys from.
"""

from demo.chain import NEW, OLD, SERVICES
from demo.steps import ALL_OLD, PATIENCE, Step, rolled_out, scale

WAIT = f"kubectl --context fleet wait -n argocd {PATIENCE}"
OLD_APPS, NEW_APPS = (tuple(f"{service}-{cluster}-svc-demo" for service in SERVICES) for cluster in (OLD, NEW))
OVERRIDE = f"manifests/helm/svc-demo/.argocd-source-service2-{OLD}-svc-demo.yaml"
APPS = "kubectl --context fleet get app -n argocd"
DIFFS = "for app in $(argocd --core app list -o name); do argocd --core app diff $app || exit; done"


def server(cluster: str) -> str:
    """Ask for the address that Argo CD has of a cluster: the tutorial's own command."""
    return f"kubectl --context fleet get secret -n argocd cluster-{cluster} -ojsonpath='{{.data.server}}' |base64 -d"


def apply(name: str, cluster: str, placeholder: str) -> str:
    """Apply an ApplicationSet or Application, with the address in place of its placeholder."""
    url = f"<Your-{placeholder}-Cluster-Server-URL>"
    return f'sed "s#{url}#$({server(cluster)})#" argocd/{name}.yaml | kubectl --context fleet apply -f -'


def made(*apps: str) -> tuple[str, ...]:
    """Wait until Applications are there, as Git says, and healthy.

    One command for each: kubectl gives up at once when it is to wait for the creation of several, and two are missing.
    """
    return *(f"{WAIT} --for=create app {app}" for app in apps), *synced(*apps)


def synced(*apps: str) -> tuple[str, str]:
    """Wait until Applications, all of them where none is named, are as Git says, and healthy."""
    names = f"app {' '.join(apps) or '--all'}"
    return (
        f"{WAIT} --for=jsonpath='{{.status.sync.status}}'=Synced {names}",
        f"{WAIT} --for=jsonpath='{{.status.health.status}}'=Healthy {names}",
    )


def out_of_sync(app: str) -> str:
    """Wait until Argo CD has seen that a cluster is not as Git says."""
    return f"{WAIT} --for=jsonpath='{{.status.sync.status}}'=OutOfSync app {app}"


def pushed(message: str) -> tuple[str, str]:
    """Commit and push what was changed, and wait until Argo CD has compared every Application with it."""
    head = '"$(git -C "$GITOPS" rev-parse HEAD)"'
    return (
        f'git -C "$GITOPS" add --all && git -C "$GITOPS" commit -q -m "{message}" && git -C "$GITOPS" push -q',
        f"{WAIT} --for=jsonpath='{{.status.sync.revision}}'={head} app --all",
    )


STEPS = (
    Step(
        "Step 1: old cluster, by ApplicationSet",
        (
            server(OLD),
            apply("svc-demo-oldcluster", OLD, "Old"),
            *made(*OLD_APPS),
            apply("curl-client-pod", OLD, "Old"),
            "argocd --core app sync curl-client-pod",
            *made("curl-client-pod"),
        ),
        ALL_OLD,
        joined=False,
    ),
    Step(
        "Step 2: new cluster's definitions, likewise",
        (server(NEW), apply("svc-demo-newcluster", NEW, "New"), *made(*NEW_APPS)),
        ALL_OLD,
        joined=False,
    ),
    Step(
        "Step 3: MultiClusterServices, from Git",
        ("kubectl --context fleet apply -f argocd/multiclusterservices.yaml", *made("multiclusterservices")),
        ALL_OLD,
        look=("kubectl --context fleet get mcs -A",),
    ),
    Step(
        "Step 4: service2 in the new one, from Git",
        (
            apply("deployments-newcluster", NEW, "New"),
            *made("deployments-newcluster"),
            rolled_out(NEW, "service2"),
        ),
        ((OLD,), (NEW, OLD), (OLD,)),
        look=("kubectl --context fleet get mcs -A",),
    ),
    Step(
        "service2 verified: old at zero, by hand",
        (*scale(OLD, "service2", 0), out_of_sync(OLD_APPS[1])),
        ((OLD,), (NEW,), (OLD,)),
        look=(APPS,),
    ),
    Step(
        "Roll back: old service2 scaled up again",
        (*scale(OLD, "service2", 1), *synced(OLD_APPS[1])),
        ((OLD,), (OLD, NEW), (OLD,)),
    ),
    Step(
        "Roll back: new service2 scaled to zero",
        (*scale(NEW, "service2", 0), out_of_sync("deployments-newcluster")),
        ALL_OLD,
    ),
    Step(
        "service2 again: new one as Git has it",
        (
            "argocd --core app sync deployments-newcluster",
            *synced("deployments-newcluster"),
            rolled_out(NEW, "service2"),
        ),
        ((OLD,), (NEW, OLD), (OLD,)),
    ),
    Step(
        "service2 verified: old at zero, in Git",
        (
            f"""echo 'helm: {{valuesObject: {{replicas: 0}}}}' >"$GITOPS"/{OVERRIDE}""",
            *pushed("service2 has moved: none in the old cluster"),
            f"kubectl --context {OLD} wait -n mcs-demo --for=delete pod -l app=service2 {PATIENCE}",
            *synced(),
        ),
        ((OLD,), (NEW,), (OLD,)),
        look=("kubectl --context fleet get mcs -A", APPS, DIFFS),
        pictured=True,
    ),
)
