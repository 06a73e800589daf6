# Written by `python dev.py table` from homes.py and catalog.toml: change those, not this.

from g4f_nb.providers.authed import AsyncAuthedProvider as AsyncAuthedProvider
from g4f_nb.providers.authfile import AuthFileMixin as AuthFileMixin
from g4f_nb.providers.base import AbstractProvider as AbstractProvider
from g4f_nb.providers.base import AsyncGeneratorProvider as AsyncGeneratorProvider
from g4f_nb.providers.base import AsyncProvider as AsyncProvider
from g4f_nb.providers.base import BaseProvider as BaseProvider
from g4f_nb.providers.demo import Demo as Demo
from g4f_nb.providers.mixins import ProviderModelMixin as ProviderModelMixin
from g4f_nb.providers.mixins import RaiseErrorMixin as RaiseErrorMixin
from g4f_nb.providers.openai_template import OpenaiTemplate as OpenaiTemplate

class OpenAI(OpenaiTemplate): ...
class OpenRouter(OpenaiTemplate): ...
class Groq(OpenaiTemplate): ...
class Ollama(OpenaiTemplate): ...
