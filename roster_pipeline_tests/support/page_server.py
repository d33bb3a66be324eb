"""The page of prepared towns on a port, for a real browser."""

import threading
from contextlib import contextmanager

import pytest
import uvicorn

from roster_pipeline.settings import read_settings
from roster_pipeline.web import create_app


@contextmanager
def serve_page(site):
    """Serve the page of a site for the duration of the context. Give its address."""
    server = uvicorn.Server(uvicorn.Config(lambda: None, host="127.0.0.1", port=0, log_level="critical"))
    with pytest.MonkeyPatch.context() as patch:
        sockets = [server.config.bind_socket()]
        url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
        patch.setenv("ROSTER_WEB_URL", url)
        server.config.app = create_app(read_settings(), now=lambda: site.time.now)
        thread = threading.Thread(target=server.run, args=(sockets,))
        thread.start()
        yield url
        server.should_exit = True
        thread.join()
