"""The lab's container images: built from Debian's packages and this project's files, without Docker.

The node's containerd imports `Images.sandbox` and `Images.coredns` from their archives, since they are needed before a
registry is, and `Images.argocd` where Argo CD runs, since a registry would compress 220 MB for one reader; the others
are pushed to the lab's registry, so that the tutorial's image names are pulled unchanged.
"""

from landbridge_lab.images.build import Images, build_images
from landbridge_lab.images.recipes import COREDNS_IMAGE, REGISTRY_IMAGES, SANDBOX_IMAGE
from landbridge_lab.images.registry import push, serve_command, write_config

__all__ = [
    "COREDNS_IMAGE",
    "REGISTRY_IMAGES",
    "SANDBOX_IMAGE",
    "Images",
    "build_images",
    "push",
    "serve_command",
    "write_config",
]
