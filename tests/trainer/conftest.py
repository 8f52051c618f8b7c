"""A data folder that holds what a lab puts there and what users upload, so that every data set can be trained on."""

import os
from collections.abc import Iterator

import numpy as np
import pytest

from tests.trainer.data_folder import fill
from tests.trainer.interpreter import Interpreter


@pytest.fixture(scope="session", autouse=True)
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    before = os.environ.get("DYNASCOPE_DATA")
    folder = tmp_path_factory.mktemp("data")
    os.environ["DYNASCOPE_DATA"] = str(folder)
    fill(folder, np.random.default_rng(0))
    yield
    if before is None:
        del os.environ["DYNASCOPE_DATA"]
    else:
        os.environ["DYNASCOPE_DATA"] = before


@pytest.fixture(scope="session")
def interpreter() -> Iterator[Interpreter]:
    """For scripts: each as alone as a user's, without torch's import."""
    ready = Interpreter()
    yield ready
    ready.close()
