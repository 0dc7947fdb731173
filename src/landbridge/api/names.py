"""Every label, annotation, finalizer and well-known name, once."""

SYSTEM_NAMESPACE = "landbridge-system"
"""Where Landbridge keeps its own objects, on the hub and in members."""

KUBE_SYSTEM = "kube-system"
"""Kubernetes' own namespace, in every cluster: its uid tells clusters apart; Argo CD's account is there."""

RESERVED_NAMESPACES = frozenset({KUBE_SYSTEM, "kube-public", "kube-node-lease", SYSTEM_NAMESPACE})
"""Where no Service is ever joined (rule S14)."""

FLEET_RECORD = "landbridge-fleet"
"""ConfigMap on the hub: the fleet's uid and its debts."""

HUB_ACCOUNT = "landbridge-controller"
"""Service account of the controller on the hub."""

SYNC_ACCOUNT = "landbridge-sync"
"""Service account of the controller in a member: reads Services, writes slices."""

LEASE = "landbridge-controller"
"""Lease of the active controller."""

FINALIZER = "landbridge.dev/imports"
"""Holds a MultiClusterService, or a cluster Secret, until its imports are gone."""

FLEET = "landbridge.dev/fleet"
"""Label of an import: uid of the fleet that wrote it."""

SOURCE = "landbridge.dev/source"
"""Annotation of an import: cluster and name of the slice that it copies; so the import's name proves whose it is."""

LIMITED_BY = "landbridge.dev/limited-by"
"""Annotation of an import: the word of the ServiceMigration that says how much of its cluster may be there."""

HOST_NAMES_OF = "landbridge.dev/host-names-of"
"""Annotation of an import of a headless Service: the cluster that its host names belong to there."""

HOST_NAMES = "landbridge.dev/host-names"
"""Annotation of a MultiClusterService: with ``shared``, each host name belongs to the cluster whose pod has it."""

SHARED = "shared"

EXPORT_UNMANAGED = "landbridge.dev/export-unmanaged"
"""Annotation of a Service without selector: its slices may be exported."""

CLUSTER_LABEL = "argocd.argoproj.io/secret-type"
"""Label of a cluster Secret, as Argo CD wants it; its value is ``cluster``."""

CLUSTER_LABEL_VALUE = "cluster"

ARGOCD_NAMESPACE = "argocd"
"""Where Argo CD runs on the hub, and keeps its settings and the clusters that it knows."""

ARGOCD_CONFIG = "argocd-cm"
"""ConfigMap of Argo CD's settings."""

ARGOCD_ACCOUNT = "landbridge-argocd"
"""Service account of Argo CD in a member, its binding, and the Secret with its token."""

ACK_CLUSTER_ID = "cluster_id"
ACK_CLUSTER_NAME = "cluster_name"
"""Annotations of a cluster Secret of Argo CD, as ACK One writes them."""

ACCOUNT_NAME = "kubernetes.io/service-account.name"
ACCOUNT_UID = "kubernetes.io/service-account.uid"
"""Annotations of a Secret: the service account whose token it holds; the uid is the control plane's."""

CREATED_BY_JOIN = "landbridge.dev/created-by-join"
"""Annotation of our namespace in a member where it was not there before: ``leave`` takes it away again."""

FLEET_MARK = "fleets.landbridge.dev/"
"""Prefix of annotations of our account in a member, one for each fleet, with its uid: who leaves last takes it away."""

POD_CIDRS = "landbridge.dev/pod-cidrs"
"""Annotation of a cluster Secret: the member's pod networks, joined by commas, as declared at join."""

SERVICE_CIDRS = "landbridge.dev/service-cidrs"
"""Annotation of a cluster Secret: the member's service networks, joined by commas, as declared at join."""

IMPORT_CIDRS = "landbridge.dev/import-cidrs"
"""Annotation of a cluster Secret: the networks that may be imported from there, as declared at join; none means all."""

TROUBLE = "landbridge.dev/trouble"
"""Annotation of a cluster Secret: since when, and why, the controller cannot work there as it should."""

CLUSTER_UID = "landbridge.dev/cluster-uid"
"""Annotation of a cluster Secret: uid of the member's kube-system namespace, which tells clusters apart.

One in Argo CD's namespace that carries it is ours."""

MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
MANAGER = "landbridge.dev"
CONTROL_PLANE_MANAGER = "endpointslice-controller.k8s.io"

PART_OF = "app.kubernetes.io/part-of"
PRODUCT = "landbridge"
"""Label of our CRDs and admission policies, and its value: others may have some of the same name."""

SERVICE_NAME = "kubernetes.io/service-name"
HEADLESS = "service.kubernetes.io/headless"
SERVICE_PROXY_NAME = "service.kubernetes.io/service-proxy-name"
SOURCE_CLUSTER = "multicluster.kubernetes.io/source-cluster"
LAST_CHANGE = "endpoints.kubernetes.io/last-change-trigger-time"
