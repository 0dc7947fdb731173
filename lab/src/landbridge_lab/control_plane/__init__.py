"""etcd, API server, controllers: their command lines, certificates, and the way up."""
