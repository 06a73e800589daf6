"""The second description of the original's `base_provider`: its fourteen examples, in order."""

# %% example 1: a provider of one's own
from g4f_nb.providers import AbstractProvider
from typing import Generator
from g4f_nb.typing import Messages

class MyProvider(AbstractProvider):
    @classmethod
    def create_completion(
        cls,
        model: str,
        messages: Messages,
        stream: bool,
        **kwargs
    ) -> Generator[str, None, None]:
        """
        MyProvider's own create_completion.
        """
        yield "This is a dummy completion."

assert list(MyProvider.create_completion("m", [], False)) == ["This is a dummy completion."]

# %% example 2: create_async, in a script and in a cell
import asyncio
from typing import Generator
from g4f_nb.typing import Messages

class MyProvider(AbstractProvider):
    @classmethod
    def create_completion(
        cls,
        model: str,
        messages: Messages,
        stream: bool,
        **kwargs
    ) -> Generator[str, None, None]:
        """
        MyProvider's own create_completion.
        """
        yield "This is a dummy completion."

async def main():
    messages: Messages = [{"role": "system", "content": "You are a helpful assistant."}, {"role": "user", "content": "Hello!"}]
    result = await MyProvider.create_async(model="my_model", messages=messages, timeout=10)
    print(result)

import contextlib, io
with contextlib.redirect_stdout(io.StringIO()) as printed:
    if "get_ipython" in globals():
        await main()
    else:
        # `asyncio.run` needs a thread without a loop, as the script is where this is its last line.
        await asyncio.to_thread(asyncio.run, main())
assert printed.getvalue() == "This is a dummy completion.\n"

# %% example 3: get_create_function
class MyProvider(AbstractProvider):
    @classmethod
    def create_completion(
        cls,
        model: str,
        messages: Messages,
        stream: bool,
        **kwargs
    ) -> Generator[str, None, None]:
        """
        MyProvider's own create_completion.
        """
        yield "This is a dummy completion."

create_function = MyProvider.get_create_function()

assert create_function == MyProvider.create_completion
assert list(create_function("m", [], False)) == ["This is a dummy completion."]

# %% example 4: get_async_create_function
from asyncio import AbstractEventLoop
from concurrent.futures import ThreadPoolExecutor

class MyProvider(AbstractProvider):
    @classmethod
    async def create_async(
        cls,
        model: str,
        messages: Messages,
        *,
        timeout: int = None,
        loop: AbstractEventLoop = None,
        executor: ThreadPoolExecutor = None,
        **kwargs
    ) -> str:
        """
        MyProvider's own create_async.
        """
        return "This is a dummy completion."

async_create_function = MyProvider.get_async_create_function()

assert async_create_function == MyProvider.create_async
assert await async_create_function("m", []) == "This is a dummy completion."

# %% example 5: get_parameters
class MyProvider(AbstractProvider):
    @classmethod
    def create_completion(
        cls,
        model: str,
        messages: Messages,
        stream: bool,
        **kwargs
    ) -> Generator[str, None, None]:
        """
        MyProvider's own create_completion.
        """
        yield "This is a dummy completion."

parameters = MyProvider.get_parameters()

assert list(parameters) == ["model", "messages"]

# %% example 6: params
class MyProvider(AbstractProvider):
    @classmethod
    def create_completion(
        cls,
        model: str,
        messages: Messages,
        stream: bool,
        **kwargs
    ) -> Generator[str, None, None]:
        """
        MyProvider's own create_completion.
        """
        yield "This is a dummy completion."

params_string = MyProvider.params

assert isinstance(params_string, str) and "model: str" in params_string and "messages" in params_string

# %% example 7: AsyncProvider.create_completion
from g4f_nb.providers import AsyncProvider
import asyncio
from g4f_nb.typing import Messages

class MyAsyncProvider(AsyncProvider):
    @staticmethod
    async def create_async(
        model: str,
        messages: Messages,
        **kwargs
    ) -> str:
        """
        MyAsyncProvider's own create_async.
        """
        return "This is a dummy completion."

messages: Messages = [{"role": "system", "content": "You are a helpful assistant."}, {"role": "user", "content": "Hello!"}]
result = MyAsyncProvider.create_completion(model="my_model", messages=messages, stream=False)

assert list(result) == ["This is a dummy completion."]

