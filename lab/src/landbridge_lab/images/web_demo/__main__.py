"""Listen at once, answer until SIGTERM, and for some seconds after it.

The tutorial's Deployment has no readiness probe: the pod counts as ready when this process exists. So the socket
listens before anything slow is imported, and the kernel holds early connections until they are accepted. It has no
preStop hook either: after SIGTERM other nodes still send connections here until they have heard of the pod's end.
"""

import os
import signal
import socket
import time

LINGER_SECONDS = "5"


def main() -> None:
    """Serve until told to end."""
    # Blocked and waited for, not handled: as process 1 of a container a signal without handler would be dropped.
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    listener = socket.create_server(("", int(os.environ.get("PORT", "8080"))), backlog=512)
    print(f"listening on port {listener.getsockname()[1]}", flush=True)
    from .answer import Server

    server = Server(listener)
    server.start()
    signal.sigwait(signals)
    time.sleep(float(os.environ.get("LINGER_SECONDS", LINGER_SECONDS)))
    server.end()


if __name__ == "__main__":
    main()
