"""How the fleet and an Argo CD on its hub know the same clusters, and what Argo CD makes of a MultiClusterService."""
