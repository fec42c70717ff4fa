"""The same tests where one worker has everything, and where rooms and people are spread over three."""

import pytest

from hubbub_test.server import Server


def servers(config: str):
    """The fixture `server` of a file: `server = servers(CONFIG)`."""

    @pytest.fixture(scope="module", params=[1, 3], ids=["1 worker", "3 workers"])
    def server(request):
        with Server(config, args=("--workers", request.param)) as running:
            yield running

    return server
