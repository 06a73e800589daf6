"""LiteLLM's proxy, and `transformers serve` with a random model, are understood.

They need an environment of their own: `python3 dev.py foreign` makes it, names it in `G4F_NB_FOREIGN`, and
runs these.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
from pathlib import Path

import pytest

from g4f_nb import errors
from g4f_nb.providers import OpenaiTemplate

from .asking import WAYS, ask
from .running import program

pytestmark = [pytest.mark.foreign, pytest.mark.timeout(400)]

KEY = f"sk-{secrets.token_hex(24)}"
MOCKED = "Hello from a mock, γειά 👋🏽"
CONFIG = f"""
model_list:
  - model_name: mock
    litellm_params: {{model: openai/gpt-4o-mini, api_key: none, mock_response: "{MOCKED}"}}
  - model_name: limited
    litellm_params: {{model: openai/gpt-4o-mini, api_key: none, mock_response: "litellm.RateLimitError"}}
  - model_name: full
    litellm_params:
      {{model: openai/gpt-4o-mini, api_key: none, mock_response: "litellm.ContextWindowExceededError"}}
  - model_name: broken
    litellm_params: {{model: openai/gpt-4o-mini, api_key: none, mock_response: "litellm.InternalServerError"}}
general_settings:
  master_key: {KEY}
"""


@pytest.fixture(scope="module")
def scripts():
    """The folder of the foreign environment's programs."""
    python = os.environ.get("G4F_NB_FOREIGN")
    if not python:
        pytest.skip("no foreign environment: python3 dev.py foreign")
    return Path(python).parent


@pytest.fixture(scope="module")
def litellm(scripts, tmp_path_factory):
    """The proxy's address."""
    config = tmp_path_factory.mktemp("litellm") / "config.yaml"
    config.write_text(CONFIG)
    command = [
        str(scripts / "litellm"),
        "--config",
        str(config),
        "--host",
        "127.0.0.1",
        "--port",
        _free_port(),
    ]
    quiet = {"LITELLM_TELEMETRY": "False", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    with program(command, r"running on (http://127\.0\.0\.1:\d+)", seconds=120, more=quiet) as address:
        yield f"{address}/v1"


@pytest.fixture(scope="module")
def model(scripts, tmp_path_factory):
    """A folder with a random model."""
    folder = tmp_path_factory.mktemp("random") / "model"
    script = Path(__file__).with_name("random_model.py")
    subprocess.run([scripts / "python", script, folder], check=True, capture_output=True, timeout=300)
    return str(folder)


@pytest.fixture(scope="module")
def transformers(scripts, model):
    """The address of a server with that model."""
    command = [str(scripts / "transformers"), "serve", model, "--device", "cpu", "--port", _free_port()]
    offline = {"HF_HUB_OFFLINE": "1"}
    with program(command, r"running on (http://[^ ]+:\d+)", seconds=200, more=offline) as address:
        yield f"{address}/v1"


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return str(found.getsockname()[1])


@pytest.mark.parametrize("way", WAYS)
def test_litellm_text(litellm, way):
    """Verbatim, with its usage."""
    reply = ask(litellm, "mock", "hello", way, api_key=KEY)
    assert (reply.text, reply.finish_reason) == (MOCKED, "stop")
    assert reply.usage.output_tokens > 0


@pytest.mark.parametrize("way", ["stream", "whole"])
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("limited", errors.RateLimitError),
        ("full", errors.ConversationTooLongError),
        ("broken", errors.ServerError),
        ("unknown", errors.ModelNotFoundError),
    ],
)
def test_litellm_errors(litellm, name, kind, way):
    """Each is the class that it is with the provider itself."""
    with pytest.raises(kind) as caught:
        ask(litellm, name, "hello", way, api_key=KEY)
    assert type(caught.value) is kind
    assert KEY not in f"{caught.value!r} {caught.value.body}"


def test_litellm_keys(litellm):
    """A wrong one is an error of some status (without a database, a 400); the right one lists the models."""
    with pytest.raises(errors.ResponseError):
        ask(litellm, "mock", "hello", "stream", api_key="sk-wrong-0123456789abcdef0123456789")
    assert OpenaiTemplate.get_models(KEY, litellm) == ["broken", "full", "limited", "mock"]


@pytest.mark.parametrize("way", WAYS)
def test_transformers_text(transformers, model, way):
    """The same random text, whichever way it is asked for; its end is told by a reason."""
    reply = ask(transformers, model, "hello", way, max_tokens=24, temperature=0)
    again = ask(transformers, model, "hello", "whole", max_tokens=24, temperature=0)
    assert reply.text.rstrip("\ufffd") == again.text.rstrip("\ufffd")
    assert reply.text
    assert reply.finish_reason == "length"
    assert reply.usage.output_tokens == 24


def test_transformers_models(transformers, model):
    """The model is listed."""
    assert model in OpenaiTemplate.get_models("", transformers)
