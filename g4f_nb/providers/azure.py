"""`AzureOpenAI`: OpenAI's models in a resource of one's own, where the model is the name of a deployment."""

from __future__ import annotations

from urllib.parse import quote

from g4f_nb.calls import Host
from g4f_nb.environment import variable
from g4f_nb.errors import ModelNotSupportedError
from g4f_nb.providers.openai_template import OpenaiTemplate
from g4f_nb.providers.services.hosts import CHAT_PATH, join
from g4f_nb.providers.services.rows import of_row

_NEW_PATH = "/openai/v1"


@of_row("azure")
class AzureOpenAI(OpenaiTemplate):
    """Azure OpenAI: the address is in `AZURE_OPENAI_ENDPOINT`, the key in `AZURE_OPENAI_API_KEY`.

    The model is the name of a deployment. Resources that know only the dated API are asked in its way once
    `AZURE_OPENAI_API_VERSION` (or `OPENAI_API_VERSION`) is set; an `api_base=` that names a deployment and
    its `?api-version=` itself is taken as it stands.
    """

    @classmethod
    def _chat_url(cls, host: Host, model: str) -> str:
        root, version = _dated(host)
        if version is None or host.chat_url != join(host.base, CHAT_PATH):
            return host.chat_url
        return f"{root}/openai/deployments/{quote(model, safe='')}{CHAT_PATH}?api-version={quote(version)}"

    @classmethod
    async def _choose_model(cls, model: str, host: Host) -> str:
        if not model and not cls.default_model:
            raise ModelNotSupportedError(
                f"{cls.__name__} asks a deployment of yours, and none is named: write it as azure:DEPLOYMENT",
                provider=cls.__name__,
            )
        return await super()._choose_model(model, host)

    @classmethod
    def _models_url(cls, host: Host) -> str:
        root, version = _dated(host)
        if version is None:
            return super()._models_url(host)
        return f"{root}/openai/models?api-version={quote(version)}"


def _dated(host: Host) -> tuple[str, str | None]:
    """The resource's address, and the version of the dated API where that is to be used."""
    version = variable("AZURE_OPENAI_API_VERSION") or variable("OPENAI_API_VERSION")
    base = str.__str__(host.base).rstrip("/")
    if not version or not base.endswith(_NEW_PATH):
        return base, None
    return base.removesuffix(_NEW_PATH), version
