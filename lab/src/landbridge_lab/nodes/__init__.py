"""containerd, kubelet, kube-proxy, DNS and the registry, and what they need of this machine."""
