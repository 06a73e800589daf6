"""The second description of the original's `base_provider`: what it names beyond the first, in order."""

# %% the home of the type aliases
from g4f_nb.typing import AsyncResult, CreateResult, Messages

# %% SAFE_PARAMETERS, BASIC_PARAMETERS, PARAMETER_EXAMPLES
from g4f_nb.parameters import BASIC_PARAMETERS, PARAMETER_EXAMPLES, SAFE_PARAMETERS

assert len(SAFE_PARAMETERS) == 36 and len(BASIC_PARAMETERS) == 8 and len(PARAMETER_EXAMPLES) == 15

# %% the seven classes
from g4f_nb.providers import (
    AbstractProvider, AsyncAuthedProvider, AsyncGeneratorProvider, AsyncProvider, AuthFileMixin,
    ProviderModelMixin, RaiseErrorMixin,
)

for kind in (AsyncProvider, AsyncGeneratorProvider, AsyncAuthedProvider):
    assert issubclass(kind, AbstractProvider)

# %% the signatures: names, order, kinds and defaults
from inspect import Parameter, signature

def shape(method):
    return [
        (one.name, one.kind is Parameter.KEYWORD_ONLY, one.default)
        for one in signature(method).parameters.values()
        if one.kind is not Parameter.VAR_KEYWORD
    ]

none = Parameter.empty
begin = [("model", False, none), ("messages", False, none)]
limits = [("timeout", True, None), ("loop", True, None), ("executor", True, None)]
assert shape(AbstractProvider.create_completion) == [*begin, ("stream", False, none)]
assert shape(AbstractProvider.create_async) == [*begin, *limits]
assert shape(AsyncProvider.create_completion) == [*begin, ("stream", False, False)]
assert shape(AsyncProvider.create_async) == begin
assert shape(AsyncGeneratorProvider.create_completion) == [*begin, ("stream", False, True)]
assert shape(AsyncGeneratorProvider.create_async_generator) == [*begin, ("stream", False, True)]
assert shape(AbstractProvider.get_parameters) == [("as_json", False, False)]
assert shape(RaiseErrorMixin.raise_error)[1] == ("status", False, None)
assert shape(ProviderModelMixin.get_model) == [("model", False, none)]
assert shape(AsyncAuthedProvider.write_cache_file)[1] == ("auth_result", False, None)

# %% params, an attribute in both code blocks, a method in the list of methods
assert isinstance(AbstractProvider.params, str)
assert isinstance(AsyncGeneratorProvider.params, str)

# %% concat_chunks
from g4f_nb.chunks import Reasoning, Usage, concat_chunks

assert concat_chunks(["a", Reasoning("thought"), None, Usage(1, 2, 3), "b"]) == "ab"

# %% create_func
import asyncio

class Plain(AbstractProvider):
    @classmethod
    def create_completion(cls, model, messages, stream, **kwargs):
        yield from ("one ", Reasoning("thought"), "two")

assert not hasattr(AbstractProvider, "create_func")
assert await Plain.create_async("m", []) == "one two"

# %% get_running_loop
from g4f_nb import loops

class Once(AsyncProvider):
    @staticmethod
    async def create_async(model, messages, **kwargs):
        return "once"

# Nobody's loop is asked for or patched on the way: a door is chosen at the call.
assert not hasattr(loops, "get_running_loop")
async def alone():
    return hasattr(asyncio.get_running_loop(), "_nest_patched")
def in_a_thread():
    answer = list(Once.create_completion("m", []))
    with asyncio.Runner() as runner:
        return answer, runner.run(alone())
assert await asyncio.to_thread(in_a_thread) == (["once"], False)

# %% AsyncGeneratorProvider.supports_stream
assert AsyncGeneratorProvider.supports_stream is True

# %% ProviderModelMixin.default_model, models, model_aliases, image_models
assert ProviderModelMixin.default_model is None
assert (ProviderModelMixin.models, ProviderModelMixin.image_models) == ([], [])
assert ProviderModelMixin.model_aliases == {}

# %% what the original had beside it and is gone
import g4f_nb.chunks, g4f_nb.errors, g4f_nb.providers.base

for name in ("await_callback", "async_generator_to_list", "to_async_iterator", "async_concat_chunks"):
    assert not any(hasattr(module, name) for module in (loops, g4f_nb.chunks, g4f_nb.providers.base))
assert not hasattr(g4f_nb.errors, "NestAsyncioError")

# %% BaseProvider
from g4f_nb.providers import BaseProvider

assert BaseProvider.get_dict() == {"name": "BaseProvider", "url": None, "label": None}
