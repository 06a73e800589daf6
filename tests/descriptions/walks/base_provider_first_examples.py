"""The first description of the original's `base_provider`: its fourteen examples, in order."""

# %% example 1: create_async
from g4f_nb.providers import AbstractProvider

try:
    result = await AbstractProvider.create_async(
        model="gpt-3.5-turbo", messages=[{"role": "user", "content": "Hello"}]
    )
    raise SystemExit("it answered")
except NotImplementedError:
    pass

# %% example 2: create_async with a time limit
try:
    result = await AbstractProvider.create_async(
        model="gpt-3.5-turbo", messages=[{"role": "user", "content": "Hello"}], timeout=10
    )
    raise SystemExit("it answered")
except NotImplementedError:
    pass

# %% example 3: get_parameters
parameters = AbstractProvider.get_parameters()

assert list(parameters) == ["model", "messages"]

# %% example 4: get_parameters as JSON
parameters = AbstractProvider.get_parameters(as_json=True)

assert parameters == {
    "provider": "AbstractProvider", "model": "", "messages": [{"role": "user", "content": ""}],
    "stream": False, "timeout": None, "response_format": None, "max_tokens": None, "stop": None,
}

# %% example 5: params
parameters_string = AbstractProvider.params

assert "    model: str,\n    messages: " in parameters_string

# %% example 6: AsyncProvider.create_completion
from g4f_nb.providers import AsyncProvider

result = AsyncProvider.create_completion(model="gpt-3.5-turbo", messages=[{"role": "user", "content": "Hello"}])

try:
    next(result)
    raise SystemExit("it answered")
except NotImplementedError:
    pass

# %% example 7: AsyncGeneratorProvider.create_completion
import gc, warnings
from g4f_nb.providers import AsyncGeneratorProvider

result = AsyncGeneratorProvider.create_completion(model="gpt-3.5-turbo", messages=[{"role": "user", "content": "Hello"}])

try:
    next(result)
    raise SystemExit("it answered")
except NotImplementedError:
    pass
# Read or not, nothing is left that was never awaited.
with warnings.catch_warnings():
    warnings.simplefilter("error")
    AsyncGeneratorProvider.create_completion(model="m", messages=[]).close()
    AsyncProvider.create_completion(model="m", messages=[]).close()
    gc.collect()

# %% example 8: get_models
from g4f_nb.providers import ProviderModelMixin

models = ProviderModelMixin.get_models()

assert models == []

# %% example 9: get_model
class Sub(ProviderModelMixin):
    pass

model = ProviderModelMixin.get_model(model="gpt-3.5-turbo")

assert model == "gpt-3.5-turbo"
assert Sub.last_model is None

# %% example 10: raise_error with a message
from g4f_nb.errors import ResponseError
from g4f_nb.providers import RaiseErrorMixin

try:
    RaiseErrorMixin.raise_error(data={"error_message": "Something went wrong"})
    raise SystemExit("nothing was raised")
except ResponseError as error:
    assert str(error).startswith("Something went wrong")

# %% example 11: raise_error with a status
from g4f_nb.errors import MissingAuthError

try:
    RaiseErrorMixin.raise_error(data={"error": "Unauthorized"}, status=401)
    raise SystemExit("nothing was raised")
except MissingAuthError as error:
    assert str(error).startswith("Error 401: Unauthorized")
    assert error.status == 401

# %% example 12: get_cache_file
import os
from g4f_nb.providers import AuthFileMixin

os.environ["G4F_NB_CONFIG_DIR"] = os.path.abspath("never-made")
cache_file_path = AuthFileMixin.get_cache_file()

assert str(cache_file_path).endswith(os.path.join("never-made", "auth_AuthFileMixin.json"))
assert not cache_file_path.parent.exists()

# %% example 13: on_auth_async
from g4f_nb.chunks import AuthResult
from g4f_nb.providers import AsyncAuthedProvider

auth_result = await AsyncAuthedProvider.on_auth_async(api_key="your_api_key")

assert type(auth_result) is AuthResult
assert auth_result.get_dict() == {}

# %% example 14: on_auth
auth_result = AsyncAuthedProvider.on_auth(api_key="your_api_key")

assert type(auth_result) is AuthResult
assert auth_result.get_dict() == {}
