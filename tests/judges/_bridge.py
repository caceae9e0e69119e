"""A loopback port in front of a Unix socket, for judges that speak TCP alone. It ends with its `with`."""

import socket
import threading


class Bridge:
    """`with Bridge(path) as url:`; what comes to the port goes to the socket, and back, byte by byte."""

    def __init__(self, path):
        self.path = str(path)

    def __enter__(self):
        self.door = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()
        return f"http://127.0.0.1:{self.door.getsockname()[1]}"

    def __exit__(self, *_):
        # Wakes who waits for the next connection, which closing alone does not.
        self.door.shutdown(socket.SHUT_RDWR)
        self.door.close()

    def _accept(self):
        while True:
            try:
                near, _ = self.door.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(self.path)
            for one, other in [(near, far), (far, near)]:
                threading.Thread(target=_carry, args=(one, other), daemon=True).start()


def _carry(source, sink):
    """Carries bytes one way until that side ends, and says so to the other."""
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        # The one side is gone: so is the other. A shutdown wakes the thread that waits for it; closing would not.
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
