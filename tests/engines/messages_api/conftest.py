from collections.abc import AsyncIterator

import pytest

from tests.engines.messages_api.cloud import Cloud, running_cloud


@pytest.fixture
async def cloud() -> AsyncIterator[Cloud]:
    async with running_cloud() as made:
        yield made