# %% example 8: AsyncProvider.create_async
import asyncio
from g4f_nb.typing import Messages

class MyAsyncProvider(AsyncProvider):
    @staticmethod
    async def create_async(
        model: str,
        messages: Messages,
        **kwargs
    ) -> str:
        """
        MyAsyncProvider's own create_async.
        """
        return "This is a dummy completion."

assert await MyAsyncProvider.create_async("m", messages) == "This is a dummy completion."

# %% example 9: AsyncProvider.get_create_function
class MyAsyncProvider(AsyncProvider):
    @staticmethod
    async def create_async(
        model: str,
        messages: Messages,
        **kwargs
    ) -> str:
        """
        MyAsyncProvider's own create_async.
        """
        return "This is a dummy completion."

create_function = MyAsyncProvider.get_create_function()

assert create_function == MyAsyncProvider.create_completion
assert list(create_function("m", messages)) == ["This is a dummy completion."]

# %% example 10: AsyncProvider.get_async_create_function
class MyAsyncProvider(AsyncProvider):
    @staticmethod
    async def create_async(
        model: str,
        messages: Messages,
        **kwargs
    ) -> str:
        """
        MyAsyncProvider's own create_async.
        """
        return "This is a dummy completion."

async_create_function = MyAsyncProvider.get_async_create_function()

assert async_create_function is MyAsyncProvider.create_async
assert await async_create_function("m", messages) == "This is a dummy completion."

# %% example 11: AsyncGeneratorProvider.create_completion
from g4f_nb.providers import AsyncGeneratorProvider
import asyncio
from g4f_nb.typing import Messages, AsyncResult

class MyAsyncGeneratorProvider(AsyncGeneratorProvider):
    @staticmethod
    async def create_async_generator(
        model: str,
        messages: Messages,
        stream: bool = True,
        **kwargs
    ) -> AsyncResult:
        """
        MyAsyncGeneratorProvider's own create_async_generator.
        """
        yield "This is a dummy completion."

messages: Messages = [{"role": "system", "content": "You are a helpful assistant."}, {"role": "user", "content": "Hello!"}]
result = MyAsyncGeneratorProvider.create_completion(model="my_model", messages=messages, stream=True)

assert not hasattr(result, "__aiter__")
assert list(result) == ["This is a dummy completion."]

# %% example 12: AsyncGeneratorProvider.create_async_generator
import asyncio
from typing import AsyncGenerator
from g4f_nb.typing import Messages

class MyAsyncGeneratorProvider(AsyncGeneratorProvider):
    @staticmethod
    async def create_async_generator(
        model: str,
        messages: Messages,
        stream: bool = True,
        **kwargs
    ) -> AsyncGenerator[str, None]:
        """
        MyAsyncGeneratorProvider's own create_async_generator.
        """
        yield "This is a dummy completion."

chunks = [chunk async for chunk in MyAsyncGeneratorProvider.create_async_generator("m", messages)]
assert chunks == ["This is a dummy completion."]

# %% example 13: AsyncGeneratorProvider.get_create_function
class MyAsyncGeneratorProvider(AsyncGeneratorProvider):
    @staticmethod
    async def create_async_generator(
        model: str,
        messages: Messages,
        stream: bool = True,
        **kwargs
    ) -> AsyncGenerator[str, None]:
        """
        MyAsyncGeneratorProvider's own create_async_generator.
        """
        yield "This is a dummy completion."

create_function = MyAsyncGeneratorProvider.get_create_function()

assert create_function == MyAsyncGeneratorProvider.create_completion
assert list(create_function("m", messages)) == ["This is a dummy completion."]

# %% example 14: AsyncGeneratorProvider.get_async_create_function
class MyAsyncGeneratorProvider(AsyncGeneratorProvider):
    @staticmethod
    async def create_async_generator(
        model: str,
        messages: Messages,
        stream: bool = True,
        **kwargs
    ) -> AsyncGenerator[str, None]:
        """
        MyAsyncGeneratorProvider's own create_async_generator.
        """
        yield "This is a dummy completion."

async_create_function = MyAsyncGeneratorProvider.get_async_create_function()

assert async_create_function is MyAsyncGeneratorProvider.create_async_generator
chunks = [chunk async for chunk in async_create_function("m", messages)]
assert chunks == ["This is a dummy completion."]
